"""Chats: an address on a platform, whose it is, and whether a page may still show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import Moment, Record, covering, metadata
from storage.database.counters import raise_stamp
from storage.database.session import Session
from storage.mail.messages import platform_of

chats = sa.Table(
    "chats",
    metadata,
    sa.Column("address", sa.String(80), primary_key=True),
    sa.Column("platform", sa.String(16), nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("last_seen", Moment, nullable=False),
    sa.Column("held_until", Moment),
    sa.Column("blocked_at", Moment),
    sa.Column("used_at", Moment),
    sa.Column("idle", sa.Integer, nullable=False, server_default="0"),
    sa.Column("session", sa.Integer, nullable=False, server_default="0"),
    sa.Column("stopped_id", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("silent_id", sa.BigInteger, sa.ForeignKey("persons.id")),
    info=covering("address", "person_id", "session", "stopped_id", "silent_id"),
)
"""`last_seen` is when it was bound, or first wrote; `used_at`, exact to a day, when it was last used, and `idle` how many
nights have passed since. A page's token names `session`: raising it ends all tokens. `stopped_id` is whose it was until it was
stopped, `silent_id` whose until it fell silent (`storage.mail.silence`); it is nobody's meanwhile. The audit chain covers
whose it is and its session; a chat of nobody, and the stamps of every message, leave no audit row."""

_A_DAY = timedelta(days=1)


class Phone(Record):
    """One chat of a person, as they know it. `key` tells it from their others without giving its address away."""

    key: str
    address: str
    platform: str
    since: datetime
    used_at: datetime


class PageState(Record):
    """What decides whether the page of an address may be shown. `number` is what its token has to name; of one that has
    fallen `silent` the token before that is known again."""

    number: int
    used_at: datetime
    idle: int
    stopped: bool
    silent: bool


def chat_row(address: str, *, now: datetime, person_id: int | None = None) -> dict[str, Any]:
    """The row of a chat from which nothing has come yet."""
    row = {"address": address, "platform": platform_of(address), "person_id": person_id, "session": 0, "idle": 0}
    return {**row, "last_seen": now, "used_at": now}


class Chats:
    """Binding of addresses to people."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def bind(self, address: str, person_id: int) -> None:
        """Make the address the person's. The person can have several; the one bound last is written to, also where an
        earlier one was bound by a clock that ran ahead."""
        now, earlier = sa.literal(self._session.now, Moment), chats.alias()
        last = sa.type_coerce(sa.func.max(earlier.c.last_seen), sa.BigInteger)
        newest = sa.select(last + 1).where(earlier.c.person_id == person_id).scalar_subquery()
        await self._change(
            chats.c.address == address,
            person_id=person_id,
            stopped_id=None,
            silent_id=None,
            blocked_at=None,
            last_seen=sa.case((newest > now, newest), else_=now),
            used_at=self._session.now,
            idle=0,
        )

    async def sign_out(self, address: str) -> None:
        """Make the address nobody's, and end every page that shows it."""
        await self._sign_out(chats.c.address == address)

    async def sign_out_all(self, person_id: int) -> None:
        """Sign out all of the person's chats, for good also those that have fallen silent."""
        await self._sign_out((chats.c.person_id == person_id) | (chats.c.silent_id == person_id))

    async def _sign_out(self, which: sa.ColumnElement[bool]) -> None:
        await self._change(which, person_id=None, stopped_id=None, silent_id=None, session=chats.c.session + 1)

    async def stop(self, address: str, person_id: int) -> None:
        """Make the person's address nobody's until it is settled whether it is theirs."""
        whose = (chats.c.address == address) & (chats.c.person_id == person_id)
        await self._change(whose, person_id=None, stopped_id=person_id)

    async def stopped_of(self, person_id: int) -> list[str]:
        """The addresses that were the person's and are stopped."""
        query = sa.select(chats.c.address).where(chats.c.stopped_id == person_id).order_by(chats.c.address)
        return [row.address for row in await self._session.read(query)]

    async def owner(self, address: str) -> int | None:
        """Whose the address is."""
        rows = await self._session.read(sa.select(chats.c.person_id).where(chats.c.address == address))
        return rows[0].person_id if rows else None

    async def ever_of(self, address: str) -> int | None:
        """Whose the address is, or was until it was stopped or fell silent."""
        whose = sa.func.coalesce(chats.c.person_id, chats.c.stopped_id, chats.c.silent_id).label("whose")
        rows = await self._session.read(sa.select(whose).where(chats.c.address == address))
        return rows[0].whose if rows else None

    async def silent_of(self, address: str) -> int | None:
        """Whose the address was until it fell silent."""
        rows = await self._session.read(sa.select(chats.c.silent_id).where(chats.c.address == address))
        return rows[0].silent_id if rows else None

    async def phones(self, person_id: int) -> list[Phone]:
        """The person's chats, the one bound first first."""
        query = sa.select(chats).where(chats.c.person_id == person_id).order_by(chats.c.last_seen, chats.c.address)
        blind = self._session.vault.blind
        return [
            Phone(
                key=blind("chat", row.address)[:12],
                address=row.address,
                platform=row.platform,
                since=row.last_seen,
                used_at=row.used_at or row.last_seen,
            )
            for row in await self._session.read(query)
        ]

    async def _change(self, which: sa.ColumnElement[bool], **values: object) -> None:
        await self._session.change_all(chats, which, **values)
        self._session.touch("people")

    async def of(self, person_id: int) -> list[str]:
        """All of the person's addresses, the one bound last first."""
        bound = sa.select(chats.c.address).where(chats.c.person_id == person_id).order_by(chats.c.last_seen.desc())
        return [row.address for row in await self._session.read(bound)]

    async def all_of(self, person_id: int) -> list[str]:
        """All of the person's addresses, also those that have fallen silent or are stopped."""
        theirs = sa.or_(*(column == person_id for column in (chats.c.person_id, chats.c.silent_id, chats.c.stopped_id)))
        rows = await self._session.read(sa.select(chats.c.address).where(theirs).order_by(chats.c.address))
        return [row.address for row in rows]

    async def first_of(self, person_id: int) -> str | None:
        """The person's chat that was bound first, of those that have not blocked us."""
        theirs = (chats.c.person_id == person_id, chats.c.blocked_at.is_(None))
        query = sa.select(chats.c.address).where(*theirs).order_by(chats.c.last_seen, chats.c.address).limit(1)
        rows = await self._session.read(query)
        return rows[0].address if rows else None

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


