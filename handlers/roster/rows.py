"""A spreadsheet's rows, read as persons of the roster and put together to families. Pure. Cells in, families or reasons out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from handlers.files import tables as sheets
from handlers.files.tables import Row, Wrong, below, is_blank
from handlers.roster.cells import BRACKETED, LONGEST_GROUP, PersonCells
from storage.plan import Plan

HEAD = "户主"
"""The relation of a family's head to itself."""

LONGEST_RELATION = 20
"""Characters, as the tables hold them."""

LONGEST_NICKNAME = 40
"""Characters, as the tables hold them."""

GREATEST_NUMBER = 999_999_999
"""A number that people can say and search for. The national system's are longer: such a household gets one of ours."""


class Column(StrEnum):
    """The columns of the roster, by the headings of our own template."""

    VILLAGE = "行政村"
    GROUP = "自然屯"
    NUMBER = "户编号"
    HEAD = "户主"
    NICKNAME = "小名"
    NAME = "姓名"
    RELATION = "与户主关系"
    ID_NUMBER = "身份证号"
    PHONE = "联系电话"
    KIND = "户类型"
    HELPER = "帮扶责任人"
    ABLE = "有无劳动能力"


_ALSO_CALLED: dict[Column, tuple[str, ...]] = {
    Column.VILLAGE: ("村", "村名", "所在村", "村别", "行政村名称"),
    Column.GROUP: ("组", "屯", "自然村", "村民小组", "小组", "屯组", "社", "自然屯/组"),
    Column.NUMBER: ("户号", "家庭编号", "户编码"),
    Column.HEAD: ("户主姓名", "户名"),
    Column.NICKNAME: ("外号", "昵称", "绰号", "户主小名"),
    Column.NAME: ("成员姓名", "家庭成员", "家庭成员姓名"),
    Column.RELATION: ("与户主的关系", "关系", "家庭关系"),
    Column.ID_NUMBER: ("证件号码", "身份证号码", "身份证", "证件号", "公民身份号码"),
    Column.PHONE: ("电话", "联系方式", "手机", "手机号", "手机号码", "电话号码"),
    Column.KIND: ("农户类型", "户属性", "类别", "监测对象类别"),
    Column.HELPER: ("帮扶人", "帮扶干部", "帮扶责任人姓名", "包户干部", "帮扶联系人"),
    Column.ABLE: ("劳动能力", "劳动技能", "是否有劳动能力", "有无劳动力"),
}
_NAMES = {name: column for column, more in _ALSO_CALLED.items() for name in (column.value, *more)}
_NEEDED = (Column.VILLAGE, Column.NAME)

_HEADS = (HEAD, "本人", "本人或户主", "户主本人")
_ABLE = ("有", "是", "能", "普通劳动力", "技能劳动力", "弱劳动力", "半劳动力", "弱劳动力或半劳动力", "有劳动能力", "√")
_UNABLE = ("无", "否", "没有", "无劳动力", "无劳动能力", "丧失劳动力", "丧失劳动能力", "×")

_LONG_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One person. `number` is the household's if it fits ours, `code` it as written, for telling households apart."""

    village: str
    group: str
    number: int | None
    code: str
    head: str
    name: str
    relation: str
    id_number: str | None
    phone: str | None
    kind: str
    helper: str
    able: bool | None
    nickname: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row below the headings: an `entry`, or why not and in which column; `blank` and `example` say nothing."""

    row: int
    entry: Entry | None = None
    column: str = ""
    reason: str = ""
    blank: bool = False
    example: bool = False


@dataclass(slots=True)
class Family:
    """The rows of one household, and what they say of it together: each value by the first row that has one."""

    village: str
    number: int | None
    group: str = ""
    head: str = ""
    kind: str = ""
    helper: str = ""
    nickname: str = ""
    people: dict[int, Entry] = field(default_factory=dict)

    @property
    def head_id(self) -> str | None:
        """The head's ID number, if the head has a row with one."""
        return next((one.id_number for one in self.people.values() if one.name == self.head and one.id_number), None)

    @property
    def able_to_work(self) -> bool:
        """Whether anybody is; where nothing is said of somebody, that person is taken to be."""
        return any(one.able is not False for one in self.people.values())


def find_header(rows: Sequence[Row]) -> sheets.Header[Column]:
    """The heading row among the first ones. Raises Unreadable, naming what is missing."""
    return sheets.find_header(rows, _NAMES, _NEEDED)


def read_lines(rows: Sequence[Row], header: sheets.Header[Column], plan: Plan, today: date) -> list[Line]:
    """Every row below the headings, up to the last that holds anything. Nobody is born after `today`."""
    reader = _Reader(header, plan, today)
    return [reader.line(at, rows[at]) for at in below(rows, header)]


