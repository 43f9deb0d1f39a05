"""Ticks go on whatever becomes of the computer's time, and one that is late is seen."""

from __future__ import annotations

import asyncio
from datetime import datetime, tzinfo
from types import SimpleNamespace

import pytest
from apscheduler.schedulers import base

from bot.service import scheduler
from bot.service.scheduler import Tick, Ticking
from handlers.engine.jobs import Every

OFTEN = Every(0.2)
HOUR, YEAR = 3600.0, 365 * 86400.0


class SetClock:
    """The computer's time, which a test sets; the loop's own goes on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._zero = asyncio.get_running_loop().time()
        self.ahead = 0.0
        self._start = datetime(2022, 10, 12, 9, 0).astimezone().timestamp()
        now = SimpleNamespace(now=self.now, fromtimestamp=datetime.fromtimestamp)
        monkeypatch.setattr(base, "datetime", now)
        monkeypatch.setattr(scheduler, "datetime", now)

    def wall(self) -> float:
        return self._start + asyncio.get_running_loop().time() - self._zero + self.ahead

    def now(self, zone: tzinfo | None = None) -> datetime:
        return datetime.fromtimestamp(self.wall(), zone)


class Counted:
    """A job that counts its runs."""

    def __init__(self) -> None:
        self.runs = 0
        self._ran = asyncio.Event()

    async def __call__(self) -> None:
        self.runs += 1
        self._ran.set()

    async def again(self) -> None:
        self._ran.clear()
        await asyncio.wait_for(self._ran.wait(), 30)


@pytest.fixture
async def computer(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    return SetClock(monkeypatch)


@pytest.mark.parametrize("jump", [-HOUR, -YEAR, HOUR, 30 * 24 * HOUR, YEAR])
async def test_a_clock_that_is_set_stands_no_job_still(computer: SetClock, jump: float) -> None:
    job = Counted()
    ticking = Ticking([Tick("job", job, OFTEN)])
    ticking.start()
    await job.again()
    runs, computer.ahead = job.runs, jump
    await job.again()
    await job.again()
    assert job.runs <= runs + 10, "what was left out is not made up for"
    computer.ahead = 0.0
    await job.again()
    await ticking.stop()


async def test_a_job_that_hangs_or_fails_holds_up_no_other_and_is_seen(computer: SetClock) -> None:
    hangs = asyncio.Event()
    job = Counted()

    async def fail() -> None:
        raise ValueError("no paint")

    ticking = Ticking(
        [Tick("hangs", hangs.wait, OFTEN), Tick("fails", fail, OFTEN), Tick("job", job, OFTEN),
         Tick("long", hangs.wait, OFTEN, takes=600)],
    )  # fmt: skip
    ticking.start()
    assert ticking.lateness() == {}
    while "hangs" not in ticking.lateness():
        await job.again()
    assert {"fails", "long"}.isdisjoint(ticking.lateness())
    hangs.set()
    while "hangs" in ticking.lateness():
        await job.again()
    await ticking.stop()


async def test_a_job_never_runs_twice_at_once(computer: SetClock) -> None:
    hangs, begun, job = asyncio.Event(), Counted(), Counted()

    async def hang() -> None:
        await begun()
        await hangs.wait()

    ticking = Ticking([Tick("hangs", hang, OFTEN), Tick("job", job, OFTEN)])
    ticking.start()
    for _ in range(3):
        await job.again()
    assert begun.runs == 1
    hangs.set()
    await ticking.stop()
