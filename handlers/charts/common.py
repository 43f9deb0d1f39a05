"""Shared by asking for a chart and drawing it: who may see which, and the message with the picture."""

from __future__ import annotations

from collections.abc import Collection

from handlers.charts.figures import BurnDown, Coverage, Figures, Gantt, Heat, OpenCount, total_of
from handlers.charts.gather import villages_in
from handlers.charts.words import NONE_OPEN, against_plan, deadline_and_state
from handlers.rights.reach import reach_of
from handlers.rights.sight import IN_OFFICE
from handlers.visits.coverage import progress_in_words
from storage.charts.orders import Chart, ChartOrder
from storage.database.base import to_base36
from storage.mail.messages import Button, Outgoing
from storage.people.persons import Person, Role
from storage.people.reach import Reach
from storage.plan import Plan

WALL = "a3"
"""Behind a chart in "/map heat a3": the large sheet, as a file to print."""


def reach_for(person: Person, chart: Chart, plan: Plan) -> list[Reach]:
    """The person's reach in the plan's villages on a chart; a unit has none on the sweep's chart."""
    roles = IN_OFFICE - {Role.UNIT} if chart is Chart.COVERAGE else IN_OFFICE
    reach = [] if chart is Chart.GANTT else reach_of(person, roles)
    return [one for one in reach if villages_in(plan, [one])]


def charts_for(person: Person, plan: Plan) -> list[Chart]:
    """The charts that the person may ask for without naming a problem."""
    return [chart for chart in Chart if reach_for(person, chart, plan)]


def as_message(figures: Figures, order: ChartOrder, offered: Collection[Chart], file: str) -> Outgoing:
    """The message with the kept picture, its words, and buttons to the other charts `offered`.

    The large sheet has a name, so that platforms hand it on as a file and not as a photo made smaller.
    """
    chart, head = Chart(order.chart), figures.head
    if order.wall:
        name = f"{head.place}-{chart.label}-{head.as_of:%Y%m%d}-A3.png"
        return Outgoing(text=f"{head.place}{chart.label}，A3 纸横放打印。", file=file, file_name=name)
    if order.problem_id is not None:
        key = to_base36(order.problem_id)
        rows: tuple[tuple[Button, ...], ...] = ((Button(label="查看", says=f"/problem {key}"), _large(f"{chart.value} {key}")),)
    else:
        others = tuple(Button(label=one.label, says=f"/map {one.value}") for one in offered if one is not chart)
        rows = (others, (_large(chart.value),))
    return Outgoing(text=chart_in_words(figures), buttons=rows, file=file)


def chart_in_words(figures: Figures) -> str:
    """A chart in one or two sentences: shown under the picture, and read by who cannot see it."""
    match figures:
        case Heat():
            return _open(figures.total)
        case BurnDown():
            return against_plan(figures)
        case Coverage():
            return progress_in_words(figures.total.done, figures.total.households)
        case Gantt():
            return f"{figures.title}\n{deadline_and_state(figures)}"
        case _:
            total = figures.coverage.total
            return f"{_open(total_of(count for _, count in figures.areas))}\n{progress_in_words(total.done, total.households)}"


def _open(count: OpenCount) -> str:
    if not count.open:
        return NONE_OPEN
    return f"还有 {count.open} 个问题没销号，" + (f"其中逾期 {count.overdue} 个" if count.overdue else "没有逾期的")


def _large(chart: str) -> Button:
    return Button(label="A3 大图", says=f"/map {chart} {WALL}")
