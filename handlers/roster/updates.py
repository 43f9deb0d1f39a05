"""What a roster that comes in changes on people and households that are there already. What it leaves empty stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.roster.rows import Column, Entry, Family
from storage.roster import MONITORED, Household
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

    async def of_person(self, household_id: int, one: Entry, blind: str | None) -> str:
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
        if one.phone and one.phone != vault.open_text(row.phone):
            changes["phone"] = one.phone
        if changes:
            await self._store.households.correct_member(row.id, **changes)
        return "、".join(f"改了{_COLUMNS[key].value}" for key in changes)

    async def of_household(
        self, home: Household, family: Family, new_head: str, helper_id: int | None
    ) -> tuple[str, str]:
        """Change what is said otherwise of a household; returns what was, and what was not and why.

        `new_head` is the head if that is somebody of the household. A type that begins or ends monitoring is not changed:
        that takes the procedure.
        """
        able = family.able_to_work if any(one.able is not None for one in family.people.values()) else None
        told = {"head": new_head, "group_name": family.group, "kind": family.kind, "nickname": family.nickname}
        changes: dict[str, Any] = {key: value for key, value in told.items() if value and value != getattr(home, key)}
        if able is not None and able != home.able_to_work:
            changes["able_to_work"] = able
        if helper_id is not None and helper_id != home.helper_id:
            changes["helper_id"] = helper_id
        kept = ""
        if "kind" in changes and (home.kind in MONITORED or family.kind in MONITORED):
            del changes["kind"]
            kept = _BY_PROCEDURE
        if changes:
            await self._store.households.correct(home.id, **changes)
        return "、".join(f"改了{_COLUMNS[key].value}" for key in changes), kept


_COLUMNS = {
    "name": Column.NAME,
    "relation": Column.RELATION,
    "id_number": Column.ID_NUMBER,
    "phone": Column.PHONE,
    "head": Column.HEAD,
    "group_name": Column.GROUP,
    "kind": Column.KIND,
    "nickname": Column.NICKNAME,
    "able_to_work": Column.ABLE,
    "helper_id": Column.HELPER,
}
