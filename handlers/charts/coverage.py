"""排查进度: a bar for each village or 屯, with who has been visited and who is left."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.charts.canvas import Canvas, width_of
from handlers.charts.figures import Coverage, VisitedShare
from handlers.charts.frame import body_of, empty_sheet, framed
from handlers.charts.theme import DONE, GREY, HATCH, INK, LEFT, PHONE, ChartSheet

_TITLE = "排查进度图"
_NONE = "名册还空着，导入名册后再看"


def draw(figures: Coverage, sheet: ChartSheet) -> Canvas:
    if not figures.total.households:
        return empty_sheet(sheet, figures.head, _TITLE, _NONE)
    rows = [*figures.rows, figures.total] if len(figures.rows) > 1 else figures.rows
    canvas = framed(sheet, figures.head, _TITLE, sheet.row(1.35) * len(rows) + sheet.row(1.4))
    top, bottom = body_of(canvas)
    key(canvas, bottom - sheet.row(0.6), sheet.margin)
    bars(canvas, rows, top, bottom - sheet.row(1.2), sheet.margin, sheet.width - sheet.margin)
    return canvas


def bars(canvas: Canvas, rows: Sequence[VisitedShare], top: float, bottom: float, left: float, right: float) -> None:
    """Each bar is its whole roster, so that all end together when nobody is left."""
    sheet = canvas.sheet
    told = [_count_label(row) for row in rows]
    names = min(max(width_of(row.name, sheet.body) for row in rows), (right - left) * 0.24) + sheet.body / 2
    words = min(max(width_of(one, sheet.body) for one in told), (right - left) * 0.42) + sheet.body / 2
    start, across = left + names, right - left - names - words
    down = min((bottom - top) / len(rows), sheet.row(1.8))
    thick = min(down * 0.66, sheet.row())
    for place, (row, one) in enumerate(zip(rows, told, strict=True)):
        y = top + down * (place + 0.5)
        canvas.text(left, y, row.name, width=names - sheet.body / 2)
        if row.households:
            done = across * row.done / row.households
            canvas.box(start, y - thick / 2, across, thick, LEFT, GREY, HATCH)
            canvas.box(start, y - thick / 2, done, thick, DONE)
        canvas.text(right, y, one, align="right", width=words - sheet.body / 2)


def key(canvas: Canvas, y: float, left: float) -> None:
    """Draw the key of the two kinds of bar; `y` is its middle."""
    sheet = canvas.sheet
    side, x = sheet.small, left
    for words, fill, hatch in (("已走访", DONE, ""), ("还没走访", LEFT, HATCH)):
        canvas.box(x, y - side / 2, side * 2, side, fill, GREY, hatch)
        x += side * 2.4
        x += canvas.text(x, y, words, sheet.small, INK) + side * 1.2
    note = "右边：走访户数/名册户数" if sheet is not PHONE else "走访/名册 户数"
    canvas.text(x, y, note, sheet.small, GREY, width=sheet.width - sheet.margin - x)


def _count_label(row: VisitedShare) -> str:
    if not row.households:
        return "名册空着"
    return f"{row.done}/{row.households}，" + (f"差 {row.left} 户" if row.left else "不落一户")
