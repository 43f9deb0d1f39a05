"""Notices 通知: to whom they go, one tap to confirm, who has not, one repeat; and that they delay nobody's answer."""

from __future__ import annotations

import asyncio
import contextlib
import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from bot.delivery.bulk_limiter import AT_ONCE, TOGETHER, BulkLimiter
from bot.delivery.sender import Sender
from bot.platforms.base import Blocked, Busy
from handlers.engine.words import NOT_YOURS
from handlers.notices import job as announce
from handlers.notices.name_list import ListedName, from_rows, from_text, match_people
from handlers.reading import Unreadable
from storage.database.base import SHANGHAI, to_base36
from storage.database.transaction import reading_first
from storage.files.attachments import attachments
from storage.mail import outbox
from storage.mail.messages import BULK, REPLY, Outgoing, SentFile
from storage.mail.outbox import Letter
from storage.notices import receipts as notice_receipts
from storage.notices.addressees import Holder
from storage.notices.sent import KEPT, Notice, notices
from storage.people.persons import Role
from storage.store import Store
from tests.support.town import Recorder, Town

VILLAGES = {"白塔村": "220881100203", "瓦房村": "220881100200"}


async def queue(town: Town) -> int:
    """One tick of the job, as `bot.service.jobs` runs it."""
    async with town.database.read() as conn:
        await town.caches.refresh(conn)
    return await announce.work(town.transactions, town.world)


async def send_out(town: Town) -> None:
    """Let the job run until there is nothing to do, and everything be sent."""
    while await queue(town):
        await town.settle()


async def send(town: Town, words: str, *answers: str) -> list[str]:
    """The town's officer files a notice; returns what the last answer brought."""
    await town.say("周镇", "/notice")
    heard = await town.say("周镇", words)
    for answer in answers:
        heard = await town.say("周镇", answer)
    return heard


async def latest(town: Town) -> Notice:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return (await Store(session).notices.latest(Role.TOWN, "220881100", most=1))[0]


async def rows(town: Town, table: sa.Table) -> list[Any]:
    async with town.database.read() as conn:
        return list((await conn.execute(sa.select(table))).all())


async def unbind(town: Town, name: str) -> None:
    async with town.transaction() as tx, tx.session("test", "unbind") as session:
        await Store(session).chats.sign_out(f"test:{name}")


# Sending -----------------------------------------------------------------------------------------------------------


async def test_a_notice_to_all_cadres_is_confirmed_with_one_tap(town: Town) -> None:
    """The whole way, on both databases: three messages, the news that it is out, and who has not confirmed."""
    await unbind(town, "孙村")
    card = await send(town, "明天上午九点在镇里开部署会", "1")
    assert card == [
        "发给全部村干部：共 3 人，其中 1 人联系不上 / 内容：明天上午九点在镇里开部署会 "
        "[发送][修改][取消] [发送，不用点「收到」] [上一步]"
    ]
    assert await town.say("周镇", "发送") == ["开始发了，2 人。发完告诉您，不用等。 [通知情况]"]
    await send_out(town)
    notice = "【通知】明天上午九点在镇里开部署会 / ——瓦房镇乡村振兴办 / 看到了请点「收到」。 [收到]"
    assert town.unread("李村") == town.unread("赵村") == [notice]
    assert town.unread("孙村") == town.unread("王建") == town.unread("吴镇") == []
    assert town.unread("周镇") == ["通知「明天上午九点在镇里开部署会」已发出 2 人，联系不上 1 人。 [看谁没收到]"]
    assert await town.press("李村", "收到") == ["✎  [✓ 已收到]"], "the button shows it, and no message is added"
    assert await town.press("李村", "已收到") == ["✓ 您已经点过「收到」了，谢谢。"]
    shown = await town.press("周镇", "看谁没收到")
    assert shown == [
        "「明天上午九点在镇里开部署会」 / 周镇 10月12日 09:00 发给全部村干部 / 已送达 2 人，已收到 1 人 / "
        "还没点「收到」的 1 人： / 赵村 白塔村 [再提醒一次] [联系不上 1 人]"
    ]
    assert (await town.press("周镇", "联系不上 1 人"))[0].endswith("（没有绑定聊天或已停用）： / 孙村 瓦房村 [返回这条通知]")
    assert await town.say("吴镇", "通知情况") == [
        "最近的通知： / 1 10月12日 09:00 明天上午九点在镇里开部署会：已送达 2 人，已收到 1 人 [1 明天上午九点在镇里开部署会]"
    ]
    sealed = [row.words for row in await rows(town, notices)]
    assert all("部署会".encode() not in words for words in sealed)


