"""What is stored about a person, and requests for its erasure (PIPL art. 45 and 47)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.cases.records import clues, joined_reports
from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.sealing import Unsealed
from storage.database.session import Session
from storage.people.persons import Role, persons, posts
from storage.privacy.forgetting import forget
from storage.quiz import quiz_cards
from storage.roster import members

erasures = sa.Table(
    "erasures",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("accepted", sa.Boolean),
    sa.Column("reason", Sealed),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)


class Erasure(Record):
    """A request to be forgotten; `accepted` is None until it is decided."""

    id: int
    person_id: int
    accepted: bool | None


class Held(Record):
    """A post and since when it is held."""

    role: Role
    region: str
    unit: str | None
    household_id: int | None
    since: datetime


class Dossier(Record):
    """What is stored about one person, for a household's voice also in the roster; `Chats.phones` has their chats.

    `reports` are those made or joined, `questions` the quiz questions of which it is kept how well they are known.
    """

    phone: str | None
    id_number: str | None
    posts: tuple[Held, ...]
    reports: int
    questions: int


class Erasures:
    """Showing somebody's data, and erasing it when the office agrees."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def dossier(self, person_id: int) -> Dossier:
        session = self._session
        (person,) = await session.read(sa.select(persons).where(persons.c.id == person_id))
        held = await session.read(
            sa.select(posts).where(posts.c.person_id == person_id, posts.c.until.is_(None)).order_by(posts.c.since)
        )
        reported = sa.select(sa.func.count()).select_from(clues).where(clues.c.reporter_id == person_id)
        joined = sa.select(sa.func.count()).where(joined_reports.c.person_id == person_id)
        quizzed = sa.select(sa.func.count()).where(quiz_cards.c.person_id == person_id)
        counting = sa.select(
            (reported.scalar_subquery() + joined.scalar_subquery()).label("reports"),
            quizzed.scalar_subquery().label("questions"),
        )
        (counts,) = await session.read(counting)
        homes = [row.household_id for row in held if row.household_id and row.confirmed_at]  # else whoever knew four digits
        listed = await session.read(sa.select(members).where(members.c.household_id.in_(homes), members.c.name == person.name))
        member = listed[0] if listed else None
        return Dossier(
            phone=self._opened(persons, person, "phone") if person.phone else self._opened(members, member, "phone"),
            id_number=self._opened(members, member, "id_number"),
            posts=tuple(session.records(posts, held, Held.from_row)),
            reports=counts.reports,
            questions=counts.questions,
        )

    def ask(self, person_id: int) -> int:
        """Put a request; returns its id."""
        row = {"id": new_id(), "person_id": person_id, "asked_at": self._session.now, "version": 0}
        return int(self._session.add(erasures, row)["id"])

    async def get(self, erasure_id: int) -> Erasure | None:
        return self._one(await self._session.read(sa.select(erasures).where(erasures.c.id == erasure_id)))

    async def open_of(self, person_id: int) -> Erasure | None:
        """The person's request that nobody has decided yet."""
        query = sa.select(erasures).where(erasures.c.person_id == person_id, erasures.c.decided_at.is_(None))
        return self._one(await self._session.read(query.limit(1)))

    async def refuse(self, erasure_id: int, by: int, *, reason: str) -> None:
        """Raises Conflict when two decide together."""
        await self._decide(erasure_id, by, accepted=False, reason=self._session.vault.seal_text(reason))

    async def accept(self, erasure_id: int, by: int) -> list[str]:
        """Forget the person, also as they are known by a further phone of their household (`storage.privacy.forgetting`).

        Returns the addresses of all their phones, for a last word. Raises Conflict when two decide together.
        """
        row = await self._decide(erasure_id, by, accepted=True, reason=None)
        return await forget(self._session, row["person_id"], by)

    async def _decide(self, erasure_id: int, by: int, *, accepted: bool, reason: Unsealed | None) -> dict[str, Any]:
        (row,) = await self._session.read(sa.select(erasures).where(erasures.c.id == erasure_id))
        return await self._session.amend(
            erasures, dict(row._mapping), accepted=accepted, reason=reason, decided_by=by, decided_at=self._session.now
        )

    def _opened(self, table: sa.Table, row: sa.Row[Any] | None, column: str) -> str | None:
        """A sealed text of a row; None also where it can't be read."""
        opened = self._session.records(
            table, [row] if row else [], lambda row: self._session.vault.open_text(table.c[column], row)
        )
        return next(iter(opened), None)

    def _one(self, rows: Sequence[sa.Row[Any]]) -> Erasure | None:
        return self._session.record(erasures, rows, Erasure.from_row)
