"""When messages can't be worked on or sent, the town's office hears of it in counts, once a working day."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.platforms.base import Refused
from handlers.health import faults_job as faults
from storage.database.base import SHANGHAI
from storage.database.reading import Damage
from storage.mail import inbox, outbox
from storage.mail.messages import PUSH, Incoming, Outgoing
from storage.mail.outbox import UNCERTAIN, Outcome
from storage.store import Store
from tests.support.town import START, Town


async def tick(town: Town) -> int:
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
        told = await faults.tell(tx, town.world)
    await town.settle()
    return told


async def fail_a_send(town: Town) -> None:
    town.platform.fails = [Refused("no such chat")]
    await town.say("孙村", "/help")


async def leave_one_in_doubt(town: Town) -> None:
    async with town.transaction() as tx, tx.session() as session:
        key = outbox.post(session, "test:孙村", Outgoing(text="?"), priority=PUSH)
    async with town.database.write() as conn:
        await outbox.finish(conn, [Outcome(id=key, state=UNCERTAIN, unsure=True)], town.now)


async def lose_a_message(town: Town) -> None:
    message = Incoming(address="test:孙村", key="lost", at=town.now, text="张三家漏雨")
    async with town.database.write() as conn:
        await inbox.put(conn, inbox.rows_of(town.database.vault, [message], town.now), town.now)
        [[mail]] = (await inbox.claim(conn, town.database.vault, ["test"], town.now, 1, Damage()))[0].values()
        await inbox.mark_failed(conn, mail, "ValueError", dead=True, now=town.now)


async def test_nothing_is_said_while_nothing_is_wrong(town: Town) -> None:
    assert await tick(town) == 0


async def test_the_office_is_told_once_a_day_in_counts_and_what_to_do(town: Town) -> None:
    await fail_a_send(town)
    await leave_one_in_doubt(town)
    await lose_a_message(town)
    assert await tick(town) == 2
    expected = (
        "【系统提醒】有1 条来信没处理成，1 条消息没发出去，1 条不知是否送到。"
        " / 请管理员运行：cunbao dead-letters list、cunbao outbox"
    )
    assert town.unread("周镇") == town.unread("吴镇") == [expected]
    assert town.unread("李村") == town.unread("郑市") == []
    assert await tick(town) == 0, "the second run finds nothing to do"


async def test_an_old_fault_is_not_told_for_ever_and_a_new_one_is(town: Town) -> None:
    await fail_a_send(town)
    assert await tick(town) == 2
    told = []
    for _ in range(4):
        town.now += timedelta(days=1)
        told.append(await tick(town))
    assert told[-1] == 0
    town.now = datetime(2022, 10, 17, 10, 0, tzinfo=SHANGHAI)
    await fail_a_send(town)
    assert await tick(town) == 2


async def test_what_goes_wrong_after_the_message_is_told_the_next_day(town: Town) -> None:
    await fail_a_send(town)
    await tick(town)
    town.now += timedelta(hours=8)
    await lose_a_message(town)
    assert await tick(town) == 0
    town.now = START + timedelta(days=1)
    assert await tick(town) == 2
    assert "1 条来信没处理成" in town.unread("周镇")[-1]


async def test_nobody_is_called_at_night_or_on_a_day_off(town: Town) -> None:
    await fail_a_send(town)
    for moment in (datetime(2022, 10, 12, 22, 0, tzinfo=SHANGHAI), datetime(2022, 10, 15, 9, 0, tzinfo=SHANGHAI)):
        town.now = moment
        assert await tick(town) == 0
    town.now = datetime(2022, 10, 17, 8, 0, tzinfo=SHANGHAI)
    assert await tick(town) == 2


async def test_who_is_on_leave_is_left_in_peace(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "leave") as session:
        Store(session).leaves.take(town.people["周镇"], START.date(), last=START.date(), deputy_id=None)
    await fail_a_send(town)
    assert await tick(town) == 1
    assert (len(town.unread("吴镇")), town.unread("周镇")) == (1, [])
    assert await tick(town) == 0
