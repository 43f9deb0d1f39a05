"""Which programs may run on the tables: an older one refuses what it would not understand, and can say what it takes."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import Record, metadata

log = logging.getLogger(__name__)

compatibility = sa.Table(
    "compatibility",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("oldest", sa.String(40), nullable=False),
    sa.Column("version", sa.String(40), nullable=False),
)


class Compatibility(Record):
    """A program may run that knows the step `oldest`; the tables were made by the program of `version`."""

    oldest: str
    version: str


async def read(conn: AsyncConnection) -> Compatibility | None:
    """None for tables older than this record, and where it is damaged: that must stop nobody."""
    if not await conn.run_sync(lambda sync: sa.inspect(sync).has_table(compatibility.name)):
        return None
    row = (await conn.execute(sa.select(compatibility))).one_or_none()
    try:
        return None if row is None else Compatibility.from_row(row)
    except ValueError:
        log.error("the record of which programs may run can't be read and is passed over", exc_info=True)
        return None


async def write(conn: AsyncConnection, what: Compatibility) -> None:
    await conn.execute(compatibility.delete())
    await conn.execute(compatibility.insert(), {"id": 1, **what.model_dump()})
