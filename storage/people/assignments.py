"""Assignments 指派： the one person of a village whose a clue or a problem is. Without one it is the whole village's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session

assignments = sa.Table(
    "assignments",
    metadata,
    id_column(),
    sa.Column("subject", sa.String(12), nullable=False),
    sa.Column("subject_id", sa.String(40), nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("by_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("subject", "subject_id"),
    info=AUDITED,
)


class Assignment(Record):
    """Whose a thing is. `subject` and `subject_id` as in reminders; `region` the village it lies in.

    `person_id` None: it was somebody's and is the village's again.
    """

    id: int
    subject: str
    subject_id: str
    region: str
    person_id: int | None
    by_id: int
    at: datetime
    version: int


class Assignments:
    """Assigning things to people. Rights are checked by the callers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, subject: str, subject_id: str) -> Assignment | None:
        query = sa.select(assignments).where(assignments.c.subject == subject, assignments.c.subject_id == subject_id)
        rows = await self._session.read(query)
        return self._session.record(assignments, rows, Assignment.from_row)

    async def holders(self, subject: str, subject_ids: Sequence[str]) -> dict[str, int]:
        """The person of each of these that is somebody's, by subject_id."""
        query = sa.select(assignments.c.subject_id, assignments.c.person_id).where(
            assignments.c.subject == subject, assignments.c.subject_id.in_(subject_ids), assignments.c.person_id.is_not(None)
        )
        return {row.subject_id: row.person_id for row in await self._session.read(query)}

    async def give(
        self, before: Assignment | None, subject: str, *, subject_id: str, region: str, person_id: int | None, by: int
    ) -> None:
        """Make it `person_id`'s (None: the village's). `before` is what `of` gave.

        Raises Conflict when somebody assigned it since.
        """
        session = self._session
        changes = {"region": region, "person_id": person_id, "by_id": by, "at": session.now}
        if before is None:
            row = {"id": new_id(), "subject": subject, "subject_id": subject_id, "version": 0, **changes}
            session.add(assignments, row)
            return
        await session.amend(assignments, await session.current(assignments, before), **changes)

    async def move(self, person_id: int, region: str, *, to: int | None, by: int) -> int:
        """All that one person has in a region becomes another's, or (None) its village's; returns how many."""
        query = sa.select(assignments).where(assignments.c.person_id == person_id, inside(assignments.c.region, region))
        rows = await self._session.read(query)
        for row in rows:
            await self._session.amend(assignments, dict(row._mapping), person_id=to, by_id=by, at=self._session.now)
        return len(rows)
