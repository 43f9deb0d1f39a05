"""Reminders as rows: a due time, what it is about, who is meant. The clock's tick claims what is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import ONCE, SUMMED, Moment, Record, id_column, metadata, new_id
from storage.database.session import Session
from storage.database.transaction import Transaction

PENDING, CLAIMED = "pending", "claimed"

reminders = sa.Table(
    "reminders",
    metadata,
    id_column(),
    sa.Column("key", sa.String(80), nullable=False, unique=True),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("subject", sa.String(12), nullable=False),
    sa.Column("subject_id", sa.String(40), nullable=False),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("deadline", sa.Date, nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Index("ix_reminders_subject", "subject", "subject_id"),
    info={**SUMMED, **ONCE},
)
sa.Index(
    "ix_reminders_due",
    reminders.c.due_at,
    sqlite_where=reminders.c.state == PENDING,
    postgresql_where=reminders.c.state == PENDING,
)


acknowledged = sa.Table(
    "acknowledged",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("subject", sa.String(12), nullable=False),
    sa.Column("subject_id", sa.String(40), nullable=False),
    sa.Column("deadline", sa.Date, nullable=False),
    sa.UniqueConstraint("person_id", "subject", "subject_id", "deadline"),
    info={**SUMMED, **ONCE},
)


class Reminder(Record):
    """One stage of one deadline.

    `subject` and `subject_id` say what it is about ("clue", "7"); `level` how high it has climbed (0 those
    responsible, 1 the town, 2 the county). `person_id` is set where one person alone is meant (a snooze); otherwise who
    holds the post on the day is found when it is due, so leave and handover need no rewriting.
    """

    id: int
    key: str
    due_at: datetime
    subject: str
    subject_id: str
    stage: str
    level: int
    deadline: date
    person_id: int | None = None


class Reminders:
    """Planning and cancelling reminders with the thing they belong to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def plan(
        self,
        subject: str,
        subject_id: str,
        *,
        stage: str,
        due_at: datetime,
        deadline: date,
        level: int = 0,
        person_id: int | None = None,
        series: str = "",
    ) -> None:
        """One row; its key makes the same stage of the same deadline the same row, however often it is planned.

        `series` tells apart rows that are meant to repeat, such as one person's snoozes.
        """
        self._session.add(
            reminders,
            {
                "id": new_id(),
                "key": f"{subject}:{subject_id}:{deadline}:{stage}{series}",
                "due_at": due_at,
                "state": PENDING,
                "subject": subject,
                "subject_id": subject_id,
                "stage": stage,
                "level": level,
                "deadline": deadline,
                "person_id": person_id,
            },
        )

    async def cancel(self, subject: str, subject_id: str) -> None:
        """Drop what is still to come for a thing that is done or moved."""
        about = (reminders.c.subject == subject) & (reminders.c.subject_id == subject_id)
        await self._session.remove_all(reminders, about & (reminders.c.state == PENDING))

    def acknowledge(self, person_id: int, subject: str, subject_id: str, deadline: date) -> None:
        """The person has dealt with their part; nothing more is said to them about this deadline."""
        mark = {"person_id": person_id, "subject": subject, "subject_id": subject_id, "deadline": deadline}
        self._session.add(acknowledged, {"id": new_id(), **mark})

    async def acknowledgements(self, person_ids: Iterable[int]) -> set[tuple[int, str, str, date]]:
        """(person, subject, subject_id, deadline) of everything these persons have acknowledged."""
        columns = (acknowledged.c.person_id, acknowledged.c.subject, acknowledged.c.subject_id, acknowledged.c.deadline)
        query = sa.select(*columns).where(acknowledged.c.person_id.in_(list(person_ids)))
        return {(row.person_id, row.subject, row.subject_id, row.deadline) for row in await self._session.read(query)}

    async def known(self, subject: str) -> set[tuple[str, str, date]]:
        """(subject_id, stage, deadline) of all rows about a kind of thing, whatever their state."""
        query = sa.select(reminders.c.subject_id, reminders.c.stage, reminders.c.deadline)
        rows = await self._session.read(query.where(reminders.c.subject == subject))
        return {(row.subject_id, row.stage, row.deadline) for row in rows}


_DUE = (
    sa.select(reminders.c.id)
    .where(reminders.c.state == PENDING, reminders.c.due_at <= sa.bindparam("now", type_=Moment))
    .order_by(reminders.c.due_at)
    .limit(sa.bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)
_CLAIM = (
    reminders.update()
    .where(reminders.c.id.in_(_DUE.scalar_subquery()))
    .values(state=CLAIMED)
    .returning(*(column for column in reminders.c if column.name != "state"))
)


_ALONE = sa.select(sa.func.pg_try_advisory_xact_lock(0x72656D696E64))
"""Any number, the same for all: one person's reminders must not be shared out between two workers' messages."""


async def alone(conn: AsyncConnection) -> bool:
    """Whether no other worker's transaction is at the reminders; if so, none will be until this one ends."""
    return conn.dialect.name != "postgresql" or bool((await conn.execute(_ALONE)).scalar_one())


async def put_back(session: Session, ids: Sequence[int], until: datetime) -> None:
    """Let claimed reminders come again at `until`: what they are about could not be read or told."""
    await session.change_all(reminders, reminders.c.id.in_(ids), state=PENDING, due_at=until)


async def claim(tx: Transaction, most: int, *, request: str) -> tuple[int, Sequence[Reminder]]:
    """Take up to `most` due reminders, the longest due first, and say how many they were with those that can't be read.

    The second call finds none of them.

    While another worker's transaction is claiming, there is nothing to take.
    """
    if not await alone(tx.conn):
        return 0, []
    rows = (await tx.conn.execute(_CLAIM, {"now": tx.now, "most": most})).all()
    went, came = ([{**row._mapping, "state": state} for row in rows] for state in (PENDING, CLAIMED))
    tx.shift(reminders, went=went, came=came, request=request)
    claimed = tx.damage.read(reminders, rows, Reminder.from_row)
    return len(rows), sorted(claimed, key=lambda reminder: (reminder.due_at, reminder.id))
