"""The planned line of a burn-down: from the most problems that were open evenly to zero, on working days. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from handlers.calendar.workdays import workdays_between

_DAY = timedelta(days=1)


def zero_line(counted: Sequence[int], since: date, first: date, last: date) -> list[tuple[date, float]]:
    """A point for each day up to `last`, the day by which nothing may be open; it stands still on days off.

    `counted` are the open problems at the end of each day from `since` on. While the phase from `first` to `last` goes
    on new problems are found, so the line begins on the day when the most were open; it never begins before `first`.
    Empty where nothing is open or the phase lies behind what was counted.
    """
    days = {since + place * _DAY: count for place, count in enumerate(counted)}
    within = {day: count for day, count in days.items() if first <= day < last}
    if not within and days and max(days) < first:
        within = {first: days[max(days)]}
    most = max(within.values(), default=0)
    if not most:
        return []
    start = max(day for day, count in within.items() if count == most)
    there_are = workdays_between(start, last) or 1
    line = []
    for place in range((last - start).days + 1):
        day = start + place * _DAY
        line.append((day, most * (1 - min(1, workdays_between(start, day) / there_are))))
    return [*line[:-1], (last, 0.0)]
