"""The columns of a ledger: what stands in each, and what of it may be shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from storage.people.masking import mask_id, mask_phone, mask_text

Value = str | int | float | date | None


class Kind(Enum):
    """How a column is written, and hidden where whole numbers may not be shown."""

    TEXT = auto()
    """Words from the plan or the roster."""
    WORDS = auto()
    """What people wrote, which may hold anything."""
    NUMBER = auto()
    PERCENT = auto()
    """From 0 to 100, without the sign."""
    DAY = auto()
    ID = auto()
    PHONE = auto()


_MASKS = {Kind.ID: mask_id, Kind.PHONE: mask_phone, Kind.WORDS: mask_text}


@dataclass(frozen=True, slots=True)
class LedgerColumn:
    heading: str
    kind: Kind = Kind.TEXT


def hides_something(columns: Iterable[LedgerColumn]) -> bool:
    """Whether a row can look different when it is shown whole."""
    return any(column.kind in _MASKS for column in columns)


def masked(columns: Sequence[LedgerColumn], row: Sequence[Value]) -> tuple[Value, ...]:
    """The row with ID numbers, phones, and numbers within free words hidden."""
    return tuple(
        _MASKS[column.kind](value) if column.kind in _MASKS and isinstance(value, str) else value
        for column, value in zip(columns, row, strict=True)
    )
