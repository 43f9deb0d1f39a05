"""The one reader of tables that people send: a file's bytes in, rows or a table with known headings out. No network.

Everything here blocks, and is for the process of `handlers.files.outside`: its results can be pickled. What a file holds is
counted over all its sheets, and before it is taken apart.
"""

from __future__ import annotations

import csv
import io
import itertools
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import load_workbook

from handlers.files.packed import Strange, TooMuch, looked_through
from handlers.files.process import declare
from handlers.files.tables import C, Layout, Row, Table, find_table, is_blank
from handlers.reading import Unreadable

ENDINGS = (".xlsx", ".csv")
TABLES = (*ENDINGS, ".xls")
"""How the names of tables end. An old .xls can't be read; the refusal says how to save it anew."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be: bytes as it is and unpacked, rows and cells of all its sheets; further columns are not read."""

    bytes: int
    unpacked: int
    rows: int
    cells: int
    columns: int


FROM_ANYBODY = Limits(bytes=20 * 2**20, unpacked=160 * 2**20, rows=50_000, cells=1_500_000, columns=60)
"""What comes by chat. A county's unit sends some tens of thousands of rows; 25,000 are some 20 MiB unpacked."""
IN_A_TALK = Limits(bytes=20 * 2**20, unpacked=160 * 2**20, rows=5_000, cells=300_000, columns=60)
"""Of tables whose rows a talk itself deals with, in its one transaction, so that others wait a moment at most."""
FROM_THE_OPERATOR = Limits(bytes=100 * 2**20, unpacked=800 * 2**20, rows=100_000, cells=10_000_000, columns=200)
"""A roster as the national system gives it out has some seventy columns and a row a person."""

_MOST_PARTS = 300
_MOST_SHEETS = 10
_KINDS_OF_SHEET = (b"worksheet", b"chartsheet", b"dialogsheet")
_COUNTED = (b"row", b"c", b"sheet", *_KINDS_OF_SHEET)
_TAGS_A_CELL = 8
"""A cell of plain text has six, opening and closing ones."""
_BLANK_ROWS = 3
"""So many times the rows that may be there are gone through, blank ones with them: sheets are formatted far down."""
_LONGEST, _MOST_OF_EXCEL, _WIDEST_OF_EXCEL = 32_767, 1_048_576, 16_384
"""Characters of a cell, rows of a sheet and cells of a row, as in Excel itself. Empty rows are often formatted to the last."""

_PACKED = b"PK"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_KNOWN = (str, int, float, bool, datetime, date, time, timedelta)
_ANY_FORMULA = "="
_TOO_MUCH = "表格内容太多了，请只留下要用的一张表再发来，或分成几个文件。"
OLD_EXCEL = "这是老式 .xls 或加了密码的文件。请另存为不加密的 .xlsx 再发来。"
_STRANGE = "文件里有不认识的内容，请用 Excel 或 WPS 另存为 .xlsx 再发来。"
BROKEN_EXCEL = "这个文件打不开，可能已损坏。请用 Excel 或 WPS 另存为 .xlsx 再发来。"
_NO_EXCEL = "这不是 Excel 表格，或者没传完整。请发 .xlsx 文件。"


def read_table(content: bytes, name: str, *, layout: Layout[C], limits: Limits = FROM_ANYBODY) -> Table[C]:
    """The first sheet of a file with the headings of `layout` and something below them.

    Raises Unreadable, in words for whoever sent the file, when there is none.
    """
    trouble = Unreadable("表格里没有内容。")
    for rows in _sheets(content, name, limits):
        try:
            table = find_table(rows, layout)
        except Unreadable as error:
            trouble = error
            continue
        if any(table.below()):
            return table
        trouble = Unreadable("表头下面没有内容。")
    raise trouble


def read_sheets(content: bytes, name: str = "", *, limits: Limits = FROM_ANYBODY) -> list[list[Row]]:
    """Those of the first visible sheets that hold anything, as rows of cells; a formula is its text, beginning with "=".

    What the file is, .xlsx or .csv, is told by its content; its `name` only helps with the refusal. Raises Unreadable.
    """
    return list(_sheets(content, name, limits))


