"""Notes who was shown what is kept about a household: in a talk, or in a file."""

from __future__ import annotations

from collections.abc import Iterable

from handlers.engine.world import World
from storage.looks import Way
from storage.people.persons import Person
from storage.store import Store


def note_looks(store: Store, world: World, person: Person | None, household_ids: Iterable[int | None], *, way: Way) -> None:
    """Note it of each household; `person` is None for the operator of the machine."""
    homes = {key: home.village if (home := world.roster.by_id.get(key)) else "" for key in household_ids if key}
    store.looks.note(person, homes, way=way)
