"""What delivery promises: nothing lost, nothing twice, one chat's trouble is nobody else's."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.delivery.sender import ABANDONED, MAX_ATTEMPTS, Sender
from bot.delivery.worker import MAX_TRIES
from bot.platforms.base import Blocked, Busy, Refused, Unsure
from handlers.engine.chat import Chat
from handlers.engine.putting_aside import APOLOGY
from storage.database.connection import Database
from storage.mail import inbox, outbox, talks
from storage.mail.chats import chats, reachable
from storage.mail.messages import BULK, PUSH, REPLY, Incoming, Outgoing
from storage.mail.outbox import FAILED, PENDING, SENDING, SENT, UNCERTAIN, Letter
from storage.problems.states import Action, ProblemState
from storage.store import Store
from tests.support.conversations import Breaking, form, known_as
from tests.support.problems import add, history
from tests.support.town import START, VAULT, Recorder, Town

LI, ZHAO, ZHOU, WU = "test:李村", "test:赵村", "test:周镇", "test:吴镇"


def message(address: str, text: str, key: str | None = None) -> Incoming:
    return Incoming(address=address, key=key or f"{address}:{text}", at=START, text=text)


async def rows(town: Town, table: sa.Table) -> list[Any]:
    async with town.database.read() as conn:
        return list((await conn.execute(sa.select(table).order_by(table.c.id))).all())


async def post(town: Town, address: str, text: str, **more: Any) -> int:
    async with town.transaction() as tx, tx.session("test", "post") as session:
        return outbox.post(session, address, Outgoing(text=text), **more)


async def state_of(town: Town, letter: int) -> Any:
    return next(row for row in await rows(town, outbox.outbox) if row.id == letter)


def later(town: Town, **span: float) -> None:
    town.now += timedelta(**span)


# The inbox ---------------------------------------------------------------------------------------------------------


async def test_put_returns_when_the_message_can_be_read_by_another_connection(town: Town, database_url: str) -> None:
    other = Database(database_url, VAULT)
    try:
        await asyncio.gather(*(town.intake.put([message(LI, f"第{n}句")]) for n in range(5)))
        async with other.read() as conn:
            kept = await conn.execute(sa.select(sa.func.count()).select_from(inbox.inbox))
            assert kept.scalar_one() == 5
    finally:
        await other.close()


async def test_calls_that_come_during_a_commit_share_the_next_one(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    put = inbox.put

    async def counted(conn: Any, batch: Any, now: Any, known: Any) -> int:
        batches.append(len(batch))
        return await put(conn, batch, now, known)

    monkeypatch.setattr(inbox, "put", counted)
    await asyncio.gather(*(town.intake.put([message(LI, f"第{n}句")]) for n in range(30)))
    assert sum(batches) == 30
    assert len(batches) <= 2


async def test_put_raises_when_nothing_was_stored_and_works_again_after(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> int:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "put", broken)
        with pytest.raises(OSError, match="disk full"):
            await town.intake.put([message(LI, "/help")])
    assert await rows(town, inbox.inbox) == []
    await town.intake.put([message(LI, "/help")])
    assert len(await rows(town, inbox.inbox)) == 1


async def test_a_repeated_update_has_no_second_effect(town: Town) -> None:
    with known_as("form", form):
        await town.intake.put([message(LI, "/form", "u1"), message(LI, "/form", "u1")])
        await town.settle()
        await town.intake.put([message(LI, "李四", "u2")])
        await town.settle()
        await town.intake.put([message(LI, "李四", "u2"), message(LI, "/form", "u1")])
        await town.settle()
        assert [text.split(" ")[0] for text in town.unread("李村")] == ["姓名？", "年龄？"]


# The worker --------------------------------------------------------------------------------------------------------


async def test_order_within_a_chat_is_kept_while_its_first_message_is_retried(town: Town) -> None:
    with known_as("form", Breaking(RuntimeError("once"))):
        await town.say("李村", "/form")
        await town.say("李村", "李四")
        await town.intake.put([message(LI, "30"), message(LI, "/me"), message(ZHAO, "/me")])
        await town.settle()
        assert town.unread("李村") == [], "the chat is held, nothing overtakes"
        assert len(town.unread("赵村")) == 1, "others are answered meanwhile"
        later(town, minutes=1)
        await town.settle()
        first, second = town.unread("李村")
        assert first == "存了：李四 30"
        assert "李村" in second


async def test_a_message_that_always_fails_is_parked_and_its_sender_told_once(town: Town) -> None:
    with known_as("form", Breaking(*[RuntimeError("数据 broken")] * MAX_TRIES)):
        await town.say("李村", "/form")
        await town.say("李村", "李四")
        heard = await town.say("李村", "30")
        for _ in range(MAX_TRIES + 2):
            later(town, minutes=2)
            assert len(await town.say("赵村", "/me")) == 1
            heard += town.unread("李村")
        assert heard == [APOLOGY]
        async with town.database.read() as conn:
            (dead,) = await inbox.dead_letters(conn)
        assert (dead.address, dead.error) == (LI, "RuntimeError: 数据 broken")
        assert await town.say("李村", "31") == ["存了：李四 31"], "the earlier answer is kept"


async def test_a_parked_message_can_be_run_again(town: Town) -> None:
    with known_as("form", Breaking(*[RuntimeError("broken")] * MAX_TRIES)):
        for said in ("/form", "李四", "30"):
            await town.say("李村", said)
        for _ in range(MAX_TRIES):
            later(town, minutes=2)
            await town.settle()
        town.unread("李村")
        async with town.database.write() as conn:
            dead = [letter.id for letter in await inbox.dead_letters(conn)]
            assert await inbox.revive(conn, dead) == 1
            assert await inbox.revive(conn, dead) == 0
        await town.settle()
        assert town.unread("李村") == ["存了：李四 30"]
        async with town.database.read() as conn:
            assert await inbox.dead_letters(conn) == []


async def same_intent(chat: Chat) -> None:
    """Breaks the rule that an intent exists once, which only the database notices, when all is written."""
    await chat.say("好")
    outbox.post(chat.store.session, chat.address, Outgoing(text="又一次"), intent="already there")


async def test_a_database_error_undoes_one_chat_alone(town: Town) -> None:
    await post(town, WU, "第一次", intent="already there")
    with known_as("twice", same_intent), known_as("form", form):
        await town.say("赵村", "/form")
        await town.intake.put([message(ZHAO, "李四"), message(LI, "/twice"), message(ZHOU, "/me")])
        await town.settle()
        assert town.unread("赵村")[0].startswith("年龄？")
        assert "周镇" in town.unread("周镇")[0]
        assert town.unread("李村") == []
        for _ in range(MAX_TRIES):
            later(town, minutes=2)
            await town.settle()
        assert town.unread("李村") == [APOLOGY]
        async with town.database.read() as conn:
            (dead,) = await inbox.dead_letters(conn)
        assert "IntegrityError" in dead.error


async def unwritable(chat: Chat) -> None:
    """Adds a row that no driver takes: found out only when all is written."""
    outbox.post(chat.store.session, chat.address, Outgoing(text="好"), priority=2**80)


async def test_a_row_that_no_driver_takes_undoes_one_chat_alone(town: Town) -> None:
    with known_as("unwritable", unwritable):
        await town.intake.put([message(ZHAO, "/me"), message(LI, "/unwritable"), message(ZHOU, "/me")])
        for _ in range(MAX_TRIES):
            await town.settle()
            later(town, minutes=2)
        assert "赵村" in town.unread("赵村")[0]
        assert "周镇" in town.unread("周镇")[0]
        assert town.unread("李村") == [APOLOGY]


async def test_a_stored_message_that_cannot_be_opened_holds_up_nobody(town: Town) -> None:
    await town.intake.put([message(LI, "/me", "broken"), message(ZHAO, "/me")])
    async with town.database.write() as conn:
        await conn.execute(inbox.inbox.update().where(inbox.inbox.c.key == "broken").values(payload=b"\x01rubbish"))
    await town.settle()
    assert "赵村" in town.unread("赵村")[0]


async def test_two_who_accept_the_same_problem_at_once(town: Town) -> None:
    """The second is told what the first did, and the problem is closed once."""
    problem = await add(town)
    async with town.transaction() as tx, tx.session("test", "rectify") as session:
        store = Store(session)
        working = await store.problems.move(problem, Action.CLAIM, state=ProblemState.WORKING, by=town.people["李村"])
        await store.problems.move(working, Action.SUBMIT, state=ProblemState.REVIEW, by=town.people["李村"])
    await town.intake.put([message(ZHOU, "/accept 1 ok"), message(WU, "/accept 1 ok")])
    await town.settle()
    assert town.unread("周镇") == ["1号 白塔村已销号，已告诉整改的同志。"]
    assert town.unread("吴镇") == ["1号：周镇已在 10月12日 09:00 验收通过，现在是「已销号」。"]
    assert len([heard for heard in town.unread("李村") if "验收通过" in heard]) == 1
    assert [entry.action for entry in await history(town, problem)].count(Action.ACCEPT) == 1
    assert {row.state for row in await rows(town, inbox.inbox)} == {inbox.DONE}


# The sender --------------------------------------------------------------------------------------------------------


async def test_a_busy_platform_is_tried_again_when_it_said(town: Town) -> None:
    town.platform.fails = [Busy("slow down", 30)]
    letter = await post(town, LI, "您好")
    await town.sender.drain()
    row = await state_of(town, letter)
    assert (row.state, row.not_before, row.uncertain_since) == (PENDING, town.now + timedelta(seconds=30), None)
    await town.sender.drain()
    assert town.platform.sent == []
    later(town, seconds=31)
    await town.sender.drain()
    assert (await state_of(town, letter)).state == SENT
    assert len(town.platform.sent) == 1


async def test_a_short_wait_is_waited_in_place(town: Town) -> None:
    town.platform.fails = [Busy("slow down", 0)]
    letter = await post(town, LI, "您好")
    await town.sender.drain()
    assert (await state_of(town, letter)).state == SENT


async def test_an_unsure_send_is_repeated_where_it_must_arrive_and_stays_listed(town: Town) -> None:
    town.platform.fails = [Unsure("timed out")]
    letter = await post(town, LI, "限期到了")
    await town.sender.drain()
    doubt = (await state_of(town, letter)).uncertain_since
    assert doubt == town.now
    later(town, minutes=5)
    await town.sender.drain()
    row = await state_of(town, letter)
    assert (row.state, row.uncertain_since) == (SENT, doubt)
    async with town.database.read() as conn:
        assert [trouble.id for trouble in await outbox.troubles(conn)] == [letter]


async def test_an_unsure_send_is_not_repeated_where_twice_is_worse(town: Town) -> None:
    town.platform.fails = [Unsure("timed out")]
    letter = await post(town, LI, "广播", must_arrive=False)
    await town.sender.drain()
    later(town, minutes=5)
    await town.sender.drain()
    assert (await state_of(town, letter)).state == UNCERTAIN
    assert town.platform.sent == []


async def test_who_has_blocked_us_is_marked_unreachable(town: Town) -> None:
    town.platform.fails = [Blocked("bot was blocked by the user")]
    letter = await post(town, LI, "您好")
    await town.sender.drain()
    row = await state_of(town, letter)
    assert (row.state, row.error) == (FAILED, "Blocked: bot was blocked by the user")
    async with town.database.read() as conn:
        assert await reachable(conn, [town.people["李村"], town.people["赵村"]]) == {town.people["赵村"]: ZHAO}
        assert (await conn.execute(sa.select(chats.c.blocked_at).where(chats.c.address == LI))).scalar() == town.now


@pytest.mark.parametrize("error", [Refused("text is too long"), ValueError("a bug of ours")], ids=["refused", "bug"])
async def test_what_can_never_be_sent_fails_and_the_next_one_goes(town: Town, error: Exception) -> None:
    town.platform.fails = [error] if isinstance(error, Refused) else [error] * MAX_ATTEMPTS
    first, second = await post(town, LI, "不行的"), await post(town, LI, "行的")
    for _ in range(MAX_ATTEMPTS + 1):
        await town.sender.drain()
        later(town, minutes=10)
    assert ((await state_of(town, first)).state, (await state_of(town, second)).state) == (FAILED, SENT)
    assert [sent.text for _, sent in town.platform.sent] == ["行的"]


@pytest.mark.sqlite_only
async def test_what_a_predecessor_of_another_name_left_open_is_adopted(town: Town) -> None:
    """Somebody changed the name of the worker; the folder's lock lets only one process serve."""
    letter = await post(town, LI, "一")
    await post(town, LI, "二")
    async with town.database.write() as conn:
        await conn.execute(outbox.outbox.update().where(outbox.outbox.c.id == letter).values(state=SENDING, owner="another"))
    await town.sender.adopt()
    await town.settle()
    assert town.unread("李村") == ["一", "二"]


