"""A spreadsheet's rows, read as the persons of a screening list 筛查名单 from a unit. Pure.

Cells in, persons or reasons out.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from handlers.files.tables import Layout, Row, Table, TableColumn, TableRow, Wrong
from handlers.roster.cells import LONGEST_GROUP, PersonCells
from storage.people.masking import mask_id, mask_phone, mask_text
from storage.plan import Plan, RiskKind

LONGEST_REASON = 300
"""Characters; a list names a reason, it does not tell a story."""


class ScreeningColumn(TableColumn):
    """What a list may say of a person, by the most usual headings."""

    SERIAL = "序号", "编号", "序"
    NAME = "姓名", "人员姓名", "学生姓名", "患者姓名", "参保人姓名", "参保人", "患者", "学生", "本人姓名", "对象姓名"
    HEAD = "户主姓名", "户主", "户名", "家长", "家长姓名", "监护人", "监护人姓名"
    ID_NUMBER = (
        "身份证号", "身份证", "身份证号码", "公民身份号码", "公民身份证号码", "证件号", "证件号码", "居民身份证号",
    )  # fmt: skip
    VILLAGE = "行政村", "村", "村名", "所在村", "村别", "行政村名称", "所属村", "户籍村", "住址", "家庭住址"
    GROUP = "屯组", "屯", "组", "自然屯", "自然村", "村民小组", "小组", "屯/组", "社"
    PHONE = "联系电话", "电话", "联系方式", "手机", "手机号", "手机号码", "电话号码"
    REASON = (
        "预警原因", "原因", "风险类型", "预警指标", "预警类型", "预警信息", "预警内容", "风险", "风险原因",
        "风险点", "筛查原因",
        "筛查结果", "线索", "线索内容", "疑似风险", "病种", "疾病名称", "情况", "情况说明", "致贫原因",
    )  # fmt: skip
    AMOUNT = "自付金额", "金额", "自付费用", "个人自付", "个人自付金额", "合规自付", "合规自付金额", "自付医疗费用"
    NOTE = "备注", "说明", "备注说明", "其他"


_SUMS = ("合计", "总计", "小计")
_HIDDEN_ID = re.compile(r"[\dXx]{2,14}[*＊]{4,14}[\dXx]{0,6}")
"""Units that may not give out whole numbers send them like this; it says nothing we can look up."""

_SAYS: dict[str, tuple[str, ...]] = {
    "education": ("义务教育", "辍学", "失学", "控辍", "上学", "就学", "学生", "入学", "劝返", "送教", "学籍"),
    "housing": ("住房", "危房", "房屋", "房子", "C级", "D级", "漏雨", "土坯房"),
    "water": ("饮水", "吃水", "供水", "缺水", "断水", "水质", "用水"),
    "medical": (
        "医疗", "大病", "慢病", "慢性病", "重病", "因病", "患病", "疾病", "病重", "住院", "自付", "高血压", "糖尿病", "结核",
        "精神障碍", "精神病", "癌", "肿瘤", "透析", "尿毒症", "白血病", "手术",
    ),
    "insurance": ("参保", "断保", "脱保", "漏保", "停保", "未缴费", "新农合"),
    "income": ("收入",),
    "employment": ("就业", "失业", "务工", "返乡", "下岗"),
    "industry": ("产业", "种植", "养殖", "经营失败", "滞销", "病虫害"),
    "disaster": ("因灾", "受灾", "洪涝", "水灾", "旱灾", "火灾", "雹灾", "风灾", "自然灾害"),
    "epidemic": ("疫情",),
    "accident": ("意外", "车祸", "事故", "溺水", "摔伤"),
    "marriage_funeral": ("因婚", "因丧", "婚丧", "丧葬", "彩礼", "离婚", "丧偶"),
    "disability": ("残疾", "重残", "伤残"),
}  # fmt: skip
"""Words of the units' lists, by the codes of risk kinds that plans usually have; a plan's own labels are understood too."""

SCREENING_LIST = Layout(
    ScreeningColumn, ((ScreeningColumn.NAME, ScreeningColumn.HEAD), (ScreeningColumn.ID_NUMBER, ScreeningColumn.VILLAGE))
)
"""A household is found by a person's name, and the ID number or the village."""


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """One person of a list. `shown_id` and `shown_phone` are masked; `village` is a code, empty where none is written."""

    name: str
    head: str
    id_number: str | None
    shown_id: str
    village: str
    group: str
    shown_phone: str
    reason: str
    kinds: tuple[str, ...]


