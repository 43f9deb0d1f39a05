"""Sentences that stand in a chart as well as under it. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from handlers.charts.figures import BurnDown, Gantt
from handlers.wording.days import day_in_words, deadline_in_words
from storage.problems.states import ProblemState

NONE_OPEN = "没有未销号的问题，已清零"


def against_plan(figures: BurnDown) -> str:
    """Where the ledger stands against the line to zero."""
    if not figures.open:
        return f"方案 {day_in_words(figures.first)}开始，到时再看"
    now, today = figures.open[-1], figures.first + timedelta(days=len(figures.open) - 1)
    if not now:
        return NONE_OPEN
    planned = _planned_on(figures, today)
    if planned is None:
        return f"还有 {now} 个问题没销号"
    ahead = round(planned) - now
    against = "与计划持平" if not ahead else f"比计划快 {ahead} 个" if ahead > 0 else f"比计划慢 {-ahead} 个"
    return f"还有 {now} 个问题没销号，{against}"


def _planned_on(figures: BurnDown, day: date) -> float | None:
    """What the line says for a day: 0 behind its end, None before it begins."""
    line = dict(figures.planned)
    return line.get(day, 0.0 if line and day > max(line) else None)


def deadline_and_state(figures: Gantt) -> str:
    """The deadline of a problem and how far it is off."""
    closed = figures.state is ProblemState.CLOSED
    day = day_in_words(figures.deadline) if closed else deadline_in_words(figures.deadline, figures.head.as_of.date())
    return f"期限 {day}，现在{figures.state.label}"