def families(lines: Sequence[Line]) -> tuple[list[Family], dict[int, Wrong]]:
    """The households of the rows, by number, else by village and head; and the rows that fit into none, with why."""
    found: dict[tuple[str, ...], Family] = {}
    wrong: dict[int, Wrong] = {}
    for line in lines:
        one = line.entry
        if one is None:
            continue
        key = (one.code,) if one.code else (one.village, one.head)
        family = found.setdefault(key, Family(one.village, one.number))
        try:
            _join(family, one)
        except Wrong as error:
            wrong[line.row] = error
        else:
            family.people[line.row] = one
    for family in found.values():
        if not family.head:
            wrong |= dict.fromkeys(family.people, Wrong(Column.HEAD, "这一户没写户主，或户主那一行有误"))
    return [family for family in found.values() if family.head and family.people], wrong


def _join(family: Family, one: Entry) -> None:
    """Raises Wrong when the person can't be of this household."""
    first = next(iter(family.people), -1) + 1
    if one.village != family.village:
        raise Wrong(Column.NUMBER, f"第 {first} 行的另一个村也用了这个编号，请改成全镇不重复的，或清空这一列")
    if one.head and family.head and one.head != family.head:
        raise Wrong(Column.HEAD, f"同一户在第 {first} 行写的户主是「{family.head[:20]}」")
    another = one.relation == HEAD and one.id_number and family.head_id and one.id_number != family.head_id
    if another or (not one.code and one.group and family.group and one.group != family.group):
        raise Wrong(Column.NUMBER, f"第 {first} 行的户主也叫「{family.head[:20]}」，不是一户就请写户编号")
    family.head = family.head or one.head
    family.group = family.group or one.group
    family.kind = family.kind or one.kind
    family.helper = family.helper or one.helper
    family.nickname = family.nickname or one.nickname


class _Reader:
    """Reads rows under one heading row."""

    def __init__(self, header: sheets.Header[Column], plan: Plan, today: date) -> None:
        self._header = header
        self._cells = PersonCells(header, plan, today)

    def line(self, at: int, row: Row) -> Line:
        if is_blank(row):
            return Line(at, blank=True)
        if self._header.is_example(row):
            return Line(at, example=True)
        try:
            return Line(at, self._entry(row))
        except Wrong as wrong:
            return Line(at, column=wrong.column.value, reason=wrong.reason)

    def _entry(self, row: Row) -> Entry:
        cells = self._cells
        name = cells.name(row, Column.NAME, needed=True)
        relation = cells.words(row, Column.RELATION, LONGEST_RELATION)
        relation = HEAD if relation in _HEADS else relation
        head = cells.name(row, Column.HEAD)
        if relation == HEAD and head and head != name:
            raise Wrong(Column.RELATION, f"写的是户主，可「户主」一列是「{head[:20]}」")
        head = name if relation == HEAD else head
        relation = HEAD if head == name and not relation else relation
        code = self._code(row)
        if not code and not head:
            raise Wrong(Column.HEAD, "户编号和户主都没写（合并的单元格请先拆开）")
        return Entry(
            village=cells.village(row, Column.VILLAGE, needed=True),
            group=cells.words(row, Column.GROUP, LONGEST_GROUP),
            number=int(code) if code.isdecimal() and 0 < int(code) <= GREATEST_NUMBER else None,
            code=code,
            head=head,
            name=name,
            relation=relation,
            id_number=cells.id_number(row, Column.ID_NUMBER),
            phone=cells.phone(row, Column.PHONE),
            kind=cells.kind(row, Column.KIND),
            helper=cells.name(row, Column.HELPER),
            able=self._able(row),
            nickname=cells.words(row, Column.NICKNAME, LONGEST_NICKNAME),
        )

    def _code(self, row: Row) -> str:
        self._cells.refuse_lost_digits(row, Column.NUMBER)
        code = self._cells.words(row, Column.NUMBER, LONGEST_GROUP)
        if code and not _LONG_NUMBER.fullmatch(code):
            raise Wrong(Column.NUMBER, "户编号只能是数字和字母")
        return code.lstrip("0") if code.isdecimal() else code

    def _able(self, row: Row) -> bool | None:
        said = BRACKETED.sub("", self._header.words(row, Column.ABLE, LONGEST_GROUP)).strip()
        if said and said not in _ABLE + _UNABLE:
            raise Wrong(Column.ABLE, f"「{said[:20]}」看不懂，请写：有 或 无")
        return said in _ABLE if said else None
