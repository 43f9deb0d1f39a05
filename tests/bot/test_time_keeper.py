"""What the database knows of the time, over starts and jumps of the computer's clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.service.time_keeper import TimeKeeper
from storage.database.clock_marks import Word, believed, claimed
from storage.database.daily_runs import claim_run, last_runs
from storage.database.troubles import open_troubles
from storage.store import Store
from tests.support.computer import DAY, HOUR, MINUTE, YEAR, Computer
from tests.support.town import START, Town


class Run:
    """The service's part that keeps the time, on a computer; `told` counts the worker's new clocks."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.computer = Computer()
        self.told = 0
        self.keeper = TimeKeeper(town.database, self.computer.clock, self._tell)

    def _tell(self) -> None:
        self.told += 1

    async def passes(self, time: timedelta) -> None:
        self.computer.passes(time)
        await self.keeper.tick()

    async def says(self, word: Word) -> None:
        async with self.town.transaction() as tx, tx.session("test", "test") as session:
            marks = Store(session).clock_marks
            asked = await marks.claimed()
            assert asked
            assert await marks.answer(asked, word)

    async def troubles(self) -> list[str]:
        async with self.town.database.read() as conn:
            return [one.words for one in await open_troubles(conn)]

    async def asked(self) -> bool:
        async with self.town.database.read() as conn:
            return await claimed(conn) is not None


@pytest.fixture
async def run(town: Town) -> Run:
    made = Run(town)
    await made.keeper.begin()
    await made.keeper.tick()
    return made


async def started_again(run: Run, after: timedelta) -> Run:
    """The computer was off for so long, or shows that it was."""
    again = Run(run.town)
    again.computer.shows = run.computer.shows + after
    await again.keeper.begin()
    await again.keeper.tick()
    return again


async def test_the_time_is_stored_every_minute(run: Run) -> None:
    await run.passes(timedelta(seconds=30))
    await run.passes(timedelta(seconds=31))
    async with run.town.database.read() as conn:
        assert await believed(conn) == START + timedelta(seconds=61)
    assert await run.troubles() == []


async def test_a_jump_is_no_news_to_the_database_until_it_is_believed(run: Run) -> None:
    run.computer.shows += YEAR
    await run.passes(2 * MINUTE)
    async with run.town.database.read() as conn:
        assert await believed(conn) == START + 2 * MINUTE
    assert await run.troubles() == ["电脑的时间一下子变成了 2023年10月12日 09:02，对吗？"]
    await run.passes(10 * MINUTE)
    async with run.town.database.read() as conn:
        assert await believed(conn) == START + YEAR + 12 * MINUTE


async def test_the_offices_word_is_acted_on_and_the_worker_gets_a_new_clock(run: Run) -> None:
    run.computer.shows += YEAR
    await run.passes(MINUTE)
    await run.says(Word.RIGHT)
    await run.passes(MINUTE)
    assert run.computer.clock() == START + YEAR + 2 * MINUTE
    assert run.told == 1
    await run.passes(MINUTE)
    assert await run.troubles() == []
    assert not await run.asked()


async def test_a_wrong_time_is_not_acted_on_and_forgotten_when_it_is_put_right(run: Run) -> None:
    run.computer.shows += YEAR
    await run.passes(MINUTE)
    await run.says(Word.WRONG)
    await run.passes(HOUR)
    assert run.computer.clock() == START + MINUTE + HOUR
    assert run.told == 1
    again = await started_again(run, MINUTE)
    await again.passes(MINUTE)
    assert again.computer.clock() < START + YEAR, "nor by the next start"
    run.computer.shows -= YEAR
    await run.passes(MINUTE)
    assert await run.troubles() == []
    assert not await run.asked()


async def test_what_was_written_in_a_future_is_mended_when_the_time_is_put_back(run: Run) -> None:
    run.computer.shows += YEAR
    await run.passes(MINUTE)
    await run.passes(11 * MINUTE)
    async with run.town.database.write() as conn:
        await claim_run(conn, "purge", run.computer.clock().date())
    run.computer.shows -= YEAR
    await run.passes(MINUTE)
    await run.passes(11 * MINUTE)
    assert run.computer.clock() == START + 24 * MINUTE
    async with run.town.database.read() as conn:
        assert await last_runs(conn) == {}


async def test_what_was_written_in_a_future_is_mended_at_a_start(run: Run) -> None:
    async with run.town.database.write() as conn:
        await claim_run(conn, "purge", (START + YEAR).date())
    await started_again(run, HOUR)
    async with run.town.database.read() as conn:
        assert await last_runs(conn) == {}


@pytest.mark.parametrize(
    ("after", "waits", "asked"),
    [(HOUR, False, False), (3 * DAY, True, False), (YEAR, True, True)],
    ids=["night", "weekend", "year"],
)
async def test_a_start_after_an_absence(after: timedelta, waits: bool, asked: bool, run: Run) -> None:
    """Jobs wait ten minutes after more than a day; the office is asked where no holiday is so long."""
    again = await started_again(run, after)
    assert again.computer.clock.waits is waits
    assert bool(await again.troubles()) is asked
    async with run.town.database.read() as conn:
        assert await believed(conn) == (START if waits else START + after)
    await again.passes(11 * MINUTE)
    assert not again.computer.clock.waits


@pytest.mark.sqlite_only
async def test_marks_that_cannot_be_read_stop_nothing(run: Run) -> None:
    run.computer.shows += YEAR
    await run.passes(MINUTE)
    assert await run.asked()
    async with run.town.database.write() as conn:
        await conn.exec_driver_sql("UPDATE clock_marks SET at = 'gone'")
    run.computer.shows -= YEAR
    again = await started_again(run, MINUTE)
    await again.passes(MINUTE)
    async with again.town.database.read() as conn:
        assert await believed(conn) == again.computer.clock()
        assert await claimed(conn) is None
