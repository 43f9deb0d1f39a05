"""How a place and a household are said."""

from __future__ import annotations

from handlers.engine.world import World
from storage.roster import Household


def place_in_words(world: World, household: Household) -> str:
    return f"{world.plan.village(household.village).name}{household.group_name}{household.head}家"
