"""The outbox: what is to be said, exactly once where the platform lets us know, and listed where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from storage.database.base import FILES_WITHIN, Moment, Record, Sealed, bound_to, id_column, metadata, new_id
from storage.database.sealing import Unsealed, Vault
from storage.database.session import Session
from storage.mail.messages import BULK, REPLY, Outgoing, pack, platform_of, storable, unpack
from storage.mail.quiet import quiet_times

PENDING, SENDING, SENT, FAILED, UNCERTAIN = "pending", "sending", "sent", "failed", "uncertain"

outbox = sa.Table(
    "outbox",
    metadata,
    id_column(),
    sa.Column("intent", sa.String(120), unique=True),
    sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), nullable=False),
    sa.Column("platform", sa.String(16), nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("must_arrive", sa.Boolean, nullable=False),
    sa.Column("not_before", Moment, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(60)),
    sa.Column("uncertain_since", Moment),
    sa.Column("sent_at", Moment),
    sa.Column("reference", sa.String(40)),
    sa.Column("error", sa.String(300)),
    sa.Column("payload", Sealed, nullable=False, info=FILES_WITHIN),
    info=bound_to("id", "address"),
)
for _name, _where, _columns in (
    ("ix_outbox_pending", outbox.c.state == PENDING, (outbox.c.priority, outbox.c.id)),
    ("ix_outbox_retried", (outbox.c.state == PENDING) & (outbox.c.attempts > 0), (outbox.c.address,)),
    ("ix_outbox_sending", outbox.c.state == SENDING, (outbox.c.address,)),
    ("ix_outbox_uncertain", outbox.c.uncertain_since.is_not(None), (outbox.c.id,)),
    ("ix_outbox_failed", outbox.c.state.in_((FAILED, UNCERTAIN)), (outbox.c.id,)),
):
    sa.Index(_name, *_columns, sqlite_where=_where, postgresql_where=_where)


UNREADABLE = "unreadable"
"""The error of what can't be read, of which the office hears as a trouble."""


class Letter(NamedTuple):
    """A message on its way."""

    id: int
    address: str
    attempts: int
    must_arrive: bool
    message: Outgoing


class Outcome(NamedTuple):
    """How one attempt to send ended."""

    id: int
    state: str
    reference: str | None = None
    error: str | None = None
    unsure: bool = False
    not_before: datetime | None = None
    """For a row that goes back to `pending`: when to try again."""
    untried: bool = False
    """It only waited behind another; that counts as no attempt."""


class Trouble(Record):
    """A send that failed, or whose arrival nobody can vouch for."""

    id: int
    address: str
    state: str
    uncertain_since: datetime | None
    error: str | None


def post(
    session: Session,
    address: str,
    message: Outgoing,
    *,
    priority: int = REPLY,
    intent: str | None = None,
    not_before: datetime | None = None,
    must_arrive: bool = True,
) -> int:
    """Queue a message with the session's transaction; returns its id.

    Conversations and jobs post replies; what nobody asked for is told by `handlers.engine.notify`. An `intent` can exist
    once: a second one is a database error.
    """
    row = session.add(
        outbox,
        {
            "id": new_id(),
            "intent": intent,
            "address": address,
            "platform": platform_of(address),
            "priority": priority,
            "must_arrive": must_arrive,
            "not_before": not_before or session.now,
            "state": PENDING,
            "attempts": 0,
            "payload": Unsealed(pack(message)),
        },
    )
    return int(row["id"])


async def withdraw(session: Session, address: str) -> None:
    """Take back what has not been sent to an address that is to hear nothing more."""
    await session.change(outbox.delete().where(outbox.c.address == address, outbox.c.state == PENDING))


_in_flight = outbox.alias()
_retried = outbox.alias()


_QUIET = sa.exists().where(quiet_times.c.address == outbox.c.address, quiet_times.c.holds_since < outbox.c.not_before)
"""News for somebody who wants none before the next morning."""


