"""Counting what was right."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass
class Share:
    """So many right of so many."""

    right: int = 0
    of: int = 0

    def count(self, right: bool) -> None:
        self.right += right
        self.of += 1

    @property
    def value(self) -> float:
        return self.right / self.of

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.right} of {self.of})"


@dataclass
class F1:
    """Found, wrongly found, and not found, over all entries together (micro)."""

    found: int = 0
    false: int = 0
    lost: int = 0

    def count(self, wanted: Set[object], got: Set[object]) -> None:
        self.found += len(wanted & got)
        self.false += len(got - wanted)
        self.lost += len(wanted - got)

    @property
    def value(self) -> float:
        return 2 * self.found / (2 * self.found + self.false + self.lost)

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.found} found, {self.false} false, {self.lost} lost)"
