"""Who is on the roster, as a roster that comes in meets it: from before, or from an earlier row. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from handlers.files.tables import Wrong
from handlers.roster.columns import RosterColumn
from handlers.roster.rows import Family
from storage.roster import Household, Roster, RosterMember


class RosterIndex:
    """Who is on the roster already, from before or from an earlier row."""

    def __init__(self, roster: Roster, everyone: Sequence[RosterMember]) -> None:
        self.by_number = {one.number: one for one in roster.by_id.values()}
        self._by_id = dict(roster.by_id)
        self._by_head: dict[tuple[str, str], list[Household]] = defaultdict(list)
        for household in roster.by_id.values():
            self._by_head[household.village, household.head].append(household)
        self._home_of: dict[str, int] = {}
        self._named: dict[tuple[int, str], str | None] = {}
        for one in everyone:
            self._remember(one.household_id, one.name, one.id_blind)

    def _remember(self, household_id: int, name: str, blind: str | None) -> None:
        self._named[household_id, name] = blind
        if blind:
            self._home_of[blind] = household_id

    def take(self, household: Household, name: str, blind: str | None) -> None:
        self._by_id.setdefault(household.id, household)
        self._remember(household.id, name, blind)

    def home_of(self, blind: str | None) -> Household | None:
        """The household in which somebody with this ID number is."""
        home = self._home_of.get(blind) if blind else None
        return None if home is None else self._by_id[home]

    def find(self, family: Family, head_blind: str | None) -> Household | None:
        """The household that a family of the sheet is. Raises Wrong when it could be several, or is another's number."""
        if family.number is not None:
            found = self.by_number.get(family.number)
            if found and found.village != family.village:
                raise Wrong(RosterColumn.NUMBER, "名册里这个编号是另一个村的，请改成不重复的，或清空这一列")
            stranger = found and found.head != family.head and not self._any_of(family, found)
            if found and stranger and not self._renamed(found, head_blind):
                raise Wrong(RosterColumn.NUMBER, f"名册里这个编号是{found.head[:20]}家的，请改成不重复的，或清空这一列")
            return found
        home = self.home_of(head_blind)
        alike = [one for one in self._by_head[family.village, family.head] if self._fits(one, family, head_blind)]
        if home is not None and (home in alike or (home.village == family.village and self._renamed(home, head_blind))):
            return home
        if len(alike) > 1:
            raise Wrong(RosterColumn.NUMBER, f"名册里有 {len(alike)} 户户主叫这个名字，请写户号，如：{alike[0].number}")
        return alike[0] if alike else None

    def _renamed(self, household: Household, head_blind: str | None) -> bool:
        """Whether the head of the household has this ID number, by whatever name."""
        return bool(head_blind) and self._named.get((household.id, household.head)) == head_blind

    def _any_of(self, family: Family, household: Household) -> bool:
        return any((household.id, one.name) in self._named for one in family.people.values())

    def _fits(self, household: Household, family: Family, head_blind: str | None) -> bool:
        known = self._named.get((household.id, family.head))
        same_head = not known or not head_blind or known == head_blind
        return same_head and (not family.group or not household.group_name or family.group == household.group_name)

    def namesake(self, household: Household, name: str) -> bool:
        return (household.id, name) in self._named

    def differs(self, household: Household, name: str, blind: str | None) -> bool:
        """Whether the household's person of this name has another ID number."""
        known = self._named.get((household.id, name))
        return bool(known and blind and known != blind)