def _due(*, bulk: bool) -> sa.Select[Any]:
    """The ids of what is due, as it is to be taken: notices or everything else, which no notice to the same chat may hold
    up."""
    # chats with a message that must be tried again later; what comes behind it may not overtake it
    held = sa.select(_retried.c.address).where(
        _retried.c.state == PENDING,
        sa.true() if bulk else _retried.c.priority < BULK,
        _retried.c.attempts > 0,
        _retried.c.not_before > sa.bindparam("now", type_=Moment),
    )
    under_way = sa.exists().where(
        _in_flight.c.state == SENDING,
        _in_flight.c.address == outbox.c.address,
        sa.true() if bulk else _in_flight.c.priority < BULK,
    )
    return (
        sa.select(outbox.c.id)
        .where(
            outbox.c.state == PENDING,
            outbox.c.priority >= BULK if bulk else outbox.c.priority < BULK,
            outbox.c.platform.in_(sa.bindparam("platforms", expanding=True)),
            outbox.c.not_before <= sa.bindparam("now", type_=Moment),
            outbox.c.address.not_in(held),
            sa.or_(outbox.c.priority == REPLY, sa.not_(_QUIET)),
            sa.not_(under_way),
        )
        .order_by(outbox.c.priority, outbox.c.id)
        .limit(sa.bindparam("most"))
    )


def _claim(*, bulk: bool) -> ReturningUpdate[Any]:
    due = _due(bulk=bulk).with_for_update(key_share=True, skip_locked=True)
    return (
        outbox.update()
        .where(outbox.c.id.in_(due.scalar_subquery()))
        .values(state=SENDING, owner=sa.bindparam("me"), attempts=outbox.c.attempts + 1)
        .returning(outbox.c.id, outbox.c.address, outbox.c.attempts, outbox.c.must_arrive, outbox.c.payload)
    )


_NEXT = _due(bulk=False)
_CLAIM, _CLAIM_BULK = _claim(bulk=False), _claim(bulk=True)


async def claim(
    conn: AsyncConnection, owner: str, platforms: Sequence[str], now: datetime, most: int, *, bulk: bool = False
) -> Sequence[sa.Row[Any]]:
    """Mark up to `most` due rows as `sending` by `owner`, replies first; in id order, so a chat's order is kept.

    Notices are only claimed with `bulk`, and then nothing else is. Chats with a send under way are left for later.
    `letter_of` reads a row; the write lock need not wait for that.
    """
    rows = await conn.execute(_CLAIM_BULK if bulk else _CLAIM, {"me": owner, "platforms": platforms, "now": now, "most": most})
    return sorted(rows, key=lambda row: row.id)


async def next_due(conn: AsyncConnection, platform: str, now: datetime) -> int | None:
    """The id of the letter that is to be taken next, notices aside; None when nothing waits."""
    found: int | None = (await conn.execute(_NEXT, {"platforms": [platform], "now": now, "most": 1})).scalar_one_or_none()
    return found


async def oldest_waiting(conn: AsyncConnection, now: datetime) -> datetime | None:
    """Since when the oldest letter is due that nobody has taken, replies only: news may wait for a morning."""
    due = (outbox.c.state == PENDING) & (outbox.c.priority == REPLY) & (outbox.c.not_before <= now)
    found = (await conn.execute(sa.select(sa.func.min(outbox.c.not_before)).where(due))).scalar_one()
    return found if isinstance(found, datetime) else None


async def oldest_sending(conn: AsyncConnection, owner: str, platform: str) -> int | None:
    """The smallest id of the letters that `owner` is sending; None when there is none."""
    mine = (outbox.c.state == SENDING) & (outbox.c.owner == owner) & (outbox.c.platform == platform)
    query = sa.select(sa.func.min(outbox.c.id)).where(mine)
    found: int | None = (await conn.execute(query)).scalar_one_or_none()
    return found


def letter_of(vault: Vault, row: sa.Row[Any]) -> Letter:
    """Raises for a row that can't be read: SealError, ValueError, and others where it is not even of the right kinds."""
    return Letter(
        id=row.id,
        address=row.address,
        attempts=row.attempts,
        must_arrive=row.must_arrive,
        message=unpack(vault.open_cell(outbox.c.payload, row)),
    )


_FINISH = (
    outbox.update()
    .where(outbox.c.id == sa.bindparam("row"))
    .values(
        state=sa.bindparam("new_state"),
        attempts=outbox.c.attempts - sa.bindparam("not_an_attempt", type_=sa.Integer),
        reference=sa.bindparam("new_reference"),
        error=sa.bindparam("new_error"),
        sent_at=sa.bindparam("new_sent_at", type_=Moment),
        not_before=sa.func.coalesce(sa.bindparam("retry_at", type_=Moment), outbox.c.not_before),
        uncertain_since=sa.func.coalesce(outbox.c.uncertain_since, sa.bindparam("unsure_at", type_=Moment)),
    )
)


