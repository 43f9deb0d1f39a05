"""One message on a working morning: what is due, what is new, the day's questions; and quiet for who wants it."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.workdays import is_workday
from handlers.cases.table import Act
from handlers.reminders.morning_text import MOST_LINES, Morning, quiz_label, text_of
from handlers.weekly import job as weekly
from storage.database.base import SHANGHAI, new_id
from storage.mail.messages import PUSH, Outgoing
from storage.mail.outbox import post
from storage.quiz import quiz_reviews
from storage.store import Store
from tests.support.cases import TO_SUPPORT, case_after
from tests.support.mornings import without_questions
from tests.support.plan import WAFANG
from tests.support.problems import add
from tests.support.town import Town


async def at(town: Town, day: int, hour: int = 7, minute: int = 30) -> None:
    """The clock at a time of October 2022, and what it does by itself."""
    town.now = datetime(2022, 10, day, hour, minute, tzinfo=SHANGHAI)
    await town.tick()
    async with town.transaction() as tx:
        await weekly.tell(tx, town.world)
    await town.settle()


async def push(town: Town, name: str, text: str) -> None:
    """News, a minute from now."""
    town.now += timedelta(minutes=1)
    async with town.transaction() as tx, tx.session("test", "push") as session:
        post(session, f"test:{name}", Outgoing(text=text), priority=PUSH)
    await town.settle()


lines = st.lists(st.sampled_from(["1号问题：今天到期", "2号线索：10月10日，逾期 2 个工作日"]), max_size=9)


@given(lines, st.lists(st.just("3号线索"), max_size=9), st.booleans(), st.booleans())
def test_a_morning_has_at_most_six_lines(due: list[str], fresh: list[str], quiz: bool, unsent: bool) -> None:
    morning = Morning(due=due, fresh=fresh, quiz=quiz, unsent=unsent)
    if morning.empty:
        return
    text = text_of(morning)
    count = len(text.splitlines())
    assert count <= (MOST_LINES if due else 2)
    assert morning.shown >= min(2, len(due))
    assert ("周报" in text) is unsent
    assert f"新来 {len(fresh)} 件" in text or not fresh
    if rest := len(due) - morning.shown:
        assert f"还有 {rest} 件" in text


def test_the_days_questions_are_counted_in_words() -> None:
    assert [quiz_label(count) for count in (5, 10, 12)] == ["今日五题", "今日十题", "今日12题"]


async def test_a_week_of_a_cadre_is_one_message_a_day_and_the_report(town: Town) -> None:
    """Deadlines, news and ticks all day long; Friday brings the week's report as well, the weekend nothing."""
    got: Counter[date] = Counter()
    for day in range(10, 18):
        for hour in (7, 9, 12, 15, 20):
            await at(town, day, hour, 30)
            got[town.now.date()] += len(town.unread("李村"))
            if hour == 9:
                await add(town, f"{day}日来的", deadline=date(2022, 10, day) + timedelta(days=3))
    week = [got[date(2022, 10, day)] for day in range(10, 18)]
    assert week == [1, 1, 1, 1, 2, 0, 0, 1]


@pytest.mark.sqlite_only
async def test_who_has_nothing_gets_nothing(town: Town) -> None:
    without_questions(town)
    await at(town, 12)
    assert not any(town.unread(name) for name in town.people)


@pytest.mark.sqlite_only
async def test_only_questions_are_one_line_and_one_button(town: Town) -> None:
    await at(town, 12)
    assert town.unread("郑市") == ["【今天】有几道题，得空练一练，几分钟就好。 [今日五题]"]
    assert [[button.says for button in row] for row in town.inboxes["郑市"][-1].buttons] == [["/quiz"]]


@pytest.mark.sqlite_only
async def test_who_has_done_the_days_questions_is_not_asked(town: Town) -> None:
    await at(town, 12)
    town.unread("郑市")
    town.now = datetime(2022, 10, 13, 6, 0, tzinfo=SHANGHAI)
    answer = {"person_id": town.people["郑市"], "question": "q", "clause": "1", "rating": 3, "daily": True}
    async with town.transaction() as tx, tx.session("test", "answer") as session:
        session.add(quiz_reviews, {"id": new_id(), **answer, "at": town.now})
    await at(town, 13)
    assert not town.unread("郑市")
    assert town.unread("吴镇")


