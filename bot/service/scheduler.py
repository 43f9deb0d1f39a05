"""The scheduler: how often each job looks for what is due. What is due is kept in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from handlers.engine.jobs import Daily, Schedule
from storage.database.base import SHANGHAI

_FULL_MINUTE = datetime(2022, 1, 1, tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True)
class Tick:
    """A job and when it runs. A run that fails is logged; the next one comes at its time."""

    name: str
    run: Callable[[], Awaitable[object]]
    schedule: Schedule


def scheduler(ticks: Sequence[Tick]) -> AsyncIOScheduler:
    """Build the scheduler, not yet started. A tick never runs twice at once;
    ticks missed while the machine slept become one."""
    made = AsyncIOScheduler(timezone=SHANGHAI)
    for tick in ticks:
        made.add_job(
            _skipping_overlaps(tick.run), _trigger(tick.schedule), id=tick.name, name=tick.name,
            coalesce=True, max_instances=2, misfire_grace_time=None,
        )  # fmt: skip
    return made


def _trigger(schedule: Schedule) -> BaseTrigger:
    if isinstance(schedule, Daily):
        return CronTrigger(hour=schedule.hour, minute=schedule.minute, timezone=SHANGHAI)
    return IntervalTrigger(seconds=schedule.seconds, start_date=_FULL_MINUTE, timezone=SHANGHAI)


def _skipping_overlaps(run: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """Leave out a tick that comes while the job still runs: the next one finds what is due."""
    busy = asyncio.Lock()

    async def once() -> None:
        if not busy.locked():
            async with busy:
                await run()

    return once
