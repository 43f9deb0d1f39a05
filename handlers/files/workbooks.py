"""Ledgers as .xlsx, laid out as offices know them. Blocking: call it from a thread."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from handlers.files.characters import fit_for_file
from handlers.files.columns import Kind, LedgerColumn, Value

NOTES = "说明"
_MAKER = "村报"

_TITLE_ROW, _HEADER_ROW = 1, 2
_NARROWEST, _WIDEST = 6, 42
"""In characters of a Western letter's width; a Chinese one takes two. What is longer is wrapped."""
_ROOM = 3
"""Beside the text: the cell's margins and the arrow of the filter."""

_A4 = 9
_THIN = Side(style="thin", color="999999")
_GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_FONT = "宋体"
_HEADER_FILL = PatternFill("solid", fgColor="DDEBF7")

_TEXT_FORMAT = "@"
"""Excel keeps what is marked as text as it is: no 2.2E+17, no lost zeros."""
_FORMATS = {Kind.DAY: "yyyy-mm-dd", Kind.NUMBER: "0", Kind.PERCENT: '0"%"'}
_CENTERED = frozenset({Kind.DAY, Kind.NUMBER, Kind.PERCENT, Kind.ID, Kind.PHONE})


def write_ledger(
    name: str, title: str, *, columns: Sequence[LedgerColumn], rows: Sequence[Sequence[Value]], notes: Iterable[tuple[str, str]]
) -> bytes:
    """A sheet `name` with title, frozen and filtered headings and numbered rows; and a second sheet with `notes`."""
    book = Workbook(write_only=True)
    book.properties.creator, book.properties.title = _MAKER, fit_for_file(title)
    columns = [LedgerColumn("序号", Kind.NUMBER), *columns]
    rows = [(place, *row) for place, row in enumerate(rows, 1)]
    _write_table(book.create_sheet(name), title, columns, rows)
    _write_notes(book.create_sheet(NOTES), notes)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_table(sheet: Any, title: str, columns: Sequence[LedgerColumn], rows: Sequence[Sequence[Value]]) -> None:
    last = get_column_letter(len(columns))
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"
    sheet.auto_filter.ref = f"A{_HEADER_ROW}:{last}{_HEADER_ROW + len(rows)}"
    sheet.merged_cells.add(f"A{_TITLE_ROW}:{last}{_TITLE_ROW}")
    _set_up_print(sheet)
    for place, column in enumerate(columns):
        sheet.column_dimensions[get_column_letter(place + 1)].width = _width(column, (row[place] for row in rows))
    sheet.append([_cell(sheet, title, Font(name=_FONT, size=16, bold=True), "center")])
    sheet.append([_heading(sheet, column.heading) for column in columns])
    pens = [_pen(sheet, column.kind) for column in columns]
    for row in rows:
        for pen, value in zip(pens, row, strict=True):
            _put(pen, value)
        sheet.append(pens)


def _set_up_print(sheet: Any) -> None:
    """A4 across, as many pages as it takes but one in width, the headings on each, pages counted below."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{_TITLE_ROW}:{_HEADER_ROW}"
    sheet.print_options.horizontalCentered = True
    sheet.oddFooter.center.text = "第 &P 页 共 &N 页"


def _write_notes(sheet: Any, notes: Iterable[tuple[str, str]]) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 14, 80
    for label, text in notes:
        sheet.append([_cell(sheet, label, Font(name=_FONT, bold=True), "left"), _cell(sheet, text, Font(name=_FONT), "left")])


def _width(column: LedgerColumn, values: Iterable[Value]) -> float:
    widest = max((_breadth(value) for value in values), default=0)
    return min(max(widest, _breadth(column.heading), _NARROWEST), _WIDEST) + _ROOM


def _breadth(value: Value) -> int:
    """GBK takes two bytes for what is two columns wide, and one for the rest."""
    if isinstance(value, date):
        return len("2022-10-12")
    return max((len(line.encode("gbk", "replace")) for line in str(value).splitlines()), default=0) if value else 0


def _heading(sheet: Any, text: str) -> Any:
    cell = _cell(sheet, text, Font(name=_FONT, bold=True), "center")
    cell.fill, cell.border = _HEADER_FILL, _GRID
    return cell


def _cell(sheet: Any, text: str, font: Font, across: str) -> Any:
    cell = WriteOnlyCell(sheet)
    cell.font = font
    cell.alignment = Alignment(horizontal=across, vertical="center", wrap_text=True)
    _put(cell, text)
    return cell


def _pen(sheet: Any, kind: Kind) -> Any:
    """A cell in the style of a column, written again and again: making a style anew for each cell takes ten times as long."""
    cell = WriteOnlyCell(sheet)
    cell.font, cell.border = Font(name=_FONT), _GRID
    across = "center" if kind in _CENTERED else "left"
    cell.alignment = Alignment(horizontal=across, vertical="center", wrap_text=True)
    cell.number_format = _FORMATS.get(kind, _TEXT_FORMAT)
    return cell


def _put(cell: Any, value: Value) -> None:
    if isinstance(value, str):
        cell.value = fit_for_file(value)
        cell.data_type = "s"  # also where it looks like a formula
    else:
        cell.value = value
