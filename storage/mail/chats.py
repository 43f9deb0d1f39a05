"""Chats: an address on a platform, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import Moment, metadata
from storage.database.counters import raise_stamp
from storage.database.transaction import Session

chats = sa.Table(
    "chats",
    metadata,
    sa.Column("address", sa.String(80), primary_key=True),
    sa.Column("platform", sa.String(16), nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("last_seen", Moment, nullable=False),
    sa.Column("held_until", Moment),
    sa.Column("blocked_at", Moment),
)


class Chats:
    """Binding of addresses to people."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def bind(self, address: str, person_id: int | None) -> None:
        """Make the address the person's (None: nobody's). The person can have several; the one bound last is written to,
        also where an earlier one was bound by a clock that ran ahead."""
        now, earlier = sa.literal(self._session.now, Moment), chats.alias()
        last = sa.type_coerce(sa.func.max(earlier.c.last_seen), sa.BigInteger)
        newest = sa.select(last + 1).where(earlier.c.person_id == person_id).scalar_subquery()
        await self._session.change(
            chats.update()
            .where(chats.c.address == address)
            .values(person_id=person_id, blocked_at=None, last_seen=sa.case((newest > now, newest), else_=now))
        )
        self._session.touch("people")

    async def of(self, person_id: int) -> list[str]:
        """All of the person's addresses, the one bound last first."""
        bound = sa.select(chats.c.address).where(chats.c.person_id == person_id).order_by(chats.c.last_seen.desc())
        return [row.address for row in await self._session.read(bound)]

    async def reachable(self, person_ids: Iterable[int]) -> dict[int, str]:
        """As the function `reachable`."""
        return {row.person_id: row.address for row in await self._session.read(_reachable(person_ids))}


async def reachable(conn: AsyncConnection, person_ids: Iterable[int]) -> dict[int, str]:
    """Where to write to each person: the address bound last that has not blocked us."""
    return {row.person_id: row.address for row in await conn.execute(_reachable(person_ids))}


def _reachable(person_ids: Iterable[int]) -> sa.Select[tuple[int | None, str]]:
    return (
        sa.select(chats.c.person_id, chats.c.address)
        .where(chats.c.person_id.in_(list(person_ids)), chats.c.blocked_at.is_(None))
        .order_by(chats.c.last_seen)
    )


async def mark_blocked(conn: AsyncConnection, addresses: Sequence[str], *, now: datetime) -> None:
    """Nothing can be sent to these addresses; whoever is written to by them has to be reached elsewhere."""
    newly = chats.update().where(chats.c.address.in_(addresses), chats.c.blocked_at.is_(None))
    if (await conn.execute(newly.values(blocked_at=now))).rowcount:
        await raise_stamp(conn, "people")


async def mark_unblocked(conn: AsyncConnection, addresses: Sequence[str]) -> None:
    """These addresses can be written to again."""
    blocked = chats.update().where(chats.c.address.in_(addresses), chats.c.blocked_at.is_not(None))
    if (await conn.execute(blocked.values(blocked_at=None))).rowcount:
        await raise_stamp(conn, "people")
