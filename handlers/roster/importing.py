"""The roster comes in as a spreadsheet, a row a person: new people are added, changed ones updated, and the outcome of each
row goes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from handlers.files.reader import FROM_THE_OPERATOR, read_table
from handlers.files.spreadsheets import write_form, write_rows
from handlers.files.tables import TableRow, Wrong
from handlers.roster.columns import EXAMPLES, RosterColumn, choices
from handlers.roster.known import RosterIndex
from handlers.roster.rows import ROSTER, Family, RosterPerson, families, read_people
from handlers.roster.updates import Updates
from storage.people.persons import Directory
from storage.plan import Plan
from storage.roster import Household, Roster
from storage.store import Store

_SHEET = "农户名册"
_RESULT = ("行号", "姓名", "结果", "原因", "户号")
_NEW, _CHANGED, _SAME, _WRONG = "新增", "更新", "不变", "有误"


@dataclass(frozen=True, slots=True)
class RosterVerdict:
    """What became of one row (its index in the sheet), and the number of the household it is in."""

    row: int
    outcome: str
    reason: str = ""
    number: int | None = None
    column: str = ""
    name: str = ""

    @property
    def refused(self) -> TableRow[RosterPerson]:
        return TableRow(self.row, None, self.name, self.column, self.reason)

    @property
    def told(self) -> str:
        return self.refused.told if self.column else self.reason


@dataclass(frozen=True, slots=True)
class RosterReport:
    """What became of a roster: a verdict for each row that holds somebody, and how many households were made."""

    verdicts: tuple[RosterVerdict, ...]
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
    def errors(self) -> tuple[TableRow[RosterPerson], ...]:
        return tuple(one.refused for one in self.verdicts if one.outcome == _WRONG)

    def as_sheet(self) -> bytes:
        """The outcome of each row as .xlsx, without ID and phone numbers. Blocking: call it from a thread."""
        rows = [(one.row + 1, one.name, one.outcome, one.told, one.number) for one in self.verdicts]
        return write_rows(_SHEET, [_RESULT, *rows], width=len(_RESULT))


def read_roster(content: bytes, name: str, *, plan: Plan, today: date) -> list[TableRow[RosterPerson]]:
    """The rows of a file. Blocking: call it from a thread. Raises Unreadable when it is no roster."""
    return read_people(read_table(content, name, layout=ROSTER, limits=FROM_THE_OPERATOR), plan, today)


async def import_roster(
    store: Store, roster: Roster, *, directory: Directory, read: Sequence[TableRow[RosterPerson]]
) -> RosterReport:
    """Take a roster in. What it says otherwise of people and households on the roster is changed there, what it leaves empty
    stays; the same roster a second time has no effect. Who is not in it stays on the roster.
    """
    known = RosterIndex(roster, await store.households.everyone())
    found, wrong = families(read)
    verdicts = [RosterVerdict(row.at, _WRONG, row.reason, column=row.column) for row in read if row.reason]
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
    return RosterReport(tuple(sorted(verdicts, key=lambda one: one.row)), made)


def template(plan: Plan) -> bytes:
    """The empty form, with villages and household types in drop-down lists. Blocking: call it from a thread."""
    columns = list(RosterColumn)
    return write_form(_SHEET, [one.value for one in columns], example=[EXAMPLES[one] for one in columns], choices=choices(plan))


def _wrong(row: int, trouble: Wrong, name: str = "") -> RosterVerdict:
    return RosterVerdict(row, _WRONG, trouble.reason, column=trouble.column, name=name)


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
    known: RosterIndex,
    updates: Updates,
    family: Family,
    home: Household | None,
    helper_id: int | None,
    beyond: int,
) -> list[RosterVerdict]:
    """The people of one family: those who are new, and what has changed; the household is made for the first of them, if
    it is not there."""
    verdicts: list[RosterVerdict] = []
    seen: dict[str, int] = {}
    before = home
    note = f"帮扶责任人「{family.helper[:20]}」还没加入或有重名，先空着" if family.helper and helper_id is None else ""
    for row, one in family.people.items():
        blind = _blind(store, one.id_number)
        if trouble := _refusal(known, home, one, blind, seen):
            verdicts.append(_wrong(row, trouble, one.name))
        elif home and one.name in seen:
            verdicts.append(RosterVerdict(row, _SAME, f"与第 {seen[one.name] + 1} 行相同", home.number, name=one.name))
        elif home and (known.home_of(blind) or known.namesake(home, one.name)):
            changed = await updates.of_person(home.id, one, blind)
            verdicts.append(RosterVerdict(row, _CHANGED if changed else _SAME, changed, home.number, name=one.name))
        else:
            home = home or await _found(store, family, helper_id, beyond)
            store.households.add_member(home.id, one.name, relation=one.relation, id_number=one.id_number, phone=one.phone)
            known.take(home, one.name, blind)
            verdicts.append(RosterVerdict(row, _NEW, note, home.number, name=one.name))
        seen.setdefault(one.name, row)
    if before is not None and any(one.outcome != _WRONG for one in verdicts):
        new_head = family.head if known.namesake(before, family.head) else ""
        changed, kept = await updates.of_household(before, family, new_head, helper_id)
        return _with_household(verdicts, changed, kept)
    return verdicts


def _with_household(verdicts: Sequence[RosterVerdict], changed: str, kept: str) -> list[RosterVerdict]:
    """What became of the household, said on the first row that was taken in."""
    at = next(at for at, one in enumerate(verdicts) if one.outcome != _WRONG)
    first = verdicts[at]
    outcome = _CHANGED if changed and first.outcome == _SAME else first.outcome
    told = "；".join(part for part in (first.reason, changed, kept) if part)
    return [*verdicts[:at], replace(first, outcome=outcome, reason=told), *verdicts[at + 1 :]]


def _refusal(
    known: RosterIndex, home: Household | None, one: RosterPerson, blind: str | None, seen: Mapping[str, int]
) -> Wrong | None:
    """Why a person can't be taken in, if so."""
    elsewhere = known.home_of(blind)
    if elsewhere is not None and (home is None or elsewhere.id != home.id):
        return Wrong(RosterColumn.ID_NUMBER, f"这个身份证号已登记在 {elsewhere.number} 号户{elsewhere.head[:20]}家")
    if home is not None and known.differs(home, one.name, blind):
        where = f"第 {seen[one.name] + 1} 行" if one.name in seen else "名册里"
        return Wrong(RosterColumn.ID_NUMBER, f"这一户{where}有同名的人，身份证号不同，请核对")
    return None


async def _found(store: Store, family: Family, helper_id: int | None, beyond: int) -> Household:
    return await store.households.add(
        family.village, family.head, number=family.number, beyond=beyond, helper_id=helper_id, **family.told
    )


def _blind(store: Store, id_number: str | None) -> str | None:
    return store.households.blind_id(id_number) if id_number else None