async def is_known(conn: AsyncConnection, address: str) -> bool:
    """Whether the address is somebody's."""
    query = sa.select(chats.c.address).where(chats.c.address == address, chats.c.person_id.is_not(None))
    return (await conn.execute(query)).first() is not None


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


_PAGE = sa.select(
    chats.c.session, chats.c.used_at, chats.c.idle, chats.c.last_seen, chats.c.stopped_id, chats.c.silent_id
).where(chats.c.address == sa.bindparam("whose"))


async def page_state(conn: AsyncConnection, address: str) -> PageState | None:
    """None for an address from which nothing has come yet."""
    row = (await conn.execute(_PAGE, {"whose": address})).one_or_none()
    if row is None:
        return None
    return PageState(
        number=row.session, used_at=row.used_at or row.last_seen, idle=row.idle, stopped=row.stopped_id is not None,
        silent=row.silent_id is not None,
    )  # fmt: skip


async def mark_used(conn: AsyncConnection, addresses: Sequence[str], *, now: datetime) -> None:
    """Note that these chats were used today."""
    stale = chats.c.used_at.is_(None) | (chats.c.used_at < now - _A_DAY) | (chats.c.idle > 0)
    await conn.execute(chats.update().where(chats.c.address.in_(addresses), stale).values(used_at=now, idle=0))
