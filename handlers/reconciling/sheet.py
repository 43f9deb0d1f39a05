"""Somebody else's list as it came, and what became of each of its rows when it was held against the roster."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from handlers.files.reader import FROM_ANYBODY, Limits, read_table
from handlers.files.spreadsheets import write_outcomes
from handlers.files.tables import Table, TableRow
from handlers.reading import Unreadable
from handlers.reconciling.match import Facts, Field
from handlers.reconciling.rows import LIST, ListColumn, OnList, read_people
from storage.people.masking import mask_id, mask_phone
from storage.people.persons import Role
from storage.plan import Plan
from storage.reconciling import NATIONAL, DifferenceKind, NewDifference, Owner

AGREES, DIFFERS, NOT_OURS, UNCLEAR, WRONG = "一致", "不一致", "名册没有", "分不清", "有误"
_NOT_LISTED = "名单没有"
_RESULT, _REASON = "对账结果", "说明"
_SHEET = "对账"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list as it came, with its rows read."""

    table: Table[ListColumn]
    people: list[TableRow[OnList]]

    @property
    def errors(self) -> list[TableRow[OnList]]:
        return [row for row in self.people if row.reason]

    @property
    def good(self) -> list[tuple[int, Facts]]:
        return [(row.at, row.value.facts) for row in self.people if row.value is not None]


@dataclass(slots=True)
class Comparison:
    """What became of each row (its index), and what differs. `agreed` are fingerprints of differences that are not there."""

    sheet: Sheet
    outcomes: dict[int, tuple[str, str]] = field(default_factory=dict)
    found: list[NewDifference] = field(default_factory=list)
    agreed: set[str] = field(default_factory=set)
    silent: list[str] = field(default_factory=list)
    """Villages of which the list has nobody: nothing is missed there."""
    homes: set[int] = field(default_factory=set)
    """Households of which something is said."""

    def count(self, outcome: str) -> int:
        return sum(one == outcome for one, _ in self.outcomes.values())

    @property
    def not_listed(self) -> list[NewDifference]:
        return [one for one in self.found if one.kind is DifferenceKind.NOT_LISTED]

    def as_sheet(self, plan: Plan) -> bytes:
        """The list with two columns more, and below it what it lacks. Blocking: call it from a thread."""
        beside = self.outcomes | {self.sheet.table.header: (_RESULT, _REASON)}
        lacking = [(_NOT_LISTED, f"{plan.village(one.village).name} {one.name} {one.ours}") for one in self.not_listed]
        return write_outcomes(_SHEET, self.sheet.table.rows, beside=beside, below=lacking)


def read_list(content: bytes, name: str, *, plan: Plan, today: date, limits: Limits = FROM_ANYBODY) -> Sheet:
    """A file with a list of people. Blocking. Raises Unreadable when it is none, or nobody on it can be made out."""
    table = read_table(content, name, layout=LIST, limits=limits)
    sheet = Sheet(table, read_people(table, plan, today))
    if not sheet.good:
        raise Unreadable("名单里没有能用的行。" + "".join(str(error) for error in sheet.errors[:1]))
    return sheet


def sender_of(plan: Plan, source: str) -> Owner:
    """Who answers for a list's own errors: the unit it is from; the town for what comes from above or from itself."""
    if source != NATIONAL and plan.unit(source).role is Role.UNIT:
        return Owner(role=Role.UNIT, region=plan.town.code, unit=source)
    return Owner(role=Role.TOWN, region=plan.town.code)


def shown(plan: Plan, one: Field, value: str) -> str:
    """A value as it may be shown: numbers masked, a village by name."""
    match one:
        case Field.ID_NUMBER:
            return mask_id(value)
        case Field.PHONE:
            return mask_phone(value)
        case Field.VILLAGE:
            return plan.village(value).name
        case Field.SIZE:
            return f"{value}人"
    return value
