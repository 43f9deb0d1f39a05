"""Regions as the operator writes them."""

from __future__ import annotations

import click

from storage.plan import Plan


def region_named(plan: Plan, named: str | None) -> str:
    """The code of a village, the town or the county by name or code; the town's without. Raises UsageError."""
    if not named:
        return plan.town.code
    for region in (plan.town, plan.county):
        if named in (region.code, region.name):
            return region.code
    try:
        return plan.village_named(named).code
    except KeyError:
        names = "、".join(village.name for village in plan.villages)
        raise click.UsageError(f"方案里没有“{named}”。有：{plan.town.name}、{names}") from None
