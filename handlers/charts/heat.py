"""热力图: villages by areas, each cell with its open problems, and apart from them those that are overdue."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.charts.canvas import Canvas, width_of, wrapped
from handlers.charts.figures import Heat, OpenCount, total_of
from handlers.charts.frame import body_of, empty_sheet, framed
from handlers.charts.theme import ALARM, FAINT, GREY, GRID, INK, PAPER, PHONE, ChartSheet, Scale, ink_on, scale
from handlers.charts.words import NONE_OPEN

_TITLE = "问题分布图"
_TOTAL = "合计"
_MOST_LINES = 3
_TOTAL_SHARE = 1.3
"""The column of totals holds the largest numbers: how wide it is beside the others."""
_WIDE = 4.6
"""A cell of so many characters has its number in the middle and what is overdue beside it."""
_ROOM, _PADDING = 0.98, 0.28


def draw(figures: Heat, sheet: ChartSheet) -> Canvas:
    """On the phone the areas are numbered and listed below; on the wall their titles stand above the columns."""
    if not figures.total.open:
        return empty_sheet(sheet, figures.head, _TITLE, NONE_OPEN)
    steps = scale(max(cell.open for _, cells in figures.rows for cell in cells))
    if sheet is not PHONE:
        canvas = framed(sheet, figures.head, _TITLE, 0)
        top, bottom = body_of(canvas)
        legend = bottom - sheet.row(0.7)
        _table(canvas, figures, steps, top, legend - sheet.row(0.8))
        _legend(canvas, steps, legend)
        return canvas
    table = sheet.row(1.2) + sheet.row(1.5) * (len(figures.rows) + 1)
    listed = sheet.small * 1.7 * -(-len(figures.columns) // 2)
    canvas = framed(sheet, figures.head, _TITLE, table + sheet.row(2.8) + listed + sheet.small)
    top, _ = body_of(canvas)
    _table(canvas, figures, steps, top, top + table)
    _legend(canvas, steps, top + table + sheet.row(0.8))
    _list_areas(canvas, figures, top + table + sheet.row(2.8))
    return canvas


def _table(canvas: Canvas, figures: Heat, steps: Scale, top: float, bottom: float) -> None:
    sheet = canvas.sheet
    names = min(
        max(width_of(name, sheet.body) for name, _ in figures.rows) + sheet.body / 2,
        sheet.inner * (0.2 if sheet is PHONE else 0.16),
    )
    left, across = sheet.margin + names, (sheet.inner - names) / (len(figures.columns) + _TOTAL_SHARE)
    titles = [wrapped(column.title, sheet.small, across * 0.94, _MOST_LINES) for column in figures.columns]
    above = 0 if sheet is PHONE else sheet.small * (1.3 * max(map(len, titles)) + 0.2)
    head = sheet.row(1.1) + above
    down = (bottom - top - head) / (len(figures.rows) + 1)
    for place, column in enumerate(figures.columns):
        middle = left + across * (place + 0.5)
        canvas.text(middle, top + sheet.row(0.5), column.numeral, sheet.body, INK, "center", width=across)
        if sheet is not PHONE:
            _above(canvas, titles[place], middle, top + sheet.row(), across)
    last, total = left + across * len(figures.columns), across * _TOTAL_SHARE
    canvas.text(last + total / 2, top + sheet.row(0.5), _TOTAL, sheet.body, INK, "center", total)
    y, size = top + head, _size(sheet, down)
    for name, cells in figures.rows:
        canvas.text(sheet.margin, y + down / 2, name, size, width=names - sheet.body / 4)
        for place, cell in enumerate(cells):
            _cell(canvas, cell, steps.colour(cell.open), left + across * place, y, across, down)
        _cell(canvas, total_of(cells), FAINT, last, y, total, down)
        y += down
    canvas.text(sheet.margin, y + down / 2, _TOTAL, size, width=names)
    columns = [total_of(cells[place] for _, cells in figures.rows) for place in range(len(figures.columns))]
    for place, column_total in enumerate(columns):
        _cell(canvas, column_total, FAINT, left + across * place, y, across, down)
    _cell(canvas, figures.total, FAINT, last, y, total, down)


def _above(canvas: Canvas, lines: Sequence[str], middle: float, top: float, width: float) -> None:
    small = canvas.sheet.small
    for place, line in enumerate(lines):
        canvas.text(middle, top + small * (1.3 * place + 0.5), line, small, GREY, "center", width * 0.96)


def _cell(canvas: Canvas, count: OpenCount, fill: str, x: float, y: float, width: float, height: float) -> None:
    """The number of open problems; those overdue in a white field of their own, so that both can be read on any colour."""
    canvas.box(x, y, width, height, fill, GRID)
    if not count.open:
        return
    sheet, words = canvas.sheet, str(count.open)
    ink, size, middle = ink_on(fill), _size(sheet, height), y + height / 2
    if not count.overdue:
        canvas.text(x + width / 2, middle, words, size, ink, "center", width * _ROOM)
    elif sheet is PHONE:
        canvas.text(x + width / 2, y + height * 0.27, words, size, ink, "center", width * _ROOM)
        _late(canvas, count.overdue, x + width / 2, y + height * 0.73, width * _ROOM)
    else:
        gap, number = sheet.small / 8, width_of(words, size)
        beside = (width - number) / 2 - 2 * gap
        centred = width >= sheet.body * _WIDE and _late_width(sheet, count.overdue, 0) <= beside
        late = _late_width(sheet, count.overdue, beside if centred else width - number - 2 * gap)
        _late(canvas, count.overdue, x + width - gap - late / 2, middle, late)
        centre = width / 2 if centred else (width - late - gap) / 2
        canvas.text(x + centre, middle, words, size, ink, "center", width - late - 2 * gap)


def _size(sheet: ChartSheet, height: float) -> float:
    """Of words in a row of that height."""
    return max(sheet.small, min(sheet.body, height * 0.78))


def _late(canvas: Canvas, overdue: int, centre: float, y: float, room: float) -> None:
    size = canvas.sheet.small
    width, height = _late_width(canvas.sheet, overdue, room), size * 1.2
    canvas.box(centre - width / 2, y - height / 2, width, height, PAPER, ALARM, round_by=size / 4)
    canvas.text(centre, y, _late_words(canvas.sheet, overdue, room), size, ALARM, "center")


def _late_words(sheet: ChartSheet, overdue: int, room: float) -> str:
    """The number with 逾期 before it, or alone where a large number leaves no room."""
    words = f"逾{overdue}"
    return words if width_of(words, sheet.small) + sheet.small * _PADDING <= room else str(overdue)


def _late_width(sheet: ChartSheet, overdue: int, room: float) -> float:
    return width_of(_late_words(sheet, overdue, room), sheet.small) + sheet.small * _PADDING


def _legend(canvas: Canvas, steps: Scale, y: float) -> None:
    """`y` is its middle."""
    sheet = canvas.sheet
    side, x = sheet.small * 1.5, float(sheet.margin)
    x += canvas.text(x, y, "个数", sheet.small) + sheet.small / 2
    for colour, words in steps.legend:
        width = max(side, width_of(words, sheet.small) + sheet.small / 2)
        canvas.box(x, y - side / 2, width, side, colour, GRID)
        canvas.text(x + width / 2, y, words, sheet.small, ink_on(colour), "center")
        x += width
    x += sheet.small
    if sheet is PHONE:
        x, y = float(sheet.margin), y + sheet.row(1.1)
    sample = _late_width(sheet, 2, sheet.body * 3)
    _late(canvas, 2, x + sample / 2, y, sample)
    x += sample + sheet.small / 2
    canvas.text(x, y, "其中逾期 2 个；空白是没有", sheet.small, width=sheet.width - sheet.margin - x)


def _list_areas(canvas: Canvas, figures: Heat, top: float) -> None:
    """Two columns below the table."""
    sheet = canvas.sheet
    half = -(-len(figures.columns) // 2)
    for place, column in enumerate(figures.columns):
        across, down = divmod(place, half)
        words = f"{column.numeral} {column.title}" if column.title else column.numeral
        x = sheet.margin + across * sheet.inner / 2
        canvas.text(x, top + sheet.small * (1.7 * down + 0.5), words, sheet.small, GREY, width=sheet.inner / 2 - sheet.small)
