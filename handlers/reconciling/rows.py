"""A spreadsheet's rows, read as people of somebody else's list that is to be held against the roster. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from handlers.files import tables as sheets
from handlers.files.tables import Row, Wrong, below, is_blank
from handlers.reading import Unreadable
from handlers.reconciling.match import Facts
from handlers.roster.cells import LONGEST_GROUP, PersonCells
from storage.plan import Plan


class Column(StrEnum):
    """The columns that are compared, by their usual names."""

    NAME = "姓名"
    ID_NUMBER = "身份证号"
    VILLAGE = "村"
    KIND = "户类型"
    SIZE = "人口数"
    PHONE = "联系电话"
    HELPER = "帮扶责任人"
    RELATION = "与户主关系"


_ALSO_CALLED: dict[Column, tuple[str, ...]] = {
    Column.NAME: ("成员姓名", "家庭成员姓名", "人员姓名", "对象姓名"),
    Column.ID_NUMBER: ("证件号码", "身份证号码", "身份证", "证件号", "公民身份号码", "户主身份证号", "户主证件号码"),
    Column.VILLAGE: ("行政村", "村名", "所在村", "村别", "行政村名称", "所属村", "村委会"),
    Column.KIND: ("户属性", "农户类型", "类别", "监测对象类别", "人员类别", "对象类别", "脱贫户属性"),
    Column.SIZE: ("家庭人口", "家庭人口数", "人口", "家庭人数", "人数", "户人口数", "家庭成员数"),
    Column.PHONE: ("电话", "联系方式", "手机", "手机号", "手机号码", "电话号码", "户主电话"),
    Column.HELPER: ("帮扶人", "帮扶干部", "帮扶责任人姓名", "包户干部", "帮扶联系人"),
    Column.RELATION: ("与户主的关系", "关系", "家庭关系"),
}
_NAMES = {name: column for column, more in _ALSO_CALLED.items() for name in (column.value, *more)}
_NAMES_OF_HEADS = dict.fromkeys(("户主", "户主姓名", "农户姓名", "户名"), Column.NAME)
_PEOPLE = re.compile(r"(\d{1,2})(?:\.0+)?(?:人|口|口人|个人)?")

Header = sheets.Header[Column]


@dataclass(frozen=True, slots=True)
class Line:
    """One row below the headings: `facts`, or why not and in which column; `blank` says nothing."""

    row: int
    facts: Facts | None = None
    relation: str = ""
    column: str = ""
    reason: str = ""
    blank: bool = False


def find_header(rows: Sequence[Row]) -> Header:
    """The heading row among the first ones. Raises Unreadable, naming what is missing.

    Where a table has both, 姓名 is the person and 户主 only says whose household it is.
    """
    try:
        return sheets.find_header(rows, _NAMES, [Column.NAME])
    except Unreadable:
        return sheets.find_header(rows, _NAMES | _NAMES_OF_HEADS, [Column.NAME])


def read_lines(rows: Sequence[Row], header: Header, plan: Plan, today: date) -> list[Line]:
    """Every row below the headings, up to the last that holds anything."""
    cells = PersonCells(header, plan, today)
    return [_line(at, rows[at], header, cells) for at in below(rows, header)]


def _line(at: int, row: Row, header: Header, cells: PersonCells[Column]) -> Line:
    if is_blank(row) or header.is_example(row):
        return Line(at, blank=True)
    try:
        facts = Facts(
            name=cells.name(row, Column.NAME, needed=True),
            id_number=cells.id_number(row, Column.ID_NUMBER),
            village=cells.village(row, Column.VILLAGE),
            kind=cells.kind(row, Column.KIND),
            size=_size(row, cells),
            phone=cells.phone(row, Column.PHONE),
            helper=cells.name(row, Column.HELPER),
        )
        if not facts.id_number and not facts.village:
            raise Wrong(Column.VILLAGE, "身份证号和村都没写，认不出是谁")
        return Line(at, facts, cells.words(row, Column.RELATION, LONGEST_GROUP)[:20])
    except Wrong as wrong:
        return Line(at, column=wrong.column.value, reason=wrong.reason)


def _size(row: Row, cells: PersonCells[Column]) -> int | None:
    said = cells.words(row, Column.SIZE, LONGEST_GROUP)
    if not said:
        return None
    number = _PEOPLE.fullmatch(said)
    if number is None:
        raise Wrong(Column.SIZE, f"「{said[:20]}」看不懂，请写数字，如：3")
    return int(number[1])
