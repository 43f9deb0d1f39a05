"""Spreadsheets that we send: rows, a form to fill in, a sheet as it came with what became of it. No network."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from handlers.files.characters import fit_for_file
from handlers.files.tables import Cell, Row

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_LAST_ROW_OF_FORM = 2000
"""How far down the template offers its drop-down lists."""
_WIDTH = 16
_CHOICES = "选项"


def write_rows(title: str, rows: Iterable[Row], *, width: int) -> bytes:
    """A sheet with these rows. Text stays text, also where it looks like a formula. Blocking: call it from a thread."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for column in range(1, width + 1):
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTH
    for row in rows:
        sheet.append([_written(sheet, value) for value in row])
    return _saved(book)


def write_outcomes(
    title: str, rows: Sequence[Row], *, beside: Mapping[int, tuple[str, str]], below: Iterable[tuple[str, str]] = ()
) -> bytes:
    """A sheet as it came, with two columns more: what became of a row, by its place, and why. Blocking.

    `below` are rows that the sheet lacks, in these two columns.
    """
    width = max(len(row) for row in rows)
    told: list[Row] = [[*row, *[None] * (width - len(row)), *beside.get(at, ())] for at, row in enumerate(rows)]
    told += [[*[None] * width, *more] for more in below]
    return write_rows(title, told, width=width + 2)


def _written(sheet: Any, value: Cell) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, fit_for_file(value))
    cell.data_type = "s"
    return cell


def write_form(title: str, headings: Sequence[str], *, example: Row, choices: Mapping[str, Sequence[str]]) -> bytes:
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
