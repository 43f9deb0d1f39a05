"""Jobs of fixed hours: once a day, on a computer that is off at that hour too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from bot.service import jobs as running
from bot.service.jobs import Jobs
from bot.setup.installation import Installation
from bot.setup.settings import load_settings
from handlers.engine.jobs import Daily, Every, Job, JobName, LongJob, Transactions
from handlers.engine.world import World
from storage.database.base import SHANGHAI
from storage.database.transaction import Transaction
from tests.support.town import START, Town


class Done:
    """What was done, in order, by the names of the jobs."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def job(self, name: str, schedule: Daily | Every, *, waits: bool = True) -> Job:
        async def run(_: Transaction, __: World) -> int:
            self.names.append(name)
            return 0

        return Job(JobName(name, "试一试"), schedule, run, waits=waits)

    def long_job(self, name: str, schedule: Daily | Every) -> LongJob:
        async def run(_: Transactions, __: World) -> int:
            self.names.append(name)
            return 0

        return LongJob(JobName(name, "试一试"), schedule, run)

    def take(self) -> list[str]:
        taken, self.names = self.names, []
        return taken


Made = Callable[..., Jobs]


@pytest.fixture
def made(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Makes a process that runs these jobs."""

    def make(*wanted: Job | LongJob, waits: Callable[[], bool] = lambda: False) -> Jobs:
        monkeypatch.setattr(running, "jobs", lambda: wanted)
        installation = Installation(load_settings(data_dir=tmp_path), town.database, town.world)
        return Jobs(installation, town.clock, lambda: None, waits)

    return make


def at(hour: int, minute: int = 0, *, day: int = START.day) -> datetime:
    return datetime.combine(START.replace(day=day).date(), time(hour, minute), SHANGHAI)


async def look(process: Jobs, long_job: LongJob | None = None) -> None:
    await process.catch_up()
    if long_job:
        await process.run_daily(long_job)


async def test_it_runs_once_a_day_from_its_hour_on(town: Town, made: Made) -> None:
    done = Done()
    process = made(done.job("night", Daily(3, 10)))
    town.now = at(3, 9)
    await look(process)
    assert done.take() == []
    for minute in range(10, 60, 10):
        town.now = at(3, minute)
        await look(process)
    assert done.take() == ["night"]
    town.now = at(3, 10, day=START.day + 1)
    await look(process)
    assert done.take() == ["night"]


async def test_a_computer_that_is_off_at_night_catches_up_once(town: Town, made: Made) -> None:
    """Five days at 03:10 were missed, and the office begins at nine."""
    done = Done()
    night, long_night = done.job("night", Daily(3, 10)), done.long_job("long", Daily(0, 20))
    town.now = at(9, day=START.day)
    await look(made(night, long_night), long_night)
    assert done.take() == ["night", "long"]
    town.now = at(9, day=START.day + 5)
    for _ in range(3):  # it is switched on and off
        process = made(night, long_night)
        await look(process, long_night)
        await look(process, long_night)
    assert done.take() == ["night", "long"]


async def test_two_services_do_it_once(town: Town, made: Made) -> None:
    done = Done()
    night = done.job("night", Daily(3, 10))
    town.now = at(9)
    await asyncio.gather(made(night).catch_up(), made(night).catch_up())
    assert done.take() == ["night"]


async def test_one_that_fails_is_tried_again_and_holds_up_no_other(town: Town, made: Made) -> None:
    done, paint = Done(), list[str]()

    async def fail(_: Transaction, __: World) -> int:
        if not paint:
            raise ValueError("no paint")
        done.names.append("mended")
        return 0

    process = made(Job(JobName("failing", "试一试"), Daily(0, 10), fail), done.job("night", Daily(0, 10)))
    await look(process)
    assert done.take() == ["night"]
    paint.append("red")
    await look(process)
    assert done.take() == ["mended"]


async def test_one_that_speaks_to_people_waits_for_the_hours_of_the_plan(town: Town, made: Made) -> None:
    done = Done()
    process = made(done.job("speaks", Daily(8, 5, when_open=True)))
    for closed in (at(22), at(9, day=15), at(9, day=16)):  # in the night, on a Saturday, on a Sunday
        town.now = closed
        await look(process)
    assert done.take() == []
    town.now = at(11, day=17)
    await look(process)
    assert done.take() == ["speaks"]


async def test_the_day_is_prepared_before_anybody_is_reminded(town: Town, made: Made) -> None:
    """A computer wakes after the night, and all ticks come at once."""
    done = Done()
    often = done.job("remind", Every(60))
    process = made(often, done.job("checks", Daily(0, 10)))
    await process.start()
    done.take()
    town.now += timedelta(days=1)
    await process.run(often)
    assert done.take() == ["checks", "remind"]


async def test_one_of_the_day_that_hangs_keeps_nobody_from_being_reminded(
    town: Town, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, go_on = Done(), asyncio.Event()

    async def hang(_: Transactions, __: World) -> int:
        await go_on.wait()
        return 0

    monkeypatch.setattr(running, "_PATIENCE", 0.01)
    monkeypatch.setattr(Jobs, "run_daily", lambda process, job: hang(process._transactions, process._world))
    often = done.job("remind", Every(60))
    process = made(often, done.job("checks", Daily(0, 10)))
    look_at_the_day = asyncio.create_task(process.catch_up())
    await process.run(often)
    assert done.take() == ["remind"]
    assert not look_at_the_day.done(), "and the tick that hangs is seen as late"
    go_on.set()
    await look_at_the_day


async def test_a_plan_that_was_changed_is_seen_at_the_next_start(town: Town, made: Made) -> None:
    done = Done()
    keeps, speaks = done.job("keeps", Daily(0, 10)), done.job("speaks", Daily(8, 5, when_open=True))
    await made(keeps, speaks).start()
    assert done.take() == ["keeps", "speaks"]
    await made(keeps, speaks).start()
    assert done.take() == ["keeps"]


async def test_while_the_time_is_in_doubt_only_what_acts_on_it_waits(town: Town, made: Made) -> None:
    done, doubt = Done(), [True]
    exports, remind = done.job("exports", Every(2), waits=False), done.job("remind", Every(60))
    night, long_night = done.job("night", Daily(0, 10)), done.long_job("long", Daily(0, 10))
    process = made(exports, remind, night, long_night, waits=lambda: bool(doubt))
    await process.start()
    for job in (exports, remind):
        await process.run(job)
    await look(process, long_night)
    assert done.take() == ["exports"]
    doubt.clear()
    await process.run(remind)
    await look(process, long_night)
    assert done.take() == ["night", "remind", "long"]


async def test_each_job_has_one_tick_or_is_one_of_the_days(town: Town, made: Made) -> None:
    done = Done()
    ticks = made(
        done.job("often", Every(5)), done.job("night", Daily(0, 10)), done.long_job("long", Daily(0, 10))
    ).ticks()  # fmt: skip
    assert [tick.name for tick in ticks] == ["often", "long", "purge", "daily", "gauges", "purge_forgotten", "fold", "anchor"]
