"""The figures of one month by region, counted afresh from the records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.cases.records import clue_events, clues
from storage.cases.steps import Step
from storage.database.base import SHANGHAI
from storage.database.regions import inside
from storage.database.session import Session
from storage.problems.records import problems
from storage.problems.states import ProblemState

_REFUTED = "none"
"""The outcome of a visit that found nothing."""


class Month(NamedTuple):
    """The first and last day that count. For the present month the last is today; it still runs."""

    first: date
    last: date

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), SHANGHAI)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), SHANGHAI)


class MonthFigures(NamedTuple):
    """Of one region, or of several added. `open` and `late` are as of the month's last day; late is what is past its
    deadline."""

    clues_new: int = 0
    verifications: int = 0
    refuted: int = 0
    clues_closed: int = 0
    clues_open: int = 0
    clues_late: int = 0
    problems_new: int = 0
    problems_closed: int = 0
    problems_open: int = 0
    problems_late: int = 0

    def plus(self, other: MonthFigures) -> MonthFigures:
        return MonthFigures(*(mine + more for mine, more in zip(self, other, strict=True)))


async def by_region(session: Session, region: str, *, month: Month) -> dict[str, MonthFigures]:
    """The figures of each village in `region` (code prefix), and of the town itself for what concerns all of it.

    A step's clock and a problem's deadline are the present ones, so for a past month `late` tells what is known today.
    """
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for query in (_clues(month), _verifications(month), _problems(month)):
        for row in await session.read(query.where(inside(query.selected_columns.region, region))):
            counted = row._mapping
            found[counted["region"]] |= {key: int(counted[key] or 0) for key in counted if key != "region"}
    return {code: MonthFigures(**counts) for code, counts in found.items()}


async def new_by_source(session: Session, region: str, *, month: Month) -> Mapping[str, int]:
    """How many of the month's clues came from each source."""
    query = (
        sa.select(clues.c.source, sa.func.count().label("clues"))
        .where(inside(clues.c.village, region), _within(clues.c.reported_at, month))
        .group_by(clues.c.source)
    )
    return Counter({row.source: row.clues for row in await session.read(query)})


def _clues(month: Month) -> sa.Select[Any]:
    closed = clues.c.step == Step.CLOSED.value
    open_then = sa.and_(clues.c.reported_at < month.ends, sa.not_(sa.and_(closed, clues.c.since <= month.last)))
    return sa.select(
        clues.c.village.label("region"),
        _count(_within(clues.c.reported_at, month)).label("clues_new"),
        _count(sa.and_(closed, clues.c.since.between(month.first, month.last))).label("clues_closed"),
        _count(open_then).label("clues_open"),
        _count(sa.and_(open_then, clues.c.due_on < month.last)).label("clues_late"),
    ).group_by(clues.c.village)


def _verifications(month: Month) -> sa.Select[Any]:
    verified = sa.and_(clue_events.c.step == Step.VERIFY.value, _within(clue_events.c.at, month))
    return (
        sa.select(
            clues.c.village.label("region"),
            sa.func.count().label("verifications"),
            _count(clue_events.c.outcome == _REFUTED).label("refuted"),
        )
        .join(clue_events, clue_events.c.clue_id == clues.c.id)
        .where(verified)
        .group_by(clues.c.village)
    )


def _problems(month: Month) -> sa.Select[Any]:
    closed = problems.c.state == ProblemState.CLOSED.value
    open_then = sa.and_(problems.c.opened_at < month.ends, sa.not_(sa.and_(closed, problems.c.closed_at < month.ends)))
    return sa.select(
        problems.c.region.label("region"),
        _count(_within(problems.c.opened_at, month)).label("problems_new"),
        _count(sa.and_(closed, _within(problems.c.closed_at, month))).label("problems_closed"),
        _count(open_then).label("problems_open"),
        _count(sa.and_(open_then, problems.c.deadline < month.last)).label("problems_late"),
    ).group_by(problems.c.region)


def _within(moment: sa.Column[Any], month: Month) -> sa.ColumnElement[bool]:
    return sa.and_(moment >= month.begins, moment < month.ends)


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    return sa.func.sum(sa.case((condition, 1), else_=0))
