"""Visits to households. In a round of visits each household counts once, whoever met somebody there first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.counting.overview import visit_keys
from storage.counting.tallies import count
from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.labels import Labelled
from storage.database.session import Session
from storage.mail.messages import Place, place_columns
from storage.roster import Household


class VisitOutcome(Labelled):
    """What a visit found."""

    FINE = "fine", "没有变化"
    TROUBLE = "trouble", "有困难"
    ABSENT = "absent", "没见到人"

    @property
    def met(self) -> bool:
        """Whether the household has been visited by it."""
        return self is not VisitOutcome.ABSENT


visits = sa.Table(
    "visits",
    metadata,
    id_column(),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), nullable=False),
    sa.Column("round", sa.String(60), nullable=False),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("outcome", sa.String(12), nullable=False),
    sa.Column("met", sa.Boolean, nullable=False),
    sa.Column("note", Sealed, nullable=False),
    sa.Column("latitude", sa.Float),
    sa.Column("longitude", sa.Float),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("household_id", "round"),
    sa.Index("ix_visits_village", "round", "village"),
    info=AUDITED,
)


class Visit(Record):
    """The visit that counts for a household in a round, or the last one at which nobody was met."""

    household_id: int
    person_id: int
    at: datetime
    outcome: VisitOutcome
    note: str


class Visits:
    """Recording visits and finding who has had none. A `round` is named by the plan it belongs to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(
        self, household: Household, round: str, *, by: int, outcome: VisitOutcome, note: str = "", place: Place | None = None
    ) -> Visit:
        """Record a visit, of whatever occasion; returns the one that counts, which may be an earlier one.

        Of two first visits at the same time the second breaks the unique key, and is run again on what the first left.
        """
        session = self._session
        rows = await self._rows(household.id, round)
        before = rows[0]._mapping if rows else None
        if before is not None and before["met"]:
            return self._session.records(visits, rows, lambda row: self._visit(row._mapping))[0]
        found: dict[str, Any] = {
            "person_id": by,
            "at": session.now,
            "outcome": outcome.value,
            "met": outcome.met,
            "note": session.vault.seal_text(note),
            **place_columns(place),
        }
        if before is not None:
            after = await session.amend(visits, before, **found)
        else:
            key = {"id": new_id(), "household_id": household.id, "round": round, "village": household.village}
            after = session.add(visits, {**key, **found, "version": 0})
        count(session, visit_keys, before=before, after=after)
        return self._visit(after)

    async def of(self, household_id: int, round: str) -> Visit | None:
        rows = await self._rows(household_id, round)
        return self._session.record(visits, rows, lambda row: self._visit(row._mapping))

    async def in_village(self, village: str, round: str) -> dict[int, Visit]:
        """The visits of a village, by household, without any that can't be read."""
        query = sa.select(visits).where(visits.c.round == round, visits.c.village == village)
        rows = await self._session.read(query)
        return {one.household_id: one for one in self._session.records(visits, rows, lambda row: self._visit(row._mapping))}

    async def _rows(self, household_id: int, round: str) -> Sequence[sa.Row[Any]]:
        return await self._session.read(sa.select(visits).where(visits.c.household_id == household_id, visits.c.round == round))

    def _visit(self, row: Mapping[Any, Any]) -> Visit:
        return Visit.model_validate({**row, "note": self._session.vault.open_text(visits.c.note, row) or ""})
