"""The days of the campaign that people are reminded of: the ends of phases, and milestones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from handlers.engine.world import World
from handlers.reminders.work_item import WorkItem, ids_of
from storage.people.persons import Role
from storage.plan import Plan
from storage.store import Store


async def phases(store: Store, world: World, ids: Sequence[str]) -> dict[str, WorkItem]:
    """The days of the campaign as open work; each is for the audience that the plan names."""
    found = {}
    for day, events in campaign_days(world.plan).items():
        key = day_key(day)
        if key in ids:
            titles = tuple((event.title, _audience(world, event)) for event in events)
            found[key] = WorkItem(
                titles=titles,
                deadline=day,
                command=f"/done phase {key} {key}",
                label="知道了",
                responsible=tuple(dict.fromkeys(person_id for _, people in titles for person_id in people)),
                region=world.plan.town.code,
                can_be_late=False,
            )
    return found


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    """Something the plan has set a day for: the end of a phase, or a milestone."""

    title: str
    audience: tuple[Role, ...]


def campaign_days(plan: Plan) -> dict[date, list[CampaignEvent]]:
    """What happens on which day. One day is one item, so that three phases ending together are one line."""
    days: dict[date, list[CampaignEvent]] = defaultdict(list)
    for phase in plan.phases:
        days[phase.last].append(CampaignEvent(f"「{phase.name}」阶段结束", phase.audience))
        for stone in phase.milestones:
            days[stone.on].append(CampaignEvent(stone.name, stone.audience))
    return days


def day_key(day: date) -> str:
    """The name of a day of the campaign in reminder rows and buttons."""
    return f"{day:%Y%m%d}"


def _audience(world: World, event: CampaignEvent) -> tuple[int, ...]:
    meant = ids_of(one for one in world.directory.officials if one.person.has(*event.audience))
    return meant or world.directory.ids(Role.TOWN, world.plan.town.code)
