"""The latest entries of all problems with what tells of faking: length of words, photos, places."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.cases.records import clues
from storage.database.base import Record
from storage.database.session import Session
from storage.files.attachments import attachments
from storage.mail.messages import Place, place_of
from storage.people.persons import persons
from storage.problems.records import problem_entries, problems
from storage.problems.states import Action

_MOST_PLACES = 500
"""A village's latest positions; more would not move their median."""


class Deed(Record):
    """One entry of one problem's history. `letters` is how long its words are, `photos` how many came with it."""

    problem_id: int
    number: int
    region: str
    person_id: int
    person: str
    action: Action
    percent: int
    letters: int
    photos: int
    place: Place | None
    at: datetime


class Deeds:
    """Reading entries across all problems, for the job that raises signals. What can't be read raises none."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def since(self, moment: datetime, doing: Collection[Action]) -> list[Deed]:
        """Everything of these kinds done since then, in order."""
        return await self._read(problem_entries.c.at >= moment, problem_entries.c.action.in_([*doing]))

    async def of_submitted(self, since: datetime) -> list[Deed]:
        """The whole history of every problem submitted since then, in order."""
        submitted = sa.select(problem_entries.c.problem_id).where(
            problem_entries.c.at >= since, problem_entries.c.action == Action.SUBMIT.value
        )
        return await self._read(problem_entries.c.problem_id.in_(submitted))

    async def places_in(self, village: str) -> list[tuple[datetime, Place]]:
        """Where people stood when they reported from a village, the latest first."""
        done = (
            sa.select(problem_entries.c.at, problem_entries.c.latitude, problem_entries.c.longitude)
            .join(problems, problems.c.id == problem_entries.c.problem_id)
            .where(problems.c.region == village, problem_entries.c.latitude.is_not(None))
        )
        reported = sa.select(clues.c.reported_at, clues.c.latitude, clues.c.longitude).where(
            clues.c.village == village, clues.c.latitude.is_not(None)
        )
        both = sa.union_all(done, reported).subquery()
        rows = await self._session.read(sa.select(both).order_by(both.c.at.desc()).limit(_MOST_PLACES))
        return self._session.records(
            problem_entries, rows, lambda row: (row.at, Place(latitude=row.latitude, longitude=row.longitude))
        )

    async def _read(self, *wanted: sa.ColumnElement[bool]) -> list[Deed]:
        photos = (
            sa.select(sa.func.count())
            .where(attachments.c.subject == "problem_entry", attachments.c.subject_id == problem_entries.c.id)
            .scalar_subquery()
        )
        query = (
            sa.select(problem_entries, problems.c.number, problems.c.region, persons.c.name, photos.label("photos"))
            .join(problems, problems.c.id == problem_entries.c.problem_id)
            .join(persons, persons.c.id == problem_entries.c.person_id)
            .where(*wanted)
            .order_by(problem_entries.c.at, problem_entries.c.id)
        )
        return self._session.records(problem_entries, await self._session.read(query), self._deed)

    def _deed(self, row: Any) -> Deed:
        letters = len(self._session.vault.open_text(problem_entries.c.text, row) or "")
        return Deed.from_row(row, person=row.name, letters=letters, place=place_of(row._mapping))
