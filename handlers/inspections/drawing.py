"""What the conversations about the county's sample share: drawing it, and what became of it."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from handlers.engine.chat import Chat
from handlers.inspections.draw import additional, draw
from handlers.rights.reach import villages_of
from storage.inspections.samples import Sample
from storage.people.persons import Role
from storage.roster import Household


class SampleDraw(NamedTuple):
    """A draw: from how many households, who was drawn, and who comes in addition."""

    roster: int
    households: list[Household]
    closed: list[Household]


async def draw_from_roster(chat: Chat, seed: str) -> SampleDraw:
    """Draw from all villages of the person's county."""
    roster = chat.world.roster
    listed = [
        one
        for village in villages_of(chat.person, chat.world.plan, Role.COUNTY)
        for one in roster.by_village.get(village, [])
    ]
    drawn = await asyncio.to_thread(draw, seed, listed, chat.world.plan.sampling_ratio)
    ids = await chat.store.samples.households_with_closed(chat.world.plan.county.code)
    closed = additional(drawn, [one for one in listed if one.id in ids])
    return SampleDraw(len(listed), [one for village in drawn.values() for one in village], closed)


async def current_sample(chat: Chat) -> Sample | None:
    """The sample of the plan; there is one and it is not drawn again."""
    return await chat.store.samples.of(chat.world.round)