@pytest.mark.postgres_only
async def test_what_a_predecessor_left_open_is_adopted(town: Town) -> None:
    """A crash between the send and its mark: nobody knows whether it arrived."""
    must, may, others = [await post(town, LI, text, must_arrive=text != "广播") for text in ("要到", "广播", "别人的")]
    async with town.database.write() as conn:
        ours = outbox.outbox.update().where(outbox.outbox.c.id.in_([must, may]))
        await conn.execute(ours.values(state=SENDING, owner="test", attempts=1))
        theirs = outbox.outbox.update().where(outbox.outbox.c.id == others)
        await conn.execute(theirs.values(state=SENDING, owner="another"))
    await town.restart()
    assert await town.sender.adopt() == 2
    assert await town.sender.adopt() == 0
    states = {letter: await state_of(town, letter) for letter in (must, may, others)}
    assert [states[letter].state for letter in (must, may, others)] == [PENDING, UNCERTAIN, SENDING]
    assert states[must].uncertain_since == states[may].uncertain_since == town.now
    assert states[others].uncertain_since is None
    async with town.database.read() as conn:
        assert {trouble.id for trouble in await outbox.troubles(conn)} == {must, may}


@pytest.mark.postgres_only
async def test_what_a_service_that_is_gone_left_open_is_adopted(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was renamed or taken away for good; else its chats would hear nothing more."""
    passed = 0.0
    monkeypatch.setattr(town.sender, "_loop_time", lambda: passed)
    letters = [await post(town, name, "一") for name in (LI, ZHAO)]
    await post(town, LI, "二")
    theirs = outbox.outbox.update().where(outbox.outbox.c.id.in_(letters)).values(state=SENDING, owner="another", attempts=1)
    async with town.database.write() as conn:
        await conn.execute(theirs)
    await town.sender.adopt_from_others()
    passed = ABANDONED - 1
    async with town.database.write() as conn:  # it is alive, and tries this one again
        await conn.execute(theirs.where(outbox.outbox.c.id == letters[1]).values(attempts=2))
    await town.sender.adopt_from_others()
    await town.settle()
    assert town.unread("李村") == []
    passed = ABANDONED
    await town.sender.adopt_from_others()
    await town.settle()
    assert (town.unread("李村"), town.unread("赵村")) == (["一", "二"], [])
    async with town.database.read() as conn:
        assert [trouble.id for trouble in await outbox.troubles(conn)] == letters[:1]


async def test_a_chats_messages_arrive_in_order_although_the_first_must_wait(town: Town) -> None:
    town.platform.fails = [Busy("slow down", 30)]
    await post(town, LI, "一")
    await post(town, LI, "二")
    await post(town, ZHAO, "别人")
    await town.sender.drain()
    await post(town, LI, "三")
    await town.sender.drain()
    assert [sent.text for _, sent in town.platform.sent] == ["别人"], "neither overtakes the first"
    later(town, seconds=31)
    await town.sender.drain()
    assert [sent.text for _, sent in town.platform.sent] == ["别人", "一", "二", "三"]


async def test_a_message_for_later_waits_and_holds_up_nothing(town: Town) -> None:
    await post(town, LI, "明天的提醒", not_before=town.now + timedelta(days=1))
    await post(town, LI, "现在的回复")
    await town.sender.drain()
    assert [sent.text for _, sent in town.platform.sent] == ["现在的回复"]
    later(town, days=1)
    await town.sender.drain()
    assert [sent.text for _, sent in town.platform.sent] == ["现在的回复", "明天的提醒"]


async def test_replies_go_before_news_and_news_before_notices(town: Town) -> None:
    for address, text, priority in ((LI, "广播", BULK), (ZHAO, "消息", PUSH), (ZHOU, "回复", REPLY)):
        await post(town, address, text, priority=priority)
    async with town.database.write() as conn:
        first = await outbox.claim(conn, "test", ["test"], town.now, 1)
        second = await outbox.claim(conn, "test", ["test"], town.now, 1)
    assert [outbox.letter_of(VAULT, row).message.text for row in (*first, *second)] == ["回复", "消息"]


async def test_an_intent_exists_once(town: Town) -> None:
    await post(town, LI, "提醒", intent="remind:clue:1")
    with pytest.raises(sa.exc.IntegrityError):
        await post(town, LI, "提醒", intent="remind:clue:1")
    async with town.transaction() as tx, tx.session() as session:
        assert await outbox.known_intents(session, ["remind:clue:1", "remind:clue:2"]) == {"remind:clue:1"}
    await town.sender.drain()
    assert len(town.platform.sent) == 1


# Stopping ----------------------------------------------------------------------------------------------------------


class Gate:
    """Lets the test know that somebody has come, and lets them through when the test says so."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def pass_through(self) -> None:
        self.reached.set()
        await self.open.wait()


async def test_a_worker_that_is_stopped_finishes_its_batch(town: Town) -> None:
    gate = Gate()

    async def slow(chat: Chat) -> None:
        await gate.pass_through()
        await chat.say("办好了")

    with known_as("slow", slow):
        running = asyncio.create_task(town.worker.run())
        await town.intake.put([message(LI, "/slow")])
        await gate.reached.wait()
        running.cancel()
        gate.open.set()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert [row.state for row in await rows(town, inbox.inbox)] == [inbox.DONE]
    assert [row.state for row in await rows(town, outbox.outbox)] == [PENDING]


class Gated(Recorder):
    """A platform that is slow to answer."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    async def send(self, letter: Letter) -> str:
        await self.gate.pass_through()
        return await super().send(letter)


async def test_a_sender_that_is_stopped_records_what_is_under_way(town: Town) -> None:
    gate = Gate()
    platform = Gated(gate)
    sender = Sender(town.database, [platform], town.clock, "test")
    for address in (LI, ZHAO):
        await post(town, address, "您好")
    await post(town, LI, "再见")
    running = asyncio.create_task(sender.run())
    await gate.reached.wait()
    running.cancel()
    gate.open.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(platform.sent) == 3
    assert [row.state for row in await rows(town, outbox.outbox)] == [SENT] * 3


async def test_a_crash_in_the_middle_of_a_batch_loses_nothing(town: Town) -> None:
    gate = Gate()

    async def dying(chat: Chat) -> None:
        await gate.pass_through()
        await chat.say("办好了")

    with known_as("dying", dying):
        await town.intake.put([message(LI, "/dying")])
        batch = asyncio.create_task(town.worker.work())
        await gate.reached.wait()
        batch.cancel()  # `work` itself, as a dying process would: nothing waits for its end
        with pytest.raises(asyncio.CancelledError):
            await batch
        assert [row.state for row in await rows(town, inbox.inbox)] == [inbox.NEW]
        await town.restart()
        gate.open.set()
        await town.settle()
    assert town.unread("李村") == ["办好了"]


# Erasing -----------------------------------------------------------------------------------------------------------


async def test_only_what_is_done_and_old_is_erased(town: Town) -> None:
    with known_as("form", form):
        await town.say("李村", "/form")
    kept = await post(town, LI, "以后的", not_before=town.now + timedelta(days=90))
    later(town, days=40)
    await town.intake.put([message(ZHAO, "还没办的")])
    border = town.now - timedelta(days=30)
    async with town.database.write() as conn:
        assert await inbox.purge(conn, border) == 1
        assert await outbox.purge(conn, border) == 1
        assert await talks.purge(conn, border) == 1
        assert (await inbox.purge(conn, border), await outbox.purge(conn, border), await talks.purge(conn, border)) == (0, 0, 0)
    assert [row.state for row in await rows(town, inbox.inbox)] == [inbox.NEW]
    assert [row.id for row in await rows(town, outbox.outbox)] == [kept]
