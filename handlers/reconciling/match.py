"""Two lists of people held against each other: who is on both, who on one only, and what is said differently of them. Pure.

People are recognised by their ID number (as a mark, so that no number is handled here), else by name and village. Nobody
is lost: every entry of either list is in exactly one pair, on its side alone, or in one clash. The lists are equals:
swapped, they give the same with the sides swapped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum


class Field(StrEnum):
    """What is compared, by its Chinese name."""

    NAME = "姓名"
    ID_NUMBER = "身份证号"
    VILLAGE = "村"
    KIND = "户类型"
    SIZE = "人口数"
    PHONE = "联系电话"
    HELPER = "帮扶责任人"


OF_HOUSEHOLD = frozenset({Field.VILLAGE, Field.KIND, Field.SIZE, Field.HELPER})
"""What is true of a whole household: said once, however many of its people are listed."""


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody on a list. `key` is unique in the list, `mark` stands for the ID number, `village` is a code."""

    key: int
    name: str
    village: str = ""
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """Entries that could be each other in more than one way (a number or name twice)."""

    left: tuple[int, ...]
    right: tuple[int, ...]


@dataclass(slots=True)
class ListMatch:
    """Keys of the left and the right list."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    left_only: list[int] = field(default_factory=list)
    right_only: list[int] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a list says of somebody and their household; None and "" where it says nothing."""

    name: str = ""
    id_number: str | None = None
    village: str = ""
    kind: str = ""
    size: int | None = None
    phone: str | None = None
    helper: str = ""


_SAID: Mapping[Field, str] = dict(
    zip(
        (Field.NAME, Field.ID_NUMBER, Field.VILLAGE, Field.KIND, Field.SIZE, Field.PHONE, Field.HELPER),
        (part.name for part in fields(Facts)),
        strict=True,
    )
)


def match(left: Sequence[Named], right: Sequence[Named]) -> ListMatch:
    """Who is whom: by ID number first, and those still alone by name and village."""
    found = ListMatch()
    rest = _join(found, _by_mark(left), _by_mark(right))
    rest = _join(found, _by_name(_unplaced(left, rest[0])), _by_name(_unplaced(right, rest[1])))
    found.left_only, found.right_only = sorted(rest[0]), sorted(rest[1])
    found.pairs.sort()
    return found


def compared(ours: Facts, theirs: Facts) -> list[Field]:
    """The fields of which both say something. Two ID numbers that differ may be two people: then nothing else counts."""
    both = [one for one in Field if said(ours, one) and said(theirs, one)]
    if Field.ID_NUMBER in both and ours.id_number != theirs.id_number:
        return [Field.ID_NUMBER]
    return both


def differing(ours: Facts, theirs: Facts) -> list[Field]:
    """The fields of which both say something, and not the same."""
    return [one for one in compared(ours, theirs) if said(ours, one) != said(theirs, one)]


def said(facts: Facts, one: Field) -> str:
    """What is said of a field, as text; empty for nothing."""
    value = getattr(facts, _SAID[one])
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Home:
    """A household that a list may have to hold."""

    id: int
    village: str
    kind: str
    people: tuple[int, ...]


def should_be_there(
    homes: Iterable[Home], listed: Collection[int], kinds: Collection[str], villages: Collection[str], *, each: bool
) -> list[tuple[int, int | None]]:
    """What is missing from a list that is to hold all households of `kinds` in `villages`; `listed` are the people on it.

    A household of which nobody is listed is (id, None); where the list is to hold `each` person, (id, person) is one who is
    missing beside others of the household.
    """
    missing: list[tuple[int, int | None]] = []
    for home in homes:
        if home.kind not in kinds or home.village not in villages:
            continue
        absent = [person for person in home.people if person not in listed]
        if len(absent) == len(home.people):
            missing.append((home.id, None))
        elif each:
            missing += [(home.id, person) for person in absent]
    return missing


Groups = dict[str | tuple[str, str], list[int]]


def _by_mark(people: Iterable[Named]) -> Groups:
    groups: Groups = defaultdict(list)
    for one in people:
        if one.mark:
            groups[one.mark].append(one.key)
    return groups


def _unplaced(people: Iterable[Named], rest: Collection[int]) -> list[Named]:
    keys = frozenset(rest)
    return [one for one in people if one.key in keys or not one.mark]


def _by_name(people: Iterable[Named]) -> Groups:
    groups: Groups = defaultdict(list)
    for one in people:
        groups[one.village, one.name].append(one.key)
    return groups


def _join(found: ListMatch, left: Groups, right: Groups) -> tuple[list[int], list[int]]:
    """Pair or clash what has the same group on both sides; the keys of the others come back."""
    for name in left.keys() & right.keys():
        if len(left[name]) == len(right[name]) == 1:
            found.pairs.append((left[name][0], right[name][0]))
        else:
            found.clashes.append(Clash(tuple(left[name]), tuple(right[name])))
    alone = [[key for name, keys in groups.items() if name not in other for key in keys]
             for groups, other in ((left, right), (right, left))]  # fmt: skip
    return alone[0], alone[1]
