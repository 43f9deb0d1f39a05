"""What the tables people send have in common: headings known by their usual names, in any order, below any title.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from handlers.reading import Unreadable, clean

Cell = str | int | float | bool | datetime | date | time | timedelta | None
Row = Sequence[Cell]
C = TypeVar("C", bound=StrEnum)

HEADER_WITHIN = 10
"""Rows from the top in which the headings are looked for."""

EXAMPLE = "示例"
"""A row with this in its first column shows how to fill the form and is not taken in."""

_FEWEST = 3
"""Known headings that make a row the heading row."""

_BESIDE_HEADING = re.compile(r"\(.*?\)|[\s*:、]")
_SHEET_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!")


class Wrong(Exception):
    """A cell that can't be taken."""

    def __init__(self, column: StrEnum, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in a row of the sheet (counted from 1, as people see it)."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"第 {self.row} 行「{self.column}」{self.reason}"


@dataclass(frozen=True, slots=True)
class Header(Generic[C]):
    """Where the headings stand: the index of their row, and of each known column."""

    row: int
    columns: dict[C, int]

    def cell(self, row: Row, column: C) -> Cell:
        at = self.columns.get(column)
        return None if at is None or at >= len(row) else row[at]

    def words(self, row: Row, column: C, most: int, needed: bool = False) -> str:
        """The cell as cleaned text of at most `most` characters. Raises Wrong."""
        text = clean(plain(self.cell(row, column)))
        if text.startswith("="):
            raise Wrong(column, "这一格是公式，请改成文字（复制后「选择性粘贴-数值」）")
        if text in _SHEET_ERRORS:
            raise Wrong(column, f"这一格是 Excel 错误值 {text}")
        if needed and not text:
            raise Wrong(column, "没有填写（合并的单元格请先拆开）")
        if len(text) > most:
            raise Wrong(column, f"太长了（{len(text)} 字），请精简到 {most} 字以内")
        return text

    def is_example(self, row: Row) -> bool:
        first = min(self.columns.values())
        cell = row[first] if first < len(row) else None
        return isinstance(cell, str) and clean(cell).startswith(EXAMPLE)


def find_header(rows: Sequence[Row], names: Mapping[str, C], needed: Iterable[C]) -> Header[C]:
    """The heading row among the first ones. Raises Unreadable, naming what is missing."""
    needed = tuple(needed)
    best: Header[C] = Header(0, {})
    for place, row in enumerate(rows[:HEADER_WITHIN]):
        columns: dict[C, int] = {}
        for at, cell in enumerate(row):
            column = names.get(_BESIDE_HEADING.sub("", clean(cell))) if isinstance(cell, str) else None
            if column is not None:
                columns.setdefault(column, at)
        if len(columns) > len(best.columns):
            best = Header(place, columns)
    if len(best.columns) < _FEWEST:
        raise Unreadable(f"前 {HEADER_WITHIN} 行里没有找到表头。请用模板填写，表头要有：{_listed(needed)}")
    missing = [column for column in needed if column not in best.columns]
    if missing:
        raise Unreadable(f"表头缺少：{_listed(missing)}。请补上这些列再发来。")
    return best


def below(rows: Sequence[Row], header: Header[C]) -> range:
    """The indexes of the rows below the headings, up to the last that holds anything."""
    last = max((at for at, row in enumerate(rows) if not is_blank(row)), default=header.row)
    return range(header.row + 1, last + 1)


def plain(cell: Cell) -> str:
    """A cell as it is read aloud: 2.0 is "2"."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else f"{cell:.10g}"
    return str(cell)


def is_blank(row: Row) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _listed(columns: Iterable[StrEnum]) -> str:
    return "、".join(column.value for column in columns)
