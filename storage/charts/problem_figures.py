"""Problems counted for the wall charts: where the open ones are, and how many were open day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database.base import SHANGHAI, to_ms
from storage.database.session import Session
from storage.people.reach import Reach
from storage.problems.records import problem_entries, problems, within_reach
from storage.problems.states import OPEN, Action

_DAY = timedelta(days=1)
_MS_A_DAY = 86_400_000
_AHEAD = 8 * 3_600_000
"""Shanghai is eight hours ahead of UTC all year."""
_CHANGES = {Action.ACCEPT.value: -1, Action.REOPEN.value: 1}
"""What is done about a problem that changes whether it is open."""


class Cell(NamedTuple):
    """Open problems of a task ("" where none is named) in a region; `overdue` of them are past their deadline."""

    region: str
    item: str
    open: int
    overdue: int


class ProblemFigures:
    """Counted from the ledger and its entries, so that a chart says what the ledger says."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def spread(self, reach: Iterable[Reach], today: date) -> list[Cell]:
        """Where the open problems within any of `reach` are."""
        late = sa.func.sum(sa.case((problems.c.deadline < today, 1), else_=0))
        query = (
            sa.select(problems.c.region, problems.c.item, sa.func.count().label("open"), late.label("overdue"))
            .where(within_reach(reach), problems.c.state.in_([state.value for state in OPEN]))
            .group_by(problems.c.region, problems.c.item)
            .order_by(problems.c.region, problems.c.item)
        )
        rows = await self._session.read(query)
        return [Cell(row.region, row.item, int(row.open), int(row.overdue)) for row in rows]

    async def daily(self, reach: Iterable[Reach], first: date, *, last: date) -> list[int]:
        """How many of those within reach were open at the end of each day from `first` to `last`."""
        if last < first:
            return []
        where = within_reach(reach)
        begins, ends = _begin(first), _begin(last + _DAY)
        listed = sa.select(problems.c.opened_at.label("at")).where(where)
        done = (
            sa.select(problem_entries.c.at, problem_entries.c.action)
            .join(problems, problems.c.id == problem_entries.c.problem_id)
            .where(where, problem_entries.c.action.in_(list(_CHANGES)))
        )
        changes: Counter[date] = Counter()
        for day, count in await self._by_day(listed.subquery(), begins, ends):
            changes[day] += count
        for day, action, count in await self._by_day(done.subquery(), begins, ends):
            changes[day] += _CHANGES[action] * count
        days = [first + place * _DAY for place in range((last - first).days + 1)]
        before = changes[first - _DAY]
        return list(accumulate((changes[day] for day in days), initial=before))[1:]

    async def _by_day(self, events: sa.Subquery, begins: datetime, ends: datetime) -> list[Any]:
        """Events counted by day and their other columns; all that were before `begins` on the day before it."""
        at = sa.type_coerce(events.c.at, sa.BigInteger)
        counted_at = sa.case((events.c.at < begins, to_ms(begins - _DAY)), else_=at)
        day = ((counted_at + _AHEAD) // _MS_A_DAY).label("day")
        others = [column for column in events.c if column.name != "at"]
        query = sa.select(day, *others, sa.func.count()).where(events.c.at < ends).group_by(day, *others)
        return [(date(1970, 1, 1) + row[0] * _DAY, *row[1:]) for row in await self._session.read(query)]


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
