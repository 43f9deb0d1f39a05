"""Holding a list against the roster: who is who, and the differences it leaves to settle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handlers.reconciling.match import (
    OF_HOUSEHOLD,
    Facts,
    Field,
    Home,
    ListMatch,
    Named,
    compared,
    differing,
    match,
    said,
    should_be_there,
)
from handlers.reconciling.rows import ListColumn
from handlers.reconciling.sheet import AGREES, DIFFERS, NOT_OURS, UNCLEAR, WRONG, Comparison, Sheet, sender_of, shown
from handlers.wording.people import official_name
from storage.people.persons import Directory, Role
from storage.plan import Plan
from storage.reconciling import DifferenceKind, NewDifference, Owner
from storage.roster import MONITORED, Household, Roster, numbers_of
from storage.store import Store

_AT_ONCE = 500


async def compare(
    store: Store, plan: Plan, roster: Roster, directory: Directory, sheet: Sheet, source: str, kinds: Sequence[str]
) -> Comparison:
    """Hold a list against the roster. `kinds` are the types of household that it has to hold completely."""
    ours = await _Ours.of(store, plan, roster, directory)
    theirs = dict(sheet.good)
    blind = store.households.blind_id
    found, marks = await asyncio.to_thread(_match, ours, theirs, blind)
    numbers = await _numbers(store, ours, theirs, found, marks)
    relations = {row.at: row.value.relation for row in sheet.people if row.value}
    print_of = store.reconciliations.fingerprint
    work = _Work(plan, ours, theirs, relations, marks, numbers, source, print_of, Comparison(sheet))
    each = ListColumn.RELATION in sheet.table.columns
    return await asyncio.to_thread(work.done, found, kinds, each=each)


async def homes_on(store: Store, plan: Plan, roster: Roster, directory: Directory, sheets: Sequence[Sheet]) -> set[int]:
    """The households of the roster of which these lists have people, as far as they can be told."""
    ours = await _Ours.of(store, plan, roster, directory)
    found: set[int] = set()
    for sheet in sheets:
        matched, _ = await asyncio.to_thread(_match, ours, dict(sheet.good), store.households.blind_id)
        keys = [key for key, _ in matched.pairs] + [key for clash in matched.clashes for key in clash.left]
        found.update(ours.home_of[key].id for key in keys)
    return found


def _match(ours: _Ours, theirs: dict[int, Facts], blind: Callable[[str], str]) -> tuple[ListMatch, dict[int, str]]:
    marks = {row: blind(facts.id_number) for row, facts in theirs.items() if facts.id_number}
    listed = [Named(row, facts.name, facts.village, marks.get(row)) for row, facts in theirs.items()]
    return match(list(ours.people.values()), listed), marks


@dataclass(slots=True)
class _Ours:
    """The roster as a list of people. Who heads a household that has no people listed gets the key -(its id)."""

    people: dict[int, Named]
    home_of: dict[int, Household]
    homes: list[Home]
    facts: dict[int, Facts]
    """What is said of each household."""

    @classmethod
    async def of(cls, store: Store, plan: Plan, roster: Roster, directory: Directory) -> _Ours:
        ours = cls({}, {}, [], {})
        members: dict[int, list[int]] = {}
        for one in await store.households.everyone():
            home = roster.by_id.get(one.household_id)
            if home is not None and home.village.startswith(plan.town.code):
                ours.people[one.id] = Named(one.id, one.name, home.village, one.id_blind)
                ours.home_of[one.id] = home
                members.setdefault(home.id, []).append(one.id)
        for home in roster.by_id.values():
            if not home.village.startswith(plan.town.code):
                continue
            size = len(members[home.id]) if home.id in members else None
            if size is None:
                ours.people[-home.id] = Named(-home.id, home.head, home.village)
                ours.home_of[-home.id] = home
            ours.homes.append(Home(home.id, home.village, home.kind, tuple(members.get(home.id, [-home.id]))))
            ours.facts[home.id] = Facts(
                village=home.village, kind=home.kind, size=size, helper=official_name(directory, home.helper_id)
            )
        return ours


async def _numbers(
    store: Store, ours: _Ours, theirs: dict[int, Facts], found: ListMatch, marks: dict[int, str]
) -> dict[int, tuple[str | None, str | None]]:
    """ID number and phone of those of us for whom they are compared."""
    wanted = [
        key
        for key, row in found.pairs
        if key > 0 and (theirs[row].phone or (row in marks and ours.people[key].mark != marks[row]))
    ]
    opened: dict[int, tuple[str | None, str | None]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        for row in await store.households.several_members(wanted[start : start + _AT_ONCE]):
            opened[row.id] = numbers_of(store.session.vault, row)
    return opened


@dataclass(slots=True)
class _Work:
    """Puts a comparison together."""

    plan: Plan
    ours: _Ours
    theirs: dict[int, Facts]
    relations: dict[int, str]
    marks: dict[int, str]
    numbers: dict[int, tuple[str | None, str | None]]
    source: str
    print_of: Callable[[str, DifferenceKind, str, str], str]
    result: Comparison

    def done(self, found: ListMatch, kinds: Sequence[str], *, each: bool) -> Comparison:
        self.result.outcomes = {error.at: (WRONG, error.told) for error in self.result.sheet.errors}
        for key, row in found.pairs:
            self._pair(key, row)
        for clash in found.clashes:
            self._clash(clash.right, [self.ours.home_of[key] for key in clash.left])
        for row in found.right_only:
            self._not_ours(row)
        self._not_listed(found, kinds, each=each)
        return self.result

    def _pair(self, key: int, row: int) -> None:
        home, theirs, name = self.ours.home_of[key], self.theirs[row], self.ours.people[key].name
        ours = self._facts(key, row)
        differ = differing(ours, theirs)
        for one in compared(ours, theirs):
            subject = f"h{home.id}" if one in OF_HOUSEHOLD else f"m{key}"
            if one not in differ:
                self._agree(DifferenceKind.FIELD, subject, one)
                continue
            here, there = said(ours, one), said(theirs, one)
            status = one is Field.KIND and (here in MONITORED or there in MONITORED)
            self._add(
                DifferenceKind.FIELD, subject, one, home=home, member=key, name=name, ours=here, theirs=there,
                owner=self._town() if status else self._village(home.village),
            )  # fmt: skip
        for subject in (f"h{home.id}", f"m{key}"):
            self._agree(DifferenceKind.NOT_LISTED, subject)
        for subject in (self._row_subject(row), f"{theirs.village}|{theirs.name}", f"{home.village}|{name}"):
            self._agree(DifferenceKind.NOT_OURS, subject)
            self._agree(DifferenceKind.UNCLEAR, subject)
        reason = "；".join(self._told(one, said(ours, one), said(theirs, one)) for one in differ)
        self.result.homes.add(home.id)
        self.result.outcomes[row] = (DIFFERS if differ else AGREES, reason)

    def _facts(self, key: int, row: int) -> Facts:
        home, theirs = self.ours.facts[self.ours.home_of[key].id], self.theirs[row]
        id_number, phone = self.numbers.get(key, (None, None))
        if self.ours.people[key].mark and self.ours.people[key].mark == self.marks.get(row):
            id_number = theirs.id_number
        return Facts(
            name=self.ours.people[key].name, id_number=id_number, village=home.village, kind=home.kind, size=home.size,
            phone=phone, helper=home.helper,
        )  # fmt: skip

    def _clash(self, rows: Sequence[int], homes: Sequence[Household]) -> None:
        self.result.homes.update(home.id for home in homes)
        first = self.theirs[rows[0]]
        village = first.village or homes[0].village
        numbers = "、".join(sorted({str(home.number) for home in homes})[:5])
        why = f"名册里可能是 {numbers} 号户" + (f"，名单里有 {len(rows)} 行" if len(rows) > 1 else "")
        self._add(
            DifferenceKind.UNCLEAR, f"{village}|{first.name}", village=village, name=first.name, theirs=why,
            owner=sender_of(self.plan, self.source),
        )  # fmt: skip
        for row in rows:
            self.result.outcomes[row] = (UNCLEAR, f"{why}，请写身份证号")

    def _not_ours(self, row: int) -> None:
        facts = self.theirs[row]
        village = facts.village or self.plan.town.code
        told = {one.value: said(facts, one) for one in Field if said(facts, one)}
        relation = self.relations.get(row)
        self._add(
            DifferenceKind.NOT_OURS, self._row_subject(row), village=village, name=facts.name,
            told=told | ({ListColumn.RELATION.value: relation} if relation else {}),
            owner=self._village(village) if facts.village else sender_of(self.plan, self.source),
        )  # fmt: skip
        self.result.outcomes[row] = (NOT_OURS, "")

    def _not_listed(self, found: ListMatch, kinds: Sequence[str], *, each: bool) -> None:
        present = {key for key, _ in found.pairs} | {key for clash in found.clashes for key in clash.left}
        villages = {self.ours.home_of[key].village for key in present}
        villages |= {facts.village for facts in self.theirs.values()}
        if kinds:
            self.result.silent = [one.name for one in self.plan.villages if one.code not in villages]
        homes = {home.id: home for home in self.ours.home_of.values()}
        for home_id, person in should_be_there(self.ours.homes, present, kinds, villages, each=each):
            home = homes[home_id]
            self.result.homes.add(home_id)
            name = home.head if person is None else self.ours.people[person].name
            what = f"{home.kind}，户号 {home.number}" + ("" if person is None else f"({home.head}家)")
            self._add(
                DifferenceKind.NOT_LISTED, f"h{home_id}" if person is None else f"m{person}", home=home, member=person,
                name=name, ours=what, owner=self._town() if home.kind in MONITORED else self._village(home.village),
            )  # fmt: skip

    def _add(
        self, kind: DifferenceKind, subject: str, one: Field | None = None, *, name: str, owner: Owner,
        home: Household | None = None, member: int | None = None, village: str = "", ours: str = "", theirs: str = "",
        told: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        field = one.value if one else ""
        self.result.found.append(
            NewDifference(
                fingerprint=self.print_of(self.source, kind, subject, field), kind=kind, field=field,
                village=home.village if home else village, household_id=home.id if home else None,
                member_id=member if member and member > 0 else None, name=name, ours=ours, theirs=theirs,
                told=told or {}, owner=owner,
            )
        )  # fmt: skip

    def _agree(self, kind: DifferenceKind, subject: str, one: Field | None = None) -> None:
        self.result.agreed.add(self.print_of(self.source, kind, subject, one.value if one else ""))

    def _row_subject(self, row: int) -> str:
        return self.marks.get(row) or f"{self.theirs[row].village}|{self.theirs[row].name}"

    def _told(self, one: Field, ours: str, theirs: str) -> str:
        return f"{one.value}：名册 {shown(self.plan, one, ours)}，名单 {shown(self.plan, one, theirs)}"

    def _village(self, village: str) -> Owner:
        return Owner(role=Role.VILLAGE, region=village)

    def _town(self) -> Owner:
        return Owner(role=Role.TOWN, region=self.plan.town.code)
