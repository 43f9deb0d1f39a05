"""The burden 负担: how much cunbao itself asked of people, a row a day, person and cause; kept after the messages are erased.

Rows name persons by id, so that medians can be told; no content of any message is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import ONCE, Moment, Record, metadata, with_place
from storage.database.sealing import SealError, Vault
from storage.database.session import Session
from storage.mail.chats import chats
from storage.mail.inbox import DONE, inbox
from storage.mail.intents import cause_in
from storage.mail.messages import PUSH, Incoming
from storage.mail.outbox import SENT, outbox
from storage.people.persons import Role

burden_days = sa.Table(
    "burden_days",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("person_id", sa.BigInteger, primary_key=True),
    sa.Column("cause", sa.String(40), primary_key=True),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("messages", sa.Integer, nullable=False),
    sa.Column("answers", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Integer, nullable=False),
    info=ONCE,
)

_MOST_CAUSE = 40


class BurdenRow(Record):
    """What was asked of one person on one day by one cause: a conversation, or a kind of news.

    `messages` sent unasked, `answers` given in talks, `seconds` it took.
    """

    day: date
    person_id: int
    cause: str
    role: Role
    messages: int
    answers: int
    seconds: int


class News(Record):
    """A message sent unasked. `cause` is the value of a `Cause`; empty where the message tells none."""

    person_id: int
    at: datetime
    cause: str


class Received(Record):
    """A message that a person sent, without its content. `command`: the words, if they can begin a talk; else empty."""

    person_id: int
    at: datetime
    command: str


class Burden:
    """The daily rows."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def last_day(self) -> date | None:
        rows = await self._session.read(sa.select(sa.func.max(burden_days.c.day).label("day")))
        day: date | None = rows[0].day
        return day

    def add(self, asked: Iterable[BurdenRow]) -> None:
        for one in asked:
            row = one.model_dump() | {"cause": one.cause[:_MOST_CAUSE], "role": one.role.value}
            self._session.add(burden_days, row)

    async def between(self, first: date, last: date) -> list[BurdenRow]:
        """Everything from the first day to the last, both included, without rows that can't be read."""
        query = sa.select(burden_days).where(burden_days.c.day.between(first, last))
        return self._session.records(burden_days, await self._session.read(query), BurdenRow.from_row)

    async def forget(self, before: date) -> None:
        await self._session.change(burden_days.delete().where(burden_days.c.day < before))


async def news_between(conn: AsyncConnection, begin: datetime, *, end: datetime) -> list[News]:
    """What was sent unasked from `begin` to before `end` to people we know."""
    query = (
        sa.select(chats.c.person_id, outbox.c.sent_at.label("at"), outbox.c.intent)
        .join(chats, chats.c.address == outbox.c.address)
        .where(
            outbox.c.state == SENT, outbox.c.priority >= PUSH, outbox.c.sent_at >= sa.literal(begin, Moment),
            outbox.c.sent_at < sa.literal(end, Moment), chats.c.person_id.is_not(None),
        )
    )  # fmt: skip
    rows = await conn.execute(query)
    return [News(person_id=row.person_id, at=row.at, cause=cause_in(row.intent or "")) for row in rows]


async def received_between(conn: AsyncConnection, begin: datetime, *, end: datetime) -> Sequence[Any]:
    """What was received from `begin` to before `end` from people we know, still sealed; `without_content` reads it."""
    query = (
        sa.select(chats.c.person_id, inbox.c.received_at.label("at"), *with_place(inbox.c.payload))
        .join(chats, chats.c.address == inbox.c.address)
        .where(
            inbox.c.state == DONE, inbox.c.received_at >= sa.literal(begin, Moment),
            inbox.c.received_at < sa.literal(end, Moment), chats.c.person_id.is_not(None),
        )
        .order_by(chats.c.person_id, inbox.c.received_at, inbox.c.id)
    )  # fmt: skip
    return (await conn.execute(query)).all()


def without_content(vault: Vault, rows: Sequence[Any], *, words: frozenset[str]) -> list[Received]:
    """The rows with nothing of their content but the command or, of `words`, the word that they are. Blocking."""
    return [Received(person_id=row.person_id, at=row.at, command=_command(vault, row, words)) for row in rows]


def _command(vault: Vault, row: Any, words: frozenset[str]) -> str:
    try:
        message = Incoming.model_validate_json(vault.open_cell(inbox.c.payload, row))
    except (SealError, ValueError):  # parked as a dead letter elsewhere; here it is just a message
        return ""
    said = (message.text if message.choice is None else message.choice) or ""
    first = said.strip().partition(" ")[0]
    return first if first.startswith("/") or first in words else ""
