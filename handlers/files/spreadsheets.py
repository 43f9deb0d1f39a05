"""Spreadsheets as bytes: reading what people send, which may be anything, and writing what we send back. No network."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from handlers.files.tables import Cell, Row
from handlers.reading import Unreadable

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be: bytes as it is and unpacked, rows and columns."""

    bytes: int
    unpacked: int
    rows: int
    columns: int


FROM_ANYBODY = Limits(bytes=10 * 2**20, unpacked=32 * 2**20, rows=10_000, columns=60)
"""What comes by chat. A ledger of 5,000 lines is about 6 MiB unpacked."""
FROM_THE_OPERATOR = Limits(bytes=100 * 2**20, unpacked=800 * 2**20, rows=100_000, columns=200)
"""A roster as the national system gives it out has some seventy columns and a row a person."""

MOST_PARTS = 300
MOST_SHEETS = 10

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_DOCTYPE = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_KNOWN = (str, int, float, bool, datetime, date, time, timedelta)
_ANY_FORMULA = "="
_LAST_ROW_OF_FORM = 2000
"""How far down the template offers its drop-down lists."""
_WIDTH = 16
_CHOICES = "选项"


def read_sheets(content: bytes, limits: Limits = FROM_ANYBODY) -> list[list[Row]]:
    """The first visible sheets, each as rows of cells; a formula is its text, beginning with "=".

    Raises Unreadable when this is no spreadsheet, or one too large. Blocking: call it from a thread.
    """
    _check_container(content, limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles it leaves out, which are of no use here
        try:
            book = load_workbook(io.BytesIO(content), read_only=True)
            shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            return [_rows(sheet, limits) for sheet in shown[:MOST_SHEETS]]
        except Unreadable:
            raise
        except Exception as error:  # a forged file can break the parser anywhere
            raise Unreadable("这个文件打不开，可能已损坏。请用 Excel 或 WPS 另存为 .xlsx 再发来。") from error


def _check_container(content: bytes, limits: Limits) -> None:
    """Nothing is unpacked before its size is known, and no document type (which can blow up in memory) is parsed."""
    if len(content) > limits.bytes:
        raise Unreadable(f"文件太大了，请控制在 {limits.bytes >> 20} MB 以内，可以分几个文件发。")
    if content.startswith(_OLD_EXCEL):
        raise Unreadable("这是老式 .xls 或加了密码的文件。请另存为不加密的 .xlsx 再发来。")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as box:
            parts = box.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > limits.unpacked:
                raise Unreadable("文件展开后太大了，请只留下台账一张表再发来。")
            if "[Content_Types].xml" not in box.namelist():
                raise Unreadable("这不是 Excel 表格。请发 .xlsx 文件。")
            for part in parts:
                if any(mark in box.read(part) for mark in _DOCTYPE):
                    raise Unreadable("文件里有不认识的内容，请用 Excel 或 WPS 另存为 .xlsx 再发来。")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("这不是 Excel 表格，或者没传完整。请发 .xlsx 文件。") from error


def _rows(sheet: Any, limits: Limits) -> list[Row]:
    sheet.reset_dimensions()  # what a file says of its own size may be wrong
    rows: list[Row] = []
    for row in sheet.iter_rows(max_row=limits.rows + 1, max_col=limits.columns, values_only=True):
        cells = [value if value is None or isinstance(value, _KNOWN) else _ANY_FORMULA for value in row]
        while cells and cells[-1] is None:
            cells.pop()
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    if len(rows) > limits.rows:
        raise Unreadable(f"表格超过 {limits.rows} 行，请分成几个文件发。")
    return rows


def read_csv(content: bytes) -> list[Row]:
    """The rows of a .csv, in UTF-8 or as a Chinese Excel writes it (GB 18030). Raises Unreadable."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise Unreadable("这个 .csv 的文字编码不认识。请用 Excel 或 WPS 另存为 .xlsx。") from None
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error:
        raise Unreadable("这个 .csv 读不懂。请用 Excel 或 WPS 另存为 .xlsx。") from None


def write_rows(title: str, rows: Iterable[Row], width: int) -> bytes:
    """A sheet with these rows. Text stays text, also where it looks like a formula. Blocking: call it from a thread."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for column in range(1, width + 1):
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTH
    for row in rows:
        sheet.append([_written(sheet, value) for value in row])
    return _saved(book)


def write_outcomes(
    title: str, rows: Sequence[Row], beside: Mapping[int, tuple[str, str]], below: Iterable[tuple[str, str]] = ()
) -> bytes:
    """A sheet as it came, with two columns more: what became of a row, by its place, and why. Blocking.

    `below` are rows that the sheet lacks, in these two columns.
    """
    width = max(len(row) for row in rows)
    told: list[Row] = [[*row, *[None] * (width - len(row)), *beside.get(at, ())] for at, row in enumerate(rows)]
    told += [[*[None] * width, *more] for more in below]
    return write_rows(title, told, width + 2)


def _written(sheet: Any, value: Cell) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    return cell


def write_form(title: str, headings: Sequence[str], example: Row, choices: Mapping[str, Sequence[str]]) -> bytes:
    """An empty form: headings, one example row, and a drop-down list under each heading of `choices`.

    Blocking: call it from a thread.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = title
    sheet.append(list(headings))
    sheet.append(list(example))
    sheet.freeze_panes = "A2"
    hidden = book.create_sheet(_CHOICES)
    hidden.sheet_state = "hidden"
    for place, heading in enumerate(headings, 1):
        letter = get_column_letter(place)
        sheet.cell(1, place).font = Font(bold=True)
        sheet.column_dimensions[letter].width = _WIDTH
        if heading in choices:
            for row, choice in enumerate(choices[heading], 1):
                hidden.cell(row, place, choice)
            listed = f"{_CHOICES}!${letter}$1:${letter}${len(choices[heading])}"
            validation = DataValidation("list", formula1=listed, allow_blank=True)
            validation.add(f"{letter}2:{letter}{_LAST_ROW_OF_FORM}")
            sheet.add_data_validation(validation)
    return _saved(book)


def _saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
