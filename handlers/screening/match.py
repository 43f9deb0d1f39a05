"""Which household a person of a screening list belongs to: known by ID number, or for a person to decide. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from handlers.screening.rows import ListedPerson
from storage.roster import Household
from storage.screening.records import Namesake, RowState

MOST = 4
"""Households offered to choose from; more namesakes need the ID number."""


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """What is to become of a person: READY with its `household`, ASK with whom to ask about, or UNKNOWN with why."""

    state: RowState
    households: tuple[Household, ...] = ()
    why: str = ""


@dataclass(slots=True)
class KnownPeople:
    """What the roster says of the persons of some rows. `by_id` and `by_name` hold members; `heads` are all households."""

    roster: Mapping[int, Household]
    heads: Mapping[tuple[str, str], Sequence[Household]]
    by_id: dict[str, list[Namesake]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[str, list[Namesake]] = field(default_factory=lambda: defaultdict(list))


def heads_of(roster: Mapping[int, Household]) -> dict[tuple[str, str], list[Household]]:
    """Households by village and head."""
    heads: dict[tuple[str, str], list[Household]] = defaultdict(list)
    for household in roster.values():
        heads[household.village, household.head].append(household)
    return heads


def match(person: ListedPerson, blind: str | None, *, region: str, known: KnownPeople) -> PersonMatch:
    """`blind` is how the ID number is recognised; only households of `region` (a code's beginning) can be meant.

    An ID number with the same name is certain. A name in a village never is, however rare, and neither is a number under
    another name: then a person decides.
    """
    listed = known.by_id.get(blind, []) if blind else []
    homes = _homes([one.household_id for one in listed], region, known)
    if len(homes) == 1 and any(one.name == person.name for one in listed):
        return PersonMatch(RowState.READY, homes)
    if homes:
        return _to_ask(homes, "身份证号对得上，姓名不一样" if len(homes) == 1 else "身份证号在几户都有")
    if not person.village:
        return PersonMatch(RowState.UNKNOWN, why="名册里没有这个身份证号，也没写村")
    return _by_name(person, blind, region, known)


def _by_name(person: ListedPerson, blind: str | None, region: str, known: KnownPeople) -> PersonMatch:
    """Whoever is on the roster with another ID number is somebody else."""
    alike = [one for one in known.by_name.get(person.name, ()) if not (blind and one.id_blind)]
    others = {one.household_id for one in known.by_name.get(person.name, ()) if blind and one.id_blind}
    keys = [one.household_id for one in alike]
    keys += [one.id for one in known.heads.get((person.village, person.name), ()) if one.id not in others]
    found = tuple(one for one in _homes(keys, region, known) if one.village == person.village)
    if not found and person.head and person.head != person.name:
        keys = [one.id for one in known.heads.get((person.village, person.head), ())]
        found = _homes(keys, region, known)
    if not found:
        return PersonMatch(RowState.UNKNOWN, why="名册里这个村没有这个人，请核对姓名和村")
    return _to_ask(found, "只按姓名和村对上")


def _homes(keys: Sequence[int], region: str, known: KnownPeople) -> tuple[Household, ...]:
    found = (known.roster.get(key) for key in dict.fromkeys(keys))
    return tuple(one for one in found if one is not None and one.village.startswith(region))


def _to_ask(homes: tuple[Household, ...], why: str) -> PersonMatch:
    if len(homes) > MOST:
        return PersonMatch(RowState.UNKNOWN, why=f"同名的有 {len(homes)} 户，请补上身份证号")
    return PersonMatch(RowState.ASK, homes, why)
