"""Who brings which watch-list 清单， and on which days the people on it are first looked after. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from storage.people.persons import Person, Post, Role
from storage.plan import Plan, Watchlist


def bringer(person: Person, listed: Watchlist, plan: Plan) -> Post | None:
    """The post as which somebody may bring a list: of a unit that answers for its task, else of the town's office."""
    units = {unit.code for unit in plan.units_for(listed.item)}
    offices = [post for post in person.posts_as(Role.UNIT) if post.unit in units]
    return next(iter([*offices, *person.posts_as(Role.TOWN)]), None)


def brought_by(person: Person, plan: Plan) -> list[Watchlist]:
    """The lists that somebody may bring, in the plan's order."""
    return [one for one in plan.watchlists if bringer(person, one, plan) is not None]


def origin_of(post: Post) -> str:
    """Who brought an entry. A list brought again says nothing of what another office has put on it."""
    return post.unit or post.role.value


def first_days(villages: Sequence[str], every_days: int, today: date) -> list[date]:
    """The first check of each newcomer, given their villages in order.

    Those of one village are spread evenly over the first period, so that no morning has a whole list due.
    """
    numbers: dict[str, int] = {}
    places = []
    for village in villages:
        places.append(numbers.get(village, 0))
        numbers[village] = places[-1] + 1
    return [
        today + timedelta(days=place * every_days // numbers[village]) for place, village in zip(places, villages, strict=True)
    ]
