"""From a person of a screening list to a clue to be verified, unless the household has one about the same already."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.calendar.deadlines import last_day
from handlers.calendar.planning import plan_clue
from handlers.engine.world import World
from storage.cases.records import Clue, ClueSource
from storage.people.persons import Role
from storage.screening.records import RowState, ScreenedRow, ScreeningList, Settled
from storage.store import Store

UNCLEAR = "看不出是哪类风险，请把原因写明白"
GONE = "这一户已不在名册"


def origin(world: World, screening: ScreeningList) -> str:
    """Whose list it is."""
    return world.plan.unit(screening.unit).name if screening.unit else Role.TOWN.label


async def file_rows(store: Store, world: World, screening: ScreeningList, rows: Sequence[ScreenedRow]) -> list[Settled]:
    """Make a clue for each row whose household is known, with its clock, or find the one it belongs to.

    Only reads and adds; what it returns is still to be settled.
    """
    now = store.session.now
    due_on = last_day(now.date(), world.plan.clocks.verify)
    cases = await _Cases.of(store, [row.household_id for row in rows if row.household_id])
    settled = []
    for row in rows:
        household = world.roster.by_id.get(row.household_id or 0)
        kinds = row.kinds or screening.kinds
        if household is None or not kinds:
            settled.append(Settled(row, RowState.WRONG, None, None, UNCLEAR if household else GONE))
            continue
        detail = _detail(world, screening, row)
        clue = cases.about(household.id, kinds)
        if clue is None:
            clue = await store.clues.add(
                household_id=household.id,
                village=household.village,
                source=ClueSource.SCREENING,
                kinds=kinds,
                detail=detail,
                reporter_id=screening.sender_id,
                due_on=due_on,
            )
            plan_clue(store.reminders, world.plan, clue=clue, now=now)
            settled.append(Settled(row, RowState.FILED, household.id, clue.id))
        elif cases.has(clue, row):
            why = f"{clue.number}号线索里已有这个人，原因相同"
            settled.append(Settled(row, RowState.KNOWN, household.id, clue.id, why))
        else:
            await store.clues.join(clue, screening.sender_id, detail=detail)
            settled.append(Settled(row, RowState.JOINED, household.id, clue.id, f"并入 {clue.number}号线索"))
        cases.note(clue, row)
    return settled


class _Cases:
    """The open clues of some households, with those that are being filed, and whom they name."""

    def __init__(self, found: Sequence[Clue], persons: dict[int, set[str]]) -> None:
        self._of: dict[int, list[Clue]] = {}
        self._persons = persons
        for clue in found:
            self._of.setdefault(clue.household_id, []).append(clue)

    @classmethod
    async def of(cls, store: Store, household_ids: Sequence[int]) -> _Cases:
        keys = await store.screening_results.open_clues(list(dict.fromkeys(household_ids)))
        found = await store.clues.several(keys) if keys else []
        return cls(found, await store.screening_results.persons_of(keys) if keys else {})

    def about(self, household_id: int, kinds: Sequence[str]) -> Clue | None:
        """An open clue of the household that is about all of these kinds."""
        return next((one for one in self._of.get(household_id, ()) if set(kinds) <= set(one.kinds)), None)

    def has(self, clue: Clue, row: ScreenedRow) -> bool:
        return _key(row) in self._persons.get(clue.id, ())

    def note(self, clue: Clue, row: ScreenedRow) -> None:
        if clue.id not in self._persons:
            self._persons[clue.id] = set()
        if all(one.id != clue.id for one in self._of.setdefault(clue.household_id, [])):
            self._of[clue.household_id].append(clue)
        self._persons[clue.id].add(_key(row))


def _key(row: ScreenedRow) -> str:
    return row.id_blind or row.name


def _detail(world: World, screening: ScreeningList, row: ScreenedRow) -> str:
    reason = row.detail.get("reason")
    return f"{origin(world, screening)}筛查：{row.name}" + (f"，{reason}" if reason else "")
