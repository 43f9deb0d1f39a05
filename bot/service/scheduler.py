"""The scheduler: how often each job looks for what is due. What is due is kept in the database.

APScheduler waits by the loop's own clock, but decides by the computer's time what is due: one that is put back an hour would
stand all jobs still for an hour. So a tick that lies farther ahead than it can is set anew, every second. Nothing is ever
counted up that a jump forward has left out.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from handlers.engine.jobs import Every
from storage.database.base import SHANGHAI

_LOOK_EVERY = 1.0
_SLACK = timedelta(seconds=1)
_LAST_MOMENTS = 10.0
"""Seconds that what is under way may take to be undone when all ends."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A job and how often it runs. A run that fails is logged; the next one comes at its time."""

    name: str
    run: Callable[[], Awaitable[object]]
    schedule: Every
    takes: float = 0
    """Seconds that a run may take before its next tick counts as late."""


class Ticking:
    """Runs the ticks, each by itself: one that hangs holds up no other, and never runs twice at once."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
        self._ticks = ticks
        self._scheduler = AsyncIOScheduler(timezone=SHANGHAI)
        self._busy = {tick.name: asyncio.Lock() for tick in ticks}
        self._ended: dict[str, float] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._look: asyncio.TimerHandle | None = None
        for tick in ticks:
            self._scheduler.add_job(
                functools.partial(self._run, tick), _Multiple(tick.schedule.seconds), id=tick.name, name=tick.name,
                coalesce=True, max_instances=2, misfire_grace_time=None,
            )  # fmt: skip

    def start(self) -> None:
        self._ended = dict.fromkeys(self._busy, self._loop_time())
        self._scheduler.start()
        self._look = asyncio.get_running_loop().call_later(_LOOK_EVERY, self._look_again)

    async def stop(self) -> None:
        """End what is under way, whose transactions are undone, and begin nothing more."""
        if self._look:
            self._look.cancel()
            self._look = None
        self._scheduler.shutdown(wait=False)
        if self._running:
            await asyncio.wait(self._running, timeout=_LAST_MOMENTS)

    def lateness(self) -> dict[str, float]:
        """By how many seconds each tick that is late has failed to end; empty while all is well."""
        now = self._loop_time()
        late = {
            tick.name: now - self._ended[tick.name] - tick.schedule.seconds - tick.takes
            for tick in self._ticks
            if tick.name in self._ended
        }
        return {name: seconds for name, seconds in late.items() if seconds > 0}

    async def _run(self, tick: Tick) -> None:
        """Leave out a tick that comes while the job still runs: the next one finds what is due."""
        busy = self._busy[tick.name]
        if busy.locked():
            return
        if task := asyncio.current_task():
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        async with busy:
            try:
                await tick.run()
            except asyncio.CancelledError:
                if self._look is not None:
                    raise
            finally:
                self._ended[tick.name] = self._loop_time()

    def _look_again(self) -> None:
        now = datetime.now(SHANGHAI)
        for job in self._scheduler.get_jobs():
            following = job.trigger.get_next_fire_time(None, now)
            if job.next_run_time > following + _SLACK:
                job.modify(next_run_time=following)
        self._look = asyncio.get_running_loop().call_later(_LOOK_EVERY, self._look_again)

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()


class _Multiple(BaseTrigger):  # type: ignore[misc]
    """The next full multiple of so many seconds, whatever has been missed before it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __str__(self) -> str:
        return f"every {self._seconds} s"

    def get_next_fire_time(self, _: datetime | None, now: datetime) -> datetime:
        return datetime.fromtimestamp((now.timestamp() // self._seconds + 1) * self._seconds, SHANGHAI)
