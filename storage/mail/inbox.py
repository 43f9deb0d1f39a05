"""The inbox: every message is stored here before its platform is told that it arrived."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import Moment, Record, id_column, metadata, new_id
from storage.database.bulk import BulkInsert
from storage.database.sealing import SealError, Vault
from storage.mail.chats import chats
from storage.mail.messages import Incoming, platform_of

NEW, DONE, DEAD = "new", "done", "dead"

inbox = sa.Table(
    "inbox",
    metadata,
    id_column(),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), nullable=False),
    sa.Column("platform", sa.String(16), nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("error", sa.String(500)),
)
sa.Index("ix_inbox_new", inbox.c.id, sqlite_where=inbox.c.state == NEW, postgresql_where=inbox.c.state == NEW)
sa.Index("ix_inbox_address", inbox.c.address, inbox.c.id)
sa.Index("ix_inbox_dead", inbox.c.id, sqlite_where=inbox.c.state == DEAD, postgresql_where=inbox.c.state == DEAD)


class Mail(NamedTuple):
    """A stored message waiting for its turn."""

    id: int
    attempts: int
    received_at: datetime
    message: Incoming


class DeadLetter(Record):
    """A message that could not be worked on; listed for the office until somebody runs it again."""

    id: int
    address: str
    received_at: datetime
    error: str


def rows_of(vault: Vault, messages: Sequence[Incoming], now: datetime) -> list[dict[str, Any]]:
    """The messages as rows, sealed; made before the write lock is taken."""
    return [
        {
            "id": new_id(),
            "key": message.key,
            "address": message.address,
            "platform": platform_of(message.address),
            "received_at": now,
            "state": NEW,
            "attempts": 0,
            "payload": vault.seal(message.model_dump_json(exclude_defaults=True).encode()),
        }
        for message in messages
    ]


_NEWCOMERS = BulkInsert(chats, ("address", "platform", "last_seen"), lambda insert: insert.on_conflict_do_nothing())
_PUT = BulkInsert(
    inbox,
    ("id", "key", "address", "platform", "received_at", "state", "attempts", "payload"),
    lambda insert: insert.on_conflict_do_nothing(index_elements=["key"]),
)


async def put(conn: AsyncConnection, rows: Sequence[dict[str, Any]], now: datetime, known: Set[str] = frozenset()) -> int:
    """Store what `rows_of` made; one whose key is there already is dropped. Returns how many were new.

    `known`: addresses that the caller has stored before.
    """
    newcomers = [
        {"address": address, "platform": platform_of(address), "last_seen": now}
        for address in sorted({row["address"] for row in rows} - known)
    ]
    if newcomers:
        await _NEWCOMERS.run(conn, newcomers)
    return await _PUT.run(conn, rows)


_MAIL = sa.select(inbox.c.id, inbox.c.address, inbox.c.attempts, inbox.c.received_at, inbox.c.payload)
_WAITING = (
    _MAIL.join(chats, chats.c.address == inbox.c.address)
    .where(
        inbox.c.state == NEW,
        inbox.c.platform.in_(sa.bindparam("platforms", expanding=True)),
        sa.or_(chats.c.held_until.is_(None), chats.c.held_until <= sa.bindparam("now", type_=Moment)),
    )
    .order_by(inbox.c.id)
    .limit(sa.bindparam("most"))
)
_LOCK = (
    sa.select(chats.c.address)
    .where(chats.c.address.in_(sa.bindparam("addresses", expanding=True)))
    .with_for_update(skip_locked=True)
)
_LOCKED = (
    _MAIL.where(inbox.c.state == NEW, inbox.c.address.in_(sa.bindparam("addresses", expanding=True)))
    .order_by(inbox.c.id)
    .limit(sa.bindparam("most"))
)


async def claim(
    conn: AsyncConnection, vault: Vault, platforms: Sequence[str], now: datetime, most: int
) -> tuple[dict[str, list[Mail]], list[int]]:
    """The oldest mail of up to `most` messages, by chat, in order; and the ids of what can't be read.

    On PostgreSQL other workers leave these chats alone until commit.
    """
    rows = (await conn.execute(_WAITING, {"platforms": platforms, "now": now, "most": most})).all()
    if rows and conn.dialect.name != "sqlite":  # another worker may have been at these chats a moment ago
        addresses = list(dict.fromkeys(row.address for row in rows))
        locked = (await conn.execute(_LOCK, {"addresses": addresses})).scalars().all()
        rows = (await conn.execute(_LOCKED, {"addresses": locked, "most": most})).all()
    by_chat: dict[str, list[Mail]] = {}
    unreadable: list[int] = []
    for row_id, address, attempts, received_at, payload in rows:
        try:
            message = Incoming.model_validate_json(vault.open(payload))
        except (SealError, ValueError):
            unreadable.append(row_id)
            continue
        by_chat.setdefault(address, []).append(Mail(row_id, attempts, received_at, message))
    return by_chat, unreadable


async def mark_unreadable(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Park what can't be read: it would hold up everybody for good."""
    await conn.execute(inbox.update().where(inbox.c.id.in_(ids)).values(state=DEAD, error="unreadable"))


_DONE = inbox.update().where(inbox.c.id.in_(sa.bindparam("ids", expanding=True)), inbox.c.state == NEW).values(state=DONE)


async def mark_done(conn: AsyncConnection, ids: Sequence[int]) -> int:
    """Returns how many of them were still new."""
    return (await conn.execute(_DONE, {"ids": ids})).rowcount


async def mark_failed(conn: AsyncConnection, mail: Mail, error: str, *, dead: bool, now: datetime) -> None:
    """Count an attempt and hold the whole chat for a moment (so order is kept), or park the message for good."""
    wait = None if dead else now + timedelta(seconds=2 ** min(mail.attempts, 6))
    await conn.execute(
        inbox.update()
        .where(inbox.c.id == mail.id)
        .values(attempts=mail.attempts + 1, error=error[:500], state=DEAD if dead else NEW)
    )
    await conn.execute(chats.update().where(chats.c.address == mail.message.address).values(held_until=wait))


async def dead_letters(conn: AsyncConnection) -> list[DeadLetter]:
    columns = (inbox.c.id, inbox.c.address, inbox.c.received_at, inbox.c.error)
    rows = await conn.execute(sa.select(*columns).where(inbox.c.state == DEAD).order_by(inbox.c.id))
    return [DeadLetter.model_validate(dict(row._mapping)) for row in rows]


async def dead_since(conn: AsyncConnection, since: datetime) -> int:
    """How many dead letters have come in since then."""
    dead = sa.select(sa.func.count()).where(inbox.c.state == DEAD, inbox.c.received_at >= since)
    return (await conn.execute(dead)).scalar_one()


async def revive(conn: AsyncConnection, ids: Sequence[int]) -> int:
    """Give dead letters another try; returns how many there were."""
    again = inbox.update().where(inbox.c.id.in_(ids), inbox.c.state == DEAD).values(state=NEW, attempts=0)
    return (await conn.execute(again)).rowcount


async def purge(conn: AsyncConnection, before: datetime) -> int:
    """Erase worked-on messages received before `before`: their content lives on only where a person filed it."""
    return (await conn.execute(inbox.delete().where(inbox.c.state == DONE, inbox.c.received_at < before))).rowcount
