"""The inbox: every message is stored here before its platform is told that it arrived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import FILES_WITHIN, Moment, Record, Sealed, bound_to, id_column, metadata, new_id
from storage.database.bulk import BulkInsert
from storage.database.reading import Damage
from storage.database.sealing import Unsealed, Vault
from storage.mail.chats import chats
from storage.mail.messages import Incoming, platform_of, storable

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
    sa.Column("payload", Sealed, nullable=False, info=FILES_WITHIN),
    sa.Column("error", sa.String(500)),
    info=bound_to("id", "address"),
)
sa.Index("ix_inbox_new", inbox.c.id, sqlite_where=inbox.c.state == NEW, postgresql_where=inbox.c.state == NEW)
sa.Index("ix_inbox_address", inbox.c.address, inbox.c.id)
sa.Index("ix_inbox_dead", inbox.c.id, sqlite_where=inbox.c.state == DEAD, postgresql_where=inbox.c.state == DEAD)


_LONGEST_AWAY = timedelta(days=3)
"""So long a phone may be without a network, or we without a server; an older moment is a wrong clock."""


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
    rows = [
        {
            "id": new_id(),
            "key": message.key,
            "address": message.address,
            "platform": platform_of(message.address),
            "received_at": now,
            "state": NEW,
            "attempts": 0,
            "payload": Unsealed(message.model_dump_json(exclude_defaults=True).encode()),
        }
        for message in messages
    ]
    return [vault.bind(inbox, row, row) for row in rows]


_NEWCOMERS = BulkInsert(chats, ("address", "platform", "last_seen"), lambda insert: insert.on_conflict_do_nothing())
_PUT = BulkInsert(
    inbox,
    ("id", "key", "address", "platform", "received_at", "state", "attempts", "payload"),
    lambda insert: insert.on_conflict_do_nothing(index_elements=["key"]),
)


async def locked_chats(conn: AsyncConnection, addresses: Set[str]) -> set[str]:
    """Those of `addresses` that somebody has locked so that nothing can be put; the others are ours until commit."""
    if conn.dialect.name == "sqlite":
        return set()
    named = chats.c.address.in_(addresses)
    there = set((await conn.execute(sa.select(chats.c.address).where(named))).scalars())
    share = sa.select(chats.c.address).where(named).with_for_update(read=True, key_share=True, skip_locked=True)
    return there - set((await conn.execute(share)).scalars())


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
    if not rows:
        return 0
    # by key: of two that are brought the same messages in another order, each would wait for what the other has put
    return await _PUT.run(conn, sorted(rows, key=itemgetter("key")))


_MAIL = sa.select(inbox.c.id, inbox.c.address, inbox.c.attempts, inbox.c.received_at, inbox.c.payload)
_FREE = sa.or_(chats.c.held_until.is_(None), chats.c.held_until <= sa.bindparam("now", type_=Moment))
EACH = 16
"""Messages of one chat in one claim, so that a chat with thousands waiting takes nobody's turn."""

_WAITING = (
    _MAIL.join(chats, chats.c.address == inbox.c.address)
    .where(
        inbox.c.state == NEW,
        inbox.c.id > sa.bindparam("after"),
        inbox.c.platform.in_(sa.bindparam("platforms", expanding=True)),
        inbox.c.address.not_in(sa.bindparam("served", expanding=True)),
        _FREE,
    )
    .order_by(inbox.c.id)
    .limit(sa.bindparam("most"))
)
_LOCK = (
    sa.select(chats.c.address)
    .where(chats.c.address.in_(sa.bindparam("addresses", expanding=True)), _FREE)
    .with_for_update(key_share=True, skip_locked=True)
)
_LOCKED = _MAIL.where(
    inbox.c.state == NEW,
    inbox.c.address.in_(sa.bindparam("addresses", expanding=True)),
    inbox.c.id.in_(sa.bindparam("ids", expanding=True)),
).order_by(inbox.c.id)


class UnreadableMail(NamedTuple):
    """A message that can't be read; where it came from is all that is known."""

    id: int
    address: str


async def claim(
    conn: AsyncConnection, vault: Vault, platforms: Sequence[str], now: datetime, most: int, damage: Damage
) -> tuple[dict[str, list[Mail]], list[UnreadableMail]]:
    """The oldest mail of up to `most` messages, EACH of a chat at most, by chat, in order; and what of it can't be read.

    On PostgreSQL other workers leave these chats alone until commit.
    """
    rows = await _turns(conn, platforms, now, most)
    if rows and conn.dialect.name != "sqlite":  # another worker may have been at these chats a moment ago
        addresses = list(dict.fromkeys(row.address for row in rows))
        locked = (await conn.execute(_LOCK, {"addresses": addresses, "now": now})).scalars().all()
        rows = (await conn.execute(_LOCKED, {"addresses": locked, "ids": [row.id for row in rows]})).all()
    by_chat: dict[str, list[Mail]] = {}
    found = damage.read(inbox, rows, lambda row: (row.address, _mail(vault, row)))
    for address, mail in found:
        by_chat.setdefault(address, []).append(mail)
    if len(found) == len(rows):
        return by_chat, []
    read = {mail.id for _, mail in found}
    return by_chat, [UnreadableMail(row.id, row.address) for row in rows if row.id not in read]


