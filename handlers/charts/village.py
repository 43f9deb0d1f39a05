"""One village on a sheet: open problems by area above, the sweep by 屯 below."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.charts import coverage
from handlers.charts.canvas import Canvas, width_of
from handlers.charts.figures import AreaColumn, Coverage, OpenCount, Village
from handlers.charts.frame import body_of, framed
from handlers.charts.theme import ALARM, DONE, GREY, HATCH, INK, PAPER, PHONE, ChartSheet
from handlers.charts.words import NONE_OPEN

_TITLE = "本村挂图"
_HEADING, _KEY = 1.6, 1.2
"""Heights in rows of text."""
_NO_ROSTER = "名册还空着，导入名册后再看"


def draw(figures: Village, sheet: ChartSheet) -> Canvas:
    """Above each other on the phone, beside each other on the wall."""
    areas, homes = sheet.row(2.1) * (len(figures.areas) or 1), sheet.row(1.35) * (len(figures.coverage.rows) + 1)
    canvas = framed(sheet, figures.head, _TITLE, areas + homes + sheet.row(2 * _HEADING + _KEY))
    top, bottom = body_of(canvas)
    left, right = float(sheet.margin), float(sheet.width - sheet.margin)
    if sheet is PHONE:
        middle = top + sheet.row(_HEADING) + areas
        _problems(canvas, figures.areas, top, middle, left, right)
        _sweep(canvas, figures.coverage, middle, bottom, left, right)
    else:
        _problems(canvas, figures.areas, top, bottom - sheet.row(_KEY), left, sheet.width / 2 - sheet.body)
        _sweep(canvas, figures.coverage, top, bottom, sheet.width / 2 + sheet.body, right)
    return canvas


def _sweep(canvas: Canvas, figures: Coverage, top: float, bottom: float, left: float, right: float) -> None:
    sheet = canvas.sheet
    _heading(canvas, "第二轮排查", top, left, right)
    top += sheet.row(_HEADING)
    if figures.total.households:
        rows = [*figures.rows, figures.total]
        end = min(bottom - sheet.row(_KEY), top + sheet.row(1.8) * len(rows))
        coverage.bars(canvas, rows, top, end, left, right)
        coverage.key(canvas, end + sheet.row(_KEY / 2), left)
    else:
        canvas.text(left, top + sheet.row(0.6), _NO_ROSTER, colour=GREY, width=right - left)


def _heading(canvas: Canvas, words: str, top: float, left: float, right: float) -> None:
    sheet = canvas.sheet
    canvas.text(left, top + sheet.row(0.8), words, sheet.body * 1.15, width=right - left)


def _problems(
    canvas: Canvas, areas: Sequence[tuple[AreaColumn, OpenCount]], top: float, bottom: float, left: float, right: float
) -> None:
    """The title of each area above its bar; what is overdue lies hatched at its beginning."""
    sheet = canvas.sheet
    total = sum(count.open for _, count in areas)
    _heading(canvas, f"未销号问题 {total} 个" if total else "未销号问题", top, left, right)
    top += sheet.row(_HEADING)
    if not areas:
        canvas.text(left, top + sheet.row(0.6), NONE_OPEN, colour=GREY, width=right - left)
        return
    most = max(count.open for _, count in areas)
    words = max(width_of(_count_label(count), sheet.body) for _, count in areas) + sheet.body
    down, across = min((bottom - top) / len(areas), sheet.row(2.4)), right - left - words
    thick = min(down * 0.3, sheet.row(0.8))
    for place, (column, count) in enumerate(areas):
        y = top + down * place
        canvas.text(left, y + down * 0.28, f"{column.numeral} {column.title}", sheet.body, width=right - left)
        low, length = y + down * 0.75, across * count.open / most
        canvas.box(left, low - thick / 2, length, thick, DONE)
        if count.overdue:
            canvas.box(left, low - thick / 2, length * count.overdue / count.open, thick, PAPER, ALARM, HATCH)
        ink = ALARM if count.overdue else INK
        canvas.text(left + length + sheet.body / 3, low, _count_label(count), sheet.body, ink, width=words)


def _count_label(count: OpenCount) -> str:
    return f"{count.open} 个，逾期 {count.overdue}" if count.overdue else f"{count.open} 个"
