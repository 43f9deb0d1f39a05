"""Named counters: the last number given out of each series, and stamps that tell when a cache is out of date."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import metadata
from storage.database.bulk import insert_into

counters = sa.Table(
    "counters", metadata, sa.Column("name", sa.String(40), primary_key=True), sa.Column("value", sa.BigInteger, nullable=False)
)

_SERIES = (
    sa.select(counters.c.name, counters.c.value)
    .where(counters.c.name.not_like("stamp:%"))
    .order_by(counters.c.name)
    .with_for_update(key_share=True)
)
_SET_COUNTER = counters.update().where(counters.c.name == sa.bindparam("wanted")).values(value=sa.bindparam("new_value"))


async def last_numbers(conn: AsyncConnection) -> dict[str, int]:
    """The last number of each series that has begun; on PostgreSQL the others wait for all until the transaction ends.

    Whoever took them one by one might wait for another that took them in another order, and that one in turn for the first.
    """
    return {row.name: row.value for row in await conn.execute(_SERIES)}


async def set_last_number(conn: AsyncConnection, name: str, value: int) -> None:
    if (await conn.execute(_SET_COUNTER, {"wanted": name, "new_value": value})).rowcount == 0:
        await conn.execute(counters.insert(), {"name": name, "value": value})


async def raise_stamp(conn: AsyncConnection, name: str) -> None:
    """Make the caches that are built on the stamp `name` be built again."""
    first = insert_into(conn, counters).values(name=f"stamp:{name}", value=1)
    await conn.execute(first.on_conflict_do_update(index_elements=[counters.c.name], set_={"value": counters.c.value + 1}))


_STAMPS = sa.select(counters.c.name, counters.c.value).where(counters.c.name.in_(sa.bindparam("names", expanding=True)))


async def read_stamps(conn: AsyncConnection, names: Sequence[str]) -> dict[str, int]:
    """How often `touch(name)` has happened, for each name."""
    rows = await conn.execute(_STAMPS, {"names": [f"stamp:{name}" for name in names]})
    known = {row.name: row.value for row in rows}
    return {name: known.get(f"stamp:{name}", 0) for name in names}
