"""What takes long is done beside the batches: its chat waits and is held, all others go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.delivery.asides import LEASE
from bot.delivery.worker import MAX_TRIES, Worker
from handlers.files import ask
from storage.mail.chats import chats
from storage.mail.inbox import inbox
from storage.mail.messages import Incoming, SentFile
from tests.support.tables import xlsx
from tests.support.town import Town

LEDGER = xlsx(("问题来源", "村", "问题描述", "整改时限"), ("十项重点任务排查", "白塔村", "房屋漏雨", "2022年10月25日"))


class Reading:
    """Reads nothing before it is told to. `times` is how often a file was asked for; `error` is raised instead."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.times = 0
        self.error: Exception | None = None

    async def __call__(self, read: Callable[..., Any], content: bytes, name: str, *_: Any, **options: Any) -> Any:
        self.times += 1
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return read(content, name, **{key: options[key] for key in options if key not in ("process", "declared")})


@pytest.fixture
async def reading(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reading]:
    made = Reading()
    monkeypatch.setattr(ask, "read_outside", made)
    yield made
    made.go_on.set()


async def put(town: Town, name: str, **what: Any) -> None:
    """A message that is only stored."""
    town.messages += 1
    message = Incoming(address=f"test:{name}", key=f"test:{town.messages}", at=town.now, **what)
    await town.intake.put([message])


async def send_ledger(town: Town, name: str = "周镇") -> None:
    sha256 = await town.keep(LEDGER, "application/octet-stream")
    await put(town, name, files=(SentFile(sha256=sha256, kind="document", name="台账.xlsx"),))


async def sent(town: Town) -> list[tuple[str, str]]:
    """What has been sent since, to whom."""
    before = len(town.platform.sent)
    await town.sender.drain()
    return [(address.removeprefix("test:"), message.text or "") for address, message in town.platform.sent[before:]]


async def held_until(town: Town, name: str) -> Any:
    async with town.database.read() as conn:
        return (await conn.execute(sa.select(chats.c.held_until).where(chats.c.address == f"test:{name}"))).scalar_one()


async def new_mail(town: Town) -> int:
    async with town.database.read() as conn:
        return (await conn.execute(sa.select(sa.func.count()).where(inbox.c.state == "new"))).scalar_one()


async def test_others_are_answered_while_a_file_is_read(town: Town, reading: Reading) -> None:
    await send_ledger(town)
    await put(town, "李村", text="/report")
    assert await town.worker.work() == 2
    assert [name for name, _ in await sent(town)] == ["李村"]
    await put(town, "李村", text="张三")
    assert await town.worker.work() == 1
    assert [name for name, _ in await sent(town)] == ["李村"]
    assert await town.worker.work() == 0, "the chat is held"
    reading.go_on.set()
    await town.settle()
    assert "可导入 1 条" in town.unread("周镇")[-1]
    assert await held_until(town, "周镇") is None
    assert reading.times == 1


async def test_what_the_sender_says_meanwhile_is_heard_after_the_file(town: Town, reading: Reading) -> None:
    await send_ledger(town)
    await put(town, "周镇", text="取消")
    await town.worker.work()
    await put(town, "周镇", text="/todo")
    assert await town.worker.work() == 0
    assert await new_mail(town) == 3
    reading.go_on.set()
    await town.settle()
    first, second, *_ = town.unread("周镇")
    assert "可导入 1 条" in first
    assert "已取消" in second


async def test_whoever_waits_long_is_told_once_and_their_question_stays(town: Town, reading: Reading) -> None:
    renewed = asyncio.Semaphore(0)
    beside = town.worker._beside
    beside._patience = 0.01
    hold = beside._hold

    async def noted(*arguments: Any) -> Any:
        until = await hold(*arguments)
        renewed.release()
        return until

    beside._hold = noted  # type: ignore[method-assign, assignment]
    await send_ledger(town)
    await town.worker.work()
    for _ in range(3):
        await renewed.acquire()
    assert await sent(town) == [("周镇", "正在读「台账.xlsx」，读好就告诉您，不用再发。")]
    reading.go_on.set()
    await town.settle()
    assert not [text for text in town.unread("周镇")[1:] if "正在读" in text]
    assert "已导入 1 条" in (await town.press("周镇", "提交"))[-1]


async def test_after_a_kill_the_file_is_read_again_some_seconds_later(town: Town, reading: Reading) -> None:
    await send_ledger(town)
    await town.worker.work()
    town.worker._beside._release = lambda *_: asyncio.sleep(0)  # type: ignore[method-assign]  # nobody lives to end the hold
    await town.worker._beside.stop()
    await town.restart()
    reading.go_on.set()
    assert await town.worker.work() == 0
    town.now += LEASE
    await town.settle()
    assert "可导入 1 条" in town.unread("周镇")[-1]


async def test_a_worker_that_stops_leaves_the_chat_free(town: Town, reading: Reading) -> None:
    await send_ledger(town)
    await town.worker.work()
    await town.worker._beside.stop()
    assert await held_until(town, "周镇") is None
    assert await new_mail(town) == 1
    reading.go_on.set()
    await town.settle()
    assert "可导入 1 条" in town.unread("周镇")[-1]


async def test_another_worker_leaves_a_held_chat_alone(town: Town, reading: Reading) -> None:
    await send_ledger(town)
    await town.worker.work()
    other = Worker(town.database, town.world, ["test"], town.clock, lambda _: None)
    assert await other.work() == 0
    assert reading.times == 1


async def test_a_hold_that_somebody_else_has_taken_over_is_not_ended(town: Town, reading: Reading) -> None:
    await send_ledger(town)
    await town.worker.work()
    theirs = town.now + timedelta(minutes=1)
    async with town.database.write() as conn:
        await conn.execute(chats.update().where(chats.c.address == "test:周镇").values(held_until=theirs))
    reading.go_on.set()
    assert await town.worker.settled()
    assert await held_until(town, "周镇") == theirs


async def test_a_fault_of_our_own_while_reading_ends_as_any_other(town: Town, reading: Reading) -> None:
    reading.error = LookupError("a fault of ours")
    reading.go_on.set()
    await send_ledger(town)
    for _ in range(MAX_TRIES):
        await town.settle()
        town.now += timedelta(minutes=1)
    assert ["没能处理好" in text for text in town.unread("周镇")] == [True]
    assert await town.say("李村", "/report")
