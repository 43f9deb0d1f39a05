"""销号进度: open problems day by day, beside the line that leads to zero, under the phases of the plan."""

from __future__ import annotations

import math
from datetime import timedelta

from handlers.charts.canvas import Canvas, width_of
from handlers.charts.days import Days, draw_bands, lanes_of, name_days
from handlers.charts.figures import BurnDown
from handlers.charts.frame import body_of, empty_sheet, framed
from handlers.charts.theme import ALARM, DONE, GREY, GRID, INK, ChartSheet
from handlers.charts.words import against_plan

_TITLE = "问题销号进度图"
_PHONE_PLOT = 20.0
"""Rows of text that the plot is high on the phone."""
_MOST_TICKS = 6
_DASH = (0, (6, 3))


def draw(figures: BurnDown, sheet: ChartSheet) -> Canvas:
    if not figures.open:
        return empty_sheet(sheet, figures.head, _TITLE, against_plan(figures))
    if not any(figures.open):
        return empty_sheet(sheet, figures.head, _TITLE, "台账里没有要整改的问题")
    lane = sheet.row(0.95)
    lanes = lane * (max(lanes_of(figures.bands)) + 1)
    told = sheet.row(2.6)
    canvas = framed(sheet, figures.head, _TITLE, told + lanes + sheet.row(_PHONE_PLOT))
    top, bottom = body_of(canvas)
    _summary(canvas, figures, top)
    most = max(*figures.open, *(value for _, value in figures.planned), 1)
    step = _step(most)
    most = math.ceil(most / step) * step
    left = sheet.margin + width_of(str(most), sheet.small) + sheet.small
    days = Days(figures.first, figures.last, left, sheet.width - sheet.margin)
    draw_bands(canvas, days, figures.bands, top + told, lane)
    _plot(canvas, figures, days, step, most, top + told + lanes + sheet.small, bottom - sheet.row(2.2))
    return canvas


def _summary(canvas: Canvas, figures: BurnDown, top: float) -> None:
    """Draw the state in one sentence and the key of the lines."""
    sheet = canvas.sheet
    canvas.text(sheet.margin, top + sheet.row(0.5), against_plan(figures), sheet.body, width=sheet.inner)
    x, y = float(sheet.margin), top + sheet.row(1.65)
    for words, colour, dash, marker in (("未销号", DONE, "-", "o"), ("计划", INK, _DASH, "")):
        canvas.line([x, x + sheet.small * 2], [y, y], colour, dash, marker)
        x += sheet.small * 2.6
        x += canvas.text(x, y, words, sheet.small) + sheet.small * 1.2
    canvas.text(x, y, "每天晚上的数，最后一点是现在", sheet.small, GREY, width=sheet.width - sheet.margin - x)


def _plot(canvas: Canvas, figures: BurnDown, days: Days, step: int, most: int, top: float, bottom: float) -> None:
    sheet = canvas.sheet

    def height(value: float) -> float:
        return bottom - (bottom - top - sheet.body) * value / most

    for tick in range(0, most + 1, step):
        canvas.line([days.left, days.right], [height(tick)] * 2, GRID, width=0.4)
        canvas.text(days.left - sheet.small / 2, height(tick), str(tick), sheet.small, GREY, "right")
    today = figures.first + timedelta(days=len(figures.open) - 1)
    x = days.middle(today)
    canvas.line([x, x], [top, bottom], ALARM, ":", width=0.7)
    for band in figures.bands:
        edge = days.begin(band.first)
        canvas.line([edge, edge], [top, bottom], GRID, width=0.4)
    xs = [days.middle(day) for day, _ in figures.planned]
    canvas.line(xs, [height(value) for _, value in figures.planned], INK, _DASH, width=0.8)
    shown = [days.middle(figures.first + timedelta(days=place)) for place in range(len(figures.open))]
    canvas.line(shown, [height(value) for value in figures.open], DONE, "-", "o")
    _label(canvas, str(figures.open[-1]), x, height(figures.open[-1]), days)
    zero = [(max(day for day, _ in figures.planned), "清零")] if figures.planned else []
    edges = [(band.first, "") for band in figures.bands]
    name_days(canvas, days, bottom + sheet.small * 1.3, [(today, "今天"), *zero, *edges, (figures.last, "")])


def _label(canvas: Canvas, words: str, x: float, y: float, days: Days) -> None:
    """Draw the newest number beside its point."""
    sheet = canvas.sheet
    size, gap = sheet.body * 1.2, sheet.small * 0.8
    to_right = x + width_of(words, size) + gap < days.right
    canvas.label(x + gap if to_right else x - gap, y - size * 0.75, words, size, "left" if to_right else "right")


def _step(most: float) -> int:
    """The distance between ticks: a round number that gives few of them."""
    round_numbers = (digit * power for power in (1, 10, 100, 1_000, 10_000, 100_000) for digit in (1, 2, 5))
    return next(step for step in round_numbers if step * _MOST_TICKS >= most)
