"""一个问题的进度: the steps counted back from its deadline above, what was really done below, on the same days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from handlers.charts.canvas import Canvas
from handlers.charts.days import Days, name_days
from handlers.charts.figures import Band, Gantt, GanttDeed, Span
from handlers.charts.frame import body_of, framed
from handlers.charts.theme import ALARM, FAINT, GREY, GRID, HATCH, INK, PAPER, STEPS, ChartSheet
from handlers.charts.words import deadline_and_state
from storage.problems.states import Action, ProblemState

_TITLE = "问题进度图"
_ROW = 1.75
_HEAD, _PART, _FOOT = 2.2, 1.2, 2.6
"""Heights in rows of text: what is said above, the heading of a part, days and key below."""
_FILLS = {
    ProblemState.UNCLAIMED: (FAINT, ""),
    ProblemState.WORKING: (STEPS[1], ""),
    ProblemState.REVIEW: (STEPS[2], HATCH),
    ProblemState.CLOSED: (STEPS[4], ""),
}
_MARKERS = {
    Action.CLAIM: "o", Action.PROGRESS: "s", Action.SUBMIT: "^", Action.RETURN: "v",
    Action.ACCEPT: "D", Action.REOPEN: "X", Action.CHECK: "P", Action.REDATE: "*",
}  # fmt: skip


def draw(figures: Gantt, sheet: ChartSheet) -> Canvas:
    done = [action for action in _MARKERS if any(deed.action is action for deed in figures.deeds)]
    rows = len(figures.planned) + 1 + len(done)
    fixed = sheet.row(_HEAD + 2 * _PART + _FOOT)
    canvas = framed(sheet, figures.head, _TITLE, fixed + sheet.row(_ROW) * rows)
    top, bottom = body_of(canvas)
    row = min((bottom - top - fixed) / rows, sheet.row(_ROW * 1.25))
    canvas.text(sheet.margin, top + sheet.row(0.6), figures.title, sheet.body * 1.15, width=sheet.inner)
    canvas.text(
        sheet.margin,
        top + sheet.row(1.7),
        deadline_and_state(figures),
        colour=ALARM if figures.late else INK,
        width=sheet.inner,
    )
    days = _days(figures, sheet)
    first = top + sheet.row(_HEAD)
    second = first + sheet.row(_PART) + row * len(figures.planned)
    end = second + sheet.row(_PART) + row * (1 + len(done))
    _guides(canvas, figures, days, first + sheet.row(_PART - 0.1), end)
    _heading(canvas, "倒排工期", first)
    _planned(canvas, figures.planned, days, first + sheet.row(_PART), row)
    _heading(canvas, "实际办理", second)
    _states(canvas, figures.spans, days, second + sheet.row(_PART), row)
    for place, action in enumerate(done, 1):
        deeds = [deed for deed in figures.deeds if deed.action is action]
        _deeds(canvas, action, deeds, days, second + sheet.row(_PART) + row * place, row)
    _key(canvas, end + sheet.row(2.2))
    return canvas


def _days(figures: Gantt, sheet: ChartSheet) -> Days:
    """From whatever is earliest to whatever is last, today and the deadline among them."""
    named = [figures.head.as_of.date(), figures.deadline]
    named += [day for band in figures.planned for day in (band.first, band.last)]
    named += [span.begins.date() for span in figures.spans] + [deed.at.date() for deed in figures.deeds]
    left = sheet.margin + sheet.body * 6.6
    return Days(min(named), max(named) + timedelta(days=1), left, sheet.width - sheet.margin)


def _guides(canvas: Canvas, figures: Gantt, days: Days, top: float, bottom: float) -> None:
    """Today and the deadline through all rows, named with other days below."""
    today: date = figures.head.as_of.date()
    for x, colour, dash in ((days.at(figures.head.as_of), ALARM, ":"), (days.end(figures.deadline), INK, "--")):
        canvas.line([x, x], [top, bottom + canvas.sheet.small * 0.4], colour, dash, width=0.7)
    wanted = [(today, "今天"), (figures.deadline, "期限")]
    if today == figures.deadline:
        wanted = [(today, "今天到期")]
    wanted += [(figures.planned[0].first, ""), *((deed.at.date(), "") for deed in figures.deeds)]
    name_days(canvas, days, bottom + canvas.sheet.small * 1.4, wanted)


def _heading(canvas: Canvas, words: str, top: float) -> None:
    canvas.text(canvas.sheet.margin, top + canvas.sheet.row(0.65), words, canvas.sheet.body, GREY)


def _planned(canvas: Canvas, planned: Sequence[Band], days: Days, top: float, row: float) -> None:
    sheet = canvas.sheet
    for place, band in enumerate(planned):
        y = top + row * (place + 0.5)
        _row_line(canvas, days, y + row / 2)
        canvas.text(sheet.margin, y, band.name, width=days.left - sheet.margin - sheet.body / 2)
        left, right = days.begin(band.first), days.end(band.last)
        canvas.box(left, y - row * 0.27, right - left, row * 0.54, PAPER, INK, HATCH)


def _states(canvas: Canvas, spans: Sequence[Span], days: Days, top: float, row: float) -> None:
    sheet = canvas.sheet
    canvas.text(sheet.margin, top + row / 2, "状态", width=days.left - sheet.margin)
    _row_line(canvas, days, top + row)
    for span in spans:
        fill, hatch = _FILLS[span.state]
        left, right = days.at(span.begins), days.at(span.ends)
        canvas.box(left, top + row * 0.18, right - left, row * 0.64, fill, INK, hatch)


def _deeds(canvas: Canvas, action: Action, deeds: Sequence[GanttDeed], days: Days, top: float, row: float) -> None:
    """A sign for each; the last progress with how far it was."""
    sheet = canvas.sheet
    y = top + row / 2
    times = f" {len(deeds)}次" if len(deeds) > 1 else ""
    canvas.text(sheet.margin, y, f"{action.label}{times}", width=days.left - sheet.margin - sheet.body / 2)
    _row_line(canvas, days, top + row)
    for deed in deeds:
        canvas.mark(days.at(deed.at), y, _MARKERS[action], sheet.body * 0.62, STEPS[3])
    if action is Action.PROGRESS:
        x = days.at(deeds[-1].at)
        to_left = x + sheet.body * 3 > days.right
        shift = -sheet.body * 0.7 if to_left else sheet.body * 0.7
        canvas.label(x + shift, y, f"{deeds[-1].percent}%", sheet.small, "right" if to_left else "left")


def _row_line(canvas: Canvas, days: Days, y: float) -> None:
    canvas.line([canvas.sheet.margin, days.right], [y, y], GRID, width=0.3)


def _key(canvas: Canvas, y: float) -> None:
    """The states in their order; `y` is the middle."""
    sheet = canvas.sheet
    x, side = float(sheet.margin), sheet.small
    for state, (fill, hatch) in _FILLS.items():
        canvas.box(x, y - side / 2, side * 1.6, side, fill, INK, hatch)
        x += side * 1.9
        x += canvas.text(x, y, state.label, sheet.small) + side
