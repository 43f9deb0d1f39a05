"""Running totals, so that an overview costs the same however long the ledgers have grown.

A total is the sum of all rows of its key. Whatever changes what is counted adds rows (+1, -1) in its own transaction:
inserts never wait for each other, whereas everybody would queue for a counter to be raised. `fold` merges the rows from
time to time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session

tallies = sa.Table(
    "tallies",
    metadata,
    id_column(),
    sa.Column("key", sa.String(80), nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("value", sa.Integer, nullable=False),
    sa.Index("ix_tallies_key", "key", "region", "value"),
)

Counted = tuple[str, str]
"""A key and the region it is counted in."""

Totals = Mapping[Counted, int]

_SUMS = sa.select(tallies.c.key, tallies.c.region, sa.func.sum(tallies.c.value).label("total"))
_SUMS = _SUMS.group_by(tallies.c.key, tallies.c.region)
_SUMS_BY_KEY = sa.select(tallies.c.key, sa.func.sum(tallies.c.value).label("total")).group_by(tallies.c.key)
_SPREAD = sa.tuple_(tallies.c.key, tallies.c.region).in_(
    sa.select(tallies.c.key, tallies.c.region)
    .group_by(tallies.c.key, tallies.c.region)
    .having(sa.func.count() > 1)
    .scalar_subquery()
)


def count(
    session: Session,
    keys: Callable[[Mapping[Any, Any]], Iterable[Counted]],
    *,
    before: Mapping[Any, Any] | None,
    after: Mapping[Any, Any] | None,
) -> None:
    """Count a row that was added (`before` is None) or changed; `keys` says for what a row counts."""
    change = Counter(keys(after) if after is not None else ())
    change.subtract(keys(before) if before is not None else ())
    for (key, region), by in change.items():
        if by:
            session.add(tallies, _row(key, region, by))


class Tallies:
    """Reading totals."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def within(self, region: str) -> dict[str, int]:
        """The total of each key over a region (a code prefix)."""
        rows = await self._session.read(_SUMS_BY_KEY.where(inside(tallies.c.region, region)))
        return {row.key: int(row.total) for row in rows if row.total}

    async def by_region(self, key: str) -> dict[str, int]:
        """The total of one key in each region that has one."""
        rows = await self._session.read(_SUMS.where(tallies.c.key == key))
        return {row.region: int(row.total) for row in rows if row.total}


async def totals(conn: AsyncConnection) -> dict[Counted, int]:
    """All totals that are not zero."""
    return {(row.key, row.region): int(row.total) for row in await conn.execute(_SUMS) if row.total}


async def fold(conn: AsyncConnection) -> int:
    """Merge the rows of each total into one; returns how many rows there were to merge.

    Safe beside writers: only what was deleted is added up again.
    """
    gone = tallies.delete().where(_SPREAD).returning(tallies.c.key, tallies.c.region, tallies.c.value)
    rows = (await conn.execute(gone)).all()
    merged: Counter[Counted] = Counter()
    for row in rows:
        merged[row.key, row.region] += row.value if isinstance(row.value, int) else 0  # as a sum takes a damaged one
    await _insert(conn, merged)
    return len(rows)


async def replace(conn: AsyncConnection, wanted: Callable[[AsyncConnection], Any]) -> None:
    """Put what `wanted(conn)` counts in the place of all totals."""
    if conn.dialect.name == "postgresql":  # nobody may count what the recount has seen, nor the other way round
        await conn.exec_driver_sql("LOCK TABLE tallies IN EXCLUSIVE MODE")
    counted = await wanted(conn)
    await conn.execute(tallies.delete())
    await _insert(conn, counted)


async def _insert(conn: AsyncConnection, counted: Totals) -> None:
    rows = [_row(key, region, value) for (key, region), value in counted.items() if value]
    if rows:
        await conn.execute(tallies.insert(), rows)


def _row(key: str, region: str, value: int) -> dict[str, Any]:
    return {"id": new_id(), "key": key, "region": region, "value": value}
