"""The ways that invented cases have gone by today: which acts were done, and on which days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from handlers.calendar.deadlines import last_day
from handlers.calendar.workdays import add_workdays, workday_from
from handlers.cases.table import ACTS, Act, Party
from storage.plan import Clock

_TRUE = (
    Act.FOUND, Act.AUTHORIZE, Act.APPROVE, Act.POST, Act.UNOPPOSED, Act.NOMINATE, Act.ACCEPT, Act.DECIDE, Act.ENROL,
)  # fmt: skip
_CLEARED = (Act.PROPOSE, Act.SECURE, Act.APPROVE, Act.POST, Act.UNOPPOSED, Act.ACCEPT, Act.DECIDE)
ENDED_WELL = (*_TRUE, *_CLEARED)

COURSES: dict[tuple[Act, ...], int] = {
    (): 20,
    _TRUE[:1]: 10,
    _TRUE[:2]: 8,
    _TRUE[:3]: 4,
    _TRUE[:4]: 6,
    _TRUE[:5]: 4,
    _TRUE[:6]: 7,
    (*_TRUE[:6], Act.RETURN): 2,
    _TRUE[:7]: 5,
    _TRUE[:8]: 4,
    _TRUE: 18,
    (*_TRUE, *_CLEARED[:1]): 3,
    (*_TRUE, *_CLEARED[:4]): 2,
    ENDED_WELL: 7,
    (Act.NOT_FOUND,): 13,
    (Act.NOT_FOUND, Act.OBJECT): 3,
    (Act.NOT_FOUND, Act.OBJECT, Act.UPHOLD): 2,
}
"""How many of a hundred and some have gone which way."""

_TAKES = {
    Act.FOUND: (1, 2),
    Act.NOT_FOUND: (1, 2),
    Act.OBJECT: (1, 2),
    Act.UPHOLD: (2, 3),
    Act.APPROVE: (1, 2),
    Act.DECIDE: (1, 2),
    Act.PROPOSE: (5, 8),
    Act.SECURE: (1, 2),
}
"""Working days that an act takes, if more than one; the publicity lasts as long as the plan says."""

_WAITS = (1, 1, 1, 2, 2, 4)
"""Working days that a case has stood at its step; the longest leaves a visit overdue."""


def days_of(course: Sequence[Act], publicity: Clock, rng: Random, today: date) -> list[date]:
    """The day of the report and of each act, so that the case has stood where it is for a while."""
    # as many working days as the publicity has days, and one: never shorter than what is asked for
    takes = [publicity.days + 1 if act is Act.UNOPPOSED else rng.randint(*_TAKES.get(act, (1, 1))) for act in course]
    days = [add_workdays(today, -sum(takes) - rng.choice(_WAITS))]
    for act, long in zip(course, takes, strict=True):
        if act is Act.UNOPPOSED:
            days.append(workday_from(last_day(days[-1], publicity) + timedelta(days=1)))
        else:
            days.append(add_workdays(days[-1], long))
    return days


def party_to(act: Act) -> Party:
    """Who does it in the demo: the village, wherever it may."""
    by = ACTS[act].rules[0].by
    return Party.VILLAGE if Party.VILLAGE in by else min(by)
