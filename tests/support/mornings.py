"""Mornings of the town: the clock is set, and what comes by itself is read."""

from __future__ import annotations

from datetime import date, datetime, time

from handlers.reminders import checks_job
from storage.database.base import SHANGHAI
from storage.plan import Plan
from tests.support.plan import PLAN
from tests.support.town import Town

HEAD = "【今日提醒】"


async def morning(town: Town, day: date, at: time = PLAN.reminders.opens, *, checks: bool = False) -> int:
    """The clock runs at that time, on wish after the job of the checks; returns how many reminders were claimed."""
    town.now = datetime.combine(day, at, SHANGHAI)
    if checks:
        async with town.transaction() as tx:
            await town.caches.refresh(tx.conn)
            await checks_job.keep(tx, town.world)
    return await town.tick()


def reminded(town: Town, name: str) -> list[str]:
    """The reminders among what a person got since the last look."""
    return [line for line in town.unread(name) if line.startswith(HEAD)]


def without_questions(town: Town) -> None:
    """A plan with nothing to ask, so that mornings have only what the test is about."""
    parts = {name: getattr(town.world.plan, name) for name in Plan.model_fields}
    town.world.plan = Plan.model_construct(**parts | {"written": ()})
