"""Who deals with which screening list. Pure."""

from __future__ import annotations

from storage.people.persons import Person, Post, Role
from storage.screening.records import ScreenedRow, ScreeningList


def acting_post(person: Person) -> Post | None:
    """As what somebody hands a list in: as their unit, else for the town."""
    return next(iter([*person.posts_as(Role.UNIT), *person.posts_as(Role.TOWN)]), None)


def deals_with(person: Person, screening: ScreeningList) -> bool:
    """Whether the list is this person's unit's, or of the town's units."""
    by_unit = any(post.unit == screening.unit and post.region == screening.region for post in person.posts_as(Role.UNIT))
    return (by_unit and screening.unit is not None) or person.covers(screening.region, Role.TOWN)


def may_name_household(person: Person, row: ScreenedRow, screening: ScreeningList) -> bool:
    """Whoever knows the village, or handed the list in."""
    return person.covers(row.village, Role.VILLAGE) or deals_with(person, screening)