async def test_what_came_since_the_last_morning_is_new_once_and_to_whose_turn_it_is(town: Town) -> None:
    without_questions(town)
    await at(town, 12)
    town.now = datetime(2022, 10, 12, 10, 0, tzinfo=SHANGHAI)
    await add(town, "村路坑洼", deadline=date(2022, 11, 10), region=WAFANG)
    to_town = TO_SUPPORT[: TO_SUPPORT.index(Act.NOMINATE) + 1]
    await case_after(town, acts=to_town)
    await at(town, 19)
    assert town.unread("孙村") == ["【今天】新来 1 件：1号问题 瓦房村 村路坑洼（待认领） [查看 1号问题]"]
    for name in ("周镇", "吴镇"):
        [line] = town.unread(name)
        assert "新来 1 件：1号线索 白塔村一屯张三家 住房安全，待乡镇复核" in line
    assert "[复核 白塔村一屯张三家" in (await town.say("周镇", "/todo"))[0]
    assert not town.unread("郑市")
    await at(town, 20)
    assert not [line for name in ("孙村", "周镇") for line in town.unread(name) if "新来" in line]


@pytest.mark.sqlite_only
async def test_what_is_new_to_somebody_on_leave_is_new_to_their_deputy(town: Town) -> None:
    without_questions(town)
    await at(town, 12)
    town.now = datetime(2022, 10, 12, 10, 0, tzinfo=SHANGHAI)
    async with town.transaction() as tx, tx.session("test", "leave") as session:
        Store(session).leaves.take(
            town.people["李村"], date(2022, 10, 13), last=date(2022, 10, 14), deputy_id=town.people["赵村"]
        )
    await add(town, "村路坑洼", deadline=date(2022, 11, 10))
    await at(town, 13)
    assert not town.unread("李村")
    [line] = town.unread("赵村")
    assert line.count("村路坑洼") == 1


@pytest.mark.sqlite_only
async def test_a_later_morning(town: Town) -> None:
    await town.say("李村", "免打扰")
    town.now = datetime(2022, 10, 12, 10, 0, tzinfo=SHANGHAI)
    assert "早上 08:30 一条，急事随时说" in (await quiet(town, "李村", "早上 08:30 再发"))
    await at(town, 13)
    assert not town.unread("李村")
    await at(town, 13, 8, 30)
    assert len(town.unread("李村")) == 1


async def test_only_the_morning(town: Town) -> None:
    """News wait for the next morning and come with its message; answers come at once."""
    await at(town, 12)
    town.now = datetime(2022, 10, 12, 10, 0, tzinfo=SHANGHAI)
    assert "别的消息攒到早上一起发" in await quiet(town, "李村", "平时只收早上一条")
    await push(town, "李村", "张三家有新情况")
    assert not town.unread("李村")
    assert await town.say("李村", "/todo")
    await at(town, 13)
    got = town.unread("李村")
    assert got[0] == "张三家有新情况"
    assert len(got) == 2
    await push(town, "李村", "又一件")
    assert not town.unread("李村")
    assert "急事随时说" in await quiet(town, "李村", "恢复平常")
    assert "又一件" in [message.text for message in town.inboxes["李村"]]


async def test_nothing_more_today(town: Town) -> None:
    town.now = datetime(2022, 10, 13, 6, 30, tzinfo=SHANGHAI)
    assert "今天不再给您发消息" in await quiet(town, "李村", "今天别再发")
    await add(town, "屋顶漏雨", deadline=date(2022, 10, 13))
    await push(town, "李村", "张三家有新情况")
    await at(town, 13)
    assert not town.unread("李村")
    await at(town, 14)
    got = town.unread("李村")
    assert "张三家有新情况" in got
    assert any("屋顶漏雨（待认领）：10月13日，逾期 1 个工作日" in line for line in got)
    await push(town, "李村", "再一件")
    assert town.unread("李村") == ["再一件"]


@pytest.mark.sqlite_only
async def test_what_falls_due_later_waits_for_the_one_message(town: Town) -> None:
    without_questions(town)
    await quiet(town, "李村", "平时只收早上一条")
    await at(town, 13)
    await add(town, "屋顶漏雨", deadline=date(2022, 10, 14))
    await add(town, "水管冻裂", deadline=date(2022, 10, 21))
    await at(town, 13, 10)
    assert not town.unread("李村")
    assert len(town.unread("赵村")) == 1
    await at(town, 14)
    [line] = town.unread("李村")
    assert "屋顶漏雨（待认领）：今天到期" in line


@pytest.mark.sqlite_only
async def test_choosing_something_more_lets_nothing_out(town: Town) -> None:
    await quiet(town, "李村", "平时只收早上一条")
    await push(town, "李村", "张三家有新情况")
    town.now += timedelta(minutes=1)
    assert "张三家有新情况" not in await quiet(town, "李村", "早上 08:30 再发")
    assert "张三家有新情况" not in [message.text for message in town.inboxes["李村"]]


async def quiet(town: Town, name: str, how: str) -> str:
    await town.say(name, "/quiet")
    return " ".join(await town.press(name, how))


def test_the_calendar_of_this_file() -> None:
    assert [is_workday(date(2022, 10, day)) for day in range(10, 18)] == [True] * 5 + [False] * 2 + [True]
