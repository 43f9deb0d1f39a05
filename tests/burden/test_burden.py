"""What cunbao asks of people is counted from the moments of messages, and told by role, with a warning above the ceiling."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.burden import job as burden
from handlers.burden.account import conversation_begun_by
from handlers.burden.rules import FEWEST, READING, causes, loads, tally
from handlers.engine.words import NOT_YOURS
from storage.burden import Burden, BurdenRow, News, Received
from storage.database.base import SHANGHAI
from storage.mail.intents import Cause, Intent, cause_in
from storage.mail.messages import PUSH, Outgoing
from storage.mail.outbox import post
from storage.people.persons import Role
from storage.plan import BurdenLimits, Ceiling
from tests.support.town import Town

ROOT = Path(__file__).parents[2]
DAY = date(2022, 10, 12)
LIMITS = BurdenLimits(village=Ceiling(messages=5, minutes=10))


def at(seconds: float) -> datetime:
    return datetime(2022, 10, 12, 9, 0, tzinfo=SHANGHAI) + timedelta(seconds=seconds)


def said(*moments: tuple[float, str], person: int = 1) -> list[Received]:
    return [Received(person_id=person, at=at(seconds), command=command) for seconds, command in moments]


def counted(told: list[News], heard: list[Received]) -> dict[str, tuple[int, int, int]]:
    rows = tally(told, heard, lambda _: Role.VILLAGE, conversation_begun_by)
    return {one.cause: (one.messages, one.answers, one.seconds) for one in rows}


def test_time_between_answers_counts_up_to_two_minutes() -> None:
    heard = said((0, "/quiz"), (30, ""), (90, ""), (300, ""), (310, ""))
    assert counted([], heard) == {"quiz": (0, 4, 30 + 60 + 10)}


def test_what_people_begin_themselves_is_not_asked_of_them() -> None:
    assert counted([], said((0, "/todo"), (5, "/overview"), (9, "待办"))) == {}


def test_what_comes_much_later_begins_anew() -> None:
    assert counted([], said((0, "/report"), (20, ""), (2000, ""), (2030, ""))) == {"report": (0, 1, 20), "tell": (0, 1, 30)}


def test_an_unknown_command_is_an_answer() -> None:
    assert counted([], said((0, "/report"), (20, "/skip"))) == {"report": (0, 1, 20)}


def test_news_cost_the_time_to_read_them() -> None:
    news = [News(person_id=1, at=at(0), cause=cause.value) for cause in (Cause.REMIND, Cause.PROBLEM)]
    assert counted(news, []) == {"remind": (1, 0, READING), "problem": (1, 0, READING)}


@pytest.mark.parametrize(
    ("intent", "key"),
    [
        (Intent(Cause.REMIND, repeat="2022-10-12"), "remind:1:2022-10-12"),
        (Intent(Cause.PROBLEM, "7:submit:2"), "problem:7:submit:2:1"),
        (Intent(Cause.HANDOVER_REFUSED, "7"), "handover refused:7:1"),
        (Intent(Cause.NOTICE, "9", repeat="again"), "broadcast:9:1:again"),
    ],
)
def test_the_key_of_a_message_names_its_cause(intent: Intent, key: str) -> None:
    assert intent.to(1) == key
    assert cause_in(key) == intent.cause.value


def test_every_cause_is_told_of_by_somebody() -> None:
    sources = "".join(file.read_text("utf-8") for file in (ROOT / "handlers").rglob("*.py"))
    assert {cause.name for cause in Cause} == set(re.findall(r"Intent\(Cause\.(\w+)", sources))


def test_what_nobody_asked_for_goes_by_notify() -> None:
    """So it has a cause: other conversations and jobs post replies alone."""
    posts = {
        file.relative_to(ROOT / "handlers").as_posix()
        for file in (ROOT / "handlers").rglob("*.py")
        if re.search(r"\bpost\([^)]*\b(priority|intent)=(?!REPLY)", file.read_text("utf-8"))
    }
    assert posts == {"engine/notify.py"}


@given(st.lists(st.tuples(st.floats(0, 5000), st.sampled_from(["", "/quiz", "/report"])), max_size=20))
def test_no_more_time_is_counted_than_passed(moments: list[tuple[float, str]]) -> None:
    heard = said(*sorted(moments))
    spent = sum(seconds for _, _, seconds in counted([], heard).values())
    assert 0 <= spent <= (heard[-1].at - heard[0].at).total_seconds() if heard else spent == 0


def asked(person: int, messages: int, seconds: int, cause: str = "quiz", role: Role = Role.VILLAGE) -> BurdenRow:
    return BurdenRow(
        day=DAY, person_id=person, cause=cause, role=role, messages=messages, answers=0, seconds=seconds
    )  # fmt: skip


def test_a_role_is_its_middle_person_and_its_busiest() -> None:
    [load] = loads([asked(1, 1, 60), asked(1, 2, 60, "weekly"), asked(2, 4, 240), asked(3, 9, 660)], LIMITS)
    assert (load.people, load.messages, load.minutes, load.above) == (3, (4, 9), (4, 11), 1)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3000)), min_size=1, max_size=8))
def test_above_the_ceiling_is_messages_or_minutes(work: list[tuple[int, int]]) -> None:
    [load] = loads([asked(person, *one) for person, one in enumerate(work)], LIMITS)
    assert load.above == sum(messages > 5 or seconds > 600 for messages, seconds in work)
    assert load.is_shown is (len(work) >= FEWEST)


def test_a_role_without_a_ceiling_is_never_above() -> None:
    assert [load.above for load in loads([asked(1, 99, 99999)], BurdenLimits())] == [0]


def test_most_time_first() -> None:
    rows = [asked(1, 1, 60), asked(2, 0, 300, "report"), asked(3, 9, 9000, "todo", Role.TOWN)]
    assert causes(rows, [Role.VILLAGE], 3) == [("report", 5), ("quiz", 1)]


async def night(town: Town, day: int) -> int:
    """The job of the night before `day` of October 2022."""
    town.now = datetime(2022, 10, day, 0, 20, tzinfo=SHANGHAI)
    async with town.database.read() as conn:
        await town.caches.refresh(conn)
    return await burden.count(town.transactions, town.world)


async def busy_day(town: Town) -> None:
    """The morning's message to nine people, and one who needs three answers to change a report."""
    town.now = datetime(2022, 10, 12, 7, 30, tzinfo=SHANGHAI)
    await town.tick()
    await town.say("李村", "/weekly 20221010 edit")
    for words in ("5 没有这行", "删9", "参加培训一天"):
        town.now += timedelta(seconds=40)
        await town.say("李村", words)