def read_people(table: Table[ScreeningColumn], plan: Plan, today: date) -> list[TableRow[ListedPerson]]:
    """Every row that speaks of somebody. Nobody is born after `today`."""
    reader = _Reader(table, plan, today)
    return table.read(reader.person, reader.name)


def kinds_of(reason: str, known: Sequence[RiskKind]) -> tuple[str, ...]:
    """The plan's risk kinds that a reason speaks of, in the plan's order; none where it names none."""
    return tuple(
        kind.code for kind in known if kind.label in reason or any(word in reason for word in _SAYS.get(kind.code, ()))
    )


class _Reader:
    """Reads the rows of one table."""

    def __init__(self, table: Table[ScreeningColumn], plan: Plan, today: date) -> None:
        self._table = table
        self._plan = plan
        self._cells = PersonCells(table, plan, today)
        # a list has few different reasons and many rows
        self._kinds = functools.lru_cache(maxsize=4096)(lambda reason: kinds_of(reason, plan.risk_kinds))

    def name(self, row: Row) -> str:
        name = self._cells.name(row, ScreeningColumn.NAME) or self._cells.name(row, ScreeningColumn.HEAD)
        if not name and self._cells.words(row, ScreeningColumn.SERIAL, LONGEST_GROUP) in _SUMS:
            return _SUMS[0]
        return name or self._cells.name(row, ScreeningColumn.NAME, needed=True)

    def person(self, row: Row) -> ListedPerson | None:
        """None for a row of sums."""
        name = self.name(row)
        if name in _SUMS:
            return None
        id_number, shown_id = self._id_number(row)
        reason, kinds = self._reason(row)
        return ListedPerson(
            name=name,
            head=self._cells.name(row, ScreeningColumn.HEAD),
            id_number=id_number,
            shown_id=shown_id,
            village=self._village(row, needed=id_number is None),
            group=self._cells.words(row, ScreeningColumn.GROUP, LONGEST_GROUP),
            shown_phone=self._phone(row),
            reason=mask_text(reason),
            kinds=kinds,
        )

    def _id_number(self, row: Row) -> tuple[str | None, str]:
        """The number, and how it may be shown."""
        cell = self._table.cell(row, ScreeningColumn.ID_NUMBER)
        if isinstance(cell, str) and _HIDDEN_ID.fullmatch(cell.strip()):
            return None, cell.strip()
        number = self._cells.id_number(row, ScreeningColumn.ID_NUMBER)
        return number, mask_id(number) if number else ""

    def _village(self, row: Row, *, needed: bool) -> str:
        """Where there is an ID number, the household is found without, so an odd village is no mistake."""
        try:
            return self._cells.village(row, ScreeningColumn.VILLAGE, needed=needed)
        except Wrong:
            said = self._table.words(row, ScreeningColumn.VILLAGE, LONGEST_REASON)
            found = self._within_address(said)
            if needed and not found:
                raise
            return found

    def _within_address(self, said: str) -> str:
        """The village in an address such as 瓦房镇白塔村一屯 or 白塔村3组."""
        behind = said.rpartition(self._plan.town.name)[2]
        return next((one.code for one in self._plan.villages if behind.startswith(one.name)), "")

    def _phone(self, row: Row) -> str:
        """A number that can't be read helps nobody, and is no reason to leave a person out."""
        try:
            number = self._cells.phone(row, ScreeningColumn.PHONE)
        except Wrong:
            return ""
        return mask_phone(number) if number else ""

    def _reason(self, row: Row) -> tuple[str, tuple[str, ...]]:
        """Everything said of why, and the risk kinds; what was paid says nothing of those."""
        reason = self._cells.words(row, ScreeningColumn.REASON, LONGEST_REASON)
        note = self._cells.words(row, ScreeningColumn.NOTE, LONGEST_REASON)
        amount = self._cells.words(row, ScreeningColumn.AMOUNT, LONGEST_GROUP)
        paid = f"自付 {amount}" + ("" if amount.endswith("元") else " 元") if amount else ""
        return "；".join(part for part in (reason, paid, note) if part), self._kinds(f"{reason}；{note}")