async def _turns(conn: AsyncConnection, platforms: Sequence[str], now: datetime, most: int) -> Sequence[Any]:
    """The oldest that wait. Only where a chat has more than its share it takes another look, for those behind it."""
    taken: list[Any] = []
    counts: Counter[str] = Counter()
    after = 0
    while room := most - len(taken):
        served = [address for address, count in counts.items() if count >= EACH]
        values = {"platforms": platforms, "now": now, "most": room, "served": served, "after": after}
        rows = (await conn.execute(_WAITING, values)).all()
        for row in rows:
            counts[row.address] += 1
            if counts[row.address] <= EACH:
                taken.append(row)
        if len(rows) < room:
            break
        after = rows[-1].id
    return taken


def _mail(vault: Vault, row: Any) -> Mail:
    message = _dated(Incoming.model_validate_json(vault.open_cell(inbox.c.payload, row)), row.received_at)
    return Mail(row.id, row.attempts, row.received_at, message)


UNREADABLE = "unreadable"
"""The error of what can't be read, of which the office hears as a trouble."""


def _dated(message: Incoming, received_at: datetime) -> Incoming:
    """With the moment of receipt, where the one that the message names can't be when it was written."""
    if received_at - _LONGEST_AWAY <= message.at <= received_at:
        return message
    return message.model_copy(update={"at": received_at})


async def oldest_due(conn: AsyncConnection, platforms: Sequence[str], now: datetime) -> tuple[int, datetime] | None:
    """Id and arrival of the mail whose turn comes next; None when nothing waits. One that can't be read is new."""
    next_one = _WAITING.with_only_columns(inbox.c.id, inbox.c.received_at, maintain_column_froms=True)
    row = (await conn.execute(next_one, {"platforms": platforms, "now": now, "most": 1, "served": [], "after": 0})).first()
    return row and (row.id, row.received_at if isinstance(row.received_at, datetime) else now)


async def oldest_waiting(conn: AsyncConnection) -> datetime | None:
    """When the oldest mail came in that is still to be worked on; None when nothing waits."""
    query = sa.select(inbox.c.received_at).where(inbox.c.state == NEW).order_by(inbox.c.id).limit(1)
    found = (await conn.execute(query)).scalar_one_or_none()
    return found if isinstance(found, datetime) else None


async def mark_unreadable(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Park what can't be read: it would hold up everybody for good."""
    await conn.execute(inbox.update().where(inbox.c.id.in_(ids)).values(state=DEAD, error=UNREADABLE))


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
        .values(attempts=mail.attempts + 1, error=storable(error)[:500], state=DEAD if dead else NEW)
    )
    await conn.execute(chats.update().where(chats.c.address == mail.message.address).values(held_until=wait))


async def hold(conn: AsyncConnection, address: str, *, until: datetime) -> None:
    """Leave a chat's mail alone for a while, as it is."""
    await conn.execute(chats.update().where(chats.c.address == address).values(held_until=until))


async def hold_on(conn: AsyncConnection, address: str, held: datetime, *, until: datetime | None) -> bool:
    """Change a hold that still is as it was made; None ends it. Returns whether it was."""
    ours = chats.update().where(chats.c.address == address, chats.c.held_until == held)
    return (await conn.execute(ours.values(held_until=until))).rowcount > 0


async def dead_letters(conn: AsyncConnection) -> list[DeadLetter]:
    columns = (inbox.c.id, inbox.c.address, inbox.c.received_at, inbox.c.error)
    rows = await conn.execute(sa.select(*columns).where(inbox.c.state == DEAD).order_by(inbox.c.id))
    return [DeadLetter.model_validate(dict(row._mapping)) for row in rows]


async def dead_since(conn: AsyncConnection, since: datetime) -> int:
    """How many dead letters have come in since then, without those that can't be read."""
    dead = sa.select(sa.func.count()).where(
        inbox.c.state == DEAD, inbox.c.received_at >= since, inbox.c.error.is_distinct_from(UNREADABLE)
    )
    return (await conn.execute(dead)).scalar_one()


async def chats_with_dead_since(conn: AsyncConnection, since: datetime) -> int:
    """In how many chats a message that came in since then could not be worked on, for whatever reason."""
    chats_hit = sa.select(sa.func.count(inbox.c.address.distinct())).where(inbox.c.state == DEAD, inbox.c.received_at >= since)
    return (await conn.execute(chats_hit)).scalar_one()


async def died_since(conn: AsyncConnection, address: str, since: datetime) -> int:
    """How many messages of a chat that came since then are dead letters."""
    dead = sa.select(sa.func.count()).where(
        inbox.c.address == address, inbox.c.state == DEAD, inbox.c.received_at >= sa.literal(since, Moment)
    )
    return int((await conn.execute(dead)).scalar_one())


async def last_received(conn: AsyncConnection) -> datetime | None:
    """When the newest message came in, by its row id; None where that can't be read."""
    newest = sa.select(inbox.c.received_at).order_by(inbox.c.id.desc()).limit(1)
    found = (await conn.execute(newest)).scalar_one_or_none()
    return found if isinstance(found, datetime) else None


async def revive(conn: AsyncConnection, ids: Sequence[int]) -> int:
    """Give dead letters another try; returns how many there were."""
    again = inbox.update().where(inbox.c.id.in_(ids), inbox.c.state == DEAD).values(state=NEW, attempts=0)
    return (await conn.execute(again)).rowcount


async def purge(conn: AsyncConnection, before: datetime) -> int:
    """Erase worked-on messages received before `before`: their content lives on only where a person filed it."""
    return (await conn.execute(inbox.delete().where(inbox.c.state == DONE, inbox.c.received_at < before))).rowcount
