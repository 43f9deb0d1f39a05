"""A spreadsheet's rows, read as lines of the problem ledger 问题台账. Pure. Cells in, problems or reasons out.

Ledgers come from many hands, so columns are known by their usual names, in any order, below any title.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import TypeVar

from handlers.files.tables import Layout, Row, Table, TableColumn, TableRow, Wrong
from handlers.reading import Unreadable, read_date
from storage.people.persons import Role
from storage.plan import Plan, Unit
from storage.problems.records import NewProblem
from storage.roster import Roster

T = TypeVar("T")

LONGEST, LONGEST_NAME = 1000, 60
"""Characters of a description, and of a name."""


class ProblemColumn(TableColumn):
    """The columns of the ledger, by the headings of our own template."""

    NUMBER = "序号", "编号", "序"
    SOURCE = "问题来源", "来源", "问题出处", "反馈来源"
    ITEM = "重点任务", "领域", "任务编号", "任务", "重点领域", "问题类别", "问题类型", "涉及领域"
    VILLAGE = "村", "行政村", "所在村", "村名", "涉及村", "村别", "责任村"
    HOUSEHOLD = "户主", "农户", "户主姓名", "农户姓名", "涉及农户", "户名"
    DESCRIPTION = "问题描述", "存在问题", "问题", "具体问题", "问题内容", "存在的问题", "主要问题", "问题表现"
    LEAD = "牵头单位", "责任单位", "牵头部门", "牵头责任单位", "责任部门", "整改单位"
    ASSISTING = "配合单位", "配合部门", "协助单位", "协同单位", "配合责任单位"
    RESPONSIBLE = "责任人", "整改责任人", "负责人", "责任人姓名"
    DEADLINE = "整改时限", "完成时限", "完成时间", "整改期限", "时限", "整改完成时限", "整改完成时间", "期限"
    MEASURES = "整改措施", "措施", "整改内容", "具体措施", "整改举措"


PROBLEM_LEDGER = Layout(
    ProblemColumn, ((ProblemColumn.SOURCE,), (ProblemColumn.VILLAGE,), (ProblemColumn.DESCRIPTION,), (ProblemColumn.DEADLINE,))
)
_NOT_WORDS = re.compile(r"[\W_]+")
_BETWEEN_UNITS = re.compile(r"[,、;/\s]+")
_ITEM_NUMBER = re.compile(r"\d+(?:\.\d+){0,2}")
_NAME_AND_NUMBER = re.compile(r"(.+?)\((?:户号)?(\d{1,9})\)")
_WHOLE_TOWN = ("全镇", "镇级", "镇本级")
_VILLAGE_ITSELF = ("村委会", "村两委", "村党支部", "村级")
_EXCEL_DAYS = range(36526, 73051)
"""The serial numbers of the years 2000 to 2099; day 1 is 1900-01-01, with a 1900-02-29 that never was."""
_EXCEL_EPOCH = date(1899, 12, 30)
_CENT = 100
_MONTHS = 12


def read_problems(table: Table[ProblemColumn], plan: Plan, roster: Roster, today: date) -> list[TableRow[NewProblem]]:
    """Every row that says something. `today` helps with dates that name no year."""
    return table.read(_Reader(table, plan, roster, today).problem)


def likeness(new: NewProblem) -> str:
    """The same text for the same problem written again, with other spaces and punctuation."""
    return f"{new.source}|{new.region}|{new.household_id or ''}|{bare(new.description)}"


class _Reader:
    """Reads the rows of one table."""

    def __init__(self, table: Table[ProblemColumn], plan: Plan, roster: Roster, today: date) -> None:
        self._table = table
        self._plan = plan
        self._roster = roster
        self._today = today

    def problem(self, row: Row) -> NewProblem:
        region = self._region(row)
        item = self._item(row)
        return NewProblem.model_construct(
            source=self._source(row),
            item=item,
            region=region,
            household_id=self._household(row, region),
            description=self._words(row, ProblemColumn.DESCRIPTION, LONGEST, needed=True),
            measures=self._words(row, ProblemColumn.MEASURES, LONGEST),
            units=self._units(row, item, region),
            responsible=self._words(row, ProblemColumn.RESPONSIBLE, LONGEST_NAME),
            deadline=self._deadline(row),
        )

    def _words(self, row: Row, column: ProblemColumn, most: int = LONGEST_NAME, *, needed: bool = False) -> str:
        return self._table.words(row, column, most, needed=needed)

    def _source(self, row: Row) -> str:
        said = self._words(row, ProblemColumn.SOURCE, LONGEST, needed=True)
        named = [(source.code, (source.code, source.label)) for source in self._plan.problem_sources]
        return self._named(ProblemColumn.SOURCE, said, named)

    def _item(self, row: Row) -> str:
        said = self._words(row, ProblemColumn.ITEM, LONGEST)
        if not said:
            return ""
        number = _ITEM_NUMBER.match(said)
        known = {item.id for item in self._plan.items}
        if number and number[0] in known:
            return number[0]
        return self._named(ProblemColumn.ITEM, said, [(item.id, (item.id, item.title)) for item in self._plan.items])

    def _region(self, row: Row) -> str:
        said = self._words(row, ProblemColumn.VILLAGE, needed=True)
        if said in _WHOLE_TOWN or said == self._plan.town.name:
            return self._plan.town.code
        return self._look_up(ProblemColumn.VILLAGE, said, lambda name: self._plan.village_named(name).code)

    def _household(self, row: Row, region: str) -> int | None:
        said = self._words(row, ProblemColumn.HOUSEHOLD)
        if not said or said in ("无", "/", "-"):
            return None
        named = _NAME_AND_NUMBER.fullmatch(said)
        name, number = (named[1], named[2]) if named else (said, "")
        found = self._roster.search(number or name, [region])
        found = [one for one in found if name.isdecimal() or one.head == name]
        if not found:
            raise Wrong(ProblemColumn.HOUSEHOLD, f"名册里这个村没有「{name[:20]}」")
        if len(found) > 1:
            raise Wrong(ProblemColumn.HOUSEHOLD, f"同名 {len(found)} 户，请写上户号，如：{name}({found[0].number})")
        return found[0].id

    def _units(self, row: Row, item: str, region: str) -> tuple[str, ...]:
        """Unit codes, the lead first; the task's own units where none is named. A village needs no unit."""
        lead = self._unit_list(row, ProblemColumn.LEAD, region)
        assisting = self._unit_list(row, ProblemColumn.ASSISTING, region)
        if lead is None:
            lead = [unit.code for unit in self._offices(item)] if item else []
            if not lead and region == self._plan.town.code:
                raise Wrong(ProblemColumn.LEAD, "没有填写，按重点任务也定不了单位")
        return tuple(dict.fromkeys([*lead, *(assisting or ())]))

    def _offices(self, item: str) -> list[Unit]:
        named = (self._plan.unit(code) for code in self._plan.item(item).units)
        return [unit for unit in named if not unit.members and unit.role is not Role.VILLAGE]

    def _unit_list(self, row: Row, column: ProblemColumn, region: str) -> list[str] | None:
        """Codes of the units in a cell (None: the cell is empty)."""
        said = self._words(row, column, LONGEST)
        names = [name for name in _BETWEEN_UNITS.split(said) if name]
        if not names or said in ("无", "/", "-"):
            return None
        codes = []
        for name in names:
            if name in _VILLAGE_ITSELF or self._village_code(name) == region:
                continue
            unit = self._look_up(column, name, self._plan.unit_named)
            if unit.members:
                raise Wrong(column, f"「{name}」不是一个单位，请写明是哪几个")
            if unit.role is not Role.VILLAGE:
                codes.append(unit.code)
        return codes

    def _village_code(self, name: str) -> str | None:
        try:
            return self._plan.village_named(name.removesuffix("委会")).code
        except KeyError:
            return None

    def _deadline(self, row: Row) -> date:
        cell = self._table.cell(row, ProblemColumn.DEADLINE)
        if isinstance(cell, datetime):
            return cell.date()
        if isinstance(cell, date):
            return cell
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            if int(cell) in _EXCEL_DAYS:
                return _EXCEL_EPOCH + timedelta(int(cell))
            self._refuse_lost_zero(cell)
        said = self._words(row, ProblemColumn.DEADLINE, needed=True)
        try:
            return read_date(said, self._today, past_ok=True, future_ok=True)
        except Unreadable:
            raise Wrong(ProblemColumn.DEADLINE, f"「{said[:20]}」看不懂，请写成 2022年10月25日 这样") from None

    @staticmethod
    def _refuse_lost_zero(cell: int | float) -> None:
        """10.30 typed as a number is kept as 10.3, which cannot be told from the third of October."""
        if not 0 < cell < _MONTHS + 1:
            return
        cents = round(cell * _CENT)
        if cents % 10 == 0 and cents % _CENT in (10, 20, 30):
            tenth = cents % _CENT // 10
            raise Wrong(
                ProblemColumn.DEADLINE, f"「{cell}」分不清是 {tenth} 日还是 {tenth}0 日，请写成 {int(cell)}月{tenth}0日 这样"
            )

    def _look_up(self, column: ProblemColumn, said: str, find: Callable[[str], T]) -> T:
        try:
            return find(said)
        except KeyError:
            raise Wrong(column, f"没有「{said[:20]}」这个{_KINDS[column]}") from None

    @staticmethod
    def _named(column: ProblemColumn, said: str, options: Iterable[tuple[str, tuple[str, ...]]]) -> str:
        """The code of the option said: its whole name first, else the one option that contains it or is contained."""
        wanted = bare(said)
        partly = []
        for code, names in options:
            plain = [bare(name) for name in names]
            if wanted in plain:
                return code
            if len(wanted) > 1 and any(wanted in name or (len(name) > 1 and name in wanted) for name in plain):
                partly.append(code)
        if len(partly) != 1:
            raise Wrong(column, f"「{said[:20]}」{'有几个相近的' if partly else '不在方案里'}，请从模板的下拉框里选")
        return partly[0]


_KINDS = {ProblemColumn.VILLAGE: "村", ProblemColumn.LEAD: "单位", ProblemColumn.ASSISTING: "单位"}


def bare(text: str) -> str:
    """`text` without spaces, punctuation, width and case, for recognising the same words."""
    return _NOT_WORDS.sub("", unicodedata.normalize("NFKC", text)).casefold()
