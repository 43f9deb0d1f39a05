"""The columns of the roster: their headings, and for those about the household how they are read and kept. Pure.

A further field of the household is a field of `storage.roster.Household`, a column here and a line in `HOUSEHOLD`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.files.tables import EXAMPLE, Row, TableColumn, Wrong
from handlers.roster.cells import BRACKETED, LONGEST_GROUP, PersonCells
from storage.plan import Plan
from storage.roster import KINDS, LONGEST_NICKNAME


class RosterColumn(TableColumn):
    """The columns of the roster, by the headings of our own template."""

    VILLAGE = "行政村", "村", "村名", "所在村", "村别", "行政村名称"
    GROUP = "自然屯", "组", "屯", "自然村", "村民小组", "小组", "屯组", "社", "自然屯/组"
    NUMBER = "户编号", "户号", "家庭编号", "户编码"
    HEAD = "户主", "户主姓名", "户名"
    NICKNAME = "小名", "外号", "昵称", "绰号", "户主小名"
    NAME = "姓名", "成员姓名", "家庭成员", "家庭成员姓名"
    RELATION = "与户主关系", "与户主的关系", "关系", "家庭关系"
    ID_NUMBER = "身份证号", "证件号码", "身份证号码", "身份证", "证件号", "公民身份号码"
    PHONE = "联系电话", "电话", "联系方式", "手机", "手机号", "手机号码", "电话号码"
    KIND = "户类型", "农户类型", "户属性", "类别", "监测对象类别"
    HELPER = "帮扶责任人", "帮扶人", "帮扶干部", "帮扶责任人姓名", "包户干部", "帮扶联系人"
    ABLE = "有无劳动能力", "劳动能力", "劳动技能", "是否有劳动能力", "有无劳动力"


Cells = PersonCells[RosterColumn]

_ABLE = ("有", "是", "能", "普通劳动力", "技能劳动力", "弱劳动力", "半劳动力", "弱劳动力或半劳动力", "有劳动能力", "√")
_UNABLE = ("无", "否", "没有", "无劳动力", "无劳动能力", "丧失劳动力", "丧失劳动能力", "×")


def _first(said: Sequence[Any]) -> Any:
    return next(value for value in said if value not in ("", None))


def _any(said: Sequence[bool | None]) -> bool:
    """Whether it holds for anybody; of whom nothing is said it is taken to hold."""
    return any(value is not False for value in said)


def _able(cells: Cells, row: Row) -> bool | None:
    said = BRACKETED.sub("", cells.words(row, RosterColumn.ABLE, LONGEST_GROUP, none=())).strip()
    if said and said not in _ABLE + _UNABLE:
        raise Wrong(RosterColumn.ABLE, f"「{said[:20]}」看不懂，请写：有 或 无")
    return said in _ABLE if said else None


@dataclass(frozen=True, slots=True)
class HouseholdColumn:
    """A column that says something of the household, kept in the field `name` of `Household`.

    `read` gives the cell's value, "" or None where nothing is said; it raises Wrong. `joined` makes the household's value
    of those of its rows.
    """

    column: RosterColumn
    name: str
    read: Callable[[Cells, Row], Any]
    joined: Callable[[Sequence[Any]], Any] = _first


HOUSEHOLD = (
    HouseholdColumn(RosterColumn.GROUP, "group_name", lambda cells, row: cells.words(row, RosterColumn.GROUP, LONGEST_GROUP)),
    HouseholdColumn(RosterColumn.KIND, "kind", lambda cells, row: cells.kind(row, RosterColumn.KIND)),
    HouseholdColumn(
        RosterColumn.NICKNAME, "nickname", lambda cells, row: cells.words(row, RosterColumn.NICKNAME, LONGEST_NICKNAME)
    ),
    HouseholdColumn(RosterColumn.ABLE, "able_to_work", _able, _any),
)

KEPT_AS: Mapping[str, RosterColumn] = {one.name: one.column for one in HOUSEHOLD} | {
    "head": RosterColumn.HEAD,
    "helper_id": RosterColumn.HELPER,
    "name": RosterColumn.NAME,
    "relation": RosterColumn.RELATION,
    "id_number": RosterColumn.ID_NUMBER,
    "phone": RosterColumn.PHONE,
}
"""The column of each field of a household or a member."""

EXAMPLES: Mapping[RosterColumn, str] = {
    RosterColumn.VILLAGE: f"{EXAMPLE}（导入时不读这一行）",
    RosterColumn.GROUP: "一屯",
    RosterColumn.NUMBER: "1001（没有就空着）",
    RosterColumn.HEAD: "张三",
    RosterColumn.NICKNAME: "张老五（没有就空着）",
    RosterColumn.NAME: "李四",
    RosterColumn.RELATION: "配偶",
    RosterColumn.ID_NUMBER: "18 位，先把这一列设成文本",
    RosterColumn.PHONE: "13812345678",
    RosterColumn.KIND: KINDS[1],
    RosterColumn.HELPER: "王五",
    RosterColumn.ABLE: "有",
}
"""The line below the headings of the empty form."""


def choices(plan: Plan) -> dict[str, Sequence[str]]:
    """What the form offers in drop-down lists."""
    return {
        RosterColumn.VILLAGE: [village.name for village in plan.villages],
        RosterColumn.KIND: KINDS,
        RosterColumn.ABLE: ("有", "无"),
    }
