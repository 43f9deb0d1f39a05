"""The clock's ticks. What is due is kept in rows; here is only how often somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from storage.database.base import SHANGHAI


@dataclass(frozen=True, slots=True)
class Tick:
    """A job and when it runs. A run that fails is logged; the next one comes at its time."""

    name: str
    run: Callable[[], Awaitable[object]]
    trigger: BaseTrigger


def every(seconds: int) -> BaseTrigger:
    return IntervalTrigger(seconds=seconds, timezone=SHANGHAI)


def each_minute() -> BaseTrigger:
    return CronTrigger(second=0, timezone=SHANGHAI)


def daily(hour: int, minute: int) -> BaseTrigger:
    """In Shanghai time."""
    return CronTrigger(hour=hour, minute=minute, timezone=SHANGHAI)


def scheduler(ticks: Sequence[Tick]) -> AsyncIOScheduler:
    """Not yet started. A tick never runs twice at once; ticks missed while the machine slept become one."""
    made = AsyncIOScheduler(timezone=SHANGHAI)
    for tick in ticks:
        made.add_job(
            _alone(tick.run), tick.trigger, id=tick.name, name=tick.name,
            coalesce=True, max_instances=2, misfire_grace_time=None,
        )  # fmt: skip
    return made


def _alone(run: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """Leaves out a tick that comes while the job still runs: what is due then is found by the next."""
    busy = asyncio.Lock()

    async def once() -> None:
        if not busy.locked():
            async with busy:
                await run()

    return once
