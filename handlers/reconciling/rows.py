"""A spreadsheet's rows, read as people of somebody else's list that is to be held against the roster. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from handlers.files.tables import Layout, Row, Table, TableColumn, TableRow, Wrong
from handlers.reconciling.match import Facts
from handlers.roster.cells import LONGEST_GROUP, PersonCells
from storage.plan import Plan


class ListColumn(TableColumn):
    """The columns that are compared. Where a table has both, 姓名 is the person and 户主 only says whose household it is."""

    NAME = "姓名", "成员姓名", "家庭成员姓名", "人员姓名", "对象姓名"
    HEAD = "户主", "户主姓名", "农户姓名", "户名"
    ID_NUMBER = "身份证号", "证件号码", "身份证号码", "身份证", "证件号", "公民身份号码", "户主身份证号", "户主证件号码"
    VILLAGE = "村", "行政村", "村名", "所在村", "村别", "行政村名称", "所属村", "村委会"
    KIND = "户类型", "户属性", "农户类型", "类别", "监测对象类别", "人员类别", "对象类别", "脱贫户属性"
    SIZE = "人口数", "家庭人口", "家庭人口数", "人口", "家庭人数", "人数", "户人口数", "家庭成员数"
    PHONE = "联系电话", "电话", "联系方式", "手机", "手机号", "手机号码", "电话号码", "户主电话"
    HELPER = "帮扶责任人", "帮扶人", "帮扶干部", "帮扶责任人姓名", "包户干部", "帮扶联系人"
    RELATION = "与户主关系", "与户主的关系", "关系", "家庭关系"


_PEOPLE = re.compile(r"(\d{1,2})(?:\.0+)?(?:人|口|口人|个人)?")

LIST = Layout(ListColumn, ((ListColumn.NAME, ListColumn.HEAD),))


@dataclass(frozen=True, slots=True)
class OnList:
    """What a row says of somebody, and what they are to the head of the household."""

    facts: Facts
    relation: str


def read_people(table: Table[ListColumn], plan: Plan, today: date) -> list[TableRow[OnList]]:
    """Every row that says something. Nobody is born after `today`."""
    cells = PersonCells(table, plan, today)
    who = ListColumn.NAME if ListColumn.NAME in table.columns else ListColumn.HEAD
    return table.read(lambda row: _person(row, cells, who))


def _person(row: Row, cells: PersonCells[ListColumn], who: ListColumn) -> OnList:
    facts = Facts(
        name=cells.name(row, who, needed=True),
        id_number=cells.id_number(row, ListColumn.ID_NUMBER),
        village=cells.village(row, ListColumn.VILLAGE),
        kind=cells.kind(row, ListColumn.KIND),
        size=_size(row, cells),
        phone=cells.phone(row, ListColumn.PHONE),
        helper=cells.name(row, ListColumn.HELPER),
    )
    if not facts.id_number and not facts.village:
        raise Wrong(ListColumn.VILLAGE, "身份证号和村都没写，认不出是谁")
    return OnList(facts, cells.words(row, ListColumn.RELATION, LONGEST_GROUP)[:20])


def _size(row: Row, cells: PersonCells[ListColumn]) -> int | None:
    said = cells.words(row, ListColumn.SIZE, LONGEST_GROUP)
    if not said:
        return None
    number = _PEOPLE.fullmatch(said)
    if number is None:
        raise Wrong(ListColumn.SIZE, f"「{said[:20]}」看不懂，请写数字，如：3")
    return int(number[1])
