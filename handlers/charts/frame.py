"""The frame of all charts: title, plan and moment above, the source of the numbers below."""

from __future__ import annotations

from handlers.charts.canvas import Canvas
from handlers.charts.figures import ChartHead
from handlers.charts.theme import FAINT, GREY, INK, PHONE, ChartSheet
from handlers.wording.days import full_day_in_words

_SOURCE = "数字与台账同一口径，由村报自动生成"


def head_height(sheet: ChartSheet) -> float:
    """The height of title and head, in pixels."""
    return sheet.margin + sheet.title * 1.5 + sheet.small * (3.6 if sheet is PHONE else 1.9)


def foot_height(sheet: ChartSheet) -> float:
    """The height of the footer, in pixels."""
    return sheet.margin + sheet.small * 1.6


def framed(sheet: ChartSheet, head: ChartHead, title: str, height: float) -> Canvas:
    """A sheet with title and footer; without a height of its own, `height` is left for the chart between them."""
    canvas = Canvas(sheet, head_height(sheet) + height + foot_height(sheet))
    left, right = sheet.margin, sheet.width - sheet.margin
    as_of = f"截至 {full_day_in_words(head.as_of)} {head.as_of:%H:%M}"
    y = sheet.margin + sheet.title * 0.6
    if sheet is PHONE:
        canvas.text(left, y, f"{head.place} {title}", sheet.title, width=sheet.inner)
        y += sheet.title * 0.6 + sheet.small * 0.9
        canvas.text(left, y, head.plan, sheet.small, GREY, width=sheet.inner)
        canvas.text(left, y + sheet.small * 1.5, as_of, sheet.small, GREY, width=sheet.inner)
    else:
        room = sheet.inner * 0.7
        canvas.text(left, y, f"{head.place} {title}", sheet.title, width=room)
        canvas.text(right, y, as_of, sheet.body, GREY, "right", width=sheet.inner - room)
        canvas.text(left, y + sheet.title * 0.6 + sheet.small * 0.9, head.plan, sheet.small, GREY, width=sheet.inner)
    canvas.text(left, canvas.height - sheet.margin - sheet.small * 0.3, _SOURCE, sheet.small, GREY, width=sheet.inner)
    return canvas


def body_of(canvas: Canvas) -> tuple[float, float]:
    """The upper and lower edge of the chart itself."""
    return head_height(canvas.sheet), canvas.height - foot_height(canvas.sheet)


def empty_sheet(sheet: ChartSheet, head: ChartHead, title: str, words: str) -> Canvas:
    """A sheet with `words` where there is nothing to draw."""
    canvas = framed(sheet, head, title, sheet.row(6))
    top, bottom = body_of(canvas)
    canvas.box(sheet.margin, top, sheet.inner, bottom - top, FAINT, round_by=sheet.body / 2)
    canvas.text(sheet.width / 2, (top + bottom) / 2, words, sheet.body * 1.2, INK, "center", width=sheet.inner * 0.9)
    return canvas
