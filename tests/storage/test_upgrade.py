"""A database of the version before, with talks in the middle, runs on under this one.

`upgrade/version_0003.sql` is the dump of a small town (`tests.support.town`) that the last version with migration 0003
left behind: one problem, one case about to be enrolled, reminders, and eight people interrupted while they talked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.database import audit
from storage.database.base import SHANGHAI
from storage.database.connection import sqlite_url
from storage.migrations.migrate import differences, upgrade
from storage.people.persons import persons
from tests.support.town import VAULT, Town

DUMP = Path(__file__).parent / "upgrade" / "version_0003.sql"
LEFT = datetime(2022, 10, 18, 9, 30, tzinfo=SHANGHAI)
"""Half an hour after the old version was stopped."""


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """The town of the dump, brought up to date."""
    path = tmp_path / "cunbao.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(DUMP.read_text("utf-8"))
    connection.close()
    old = Town(sqlite_url(path), tmp_path)
    old.now = LEFT
    old.messages = 1_000  # the keys below are those of messages that the old version has worked on
    await upgrade(old.database)
    async with old.database.read() as conn:
        old.people = {row.name: row.id for row in await conn.execute(sa.select(persons.c.id, persons.c.name))}
    yield old
    await old.close()


async def test_its_tables_and_its_chain_are_those_of_this_version(town: Town) -> None:
    assert await differences(town.database) == []
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []


async def test_everybody_goes_on_where_they_were_interrupted(town: Town) -> None:
    assert "拍照或发定位" in (await town.say("李村", "厨房漏雨，老人住院花了三万"))[-1]
    await town.say("李村", "跳过")
    assert "已上报" in (await town.say("李村", "提交"))[-1]
    assert "已上报" in (await town.say("赵村", "提交"))[-1], "a card made of a sentence"
    assert "说说情况" in (await town.say("张三", "2"))[-1]
    assert "已登记" in (await town.say("周镇", "边缘易致贫户"))[-1], "a conversation that has another name now"
    assert "发给谁" in " ".join(await town.say("吴镇", "明天上午九点开会"))
    assert "提交" in (await town.say("王建", "瓦铺了一半，50%"))[-1]
    assert "已告诉镇里" in (await town.say("孙村", "提交"))[-1], "leave, half said"
    assert "2/5" in (await town.say("陈医", "错"))[-1]
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []


async def test_its_reminders_come(town: Town) -> None:
    town.now = datetime(2022, 10, 24, 8, 0, tzinfo=SHANGHAI)
    await town.tick()
    assert any("白塔村 屋顶漏雨" in message for message in town.unread("王建"))


async def test_its_buttons_still_open_what_they_name(town: Town) -> None:
    assert "登记为哪一类" in (await town.press_data("周镇", "/register 1"))[-1], "the talk that is open"
    assert "还没有发过通知" in " ".join(await town.press_data("吴镇", "/broadcasts"))
