"""Who is on leave on a day, and who receives their messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from handlers.engine.absence import Away, receivers
from handlers.engine.world import World
from storage.people.persons import Person, Role


def away_on(world: World, day: date) -> Away:
    """Everybody on leave, with their deputy if that person can be written to and may stand in for them."""
    away: dict[int, int | None] = {}
    for leave in world.leaves:
        absent = world.directory.person(leave.person_id) if leave.covers(day) else None
        if absent is not None:
            deputy = world.directory.person(leave.deputy_id or 0)
            fit = deputy is not None and deputy.address is not None and may_stand_in(deputy.person, absent.person)
            away[leave.person_id] = leave.deputy_id if fit else None
    return away


def may_stand_in(deputy: Person, absent: Person) -> bool:
    """Whether `deputy` holds all that `absent` holds in office, so that nothing is told to whom it does not concern."""
    held = [(post.role, post.region, post.unit) for post in deputy.posts]
    return deputy.id != absent.id and all(
        (post.role, post.region, post.unit) in held for post in absent.posts if post.role is not Role.HOUSEHOLD
    )


def on_duty(world: World, meant: Iterable[int], *, day: date) -> dict[int, tuple[int, ...]]:
    """The receivers on `day` of what is meant for `meant`, each with those they stand in for."""
    meant = list(meant)
    if not world.leaves:
        return dict.fromkeys(meant, ())
    away = away_on(world, day)
    absent = [world.directory.person(one) for one in meant if one in away]
    regions = {post.region for one in absent if one for post in one.person.posts_as(Role.VILLAGE)}
    town = [one for region in sorted(regions) for one in world.directory.ids(Role.TOWN, region)]
    return receivers(meant, away, list(dict.fromkeys(town)))


def stand_in_note(world: World, absent: Iterable[int]) -> str:
    """The note on a message that a stand-in receives; empty for one's own."""
    names = "、".join(one.person.name for one in map(world.directory.person, absent) if one)
    return f"\n({names}请假，转给您)" if names else ""