_SENT = (
    outbox.update()
    .where(outbox.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(state=SENT, sent_at=sa.bindparam("now", type_=Moment), error=None)
)


async def finish(conn: AsyncConnection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Record how sends ended. A doubt once noted stays noted, whatever comes after."""
    plain = [outcome.id for outcome in outcomes if outcome.state == SENT and not (outcome.reference or outcome.unsure)]
    if plain:  # nearly all, and one statement for them
        await conn.execute(_SENT, {"ids": plain, "now": now})
    rows: list[dict[str, Any]] = [
        {
            "row": outcome.id,
            "new_state": outcome.state,
            "not_an_attempt": int(outcome.untried),
            "new_reference": outcome.reference,
            "new_error": outcome.error and storable(outcome.error)[:300],
            "new_sent_at": now if outcome.state == SENT else None,
            "retry_at": outcome.not_before,
            "unsure_at": now if outcome.unsure else None,
        }
        for outcome in outcomes
        if outcome.state != SENT or outcome.reference or outcome.unsure
    ]
    if rows:
        await conn.execute(_FINISH, rows)


async def adopt(conn: AsyncConnection, owner: str, now: datetime) -> int:
    """Called by a worker that starts under the name `owner`: sends its predecessor left open have an unknown outcome.

    On SQLite, which serves one process, those of any name: else a chat would wait for ever for one that is gone. What must
    arrive is sent again, the rest stays `uncertain`; all of it stays listed. Returns how many there were.
    """
    return await _adopt(conn, sa.true() if conn.dialect.name == "sqlite" else outbox.c.owner == owner, now)


async def sends_of_others(conn: AsyncConnection, owner: str) -> set[tuple[int, int]]:
    """The letters that somebody else than `owner` is sending: id and attempts, which tell one send from the next."""
    query = sa.select(outbox.c.id, outbox.c.attempts).where(outbox.c.state == SENDING, outbox.c.owner != owner)
    return {(row.id, row.attempts) for row in await conn.execute(query)}


async def adopt_from_others(conn: AsyncConnection, sends: Iterable[tuple[int, int]], now: datetime) -> int:
    """Those of `sends` that still stand, as `adopt` does with those of a predecessor."""
    return await _adopt(conn, sa.tuple_(outbox.c.id, outbox.c.attempts).in_(list(sends)), now)


async def _adopt(conn: AsyncConnection, whose: sa.ColumnElement[bool], now: datetime) -> int:
    result = await conn.execute(
        outbox.update()
        .where(outbox.c.state == SENDING, whose)
        .values(
            state=sa.case((outbox.c.must_arrive, PENDING), else_=UNCERTAIN),
            attempts=outbox.c.attempts - 1,  # cut off by us, which says nothing against the message
            uncertain_since=sa.func.coalesce(outbox.c.uncertain_since, sa.literal(now, Moment)),
        )
    )
    return result.rowcount


async def troubles(conn: AsyncConnection) -> list[Trouble]:
    """Every send that failed or was ever uncertain."""
    columns = (outbox.c.id, outbox.c.address, outbox.c.state, outbox.c.uncertain_since, outbox.c.error)
    wanted = outbox.c.uncertain_since.is_not(None) | outbox.c.state.in_((FAILED, UNCERTAIN))
    rows = await conn.execute(sa.select(*columns).where(wanted).order_by(outbox.c.id))
    return [Trouble.model_validate(dict(row._mapping)) for row in rows]


async def troubles_since(conn: AsyncConnection, since: datetime) -> tuple[int, int]:
    """How many sends have failed since then, without those that can't be read, and of how many it has been unknown since
    then whether they arrived."""
    columns = (sa.func.count(sa.case((outbox.c.state == FAILED, 1))), sa.func.count(sa.case((outbox.c.state == UNCERTAIN, 1))))
    moment = sa.case((outbox.c.state == FAILED, outbox.c.not_before), else_=outbox.c.uncertain_since)
    recent = outbox.c.state.in_((FAILED, UNCERTAIN)) & (moment >= since) & outbox.c.error.is_distinct_from(UNREADABLE)
    failed, uncertain = (await conn.execute(sa.select(*columns).where(recent))).one()
    return failed, uncertain


async def known_intents(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that a message exists for (`Intent.to`)."""
    query = sa.select(outbox.c.intent).where(outbox.c.intent.in_(sa.bindparam("keys", expanding=True)))
    return {row.intent for row in await session.read(query, {"keys": keys})}


async def pending_count(conn: AsyncConnection) -> int:
    waiting = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state.in_((PENDING, SENDING)))
    return (await conn.execute(waiting)).scalar_one()


async def purge(conn: AsyncConnection, before: datetime) -> int:
    """Erase messages sent before `before`."""
    return (await conn.execute(outbox.delete().where(outbox.c.state == SENT, outbox.c.sent_at < before))).rowcount
