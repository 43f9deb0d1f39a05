"""The mornings on which everybody was written to, and what has come to people since the last of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.cases.records import clue_events, clues
from storage.cases.steps import Step
from storage.database.base import ONCE, Moment, Record, metadata
from storage.database.session import Session
from storage.people.assignments import assignments
from storage.problems.records import problems
from storage.problems.states import TO_RECTIFY
from storage.quiz import quiz_cards, quiz_reviews

mornings = sa.Table(
    "mornings", metadata, sa.Column("day", sa.Date, primary_key=True), sa.Column("at", Moment, nullable=False), info=ONCE
)


class Moved(Record):
    """A case that has come to a step since the last morning."""

    id: int
    step: Step


class Mornings:
    """What the morning's message needs about everybody, in a few statements."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def last(self) -> tuple[date, datetime] | None:
        """The last morning's day, and when it was."""
        rows = await self._session.read(sa.select(mornings).order_by(mornings.c.day.desc()).limit(1))
        return (rows[0].day, rows[0].at) if rows else None

    def begin(self, day: date) -> None:
        self._session.add(mornings, {"day": day, "at": self._session.now})

    async def moved_cases(self, since: datetime) -> list[Moved]:
        """The open cases whose present step began after `since`."""
        last_event = sa.select(sa.func.max(clue_events.c.at)).where(clue_events.c.clue_id == clues.c.id).scalar_subquery()
        moved_at = sa.func.coalesce(last_event, clues.c.reported_at)
        query = sa.select(clues.c.id, clues.c.step).where(
            clues.c.step != Step.CLOSED.value, clues.c.since >= since.date(), *self._lately(moved_at, since)
        )
        return [Moved(id=row.id, step=Step(row.step)) for row in await self._session.read(query)]

    async def new_problems(self, since: datetime) -> list[int]:
        """The problems to be rectified that were put on the ledger after `since`."""
        states = [state.value for state in TO_RECTIFY]
        query = sa.select(problems.c.id).where(problems.c.state.in_(states), *self._lately(problems.c.opened_at, since))
        return [row.id for row in await self._session.read(query)]

    async def assigned(self, since: datetime) -> list[tuple[str, str]]:
        """(subject, subject_id) of what was given to somebody after `since`."""
        query = sa.select(assignments.c.subject, assignments.c.subject_id).where(
            *self._lately(assignments.c.at, since), assignments.c.person_id.is_not(None)
        )
        return [(row.subject, row.subject_id) for row in await self._session.read(query)]

    def _lately(self, at: sa.ColumnElement[Any], since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
        """After `since`, but not in a future that a wrong clock has shown: that would be new every morning until then."""
        return at > sa.literal(since, Moment), at <= sa.literal(self._session.now, Moment)

    async def quiz_done(self, person_ids: Collection[int], questions: int, *, today: date, since: datetime) -> set[int]:
        """Those with nothing to be asked today: of the plan's `questions` none is new to them and none due, or they have
        answered the day's since `since`."""
        known = (
            sa.select(quiz_cards.c.person_id)
            .where(quiz_cards.c.person_id.in_(person_ids))
            .group_by(quiz_cards.c.person_id)
            .having(sa.func.count() >= questions, sa.func.sum(sa.case((quiz_cards.c.due_on <= today, 1), else_=0)) == 0)
        )
        answered = sa.select(quiz_reviews.c.person_id).where(quiz_reviews.c.at >= since, quiz_reviews.c.daily)
        return {row.person_id for row in await self._session.read(sa.union(known, answered))}
