"""The roster comes in as a spreadsheet, a row a person: new people are added, changed ones updated, and the outcome of each
row goes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from handlers.files.spreadsheets import FROM_THE_OPERATOR, read_csv, read_sheets, write_form, write_rows
from handlers.files.tables import EXAMPLE, RowError, Wrong
from handlers.reading import Unreadable
from handlers.roster.known import Known
from handlers.roster.rows import Column, Entry, Family, Line, families, find_header, read_lines
from handlers.roster.updates import Updates
from storage.people.persons import Directory
from storage.plan import Plan
from storage.roster import KINDS, Household, Roster
from storage.store import Store

_SHEET = "农户名册"
_RESULT = ("行号", "姓名", "结果", "原因", "户号")
_NEW, _CHANGED, _SAME, _WRONG = "新增", "更新", "不变", "有误"
_PACKED = b"PK"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one row (its index in the sheet), and the number of the household it is in."""

    row: int
    outcome: str
    reason: str = ""
    number: int | None = None
    column: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a roster: a verdict for each row that holds somebody, and how many households were made."""

    verdicts: tuple[Verdict, ...]
    households: int

    @property
    def imported(self) -> int:
        return sum(one.outcome == _NEW for one in self.verdicts)

    @property
    def updated(self) -> int:
        return sum(one.outcome == _CHANGED for one in self.verdicts)

    @property
    def unchanged(self) -> int:
        return sum(one.outcome == _SAME for one in self.verdicts)

    @property
    def errors(self) -> tuple[RowError, ...]:
        return tuple(RowError(one.row + 1, one.column, one.reason) for one in self.verdicts if one.outcome == _WRONG)

    def as_sheet(self) -> bytes:
        """The outcome of each row as .xlsx, without ID and phone numbers. Blocking: call it from a thread."""
        rows = [
            (
                one.row + 1,
                one.name,
                one.outcome,
                f"「{one.column}」{one.reason}" if one.column else one.reason,
                one.number,
            )
            for one in self.verdicts
        ]
        return write_rows(_SHEET, [_RESULT, *rows], len(_RESULT))


def read_roster(content: bytes, plan: Plan, today: date) -> list[Line]:
    """The rows of the first sheet with the headings of a roster, or of a .csv. Blocking: call it from a thread.

    Raises Unreadable when `content` is no roster.
    """
    trouble = Unreadable("表格里没有内容。")
    packed = content.startswith(_PACKED)
    for rows in read_sheets(content, FROM_THE_OPERATOR) if packed else [read_csv(content)]:
        try:
            header = find_header(rows)
        except Unreadable as error:
            trouble = error
            continue
        return read_lines(rows, header, plan, today)
    raise trouble


async def import_roster(store: Store, roster: Roster, directory: Directory, lines: Sequence[Line]) -> Report:
    """Take a roster in. What it says otherwise of people and households on the roster is changed there, what it leaves empty
    stays; the same roster a second time has no effect. Who is not in it stays on the roster.
    """
    known = Known(roster, await store.households.everyone())
    found, wrong = families(lines)
    verdicts = [Verdict(line.row, _WRONG, line.reason, column=line.column) for line in lines if line.reason]
    verdicts += [_wrong(row, trouble) for row, trouble in wrong.items()]
    homes = []
    for family in found:
        try:
            homes.append((family, known.find(family, _blind(store, family.head_id))))
        except Wrong as trouble:
            verdicts += [_wrong(row, trouble, one.name) for row, one in family.people.items()]
    updates = await Updates.of(store, [home.id for _, home in homes if home is not None])
    beyond = max([*known.by_number, *(family.number or 0 for family in found)], default=0)
    helpers = _helpers(directory, [family for family, _ in homes])
    made = 0
    for (family, home), helper_id in zip(homes, helpers, strict=True):
        before = len(verdicts)
        verdicts += await _take_in(store, known, updates, family, home, helper_id, beyond)
        made += home is None and any(one.outcome == _NEW for one in verdicts[before:])
    return Report(tuple(sorted(verdicts, key=lambda one: one.row)), made)


def template(plan: Plan) -> bytes:
    """The empty form, with villages and household types in drop-down lists. Blocking: call it from a thread."""
    example = {
        Column.VILLAGE: f"{EXAMPLE}（导入时不读这一行）",
        Column.GROUP: "一屯",
        Column.NUMBER: "1001（没有就空着）",
        Column.HEAD: "张三",
        Column.NICKNAME: "张老五（没有就空着）",
        Column.NAME: "李四",
        Column.RELATION: "配偶",
        Column.ID_NUMBER: "18 位，先把这一列设成文本",
        Column.PHONE: "13812345678",
        Column.KIND: KINDS[1],
        Column.HELPER: "王五",
        Column.ABLE: "有",
    }
    choices: dict[str, Sequence[str]] = {
        Column.VILLAGE: [village.name for village in plan.villages],
        Column.KIND: KINDS,
        Column.ABLE: ("有", "无"),
    }
    return write_form(_SHEET, [column.value for column in Column], [example[column] for column in Column], choices)


def _wrong(row: int, trouble: Wrong, name: str = "") -> Verdict:
    return Verdict(row, _WRONG, trouble.reason, column=trouble.column, name=name)


def _helpers(directory: Directory, found: Sequence[Family]) -> list[int | None]:
    """Who looks after each family, as far as that person is in office."""
    named: dict[str, list[int]] = defaultdict(list)
    for official in directory.officials:
        named[official.person.name].append(official.person.id)
    helpers: list[int | None] = []
    for family in found:
        fit = [one for one in named.get(family.helper, ()) if _covers(directory, one, family.village)]
        helpers.append(fit[0] if len(fit) == 1 else None)
    return helpers


def _covers(directory: Directory, person_id: int, village: str) -> bool:
    official = directory.person(person_id)
    return official is not None and official.person.covers(village)


async def _take_in(
    store: Store,
    known: Known,
    updates: Updates,
    family: Family,
    home: Household | None,
    helper_id: int | None,
    beyond: int,
) -> list[Verdict]:
    """The people of one family: those who are new, and what has changed; the household is made for the first of them, if
    it is not there."""
    verdicts: list[Verdict] = []
    seen: dict[str, int] = {}
    before = home
    note = f"帮扶责任人「{family.helper[:20]}」还没加入或有重名，先空着" if family.helper and helper_id is None else ""
    for row, one in family.people.items():
        blind = _blind(store, one.id_number)
        if trouble := _refusal(known, home, one, blind, seen):
            verdicts.append(_wrong(row, trouble, one.name))
        elif home and one.name in seen:
            verdicts.append(Verdict(row, _SAME, f"与第 {seen[one.name] + 1} 行相同", home.number, name=one.name))
        elif home and (known.home_of(blind) or known.namesake(home, one.name)):
            changed = await updates.of_person(home.id, one, blind)
            verdicts.append(Verdict(row, _CHANGED if changed else _SAME, changed, home.number, name=one.name))
        else:
            home = home or await _found(store, family, helper_id, beyond)
            store.households.add_member(
                home.id, one.name, relation=one.relation, id_number=one.id_number, phone=one.phone
            )
            known.take(home, one.name, blind)
            verdicts.append(Verdict(row, _NEW, note, home.number, name=one.name))
        seen.setdefault(one.name, row)
    if before is not None and any(one.outcome != _WRONG for one in verdicts):
        new_head = family.head if known.namesake(before, family.head) else ""
        changed, kept = await updates.of_household(before, family, new_head, helper_id)
        return _with_household(verdicts, changed, kept)
    return verdicts


def _with_household(verdicts: Sequence[Verdict], changed: str, kept: str) -> list[Verdict]:
    """What became of the household, said on the first row that was taken in."""
    at = next(at for at, one in enumerate(verdicts) if one.outcome != _WRONG)
    first = verdicts[at]
    outcome = _CHANGED if changed and first.outcome == _SAME else first.outcome
    told = "；".join(part for part in (first.reason, changed, kept) if part)
    return [*verdicts[:at], replace(first, outcome=outcome, reason=told), *verdicts[at + 1 :]]


def _refusal(
    known: Known, home: Household | None, one: Entry, blind: str | None, seen: Mapping[str, int]
) -> Wrong | None:
    """Why a person can't be taken in, if so."""
    elsewhere = known.home_of(blind)
    if elsewhere is not None and (home is None or elsewhere.id != home.id):
        return Wrong(Column.ID_NUMBER, f"这个身份证号已登记在 {elsewhere.number} 号户{elsewhere.head[:20]}家")
    if home is not None and known.differs(home, one.name, blind):
        where = f"第 {seen[one.name] + 1} 行" if one.name in seen else "名册里"
        return Wrong(Column.ID_NUMBER, f"这一户{where}有同名的人，身份证号不同，请核对")
    return None


async def _found(store: Store, family: Family, helper_id: int | None, beyond: int) -> Household:
    return await store.households.add(
        family.village,
        family.group,
        head=family.head,
        kind=family.kind or KINDS[0],
        number=family.number,
        beyond=beyond,
        helper_id=helper_id,
        able_to_work=family.able_to_work,
        nickname=family.nickname,
    )


def _blind(store: Store, id_number: str | None) -> str | None:
    return store.households.blind_id(id_number) if id_number else None
