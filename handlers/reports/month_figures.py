"""Gathers the figures of a monthly summary."""

from __future__ import annotations

from datetime import date, datetime

from handlers.engine.world import World
from handlers.reminders.campaign import campaign_days
from handlers.reports.month_text import Summary, VillageMonth
from handlers.wording.people import region_in_words
from storage.reports.monthly import Month, MonthFigures, by_region, new_by_source
from storage.store import Store

_WEAK = 3
_AHEAD = 3


async def summary_of(store: Store, world: World, *, region: str, month: Month, now: datetime) -> Summary:
    """The month of a village, town or county of the plan, as known at `now`."""
    plan = world.plan
    figures = await by_region(store.session, region, month=month)
    visited = await store.overview.visited(world.round)
    places = [
        VillageMonth(
            one.name,
            figures.get(one.code, MonthFigures()),
            visited.get(one.code, 0),
            len(world.roster.by_village.get(one.code, [])),
        )
        for one in plan.villages
        if one.code.startswith(region)
    ]
    if plan.town.code in figures:  # problems that concern all of the town
        places.append(VillageMonth("全镇性", figures[plan.town.code], 0, 0))
    weak = await store.quiz.weak_clauses(region, month.begins, most=_WEAK)
    return Summary(
        place=region_in_words(plan, region),
        month=month,
        made_at=now,
        places=places,
        sources=await new_by_source(store.session, region, month=month),
        weak=[(plan.clause_label(one.clause), round(100 * one.wrong / one.answers)) for one in weak],
        ahead=_ahead(world, month.last),
    )


def _ahead(world: World, after: date) -> list[tuple[date, str]]:
    """The next days of the campaign."""
    days = sorted((day, events) for day, events in campaign_days(world.plan).items() if day > after)
    return [(day, "、".join(event.title for event in events)) for day, events in days[:_AHEAD]]
