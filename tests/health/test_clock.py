"""The office is asked once about a jump of the computer's clock, and its word is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from handlers.health import clock_job, troubles_job
from handlers.health.clock_job import jump_in_words
from storage.database.clock_marks import TROUBLE, Word, claim, claimed, drop_claim
from storage.database.troubles import begin_trouble
from tests.support.town import START, Town
from tests.support.transcripts import check

TRANSCRIPT = Path(__file__).parents[1] / "transcripts" / "health" / "clock.txt"
JUMP = START + timedelta(days=365)


async def jump(town: Town) -> None:
    async with town.transaction() as tx:
        await claim(tx.conn, JUMP)
        await begin_trouble(tx.conn, TROUBLE, jump_in_words(JUMP), tx.now)


async def tick(town: Town) -> int:
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
        asked = await clock_job.ask(tx, town.world)
        await troubles_job.tell(tx, town.world)
    await town.settle()
    return asked


async def word(town: Town) -> Word | None:
    async with town.database.read() as conn:
        said = await claimed(conn)
    assert said
    return said.word


async def test_transcript(restart: bool, town: Town) -> None:
    await jump(town)
    await tick(town)
    await check(TRANSCRIPT, town, restart=restart)
    assert await word(town) is Word.RIGHT


async def test_the_office_alone_is_asked_once(town: Town) -> None:
    assert await tick(town) == 0
    await jump(town)
    assert [await tick(town), await tick(town)] == [2, 0]
    assert "2023年10月12日 09:00，对吗？" in town.unread("周镇")[0]
    assert town.unread("李村") == []
    assert town.unread("周镇") == []


async def test_nobody_is_asked_at_night(town: Town) -> None:
    town.now = START.replace(hour=22)
    await jump(town)
    assert await tick(town) == 0
    town.now = START + timedelta(days=1)
    assert await tick(town) == 2


@pytest.mark.parametrize(("label", "said"), [("不对", Word.WRONG), ("时间是对的", Word.RIGHT)])
async def test_one_tap_is_the_offices_word(label: str, said: Word, town: Town) -> None:
    await jump(town)
    await tick(town)
    await town.press("周镇", label)
    assert await word(town) is said


async def test_a_button_about_an_earlier_jump_is_asked_again(town: Town) -> None:
    await jump(town)
    await tick(town)
    async with town.transaction() as tx:
        await claim(tx.conn, JUMP + timedelta(days=365))
    assert "2024年10月11日 09:00，对吗？" in "".join(await town.press("周镇", "时间是对的"))
    assert await word(town) is None
    await town.press("周镇", "不对")
    assert await word(town) is Word.WRONG


async def test_where_nothing_is_doubted_the_time_is_told(town: Town) -> None:
    async with town.transaction() as tx:
        await drop_claim(tx.conn)
    assert "现在是 2022年10月12日 09:00" in (await town.say("周镇", "电脑时间"))[0]