@pytest.mark.sqlite_only
async def test_villages_are_chosen_and_households_get_it_too(town: Town) -> None:
    for name, number in (("张三", 1001), ("张桂兰", 1002), ("马六", 2002)):
        await town.join_household(name, number)
    card = await send(town, "明天有大雨，别下河", "选村", "白塔村", "3")
    assert card[0].startswith("发给白塔村的村干部和农户：共 4 人，还有 3 户没有绑定、收不到 / 内容：明天有大雨")
    await town.press("周镇", "发送，不用点「收到」")
    await send_out(town)
    assert [name for name in town.people if town.unread(name) and name != "周镇"] == ["李村", "赵村", "张三", "张桂兰"]
    assert not town.inboxes["张三"][-1].buttons, "nobody was asked to confirm"
    assert "不用点「收到」" in (await town.say("周镇", f"/notices {to_base36((await latest(town)).id)} again"))[0]


@pytest.mark.sqlite_only
async def test_the_county_reaches_the_town_and_the_sender_gets_none(town: Town) -> None:
    await town.say("郑市", "发通知")
    await town.say("郑市", "请报进度")
    assert "共 8 人" in (await town.say("郑市", "全部干部"))[0]
    await town.press("郑市", "发送")
    await send_out(town)
    assert len([name for name in town.people if any("请报进度" in one for one in town.unread(name))]) == 9, (
        "eight, and the sender's own line"
    )
    assert "还没有发过通知" in (await town.say("周镇", "/notices"))[0], "the county's notices are not the town's"
    assert "还没有发过通知" in (await town.say("周镇", "/broadcasts"))[0], "buttons of before still work"
    assert await town.say("周镇", f"/notices {to_base36((await rows(town, notices))[0].id)}") == [NOT_YOURS]


