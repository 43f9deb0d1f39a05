"""A watch-list's file compared with the roster and with who is on the list already, and taken in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

from handlers.engine.world import World
from handlers.files.spreadsheets import write_form, write_rows
from handlers.files.tables import EXAMPLE
from handlers.screening.match import Known, Match, heads_of, match
from handlers.screening.rows import Column, Entry, Line
from handlers.watchlists.rules import first_days, origin_of
from handlers.wording.days import day_in_words
from storage.people.persons import Post
from storage.plan import Plan, Watchlist
from storage.roster import Household
from storage.screening.records import Namesake, RowState
from storage.store import Store
from storage.watchlists import Listing, NewWatched

NEW, KNOWN, WRONG = "已导入", "已跳过", "有误"
_RESULT = ("行号", "姓名", "结果", "原因")
_HEADINGS = (Column.NAME, Column.ID_NUMBER, Column.VILLAGE, Column.GROUP, Column.NOTE)
_AT_ONCE = 500
"""Values in one statement."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of one row, counted from 1; a NEW one has its household."""

    row: int
    name: str
    outcome: str
    reason: str = ""
    entry: Entry | None = None
    household: Household | None = None
    blind: str | None = None

    def __str__(self) -> str:
        return f"第 {self.row} 行 {self.name}：{self.reason}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict for each row, and who of this bringer's people in the file's villages is missing from it."""

    verdicts: list[Verdict]
    missing: list[Listing]

    def count(self, outcome: str) -> int:
        return sum(one.outcome == outcome for one in self.verdicts)

    def errors(self) -> list[str]:
        return [str(one) for one in self.verdicts if one.outcome == WRONG]

    def as_sheet(self, title: str) -> bytes:
        """The outcome of each row as .xlsx. Blocking: call it from a thread."""
        rows = [(one.row, one.name, one.outcome, one.reason) for one in self.verdicts]
        return write_rows(title, [_RESULT, *rows], len(_RESULT))


async def judge(store: Store, world: World, listed: Watchlist, post: Post, lines: Sequence[Line]) -> Judged:
    """Nothing is written. Only households where `post` reaches can be meant."""
    people = _People(
        store, await _known(store, world, lines), await store.watchlists.listing(world.plan.id, listed.code)
    )
    verdicts = [people.verdict(line, post.region) for line in lines]
    mine = [one for one in people.listing if one.ended_at is None and one.origin == origin_of(post)]
    return Judged(verdicts, [one for one in mine if one.village in people.villages and one.id not in people.met])


async def take_in(store: Store, plan: Plan, listed: Watchlist, post: Post, judged: Judged, today: date) -> None:
    """Put those who are new on the list."""
    new = [(one, one.household, one.entry) for one in judged.verdicts if one.household and one.entry]
    days = first_days([household.village for _, household, _ in new], listed.every_days, today)
    for (verdict, household, entry), day in zip(new, days, strict=True):
        fields = NewWatched(
            list=listed.code,
            household_id=household.id,
            village=household.village,
            name=entry.name,
            id_blind=verdict.blind,
            note=entry.reason,
            origin=origin_of(post),
            next_on=day,
        )
        store.watchlists.add(plan.id, fields)


def template(listed: Watchlist, plan: Plan) -> bytes:
    """The empty form. Blocking: call it from a thread."""
    village = plan.villages[0].name
    example = (f"{EXAMPLE}（导入时不读这一行）", "18 位，先把这一列设成文本", village, "一屯", "没有就空着")
    choices = {Column.VILLAGE.value: [one.name for one in plan.villages]}
    return write_form(listed.title, [column.value for column in _HEADINGS], example, choices)


class _People:
    """The roster and the list, as the rows are gone through. `met` are those on the list whom the file names."""

    def __init__(self, store: Store, known: Known, listing: Sequence[Listing]) -> None:
        self.listing = listing
        self.met: set[int] = set()
        self.villages: set[str] = set()
        self._store = store
        self._known = known
        self._by_key: dict[str, Listing] = {}
        self._rows: dict[str, int] = {}
        for one in listing:
            self._by_key |= dict.fromkeys(filter(None, (one.who, one.id_blind)), one)

    def verdict(self, line: Line, region: str) -> Verdict:
        row, entry = line.row + 1, line.entry
        if entry is None:
            return Verdict(row, line.name, WRONG, line.told)
        blind = self._store.households.blind_id(entry.id_number) if entry.id_number else None
        home = self._home(entry, blind, match(entry, blind, region, self._known))
        if isinstance(home, str):
            return Verdict(row, entry.name, WRONG, home)
        self.villages.add(home.village)
        blind = blind or self._blind_of(home, entry.name)
        keys = [key for key in (self._store.watchlists.who(home.id, entry.name), blind) if key]
        there = next((self._by_key[key] for key in keys if key in self._by_key), None)
        if there is not None:
            self.met.add(there.id)
            return Verdict(
                row, entry.name, KNOWN, f"{day_in_words(there.ended_at)}已移出清单" if there.ended_at else "已在清单上"
            )
        before = next((self._rows[key] for key in keys if key in self._rows), None)
        if before is not None:
            return Verdict(row, entry.name, KNOWN, f"与第 {before} 行相同")
        self._rows |= dict.fromkeys(keys, row)
        return Verdict(row, entry.name, NEW, entry=entry, household=home, blind=blind)

    def _home(self, entry: Entry, blind: str | None, found: Match) -> Household | str:
        """The household, or why there is none: a number decides, else the only one of that name in the village or 屯."""
        if found.state is RowState.READY:
            return found.households[0]
        if found.state is RowState.UNKNOWN or (blind and blind in self._known.by_id):
            return found.why
        homes = [
            one for one in found.households if not entry.group or one.group_name == entry.group
        ] or found.households
        if len(homes) > 1:
            return f"村里同名的有 {len(homes)} 户，请补上身份证号或屯"
        return homes[0]

    def _blind_of(self, home: Household, name: str) -> str | None:
        """How the roster knows the ID number of a household's person."""
        alike = (one.id_blind for one in self._known.by_name.get(name, ()) if one.household_id == home.id)
        return next(alike, None)


async def _known(store: Store, world: World, lines: Sequence[Line]) -> Known:
    """The roster with the members whom the rows can mean."""
    known = Known(world.roster.by_id, heads_of(world.roster.by_id))
    entries = [line.entry for line in lines if line.entry]
    blinds = [store.households.blind_id(entry.id_number) for entry in entries if entry.id_number]
    for one in await _all(store.screening_lists.with_ids, blinds):
        if one.id_blind:
            known.by_id[one.id_blind].append(one)
    for one in await _all(store.screening_lists.with_names, [entry.name for entry in entries]):
        known.by_name[one.name].append(one)
    return known


async def _all(find: Callable[[Sequence[str]], Awaitable[list[Namesake]]], keys: Sequence[str]) -> list[Namesake]:
    keys = list(dict.fromkeys(keys))
    return [one for at in range(0, len(keys), _AT_ONCE) for one in await find(keys[at : at + _AT_ONCE])]
