"""The stages at which people are reminded of a deadline: before it, on the day, and while it is overdue.

Every stage falls on a working day inside the policy's window, so nobody is called on a holiday. Stages before a deadline
move to an earlier working day, while there is still time to act; stages after it move to a later one. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from handlers.calendar.workdays import add_workdays, is_workday, workday_from, workday_until, workdays_between
from storage.database.base import SHANGHAI
from storage.plan import Clock, ReminderPolicy

TOP_LEVEL = 2
"""Overdue things climb from those responsible (0) over the town (1) to the county (2), and no further."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One reminder of a deadline.

    `name` is "before7" (7 working days before), "due" or "overdue1", "overdue2" ... and is unique within a deadline.
    `level` is how high it has climbed: those responsible are told at every level, the town from 1 on, the county at 2.
    """

    name: str
    day: date
    level: int

    def due_at(self, policy: ReminderPolicy) -> datetime:
        """The moment the window opens on the stage's day, in Shanghai."""
        return datetime.combine(self.day, policy.opens, SHANGHAI)


def stages(deadline: date, policy: ReminderPolicy, today: date) -> list[Stage]:
    """The stages of `deadline` from `today` on, in order: those before it, the day itself, and the next one overdue.

    There is no end to being overdue, so only the next such stage is named; when it has been spoken of, `next_overdue`
    gives the one after it.
    """
    last_chance = workday_until(deadline)
    ahead = [
        Stage(f"before{days}" if days else "due", add_workdays(last_chance, -days), 0)
        for days in sorted(policy.before, reverse=True)
    ]
    yesterday = today - timedelta(days=1)
    return [stage for stage in ahead if stage.day >= today] + [next_overdue(deadline, policy, yesterday)]


def next_overdue(deadline: date, policy: ReminderPolicy, after: date) -> Stage:
    """The first overdue stage later than `after`: every `overdue_every` working days, a level up each `climb_after`."""
    gone = workdays_between(deadline, max(deadline, after))
    number = gone // policy.overdue_every + 1
    late = number * policy.overdue_every
    level = min(TOP_LEVEL, late // policy.climb_after)
    return Stage(f"overdue{number}", add_workdays(deadline, late), level)


def last_day(start: date, clock: Clock) -> date:
    """The last day of a clock that starts on `start`; that day itself does not count."""
    return add_workdays(start, clock.days) if clock.working else start + timedelta(days=clock.days)


def next_open(now: datetime, policy: ReminderPolicy) -> datetime:
    """The first moment from `now` on at which people may be called: in the window of a working day, in Shanghai.

    Raises ValueError for a naive datetime.
    """
    if now.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    here = now.astimezone(SHANGHAI)
    today = here.date()
    if is_workday(today) and policy.opens <= here.time() < policy.closes:
        return here
    day = today if here.time() < policy.opens else today + timedelta(days=1)
    return datetime.combine(workday_from(day), policy.opens, SHANGHAI)
