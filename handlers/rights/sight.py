"""Who may see and decide what. Pure. Whoever may not gets the answer of a thing that does not exist."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto

from storage.cases.records import Clue
from storage.joining.arrivals import Arrival
from storage.people.persons import Person, Post, Role

IN_OFFICE = frozenset({Role.VILLAGE, Role.UNIT, Role.TOWN, Role.COUNTY})
_OFFICES_ABOVE = (Role.TOWN, Role.COUNTY)


class Sight(Enum):
    """How much of a clue somebody sees."""

    NOTHING = auto()
    OWN = auto()
    """Everything about one's own household but who reported it: that stays between the reporter and the office, so that
    nobody is afraid to report."""
    REPORTED = auto()
    """What one said oneself, and in office how the case stands. By reporting nobody comes to see what others said."""
    FULL = auto()


def sight_of_clue(person: Person, clue: Clue, *, units: Collection[str], followed: bool) -> Sight:
    """`units` answer for one of the clue's kinds; `followed` says that the person reported the clue or joined it.

    The first line that fits counts.

    | who                                               | sees     |
    |---------------------------------------------------|----------|
    | its village, the town, the county                 | FULL     |
    | a unit that answers for its kind                  | FULL     |
    | the household itself                              | OWN      |
    | who reported or joined it, while in office        | REPORTED |
    | who reported it as of the household, unconfirmed  | REPORTED |
    | everybody else                                    | NOTHING  |
    """
    by_unit = any(post.covers(clue.village) and post.unit in units for post in person.posts_as(Role.UNIT))
    if person.covers(clue.village, Role.VILLAGE, *_OFFICES_ABOVE) or by_unit:
        return Sight.FULL
    if person.speaks_for(clue.household_id):
        return Sight.OWN
    claims = any(post.household_id == clue.household_id for post in person.posts_as(Role.HOUSEHOLD))
    return Sight.REPORTED if followed and (claims or person.has(*IN_OFFICE)) else Sight.NOTHING


def may_know_family(person: Person, newcomer: Post) -> bool:
    """Whether the person can say if the newcomer is of the household: its village's cadres and the town, not oneself."""
    return person.id != newcomer.person_id and person.covers(newcomer.region, Role.VILLAGE, Role.TOWN)


def may_disown(person: Person, newcomer: Post) -> bool:
    """Whether the person can put an unconfirmed phone out: who knows the family, and the family itself."""
    family = person.id != newcomer.person_id and person.speaks_for(newcomer.household_id)
    return family or may_know_family(person, newcomer)


def may_admit(person: Person, village: str) -> bool:
    """Whether the person decides who joins a household of the village without proof: the town office does."""
    return person.covers(village, Role.TOWN)


def may_vouch(person: Person, owner: Person, *, region: str) -> bool:
    """Whether the person decides that a further phone is `owner`'s: oneself, or an office above `region` and all of the
    owner's posts, so that nobody hands out posts that reach further than their own."""
    regions = [region, *(post.region for post in owner.posts)]
    return person.id == owner.id or all(person.covers(one, *_OFFICES_ABOVE) for one in regions)


def may_invite(person: Person, region: str) -> bool:
    """Whether the person lets others in for a region, sees and ends what is open there, and settles who was denied: an office
    above it or its own."""
    return person.covers(region, *_OFFICES_ABOVE)


def may_deny(person: Person, arrival: Arrival) -> bool:
    """Whether the person can say that somebody who came in is not who they say: who was told, while in an office that would be
    told today, and whose name it is themselves."""
    if person.id not in arrival.told:
        return False
    above = _OFFICES_ABOVE if arrival.role in _OFFICES_ABOVE else (Role.TOWN,)
    colleague = any(
        post.role is arrival.role and post.covers(arrival.region) and post.unit == arrival.unit for post in person.posts
    )
    return person.id == arrival.person_id or colleague or person.covers(arrival.region, *above)


def may_oversee(person: Person, owner: Person) -> bool:
    """Whether the person sees `owner`'s phones and signs them out: oneself, or an office above all of the owner's posts."""
    return person.id == owner.id or (bool(owner.posts) and may_erase(person, owner))


def may_erase(person: Person, owner: Person) -> bool:
    """Whether the person decides about `owner`'s request to be forgotten: an office above all their posts, not oneself."""
    return person.id != owner.id and all(person.covers(post.region, *_OFFICES_ABOVE) for post in owner.posts)


def may_hand_over(person: Person, leaver: Person, *, post: Post) -> bool:
    """Whether the person decides who follows `leaver` in a post: an office above it, not oneself. A household's voice is
    no post to hand over."""
    return person.id != leaver.id and post.role is not Role.HOUSEHOLD and person.covers(post.region, *_OFFICES_ABOVE)
