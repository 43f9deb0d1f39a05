"""Sharing a number out by weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def shared_out(weights: Mapping[T, int], count: int) -> list[T]:
    """About `count` of the keys, each as often as its weight says and at least once."""
    total = sum(weights.values())
    return [key for key, weight in weights.items() for _ in range(max(1, round(weight * count / total)))]
