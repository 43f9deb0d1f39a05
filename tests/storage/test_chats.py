"""Who is written to where: not at an address that has blocked us, and again when it has come back."""

from __future__ import annotations

from datetime import timedelta

from bot.platforms.base import Blocked
from storage.mail.chats import mark_blocked, mark_unblocked
from storage.mail.messages import Outgoing
from storage.mail.outbox import post
from tests.support.town import Town


async def block(town: Town, *names: str) -> None:
    async with town.database.write() as conn:
        await mark_blocked(conn, [f"test:{name}" for name in names], now=town.now)


async def address(town: Town, name: str) -> str | None:
    """Where an official is written to, as the running bot knows it."""
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
    official = town.world.directory.person(town.people[name])
    assert official is not None
    return official.address


async def second_phone(town: Town, name: str, phone: str) -> None:
    town.people[phone] = town.people[name]
    await town.bind(phone)


async def test_a_refused_send_shows_at_once_that_somebody_is_out_of_reach(town: Town) -> None:
    assert await address(town, "李村") == "test:李村"
    town.platform.fails = [Blocked("bot was blocked by the user")]
    async with town.transaction() as tx, tx.session() as session:
        post(session, "test:李村", Outgoing(text="在吗"))
    await town.settle()
    await town.settle()
    assert await address(town, "李村") is None
    async with town.database.write() as conn:
        await mark_unblocked(conn, ["test:李村"])
    assert await address(town, "李村") == "test:李村"


async def test_the_other_phone_is_written_to(town: Town) -> None:
    await second_phone(town, "李村", "李村二")
    assert await address(town, "李村") == "test:李村二"
    await block(town, "李村二")
    assert await address(town, "李村") == "test:李村"


async def test_news_for_a_household_go_to_the_phone_that_can_be_reached(town: Town) -> None:
    await town.join_household("张三", 1001)
    await second_phone(town, "张三", "张三二")
    for line in ("/selfreport", "1", "厨房漏雨", "跳过", "提交"):
        await town.say("张三", line)
    await block(town, "张三二")
    town.unread("张三")
    await town.press("李村", "查看")
    await town.press("李村", "属实")
    for line in ("厨房顶漏水", "提交"):
        await town.say("李村", line)
    assert any("困难属实" in message for message in town.unread("张三"))
    assert town.unread("张三二") == []


async def test_what_changes_nothing_rebuilds_nothing(town: Town) -> None:
    await block(town, "李村")
    await address(town, "李村")
    before = town.world.directory
    await block(town, "李村")
    async with town.database.write() as conn:
        await mark_unblocked(conn, ["test:孙村"])
    await address(town, "李村")
    assert town.world.directory is before


async def test_the_phone_bound_last_is_written_to_though_an_earlier_one_was_bound_in_a_future(town: Town) -> None:
    town.now += timedelta(days=365)
    await second_phone(town, "李村", "李村的旧手机")
    town.now -= timedelta(days=365)
    await second_phone(town, "李村", "李村的新手机")
    assert await address(town, "李村") == "test:李村的新手机"
