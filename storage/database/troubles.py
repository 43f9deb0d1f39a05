"""What is wrong with the service or its data: one row a trouble, which the office is told of once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import Moment, Record, metadata
from storage.database.bulk import insert_into

log = logging.getLogger(__name__)

troubles = sa.Table(
    "troubles",
    metadata,
    sa.Column("key", sa.String(120), primary_key=True),
    sa.Column("words", sa.String(200), nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("told_at", Moment),
    sa.Column("ended_at", Moment),
)

_AGAIN_AFTER = timedelta(days=1)
"""One that comes back sooner after it was told is not told again: what comes and goes would else be told all day."""


class Trouble(Record):
    """`key` says what it is and what of, such as "row:talks:17"; `words` says it to the office, with no name in it."""

    key: str
    words: str
    since: datetime
    told_at: datetime | None = None
    ended_at: datetime | None = None


async def begin_trouble(conn: AsyncConnection, key: str, words: str, now: datetime) -> None:
    """Note that something is wrong. One that is known already stays as it was; one that had ended begins anew."""
    first = insert_into(conn, troubles).values(key=key, words=words, since=now)
    lately = sa.case((troubles.c.told_at > now - _AGAIN_AFTER, troubles.c.told_at))
    again = first.on_conflict_do_update(
        index_elements=[troubles.c.key],
        set_={"words": words, "since": now, "told_at": lately, "ended_at": None},
        where=troubles.c.ended_at.is_not(None),
    )
    await conn.execute(again)


async def end_trouble(conn: AsyncConnection, key: str, now: datetime) -> None:
    """Note that it is right again; nothing happens where it never was wrong."""
    await conn.execute(troubles.update().where(troubles.c.key == key, troubles.c.ended_at.is_(None)).values(ended_at=now))


async def open_troubles(conn: AsyncConnection) -> list[Trouble]:
    """Everything that is wrong now, the oldest first; without a row of ours that can't be read, which must stop nobody."""
    rows = await conn.execute(
        sa.select(troubles).where(troubles.c.ended_at.is_(None)).order_by(troubles.c.since, troubles.c.key)
    )
    found = []
    for row in rows:
        try:
            found.append(Trouble.from_row(row))
        except ValueError:
            log.error("a row of the troubles can't be read and is passed over", exc_info=True)
    return found


async def mark_told(conn: AsyncConnection, keys: Sequence[str], now: datetime) -> None:
    await conn.execute(troubles.update().where(troubles.c.key.in_(keys)).values(told_at=now))


async def purge(conn: AsyncConnection, before: datetime) -> int:
    """Forget what ended before `before`."""
    return (await conn.execute(troubles.delete().where(troubles.c.ended_at < before))).rowcount
