"""What a roster that comes in changes on people and households that are there already. What it leaves empty stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.roster.columns import KEPT_AS
from handlers.roster.rows import Family, RosterPerson
from storage.roster import MONITORED, Household, numbers_of
from storage.store import Store

_BY_PROCEDURE = "户类型没改：纳入、退出监测要走程序"


class Updates:
    """Makes the changes, each audited; says which, without numbers."""

    def __init__(self, store: Store, people: Sequence[Any]) -> None:
        """`people` are the members of the households met, as stored."""
        self._store = store
        self._by_id = {row.id_blind: row for row in people if row.id_blind}
        self._by_name = {(row.household_id, row.name): row for row in people}

    @classmethod
    async def of(cls, store: Store, household_ids: Sequence[int]) -> Updates:
        return cls(store, await store.households.people_of(household_ids))

    async def of_person(self, household_id: int, one: RosterPerson, blind: str | None) -> str:
        """Change what is said otherwise of somebody; returns what was, empty for nothing."""
        row = self._by_id.get(blind) if blind else None
        row = self._by_name.get((household_id, one.name)) if row is None else row
        if row is None:
            return ""
        vault = self._store.session.vault
        changes: dict[str, Any] = {}
        if one.name != row.name:
            changes["name"] = one.name
        if one.relation and one.relation != row.relation:
            changes["relation"] = one.relation
        if one.id_number and blind != row.id_blind:
            changes["id_number"] = one.id_number
        if one.phone and one.phone != numbers_of(vault, row)[1]:
            changes["phone"] = one.phone
        if changes:
            await self._store.households.correct_member(row.id, **changes)
        return "、".join(f"改了{KEPT_AS[key].value}" for key in changes)

    async def of_household(self, home: Household, family: Family, new_head: str, helper_id: int | None) -> tuple[str, str]:
        """Change what is said otherwise of a household; returns what was, and what was not and why.

        `new_head` is the head if that is somebody of the household. A type that begins or ends monitoring is not changed:
        that takes the procedure.
        """
        told = {"head": new_head or None, **family.told, "helper_id": helper_id}
        changes = {key: value for key, value in told.items() if value is not None and value != getattr(home, key)}
        kept = ""
        if "kind" in changes and (home.kind in MONITORED or changes["kind"] in MONITORED):
            del changes["kind"]
            kept = _BY_PROCEDURE
        if changes:
            await self._store.households.correct(home.id, **changes)
        return "、".join(f"改了{KEPT_AS[key].value}" for key in changes), kept
