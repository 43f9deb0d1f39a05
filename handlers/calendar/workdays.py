"""Working days in China: public holidays are free, weekends worked in exchange (调休) are not.

The holidays are those the State Council publishes a year ahead, from the `chinesecalendar` package. Outside the years it
knows, Monday to Friday are taken as working days; `calendar_known` tells a caller when that is so. Pure.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from chinese_calendar import is_workday as _official

_DAY = timedelta(days=1)


@lru_cache(maxsize=4096)
def _published(day: date) -> bool | None:
    """Whether the official calendar has `day` as a working day; None where it says nothing of that year.

    Cached because the package searches all its holidays for the first and last year at every call.
    """
    try:
        return bool(_official(day))
    except NotImplementedError:
        return None


def calendar_known(day: date) -> bool:
    """Whether the holidays of the year of `day` have been published."""
    return _published(day) is not None


def is_workday(day: date) -> bool:
    """Whether people are at work on `day`; by the weekday alone where the calendar is not known."""
    published = _published(day)
    return day.weekday() < 5 if published is None else published


@lru_cache(maxsize=4096)  # every report of a day asks for the same few
def add_workdays(day: date, count: int) -> date:
    """The `count`-th working day after `day`, or before it where `count` is negative; `day` itself for 0."""
    step = _DAY if count > 0 else -_DAY
    left = abs(count)
    while left:
        day += step
        left -= is_workday(day)
    return day


def workdays_between(start: date, end: date) -> int:
    """Working days after `start` up to and with `end`; negative, and the other way round, where `end` is earlier.

    It undoes `add_workdays`: `workdays_between(day, add_workdays(day, n)) == n` for every `day` and `n`.
    """
    sign, step = (1, _DAY) if end >= start else (-1, -_DAY)
    count, day = 0, start
    while day != end:
        day += step
        count += is_workday(day)
    return sign * count


def workday_from(day: date) -> date:
    """`day` if it is a working day, else the next one."""
    return day if is_workday(day) else add_workdays(day, 1)


def workday_until(day: date) -> date:
    """`day` if it is a working day, else the one before it."""
    return day if is_workday(day) else add_workdays(day, -1)
