"""A screening list's file, read and compared with the roster: each row is taken down with what is to become of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from handlers.files.reader import FROM_ANYBODY, Limits, read_table
from handlers.files.tables import TableRow
from handlers.screening.match import KnownPeople, PersonMatch, match
from handlers.screening.rows import SCREENING_LIST, ListedPerson, read_people
from storage.plan import Plan
from storage.screening.records import RowState, ScreeningList
from storage.store import Store


def read_list(
    content: bytes, name: str, *, plan: Plan, today: date, limits: Limits = FROM_ANYBODY
) -> list[TableRow[ListedPerson]]:
    """The rows of a file. Blocking: call it from a thread. Raises Unreadable when it is no list of people."""
    return read_people(read_table(content, name, layout=SCREENING_LIST, limits=limits), plan, today)


async def take_down(store: Store, screening: ScreeningList, rows: Sequence[TableRow[ListedPerson]], known: KnownPeople) -> None:
    """Match a chunk of rows with two look-ups and note the outcome of each. `known` is the roster without members."""
    blinds = {row.at: _blind(store, row.value) for row in rows if row.value}
    known = KnownPeople(known.roster, known.heads)
    for one in await store.screening_lists.with_ids([blind for blind in blinds.values() if blind]):
        if one.id_blind:
            known.by_id[one.id_blind].append(one)
    names = {row.name for row in rows if row.value and blinds[row.at] not in known.by_id}
    for one in await store.screening_lists.with_names(list(names)):
        known.by_name[one.name].append(one)
    for row in rows:
        if row.value is None:
            store.screening_lists.take_down(screening.id, row.number, name=row.name, state=RowState.WRONG, why=row.told)
        else:
            blind = blinds[row.at]
            _note(store, screening, row.number, row.value, blind, match(row.value, blind, region=screening.region, known=known))


def _note(
    store: Store, screening: ScreeningList, number: int, person: ListedPerson, blind: str | None, found: PersonMatch
) -> None:
    store.screening_lists.take_down(
        screening.id,
        number,
        name=person.name,
        state=found.state,
        why=found.why,
        blind=blind,
        village=found.households[0].village if found.households else person.village,
        detail=_detail(person),
        kinds=person.kinds,
        candidates=[household.id for household in found.households],
    )


def _detail(person: ListedPerson) -> dict[str, str]:
    """What is sealed."""
    told = {
        "id": person.shown_id, "phone": person.shown_phone, "head": person.head, "group": person.group, "reason": person.reason,
    }  # fmt: skip
    return {key: text for key, text in told.items() if text}


def _blind(store: Store, person: ListedPerson) -> str | None:
    return store.households.blind_id(person.id_number) if person.id_number else None