def _sheets(content: bytes, name: str, limits: Limits) -> Iterator[list[Row]]:
    if len(content) > limits.bytes:
        raise Unreadable(f"文件太大了，请控制在 {limits.bytes >> 20} MB 以内，可以分几个文件发。")
    if content.startswith(_OLD_EXCEL):
        raise Unreadable(OLD_EXCEL)
    if content.startswith(_PACKED):
        sheets = _read_xlsx(content, limits)
    elif name.lower().endswith((".xlsx", ".xls")):
        raise Unreadable(_NO_EXCEL)
    else:
        sheets = _read_csv(content, limits)
    return filter(None, sheets)


def _read_xlsx(content: bytes, limits: Limits) -> Iterator[list[Row]]:
    _look_through(content, limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles it leaves out, which are of no use here
        try:
            book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            room = _Room(limits)
            for sheet in [one for one in book.worksheets if one.sheet_state == "visible"][:_MOST_SHEETS]:
                sheet.reset_dimensions()  # what a file says of its own size may be wrong
                rows = sheet.iter_rows(max_row=limits.rows + 1, max_col=limits.columns, values_only=True)
                yield room.take(map(_cells, rows))
        except (Unreadable, MemoryError):
            raise
        except Exception as error:  # a forged file can break the parser anywhere
            raise Unreadable(BROKEN_EXCEL) from error


def _cells(row: tuple[Any, ...]) -> Row:
    """The cells up to the last that holds anything."""
    cells = [value if value is None or isinstance(value, _KNOWN) else _ANY_FORMULA for value in row]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _look_through(content: bytes, limits: Limits) -> None:
    try:
        parts = looked_through(content, parts=_MOST_PARTS, unpacked=limits.unpacked, count=_COUNTED, long_values=False)
    except TooMuch:
        raise Unreadable("文件展开后太大了，请只留下要用的一张表再发来。") from None
    except Strange:
        raise Unreadable(_STRANGE) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise Unreadable(_NO_EXCEL) from error
    if not any(part.name == "[Content_Types].xml" for part in parts):
        raise Unreadable(_NO_EXCEL)
    rows, cells, sheets = (sum(part.named[name] for part in parts) for name in (b"row", b"c", b"sheet"))
    tags = sum(part.tags for part in parts)
    if cells > limits.cells or rows > _MOST_OF_EXCEL + limits.rows or tags > limits.cells * _TAGS_A_CELL:
        raise Unreadable(_TOO_MUCH)
    shared = sheets > sum(any(part.named[name] for name in _KINDS_OF_SHEET) for part in parts)  # read again and again
    if shared or any(part.named[b"c"] > _WIDEST_OF_EXCEL * max(1, part.named[b"row"]) for part in parts):
        raise Unreadable(_STRANGE)
    declare(min(limits.rows, max(part.named[b"row"] for part in parts)))


def _read_csv(content: bytes, limits: Limits) -> Iterator[list[Row]]:
    """In UTF-8 or as a Chinese Excel writes it (GB 18030)."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise Unreadable("这个 .csv 的文字编码不认识。请用 Excel 或 WPS 另存为 .xlsx。") from None
    lines = text.count("\n") + text.count("\r")
    if text.count(",") + lines > limits.cells:
        raise Unreadable(_TOO_MUCH)
    declare(min(limits.rows, lines))
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        yield _Room(limits).take(row[: limits.columns] for row in rows)
    except csv.Error:
        raise Unreadable("这个 .csv 读不懂。请用 Excel 或 WPS 另存为 .xlsx。") from None


class _Room:
    """How much may still be read, over all sheets of a file."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._steps = limits.rows * _BLANK_ROWS
        self._rows = limits.rows
        self._cells = limits.cells

    def take(self, rows: Iterable[Row]) -> list[Row]:
        """The rows of a sheet without blank ones at the end. Raises Unreadable when there is too much."""
        kept: list[Row] = []
        filled = 0
        for row in itertools.islice(rows, self._steps):
            self._steps -= 1
            kept.append(row)
            if is_blank(row):
                continue
            filled = len(kept)
            self._cells -= len(row)
            if filled > self._rows:
                raise Unreadable(f"表格超过 {self._limits.rows} 行，请分成几个文件发。")
            if self._cells < 0:
                raise Unreadable(_TOO_MUCH)
            if any(isinstance(cell, str) and len(cell) > _LONGEST for cell in row):
                raise Unreadable(f"第 {filled} 行有一格的字太多，一格最多 {_LONGEST} 字。请删减后再发来。")
        if not self._steps:
            raise Unreadable(_TOO_MUCH)
        self._rows -= filled
        return kept[:filled]
