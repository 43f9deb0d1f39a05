"""What the readers of ledgers share. They read page by page, so that no chat waits behind a long ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from storage.database.regions import inside
from storage.database.session import Session
from storage.people.reach import Reach

_PAGE = 1000


async def pages(session: Session, query: sa.Select[Any], by: sa.Column[Any]) -> AsyncIterator[Sequence[sa.Row[Any]]]:
    """All rows in the order of a unique column of theirs."""
    page = query.order_by(by).limit(_PAGE)
    rows = await session.read(page)
    while rows:
        yield rows
        rows = await session.read(page.where(by > rows[-1]._mapping[by])) if len(rows) == _PAGE else ()


def covered(column: sa.Column[Any], reach: Iterable[Reach]) -> sa.ColumnElement[bool]:
    """Whether the region code in `column` lies in a region of `reach`."""
    return inside(column, *(one.region for one in reach))


def codes(kept: Any) -> tuple[str, ...]:
    """The codes in a column of JSON. Raises ValueError for anything but a list."""
    if not isinstance(kept, list):
        raise ValueError("no list of codes")
    return tuple(kept)


def opened(session: Session, column: sa.Column[Any], row: sa.Row[Any]) -> str:
    return session.vault.open_text(column, row) or ""