@pytest.mark.sqlite_only
async def test_a_list_of_names_is_understood_or_said_why_not(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.join_household("刘伟", 1004)
    async with town.transaction() as tx, tx.session("test", "namesake") as session:
        store = Store(session)
        store.people.appoint(store.people.add("刘伟", "13800001111"), Role.VILLAGE, region="220881100200")
    assert "一个也没对上" in (await send(town, "开会", "按名单", "没这人"))[0]
    card = await town.say("周镇", "李村，白塔村张三、刘伟 王某；马六")
    assert card[0].startswith(
        "发给名单上的人：共 2 人 / 没算在内：王某（没有这个人）；刘伟（重名，请写上村名，如：白塔村张三）；"
        "马六（还没有绑定聊天） / 内容：开会"
    )
    await town.press("周镇", "发送")
    await send_out(town)
    assert [name for name in town.people if town.unread(name) and name != "周镇"] == ["李村", "张三"]


@pytest.mark.sqlite_only
async def test_a_list_may_come_as_a_table(town: Town) -> None:
    await send(town, "开会", "7")
    book = Workbook()
    for row in (
        ["参会人员"],
        ["序号", "姓名", "联系电话", "行政村"],
        [1, "李村", None, "白塔村"],
        [2, "孙村", 13900000000, "瓦房村"],
    ):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    assert (await town.send_document("周镇", out.getvalue(), "名单.xlsx"))[0].startswith("发给名单上的人：共 2 人")
    await town.press("周镇", "取消")
    await send(town, "开会", "7")
    assert (await town.send_document("周镇", "李村\n赵村\n".encode("gb18030"), "a.txt"))[0].startswith(
        "发给名单上的人：共 2 人"
    )
    assert (await town.press("周镇", "取消"))[-1] == "没有发。"
    assert await rows(town, notices) == []


@pytest.mark.sqlite_only
async def test_a_small_file_goes_along_and_a_large_one_is_fetched(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await town.say("周镇", "/notice")
    sha256 = await town.keep(b"agenda", "application/pdf")
    document = SentFile(sha256=sha256, kind="document", name="议程.pdf")
    await town.say("周镇", "请看议程", files=(document,))
    assert "📎议程.pdf" in (await town.say("周镇", "镇干部"))[0]
    await town.press("周镇", "发送")
    await send_out(town)
    assert town.unread("吴镇")[0].endswith("[收到] 📎议程.pdf")
    monkeypatch.setattr(announce, "ALONG", 3)
    await town.say("周镇", "/notice")
    await town.say("周镇", files=(document,))
    await town.say("周镇", "请看议程")
    await town.say("周镇", "镇干部")
    await town.press("周镇", "发送")
    await send_out(town)
    assert town.unread("吴镇")[0].endswith("[收到][看附件 议程.pdf]")
    assert await town.press("吴镇", "看附件 议程.pdf") == ["议程.pdf 📎议程.pdf"]
    wanted = town.inboxes["吴镇"][-2].buttons[0][1].says
    assert await town.press_data("李村", wanted) == [NOT_YOURS], "who did not get the notice gets no file either"


@pytest.mark.sqlite_only
async def test_words_can_come_with_the_command_and_a_phone_number_is_pointed_out(town: Town) -> None:
    town.now = datetime(2022, 10, 12, 22, 10, tzinfo=SHANGHAI)
    await town.say("周镇", "/notice 有事打 13812345678")
    card = (await town.say("周镇", "站所"))[0]
    assert "里面有电话或证件号" in card
    assert "现在是 22:10，发出去大家的手机会响。" in card
    assert card.startswith("发给全部站所：共 3 人")


@pytest.mark.sqlite_only
async def test_what_is_wrong_on_the_card_is_changed_from_there(town: Town) -> None:
    await send(town, "明天开会", "1")
    await town.press("周镇", "修改")
    await town.press("周镇", "发给谁：全部村干部")
    assert (await town.say("周镇", "站所"))[0].startswith("发给全部站所：共 3 人 / 内容：明天开会")
    await town.press("周镇", "修改")
    await town.say("周镇", "1")
    assert "内容：后天开会" in (await town.say("周镇", "后天开会"))[0]


@pytest.mark.sqlite_only
async def test_nobody_to_reach_is_said_at_once(town: Town) -> None:
    assert "一个也联系不上" in (await send(town, "开会", "全部农户"))[0]
    assert await rows(town, notices) == []


@pytest.mark.sqlite_only
async def test_somebody_on_leave_is_stood_in_for_and_counts_as_reached(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "leave") as session:
        Store(session).leaves.take(
            town.people["李村"], date(2022, 10, 12), last=date(2022, 10, 13), deputy_id=town.people["赵村"]
        )
    await send(town, "开会", "按名单", "李村", "发送")
    await send_out(town)
    assert town.unread("李村") == []
    assert town.unread("赵村")[0].startswith("【通知】开会 / ——瓦房镇乡村振兴办 / (李村请假，转给您) / 看到了")
    await town.press("赵村", "收到")
    assert "已送达 1 人，已收到 1 人" in (await town.say("周镇", "通知情况"))[0]
    await send(town, "再开会", "1", "发送")
    await send_out(town)
    assert len([heard for heard in town.unread("赵村") if "再开会" in heard]) == 1, "one letter, also in another's place"
    assert await town.say("赵村", "收到") == ["✓ 收到了，谢谢。"]
    assert "已送达 3 人，已收到 2 人" in (await town.say("周镇", "通知情况"))[0]


# The repeat --------------------------------------------------------------------------------------------------------


async def test_the_one_repeat_goes_to_those_who_have_not_confirmed_and_not_at_night(town: Town) -> None:
    await send(town, "开会", "1", "发送")
    await send_out(town)
    await town.press("孙村", "收到")
    key = to_base36((await latest(town)).id)
    town.now = datetime(2022, 10, 12, 21, 30, tzinfo=SHANGHAI)
    assert await town.say("周镇", f"/notices {key} again") == ["好的，10月13日 07:30 再提醒 2 人一次。 [通知情况]"]
    assert await town.say("吴镇", f"/notices {key} again") == ["10月13日 07:30 会再提醒一次。一条通知只提醒一次。 [通知情况]"]
    for name in ("李村", "赵村", "孙村"):
        town.unread(name)
    await send_out(town)
    assert town.unread("李村") == []
    await town.say("赵村", "收到")  # overnight
    town.now = datetime(2022, 10, 13, 7, 30, tzinfo=SHANGHAI)
    await send_out(town)
    assert town.unread("李村") == ["【通知·再提醒一次】开会 / ——瓦房镇乡村振兴办 / 看到了请点「收到」。 [收到]"]
    assert town.unread("孙村") == town.unread("赵村") == []
    town.now += timedelta(hours=1)
    assert "07:30 再提醒过一次。" in (await town.say("周镇", f"/notices {key}"))[0]
    assert "再提醒一次]" not in (await town.say("周镇", f"/notices {key}"))[0]


@pytest.mark.sqlite_only
async def test_who_has_blocked_us_is_unreachable_and_not_reminded(town: Town) -> None:
    await send(town, "开会", "1", "发送")
    await queue(town)
    town.platform.fails = [Blocked("bot was blocked by the user")]
    await town.settle()
    await send_out(town)
    assert "已发出 2 人，联系不上 1 人" in town.unread("周镇")[-1]
    assert "再提醒 2 人一次" in (await town.say("周镇", f"/notices {to_base36((await latest(town)).id)} again"))[0]


@pytest.mark.sqlite_only
async def test_long_lists_come_in_pages(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "crowd") as session:
        store = Store(session)
        for place in range(20):
            store.people.appoint(store.people.add(f"无聊天{place:02}"), Role.VILLAGE, region="220881100203")
    await send(town, "开会", "1", "发送")
    await send_out(town)
    key = to_base36((await latest(town)).id)
    first = (await town.say("周镇", f"/notices {key} out"))[0]
    assert first.count("无聊天") == 8
    assert "联系不上的 20 人" in first
    assert (await town.press("周镇", "下一页（1/3）"))[0].count("无聊天") == 8
    assert (await town.press("周镇", "下一页（2/3）"))[0].count("无聊天") == 4


# In portions -------------------------------------------------------------------------------------------------------


async def test_a_restart_between_portions_neither_loses_nor_doubles(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "PORTION", 3)
    await send(town, "开会", "全部干部", "发送")
    assert await rows(town, notice_receipts.notice_receipts) == [], "nothing but the notice in the sender's step"
    assert await queue(town) == 1
    assert len(await rows(town, notice_receipts.notice_receipts)) == 3
    await town.restart()

    async def dying(*_: Any, **__: Any) -> None:
        raise ConnectionError("the database is gone")

    with monkeypatch.context() as patch:
        patch.setattr("storage.notices.sent.Notices.advance", dying)
        with pytest.raises(ConnectionError, match="gone"):
            await queue(town)
    await town.restart()
    assert len(await rows(town, notice_receipts.notice_receipts)) == 3, "a portion cut off leaves nothing"
    await send_out(town)
    got = [address for address, message in town.platform.sent if (message.text or "").startswith("【通知】")]
    assert sorted(got) == sorted(f"test:{name}" for name in town.people if name not in ("周镇", "郑市"))


@pytest.mark.sqlite_only
async def test_two_processes_do_not_queue_the_same_portion(town: Town) -> None:
    await send(town, "开会", "1", "发送")
    notice = await latest(town)
    assert await announce._portion(lambda: reading_first(town.database, town.now), town.world, notice)
    assert not await announce._portion(lambda: reading_first(town.database, town.now), town.world, notice)
    assert len([row for row in await rows(town, outbox.outbox) if row.priority == BULK]) == 3


async def test_old_notices_are_erased_with_their_receipts(town: Town) -> None:
    await town.say("周镇", "/notice")
    await town.say("周镇", "开会", files=(SentFile(sha256=await town.keep(b"x", "image/png"), kind="photo"),))
    await town.say("周镇", "1")
    await town.press("周镇", "发送")
    await send_out(town)
    for later, left in ((KEPT - timedelta(days=1), 1), (KEPT + timedelta(days=1), 0)):
        async with town.transaction() as tx, tx.session() as session:
            await notice_receipts.purge(session, town.now + later - KEPT)
        assert len(await rows(town, notices)) == len(await rows(town, attachments)) == left
    assert await rows(town, notice_receipts.notice_receipts) == []


# No answer waits ---------------------------------------------------------------------------------------------------


class Slow(Recorder):
    """A platform whose sends end when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.begun: list[str] = []
        self.stirs = asyncio.Condition()

    async def send(self, letter: Letter) -> str:
        self.begun.append(letter.message.text or "")
        await self._stir()
        if letter.message.text == "通知":
            await self.open.wait()
        reference = await super().send(letter)
        await self._stir()
        return reference

    async def until(self, begun: int = 0, sent: int = 0) -> None:
        """Until so many sends have begun, and so many have ended."""
        async with self.stirs:
            await self.stirs.wait_for(lambda: len(self.begun) >= begun and len(self.sent) >= sent)

    async def _stir(self) -> None:
        async with self.stirs:
            self.stirs.notify_all()


async def post(town: Town, name: str, text: str, priority: int) -> None:
    async with town.transaction() as tx, tx.session("test", "post") as session:
        outbox.post(session, f"test:{name}", Outgoing(text=text), priority=priority)


async def crowd(town: Town, count: int) -> list[str]:
    names = [f"群众{place}" for place in range(count)]
    for name in names:
        await town._known(name)
    return names


async def test_a_reply_overtakes_a_notice_even_to_the_same_chat(town: Town) -> None:
    """Notices take a part of the sends at once; a reply goes although each of these is stuck."""
    names = await crowd(town, 3 * AT_ONCE)
    for name in names:
        await post(town, name, "通知", BULK)
    platform = Slow()
    sender = Sender(town.database, [platform], town.clock, "test")
    sending = asyncio.create_task(sender.run())
    await platform.until(begun=AT_ONCE)
    stuck = names[0]
    for name in (stuck, names[-1]):
        await post(town, name, "答复", REPLY)
    sender.wake()
    await platform.until(sent=2)
    assert sorted(address for address, _ in platform.sent) == sorted([f"test:{stuck}", f"test:{names[-1]}"])
    assert platform.begun.count("通知") == AT_ONCE, "no more of the notice is under way than its part"
    platform.open.set()
    sender.wake()
    await platform.until(sent=len(names) + 2)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert sorted(platform.begun) == sorted(["通知"] * len(names) + ["答复"] * 2)


@pytest.mark.sqlite_only
async def test_a_notice_that_must_wait_holds_up_no_reply(town: Town) -> None:
    town.platform.fails = [Busy("slow down", 300)]
    await post(town, "李村", "通知", BULK)
    await town.sender.drain()
    await post(town, "李村", "答复", REPLY)
    await town.sender.drain()
    assert [message.text for _, message in town.platform.sent] == ["答复"]
    town.now += timedelta(minutes=6)
    await town.sender.drain()
    assert [message.text for _, message in town.platform.sent] == ["答复", "通知"]


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(0, 40)), min_size=1, max_size=60), st.floats(1, 60))
def test_notices_only_take_what_others_leave_of_a_platforms_rate(steps: list[tuple[float, int]], rate: float) -> None:
    """Counted from the start, notices stay below four fifths of the rate, and give way to a rush of others."""
    limiter, now, taken = BulkLimiter(rate), 0.0, 0
    for gap, others in steps:
        now += gap
        limiter.passed(others, now)
        room = limiter.room(now, look=True)
        assert room == 0 or TOGETHER <= room <= AT_ONCE
        assert others <= AT_ONCE - TOGETHER or room == 0, "others have just filled it"
        limiter.took(room, room, now)
        for _ in range(room):
            limiter.ended()
        taken += room
        assert taken <= AT_ONCE + now * rate * 0.8
        if room:
            assert limiter.room(now + limiter.pause(now), look=True) >= TOGETHER


def test_a_platform_without_a_rate_is_only_kept_from_being_filled() -> None:
    limiter = BulkLimiter(0)
    limiter.passed(10_000, 1.0)
    assert limiter.room(1.0) == AT_ONCE
    limiter.took(AT_ONCE, AT_ONCE, 1.0)
    assert limiter.room(1.0) == 0
    for _ in range(TOGETHER):
        limiter.ended()
    assert limiter.room(1.0) == TOGETHER


def test_notices_rest_while_a_platform_asks_for_a_pause() -> None:
    limiter = BulkLimiter(30)
    limiter.took(limiter.room(1.0), AT_ONCE, 1.0)
    for _ in range(AT_ONCE):
        limiter.ended()
    limiter.hold_back(20, 2.0)
    assert (limiter.room(21.9), limiter.pause(2.0)) == (0, 20)
    assert limiter.room(22.0) == AT_ONCE


# Lists -------------------------------------------------------------------------------------------------------------


def test_what_a_typed_list_says() -> None:
    text = "张三、白塔村李四，王五 13812345678\n瓦房村 赵六 钱七；13912345678，(1)"
    assert from_text(text, VILLAGES)[:6] == [
        ListedName("张三"),
        ListedName("李四", village="220881100203"),
        ListedName("王五", "13812345678"),
        ListedName("赵六", village="220881100200"),
        ListedName("钱七", village="220881100200"),
        ListedName(phone="13912345678"),
    ]


def test_a_table_without_headings_is_read_cell_by_cell() -> None:
    assert from_rows([[1, "张三", 13812345678.0], [2, "李四", None]], VILLAGES) == [
        ListedName("张三", "13812345678"),
        ListedName("李四"),
    ]


def test_a_number_settles_which_of_two_namesakes_is_meant() -> None:
    both = [Holder(1, "刘伟", "220881100203"), Holder(2, "刘伟", "220881100200")]
    found = match_people(
        [ListedName("刘伟", "13812345678"), ListedName("刘伟"), ListedName("刘伟", village="220881100203")],
        {"刘伟": both}, {"13812345678": both[1:]}, lambda name, village: False,
    )  # fmt: skip
    assert (found.people, found.several) == ([2, 1], ["刘伟"])


@given(st.text(max_size=200))
def test_any_text_is_a_list_or_kindly_refused(text: str) -> None:
    with contextlib.suppress(Unreadable):
        assert all(entry.name or entry.phone for entry in from_text(text, VILLAGES))
