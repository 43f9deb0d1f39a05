"""What is wrong with the service is told to the town's office once, in plain words and in working hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers.health import troubles_job
from storage.database.base import SHANGHAI
from storage.database.troubles import begin_trouble, end_trouble, open_troubles
from tests.support.town import Town

FULL = "磁盘快满了，只剩 1%。"


async def tick(town: Town) -> int:
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
        told = await troubles_job.tell(tx, town.world)
    await town.settle()
    return told


async def fill_the_disk(town: Town) -> None:
    async with town.transaction() as tx:
        await begin_trouble(tx.conn, "disk", FULL, tx.now)


async def empty_the_disk(town: Town) -> None:
    async with town.transaction() as tx:
        await end_trouble(tx.conn, "disk", tx.now)


async def test_every_official_hears_of_a_trouble_once(town: Town) -> None:
    assert await tick(town) == 0
    await fill_the_disk(town)
    await fill_the_disk(town)
    assert await tick(town) == 2
    assert town.unread("周镇") == town.unread("吴镇") == [f"【系统提醒】 / {FULL} / 请管理员运行 cunbao check 看一下。"]
    assert town.unread("李村") == []
    assert await tick(town) == 0


async def test_what_comes_and_goes_is_told_once_a_day(town: Town) -> None:
    for _ in range(3):
        await fill_the_disk(town)
        await tick(town)
        await empty_the_disk(town)
    assert len(town.unread("周镇")) == 1
    town.now += timedelta(days=1, minutes=1)
    await fill_the_disk(town)
    await tick(town)
    assert len(town.unread("周镇")) == 1


async def test_what_is_right_again_is_not_told(town: Town) -> None:
    await fill_the_disk(town)
    await empty_the_disk(town)
    assert await tick(town) == 0
    async with town.transaction() as tx:
        assert await open_troubles(tx.conn) == []


async def test_nobody_is_woken(town: Town) -> None:
    town.now = datetime(2022, 10, 12, 23, 0, tzinfo=SHANGHAI)
    await fill_the_disk(town)
    assert await tick(town) == 0
    town.now = datetime(2022, 10, 13, 9, 0, tzinfo=SHANGHAI)
    assert await tick(town) == 2
