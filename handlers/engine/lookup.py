"""Finds the thing that a command names."""

from __future__ import annotations

from typing import Protocol, TypeVar

from storage.database.base import from_base36

T_co = TypeVar("T_co", covariant=True)

_LONGEST_NUMBER = 7
"""Digits of what is taken for a number; row ids are longer, also in base 36."""


class Numbered(Protocol[T_co]):
    """A store of things that have a number for people and a row id for buttons."""

    async def numbered(self, number: int) -> T_co | None: ...

    async def get(self, row_id: int, /) -> T_co | None: ...


async def by_number_or_id(kept: Numbered[T_co], said: str) -> T_co | None:
    """The thing with this number ("12", "12号") or row id, without a check of rights; None if there is none."""
    said = said.removesuffix("号")
    try:
        if said.isdecimal() and len(said) <= _LONGEST_NUMBER:
            return await kept.numbered(int(said))
        return await kept.get(from_base36(said))
    except ValueError:
        return None
