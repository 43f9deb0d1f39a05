"""A watch-list's file compared with the roster and with who is on the list already, and taken in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

from handlers.engine.world import World
from handlers.files.spreadsheets import write_form, write_rows
from handlers.files.tables import EXAMPLE, TableRow
from handlers.screening.match import KnownPeople, PersonMatch, heads_of, match
from handlers.screening.rows import ListedPerson, ScreeningColumn
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
_HEADINGS = (
    ScreeningColumn.NAME, ScreeningColumn.ID_NUMBER, ScreeningColumn.VILLAGE, ScreeningColumn.GROUP, ScreeningColumn.NOTE,
)  # fmt: skip
_AT_ONCE = 500
"""Values in one statement."""


@dataclass(frozen=True, slots=True)
class WatchlistVerdict:
    """What is to become of one row, counted from 1; one that is NEW or KNOWN has its household."""

    row: int
    name: str
    outcome: str
    reason: str = ""
    person: ListedPerson | None = None
    household: Household | None = None
    blind: str | None = None

    def __str__(self) -> str:
        return f"第 {self.row} 行 {self.name}：{self.reason}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict for each row, and who of this bringer's people in the file's villages is missing from it."""

    verdicts: list[WatchlistVerdict]
    missing: list[Listing]

    def count(self, outcome: str) -> int:
        return sum(one.outcome == outcome for one in self.verdicts)

    def errors(self) -> list[str]:
        return [str(one) for one in self.verdicts if one.outcome == WRONG]

    def as_sheet(self, title: str) -> bytes:
        """The outcome of each row as .xlsx. Blocking: call it from a thread."""
        rows = [(one.row, one.name, one.outcome, one.reason) for one in self.verdicts]
        return write_rows(title, [_RESULT, *rows], width=len(_RESULT))


async def judge(store: Store, world: World, listed: Watchlist, post: Post, rows: Sequence[TableRow[ListedPerson]]) -> Judged:
    """Nothing is written. Only households where `post` reaches can be meant."""
    people = _People(store, await _known(store, world, rows), await store.watchlists.listing(world.plan.id, listed.code))
    verdicts = [people.verdict(row, post.region) for row in rows]
    mine = [one for one in people.listing if one.ended_at is None and one.origin == origin_of(post)]
    return Judged(verdicts, [one for one in mine if one.village in people.villages and one.id not in people.met])


async def take_in(store: Store, plan: Plan, listed: Watchlist, post: Post, judged: Judged, today: date) -> None:
    """Put those who are new on the list."""
    new = [(one, one.household, one.person) for one in judged.verdicts if one.household and one.person]
    days = first_days([household.village for _, household, _ in new], listed.every_days, today)
    for (verdict, household, person), day in zip(new, days, strict=True):
        fields = NewWatched(
            list=listed.code,
            household_id=household.id,
            village=household.village,
            name=person.name,
            id_blind=verdict.blind,
            note=person.reason,
            origin=origin_of(post),
            next_on=day,
        )
        store.watchlists.add(plan.id, fields)


def template(listed: Watchlist, plan: Plan) -> bytes:
    """The empty form. Blocking: call it from a thread."""
    village = plan.villages[0].name
    example = (f"{EXAMPLE}（导入时不读这一行）", "18 位，先把这一列设成文本", village, "一屯", "没有就空着")
    choices = {ScreeningColumn.VILLAGE.value: [one.name for one in plan.villages]}
    return write_form(listed.title, [column.value for column in _HEADINGS], example=example, choices=choices)


class _People:
    """The roster and the list, as the rows are gone through. `met` are those on the list whom the file names."""

    def __init__(self, store: Store, known: KnownPeople, listing: Sequence[Listing]) -> None:
        self.listing = listing
        self.met: set[int] = set()
        self.villages: set[str] = set()
        self._store = store
        self._known = known
        self._by_key: dict[str, Listing] = {}
        self._rows: dict[str, int] = {}
        for one in listing:
            self._by_key |= dict.fromkeys(filter(None, (one.who, one.id_blind)), one)

    def verdict(self, read: TableRow[ListedPerson], region: str) -> WatchlistVerdict:
        row, person = read.number, read.value
        if person is None:
            return WatchlistVerdict(row, read.name, WRONG, read.told)
        blind = self._store.households.blind_id(person.id_number) if person.id_number else None
        home = self._home(person, blind, match(person, blind, region=region, known=self._known))
        if isinstance(home, str):
            return WatchlistVerdict(row, person.name, WRONG, home)
        self.villages.add(home.village)
        blind = blind or self._blind_of(home, person.name)
        keys = [key for key in (self._store.watchlists.who(home.id, person.name), blind) if key]
        there = next((self._by_key[key] for key in keys if key in self._by_key), None)
        if there is not None:
            self.met.add(there.id)
            return WatchlistVerdict(
                row,
                person.name,
                KNOWN,
                f"{day_in_words(there.ended_at)}已移出清单" if there.ended_at else "已在清单上",
                household=home,
            )
        before = next((self._rows[key] for key in keys if key in self._rows), None)
        if before is not None:
            return WatchlistVerdict(row, person.name, KNOWN, f"与第 {before} 行相同", household=home)
        self._rows |= dict.fromkeys(keys, row)
        return WatchlistVerdict(row, person.name, NEW, person=person, household=home, blind=blind)

    def _home(self, person: ListedPerson, blind: str | None, found: PersonMatch) -> Household | str:
        """The household, or why there is none: a number decides, else the only one of that name in the village or 屯."""
        if found.state is RowState.READY:
            return found.households[0]
        if found.state is RowState.UNKNOWN or (blind and blind in self._known.by_id):
            return found.why
        homes = [one for one in found.households if not person.group or one.group_name == person.group] or found.households
        if len(homes) > 1:
            return f"村里同名的有 {len(homes)} 户，请补上身份证号或屯"
        return homes[0]

    def _blind_of(self, home: Household, name: str) -> str | None:
        """How the roster knows the ID number of a household's person."""
        alike = (one.id_blind for one in self._known.by_name.get(name, ()) if one.household_id == home.id)
        return next(alike, None)


async def _known(store: Store, world: World, rows: Sequence[TableRow[ListedPerson]]) -> KnownPeople:
    """The roster with the members whom the rows can mean."""
    known = KnownPeople(world.roster.by_id, heads_of(world.roster.by_id))
    people = [row.value for row in rows if row.value]
    blinds = [store.households.blind_id(person.id_number) for person in people if person.id_number]
    for one in await _all(store.screening_lists.with_ids, blinds):
        if one.id_blind:
            known.by_id[one.id_blind].append(one)
    for one in await _all(store.screening_lists.with_names, [person.name for person in people]):
        known.by_name[one.name].append(one)
    return known


async def _all(find: Callable[[Sequence[str]], Awaitable[list[Namesake]]], keys: Sequence[str]) -> list[Namesake]:
    keys = list(dict.fromkeys(keys))
    return [one for at in range(0, len(keys), _AT_ONCE) for one in await find(keys[at : at + _AT_ONCE])]
