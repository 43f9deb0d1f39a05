"""The reach of a person's posts: regions, and units where a post has one. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from storage.people.persons import Person, Role
from storage.people.reach import Reach
from storage.plan import Plan

OFFICES = frozenset({Role.TOWN, Role.COUNTY})
"""They see whole numbers where they state a reason."""
OFFICES_AND_VILLAGE = OFFICES | {Role.VILLAGE}
"""For what is about households: a village sees those of its own."""

LEAST_REASON = 4
MOST_REASON = 100
"""Characters. An audit row holds 300, the region and the number of rows with it."""


def reach_of(person: Person, roles: Collection[Role]) -> list[Reach]:
    """What the person's posts as one of `roles` cover: a unit its own matters, the others whole regions."""
    reach = dict.fromkeys(
        Reach(region=post.region, unit=post.unit if post.role is Role.UNIT else None) for post in person.posts_as(*roles)
    )
    return [one for one in reach if not any(_within(one, other) for other in reach if other != one)]


def narrowed(reach: Iterable[Reach], region: str) -> list[Reach]:
    """The part of `reach` that lies in `region`; empty if there is none."""
    asked = [
        Reach(region=max(one.region, region, key=len), unit=one.unit)
        for one in reach
        if one.region.startswith(region) or region.startswith(one.region)
    ]
    return list(dict.fromkeys(asked))


def reaches(reach: Iterable[Reach], region: str, *, units: Collection[str] = ()) -> bool:
    """Whether something in `region` that concerns `units` is within reach."""
    return any(region.startswith(one.region) and (one.unit is None or one.unit in units) for one in reach)


def _within(inner: Reach, outer: Reach) -> bool:
    return inner.region.startswith(outer.region) and outer.unit in (None, inner.unit)


def villages_of(person: Person, plan: Plan, *roles: Role) -> list[str]:
    """The plan's villages that a person's posts (as one of `roles`, if named) reach, in the plan's order."""
    return [village.code for village in plan.villages if person.covers(village.code, *roles)]
