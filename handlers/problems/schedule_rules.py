"""倒排工期: from the day a problem must be closed back through the steps that lead there, in working days. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.calendar.workdays import add_workdays, workday_until, workdays_between

_SHARES = (("摸清底数", 10), ("制定措施", 10), ("整改", 50), ("自查", 10), ("验收", 20))
"""Steps and their share of the working days, in percent. Half of the time belongs to the work itself. A fifth goes before
it, so that a measure is named while there is still time for another. The checks get the last three tenths, and the town
twice what the village takes: what it returns must be mended and looked at again before the deadline."""


@dataclass(frozen=True, slots=True)
class ScheduleStep:
    """A step's first and last day, both included."""

    name: str
    first: date
    last: date


def schedule(start: date, deadline: date) -> tuple[ScheduleStep, ...]:
    """The steps in order, none overlapping, each at least one working day, the last ending on the deadline.

    They fill the working days from `start` on. Where there are fewer of these than steps, the first steps lie before
    `start`: counted back from the end they are late already, and whoever looks sees it.
    """
    final = workday_until(deadline)
    there_are = workdays_between(start - timedelta(days=1), final) if start <= final else 0
    lengths = _lengths(max(there_are, len(_SHARES)))
    steps: list[ScheduleStep] = []
    last = final
    for (name, _), length in zip(reversed(_SHARES), reversed(lengths), strict=True):
        first = add_workdays(last, 1 - length)
        steps.append(ScheduleStep(name, first, last))
        last = add_workdays(first, -1)
    end = steps[0]
    return (*reversed(steps[1:]), ScheduleStep(end.name, end.first, deadline))


def _lengths(total: int) -> Sequence[int]:
    """`total` days shared out, the largest remainders rounded up; a step that would get none takes a day of the longest."""
    lengths = [max(1, total * share // 100) for _, share in _SHARES]
    while sum(lengths) > total:
        lengths[lengths.index(max(lengths))] -= 1
    by_remainder = sorted(range(len(_SHARES)), key=lambda place: -(total * _SHARES[place][1] % 100))
    for place in by_remainder[: total - sum(lengths)]:
        lengths[place] += 1
    return lengths
