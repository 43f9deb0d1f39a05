"""The one reader of tables that people send: a file's bytes in, rows or a table with known headings out. No network.

Everything here blocks; its results can be pickled, so that it can run in a process of its own.
"""

from __future__ import annotations

import csv
import io
import itertools
import warnings
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import load_workbook

from handlers.files.tables import C, Layout, Row, Table, find_table, is_blank
from handlers.reading import Unreadable

ENDINGS = (".xlsx", ".csv")
TABLES = (*ENDINGS, ".xls")
"""How the names of tables end. An old .xls can't be read; the refusal says how to save it anew."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be: bytes as it is and unpacked, rows and columns."""

    bytes: int
    unpacked: int
    rows: int
    columns: int


FROM_ANYBODY = Limits(bytes=20 * 2**20, unpacked=160 * 2**20, rows=50_000, columns=60)
"""What comes by chat. A county's unit sends some tens of thousands of rows; 25,000 are some 20 MiB unpacked."""
FROM_THE_OPERATOR = Limits(bytes=100 * 2**20, unpacked=800 * 2**20, rows=100_000, columns=200)
"""A roster as the national system gives it out has some seventy columns and a row a person."""

_MOST_PARTS = 300
_MOST_SHEETS = 10

_PACKED = b"PK"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_DOCTYPE = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_KNOWN = (str, int, float, bool, datetime, date, time, timedelta)
_ANY_FORMULA = "="
_NO_EXCEL = "这不是 Excel 表格，或者没传完整。请发 .xlsx 文件。"


def read_table(content: bytes, name: str, *, layout: Layout[C], limits: Limits = FROM_ANYBODY) -> Table[C]:
    """The first sheet of a file with the headings of `layout` and something below them.

    Raises Unreadable, in words for whoever sent the file, when there is none.
    """
    trouble = Unreadable("表格里没有内容。")
    for rows in read_sheets(content, name, limits=limits):
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
    if len(content) > limits.bytes:
        raise Unreadable(f"文件太大了，请控制在 {limits.bytes >> 20} MB 以内，可以分几个文件发。")
    if content.startswith(_OLD_EXCEL):
        raise Unreadable("这是老式 .xls 或加了密码的文件。请另存为不加密的 .xlsx 再发来。")
    if content.startswith(_PACKED):
        sheets = _read_xlsx(content, limits)
    elif name.lower().endswith((".xlsx", ".xls")):
        raise Unreadable(_NO_EXCEL)
    else:
        sheets = [_read_csv(content, limits)]
    return [rows for rows in sheets if rows]


def _read_xlsx(content: bytes, limits: Limits) -> list[list[Row]]:
    _check_container(content, limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles it leaves out, which are of no use here
        try:
            book = load_workbook(io.BytesIO(content), read_only=True)
            sheets = []
            for sheet in [one for one in book.worksheets if one.sheet_state == "visible"][:_MOST_SHEETS]:
                sheet.reset_dimensions()  # what a file says of its own size may be wrong
                rows = sheet.iter_rows(max_row=limits.rows + 1, max_col=limits.columns, values_only=True)
                sheets.append(_within(map(_cells, rows), limits))
        except Unreadable:
            raise
        except Exception as error:  # a forged file can break the parser anywhere
            raise Unreadable("这个文件打不开，可能已损坏。请用 Excel 或 WPS 另存为 .xlsx 再发来。") from error
    return sheets


def _cells(row: tuple[Any, ...]) -> Row:
    """The cells up to the last that holds anything."""
    cells = [value if value is None or isinstance(value, _KNOWN) else _ANY_FORMULA for value in row]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _check_container(content: bytes, limits: Limits) -> None:
    """Nothing is unpacked before its size is known, and no document type (which can blow up in memory) is parsed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as box:
            parts = box.infolist()
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > limits.unpacked:
                raise Unreadable("文件展开后太大了，请只留下要用的一张表再发来。")
            if "[Content_Types].xml" not in box.namelist():
                raise Unreadable(_NO_EXCEL)
            for part in parts:
                if any(mark in box.read(part) for mark in _DOCTYPE):
                    raise Unreadable("文件里有不认识的内容，请用 Excel 或 WPS 另存为 .xlsx 再发来。")
    except Unreadable:
        raise
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise Unreadable(_NO_EXCEL) from error


def _read_csv(content: bytes, limits: Limits) -> list[Row]:
    """In UTF-8 or as a Chinese Excel writes it (GB 18030)."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise Unreadable("这个 .csv 的文字编码不认识。请用 Excel 或 WPS 另存为 .xlsx。") from None
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        return _within((row[: limits.columns] for row in itertools.islice(rows, limits.rows + 1)), limits)
    except csv.Error:
        raise Unreadable("这个 .csv 读不懂。请用 Excel 或 WPS 另存为 .xlsx。") from None


def _within(rows: Iterable[Row], limits: Limits) -> list[Row]:
    """The rows without blank ones at the end. Raises Unreadable when they are too many."""
    kept = list(rows)
    while kept and is_blank(kept[-1]):
        kept.pop()
    if len(kept) > limits.rows:
        raise Unreadable(f"表格超过 {limits.rows} 行，请分成几个文件发。")
    return kept