async def test_a_night_counts_the_day_before_once(town: Town) -> None:
    await busy_day(town)
    assert await night(town, 13) == 10
    assert await night(town, 13) == 0
    async with town.transaction() as tx, tx.session("test", "look") as session:
        rows = await Burden(session).between(DAY, DAY)
    mine = {one.cause: (one.messages, one.answers, one.seconds) for one in rows if one.person_id == town.people["李村"]}
    assert mine == {"remind": (1, 0, READING), "weekly": (0, 3, 120)}
    assert {one.role for one in rows} == {Role.VILLAGE, Role.UNIT, Role.TOWN, Role.COUNTY}
    assert await night(town, 16) == 0  # three days on which nothing was asked


async def test_the_office_sees_roles_and_no_names(town: Town) -> None:
    await busy_day(town)
    assert "每天夜里记前一天的" in (await town.say("周镇", "/burden"))[0]
    await night(town, 13)
    town.now = datetime(2022, 10, 13, 9, 0, tzinfo=SHANGHAI)
    [told] = await town.say("周镇", "减负")
    assert told == (
        "【负担账本】10月10日至10月14日，村报自己占用大家的： / "
        "村干部 3 人：消息一般 1 条、最多 1 条；用时一般 0 分钟、最多 2 分钟 / "
        "站所 3 人：消息一般 1 条、最多 1 条；用时一般 0 分钟、最多 0 分钟 / "
        "镇乡村振兴办 2 人：人少，不列数字 / 市乡村振兴局 1 人：人少，不列数字 / "
        "占时间最多的：周报 2 分钟、早上一条 1 分钟 / 记到昨天为止。 [上一周]"
    )
    assert "李村" not in told
    assert "10月3日" in (await town.press("周镇", "上一周"))[0]
    assert await town.say("李村", "/burden") == [NOT_YOURS]
    for said_ in ("/burden 20221011", "/burden 20221017", "/burden x"):
        assert await town.say("郑市", said_) == [NOT_YOURS]


@pytest.mark.sqlite_only
async def test_above_the_ceiling_the_town_is_told_once_on_monday(town: Town) -> None:
    town.now = datetime(2022, 10, 12, 9, 0, tzinfo=SHANGHAI)
    async with town.transaction() as tx, tx.session("test", "push") as session:
        for number in range(21):
            post(session, "test:李村", Outgoing(text="一件事"), priority=PUSH, intent=f"problem:{number}:9")
    await town.settle()
    await night(town, 13)
    for day, hour, told in ((14, 9, 0), (17, 7, 0), (17, 9, 2), (17, 10, 0), (18, 9, 0)):
        town.now = datetime(2022, 10, day, hour, 0, tzinfo=SHANGHAI)
        async with town.transaction() as tx:
            await town.caches.refresh(tx.conn)
            assert await burden.warn(tx, town.world) == told
    await town.settle()
    [line] = town.unread("周镇")
    assert line == (
        "【负担提醒】10月10日至10月14日，村报占用大家有点多： / ⚠ 村干部有 1 人超过上限（每周 20 条、90 分钟） / "
        "占时间最多的：问题整改 2 分钟 [看账本]"
    )
    assert "⚠ 村干部有 1 人超过上限" in (await town.press("周镇", "看账本"))[0]
    assert not town.unread("李村")[21:]
