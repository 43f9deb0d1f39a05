"""What the tables people send have in common: declared columns, known by their usual headings in any order below any
title, and rows that are taken or refused with a reason.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Generic, Self, TypeVar

from handlers.reading import Unreadable, clean

Cell = str | int | float | bool | datetime | date | time | timedelta | None
Row = Sequence[Cell]
T = TypeVar("T")

HEADER_WITHIN = 10
"""Rows from the top in which the headings are looked for."""

EXAMPLE = "示例"
"""A row with this in its first column shows how to fill the form and is not taken in."""

_FEWEST = 3
"""Known headings that make a row the heading row."""

_LONGEST_HEADING = 200
"""Characters, remarks in brackets too."""
_BESIDE_HEADING = re.compile(r"\(.*?\)|[\s*:、]")
_SHEET_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!")


class TableColumn(StrEnum):
    """A column of a table that people send: its heading in our own template, then its other usual headings."""

    other_names: tuple[str, ...]

    def __new__(cls, heading: str, *other_names: str) -> Self:
        column = str.__new__(cls, heading)
        column._value_ = heading
        column.other_names = other_names
        return column


C = TypeVar("C", bound=TableColumn)


@dataclass(frozen=True, slots=True)
class Layout(Generic[C]):
    """The columns that a kind of table can have, and groups of columns of which it has to have one each."""

    columns: type[C]
    needed: tuple[tuple[C, ...], ...]

    def named(self, heading: str) -> C | None:
        """The column of a heading as it stands in a table."""
        if len(heading) > _LONGEST_HEADING:
            return None
        bare = _BESIDE_HEADING.sub("", clean(heading))
        return next((one for one in self.columns if bare == one.value or bare in one.other_names), None)


class Wrong(Exception):
    """A cell that can't be taken."""

    def __init__(self, column: TableColumn, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TableRow(Generic[T]):
    """What a row below the headings says: its `value`, or why it can't be taken and in which column.

    `at` is its index in the sheet; `name` is whom or what it is about, where that could be read.
    """

    at: int
    value: T | None = None
    name: str = ""
    column: str = ""
    reason: str = ""

    @property
    def number(self) -> int:
        """Counted from 1, as people see it."""
        return self.at + 1

    @property
    def told(self) -> str:
        return f"「{self.column}」{self.reason}" if self.reason else ""

    def __str__(self) -> str:
        return f"第 {self.number} 行{self.told}"


@dataclass(frozen=True, slots=True)
class Table(Generic[C]):
    """A sheet whose headings are found: all its rows, the index of the heading row, and of each known column."""

    rows: Sequence[Row]
    header: int
    columns: dict[C, int]

    def cell(self, row: Row, column: C) -> Cell:
        at = self.columns.get(column)
        return None if at is None or at >= len(row) else row[at]

    def words(self, row: Row, column: C, most: int, *, needed: bool = False) -> str:
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

    def below(self) -> Iterator[tuple[int, Row]]:
        """The rows below the headings that are neither blank nor the form's example, with their indexes."""
        first = min(self.columns.values())
        for at, row in enumerate(self.rows[self.header + 1 :], self.header + 1):
            cell = row[first] if first < len(row) else None
            if not is_blank(row) and not (isinstance(cell, str) and clean(cell).startswith(EXAMPLE)):
                yield at, row

    def read(self, value: Callable[[Row], T | None], name: Callable[[Row], str] = lambda row: "") -> list[TableRow[T]]:
        """Every row that says something: `value` is None for one that does not, and raises Wrong for what can't be taken."""
        found = []
        for at, row in self.below():
            named = ""
            try:
                named = name(row)
                if (taken := value(row)) is not None:
                    found.append(TableRow(at, taken, named))
            except Wrong as wrong:
                found.append(TableRow(at, None, named, wrong.column.value, wrong.reason))
        return found


def find_table(rows: Sequence[Row], layout: Layout[C]) -> Table[C]:
    """The rows with the heading row found among the first ones. Raises Unreadable, naming what is missing."""
    best: Table[C] = Table(rows, 0, {})
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        columns: dict[C, int] = {}
        for place, cell in enumerate(row):
            if isinstance(cell, str) and (column := layout.named(cell)) is not None:
                columns.setdefault(column, place)
        if len(columns) > len(best.columns):
            best = Table(rows, at, columns)
    if len(best.columns) < _FEWEST:
        raise Unreadable(f"前 {HEADER_WITHIN} 行里没有找到表头。请用模板填写，表头要有：{_listed(layout.needed)}")
    missing = [group for group in layout.needed if not best.columns.keys() & set(group)]
    if missing:
        raise Unreadable(f"表头缺少：{_listed(missing)}。请补上再发来。")
    return best


def plain(cell: Cell) -> str:
    """A cell as it is read aloud: 2.0 is "2"."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else f"{cell:.10g}"
    return str(cell)


def is_blank(row: Row) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _listed(groups: Sequence[tuple[C, ...]]) -> str:
    return "、".join("或".join(group) for group in groups)
