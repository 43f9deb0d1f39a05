"""What people did in a stretch of days, gathered from what they filed; nobody is asked for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from pydantic import Field

from storage.cases.records import clue_events, clues
from storage.database.base import Moment, Record, from_ms
from storage.database.session import Session
from storage.measures import measure_entries
from storage.problems.fanouts import fanout_tasks
from storage.problems.records import problem_entries
from storage.problems.states import Action
from storage.quiz import quiz_reviews
from storage.selfchecks import selfchecks
from storage.visits import VisitOutcome, visits


class WorkKind(StrEnum):
    """What was done."""

    VISIT = "visit"
    ABSENT = "absent"
    TROUBLE = "trouble"
    CLUE = "clue"
    STEP = "step"
    PROBLEM = "problem"
    SUBMIT = "submit"
    MEASURE = "measure"
    SELFCHECK = "selfcheck"
    FANOUT = "fanout"
    QUIZ = "quiz"


class Work(Record):
    """One person's. `days` on which anything was done; `done` counts households, cases, problems ... each once, but answers
    of the quiz and steps of cases one by one."""

    days: int = 0
    done: Mapping[WorkKind, int] = Field(default_factory=dict)


async def work_of(session: Session, person_ids: Collection[int], *, begin: datetime, end: datetime) -> dict[int, Work]:
    """From `begin` to before `end`, by person; those who did nothing are left out."""
    days: dict[int, set[str]] = defaultdict(set)
    things: dict[int, dict[WorkKind, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in await session.read(_deeds(list(person_ids), begin, end)):
        days[row.person_id].add(f"{from_ms(row.at):%m%d}")
        things[row.person_id][WorkKind(row.kind)].add(row.thing)
    return {
        person_id: Work(days=len(days[person_id]), done={kind: len(which) for kind, which in kinds.items()})
        for person_id, kinds in things.items()
    }


def _deeds(people: list[int], begin: datetime, end: datetime) -> sa.CompoundSelect[tuple[int, int, str, int]]:
    outcome = sa.case(
        (visits.c.outcome == VisitOutcome.ABSENT.value, WorkKind.ABSENT.value),
        (visits.c.outcome == VisitOutcome.TROUBLE.value, WorkKind.TROUBLE.value),
        else_=WorkKind.VISIT.value,
    )
    action = sa.case((problem_entries.c.action == Action.SUBMIT.value, WorkKind.SUBMIT.value), else_=WorkKind.PROBLEM.value)
    sources = (
        (visits.c.person_id, visits.c.at, outcome, visits.c.household_id),
        (clues.c.reporter_id, clues.c.reported_at, sa.literal(WorkKind.CLUE.value), clues.c.id),
        (clue_events.c.person_id, clue_events.c.at, sa.literal(WorkKind.STEP.value), clue_events.c.id),
        (problem_entries.c.person_id, problem_entries.c.at, action, problem_entries.c.problem_id),
        (measure_entries.c.person_id, measure_entries.c.at, sa.literal(WorkKind.MEASURE.value), measure_entries.c.measure_id),
        (selfchecks.c.person_id, selfchecks.c.at, sa.literal(WorkKind.SELFCHECK.value), selfchecks.c.id),
        (fanout_tasks.c.answered_by, fanout_tasks.c.answered_at, sa.literal(WorkKind.FANOUT.value), fanout_tasks.c.id),
        (quiz_reviews.c.person_id, quiz_reviews.c.at, sa.literal(WorkKind.QUIZ.value), quiz_reviews.c.id),
    )
    first, last = sa.literal(begin, Moment), sa.literal(end, Moment)
    return sa.union_all(
        *(
            sa.select(
                person.label("person_id"), sa.type_coerce(at, sa.BigInteger).label("at"), kind.label("kind"),
                thing.label("thing"),
            ).where(person.in_(people), at >= first, at < last)
            for person, at, kind, thing in sources
        )
    )  # fmt: skip
