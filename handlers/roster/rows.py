"""A spreadsheet's rows, read as persons of the roster and put together to families. Pure. Cells in, families or reasons out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from handlers.files.tables import Layout, Row, Table, TableRow, Wrong
from handlers.roster.cells import LONGEST_GROUP, PersonCells
from handlers.roster.columns import HOUSEHOLD, RosterColumn
from storage.plan import Plan

HEAD = "户主"
"""The relation of a family's head to itself."""

LONGEST_RELATION = 20
"""Characters, as the tables hold them."""

GREATEST_NUMBER = 999_999_999
"""A number that people can say and search for. The national system's are longer: such a household gets one of ours."""


ROSTER = Layout(RosterColumn, ((RosterColumn.VILLAGE,), (RosterColumn.NAME,)))

_HEADS = (HEAD, "本人", "本人或户主", "户主本人")

_LONG_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}")


@dataclass(frozen=True, slots=True)
class RosterPerson:
    """One person. `number` is the household's if it fits ours, `code` it as written, for telling households apart.

    `household` is what the row says of the household, by the field that keeps it.
    """

    village: str
    number: int | None
    code: str
    head: str
    name: str
    relation: str
    id_number: str | None
    phone: str | None
    helper: str
    household: Mapping[str, Any]

    @property
    def group(self) -> str:
        return str(self.household["group_name"])


@dataclass(slots=True)
class Family:
    """The rows of one household; head and helper are those of the first row that has one."""

    village: str
    number: int | None
    head: str = ""
    helper: str = ""
    people: dict[int, RosterPerson] = field(default_factory=dict)

    @property
    def head_id(self) -> str | None:
        """The head's ID number, if the head has a row with one."""
        return next((one.id_number for one in self.people.values() if one.name == self.head and one.id_number), None)

    @property
    def group(self) -> str:
        return next((one.group for one in self.people.values() if one.group), "")

    @property
    def told(self) -> dict[str, Any]:
        """What the rows say of the household together, by field, where any of them says something."""
        said = {one: [person.household[one.name] for person in self.people.values()] for one in HOUSEHOLD}
        return {one.name: one.joined(values) for one, values in said.items() if set(values) - {"", None}}


def read_people(table: Table[RosterColumn], plan: Plan, today: date) -> list[TableRow[RosterPerson]]:
    """Every row that says something. Nobody is born after `today`."""
    return table.read(_Reader(table, plan, today).person)


def families(read: Sequence[TableRow[RosterPerson]]) -> tuple[list[Family], dict[int, Wrong]]:
    """The households of the rows, by number, else by village and head; and the rows that fit into none, with why."""
    found: dict[tuple[str, ...], Family] = {}
    wrong: dict[int, Wrong] = {}
    for row in read:
        one = row.value
        if one is None:
            continue
        key = (one.code,) if one.code else (one.village, one.head)
        family = found.setdefault(key, Family(one.village, one.number))
        try:
            _join(family, one)
        except Wrong as error:
            wrong[row.at] = error
        else:
            family.people[row.at] = one
    for family in found.values():
        if not family.head:
            wrong |= dict.fromkeys(family.people, Wrong(RosterColumn.HEAD, "这一户没写户主，或户主那一行有误"))
    return [family for family in found.values() if family.head and family.people], wrong


def _join(family: Family, one: RosterPerson) -> None:
    """Raises Wrong when the person can't be of this household."""
    first = next(iter(family.people), -1) + 1
    if one.village != family.village:
        raise Wrong(RosterColumn.NUMBER, f"第 {first} 行的另一个村也用了这个编号，请改成全镇不重复的，或清空这一列")
    if one.head and family.head and one.head != family.head:
        raise Wrong(RosterColumn.HEAD, f"同一户在第 {first} 行写的户主是「{family.head[:20]}」")
    another = one.relation == HEAD and one.id_number and family.head_id and one.id_number != family.head_id
    if another or (not one.code and one.group and family.group and one.group != family.group):
        raise Wrong(RosterColumn.NUMBER, f"第 {first} 行的户主也叫「{family.head[:20]}」，不是一户就请写户编号")
    family.head = family.head or one.head
    family.helper = family.helper or one.helper


class _Reader:
    """Reads the rows of one table."""

    def __init__(self, table: Table[RosterColumn], plan: Plan, today: date) -> None:
        self._cells = PersonCells(table, plan, today)

    def person(self, row: Row) -> RosterPerson:
        cells = self._cells
        name = cells.name(row, RosterColumn.NAME, needed=True)
        relation = cells.words(row, RosterColumn.RELATION, LONGEST_RELATION)
        relation = HEAD if relation in _HEADS else relation
        head = cells.name(row, RosterColumn.HEAD)
        if relation == HEAD and head and head != name:
            raise Wrong(RosterColumn.RELATION, f"写的是户主，可「户主」一列是「{head[:20]}」")
        head = name if relation == HEAD else head
        relation = HEAD if head == name and not relation else relation
        code = self._code(row)
        if not code and not head:
            raise Wrong(RosterColumn.HEAD, "户编号和户主都没写（合并的单元格请先拆开）")
        return RosterPerson(
            village=cells.village(row, RosterColumn.VILLAGE, needed=True),
            number=int(code) if code.isdecimal() and 0 < int(code) <= GREATEST_NUMBER else None,
            code=code,
            head=head,
            name=name,
            relation=relation,
            id_number=cells.id_number(row, RosterColumn.ID_NUMBER),
            phone=cells.phone(row, RosterColumn.PHONE),
            helper=cells.name(row, RosterColumn.HELPER),
            household={one.name: one.read(cells, row) for one in HOUSEHOLD},
        )

    def _code(self, row: Row) -> str:
        self._cells.refuse_lost_digits(row, RosterColumn.NUMBER)
        code = self._cells.words(row, RosterColumn.NUMBER, LONGEST_GROUP)
        if code and not _LONG_NUMBER.fullmatch(code):
            raise Wrong(RosterColumn.NUMBER, "户编号只能是数字和字母")
        return code.lstrip("0") if code.isdecimal() else code
