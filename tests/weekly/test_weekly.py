"""The week's report writes itself, is changed by a sentence and sent with a tap; nobody is nagged for it."""

from __future__ import annotations

import io
from datetime import date, datetime

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.engine.words import NOT_YOURS
from handlers.reading import Unreadable
from handlers.weekly import job as weekly
from handlers.weekly.text import MOST_LINES, apply_edit, draft, last_workday, monday_of, period, week_before, week_named
from storage.database.base import SHANGHAI
from storage.store import Store
from storage.visits import VisitOutcome
from storage.weekly.work import Work, WorkKind
from tests.support.cases import case_after
from tests.support.town import Town

WEEK = date(2022, 10, 10)
lines = st.lists(st.sampled_from(["走访 3 户。", "报线索 1 条。"]), min_size=1, max_size=MOST_LINES)


async def friday(town: Town, hour: int = 15) -> int:
    return await afternoon(town, datetime(2022, 10, 14, hour, 0, tzinfo=SHANGHAI))


async def afternoon(town: Town, now: datetime) -> int:
    town.now = now
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
        told = await weekly.tell(tx, town.world)
    await town.settle()
    return told


async def morning(town: Town, day: int) -> str:
    town.now = datetime(2022, 10, day, 7, 30, tzinfo=SHANGHAI)
    await town.tick()
    return " ".join(town.unread("李村"))


async def visit(town: Town, name: str, number: int, outcome: VisitOutcome) -> None:
    home = await town.household(number)
    async with town.transaction() as tx, tx.session("test", "visit") as session:
        await Store(session).visits.add(home, "round", by=town.people[name], outcome=outcome)


def test_a_week_is_told_in_plain_lines() -> None:
    done = {
        WorkKind.VISIT: 9,
        WorkKind.ABSENT: 2,
        WorkKind.TROUBLE: 1,
        WorkKind.CLUE: 2,
        WorkKind.STEP: 3,
        WorkKind.PROBLEM: 3,
        WorkKind.SUBMIT: 1,
        WorkKind.MEASURE: 2,
        WorkKind.QUIZ: 20,
    }
    assert draft(Work(days=4, done=done)) == [
        "有办事记录的 4 天。",
        "走访 12 户，2 户没见到人，1 户有困难。",
        "报线索 2 条，办监测帮扶程序 3 步。",
        "推进问题整改 3 个，提交验收 1 个。",
        "帮扶措施报进展 2 项。",
        "一口清答题 20 道。",
    ]


def test_a_week_without_work_says_so() -> None:
    assert draft(Work()) == ["本周没有登记走访。"]


@given(st.dictionaries(st.sampled_from(WorkKind), st.integers(0, 99)), st.integers(0, 7))
def test_a_draft_is_short_and_never_empty(done: dict[WorkKind, int], days: int) -> None:
    told = draft(Work(days=days, done=done))
    assert 1 <= len(told) <= 6
    assert all(line.endswith("。") for line in told)


@given(lines, st.text("走访户两镇里培训参加", min_size=1, max_size=20))
def test_a_sentence_is_added_at_the_end(before: list[str], said: str) -> None:
    if len(before) < MOST_LINES:
        assert apply_edit(before, said) == [*before, said]
    else:
        with pytest.raises(Unreadable):
            apply_edit(before, said)


@pytest.mark.parametrize("said", ["2 走访了18户", "2、走访了18户", "2行 走访了18户", "第二行走访了18户", "第2行：走访了18户"])
def test_a_line_is_replaced_by_its_number(said: str) -> None:
    assert apply_edit(["一", "二", "三"], said) == ["一", "走访了18户", "三"]


@pytest.mark.parametrize("said", ["删2", "不要第二行", "第二行 删掉", "2 不要"])
def test_a_line_is_dropped(said: str) -> None:
    assert apply_edit(["一", "二", "三"], said) == ["一", "三"]


@pytest.mark.parametrize("said", ["2户要修房", "第二轮排查走完了", "第二条村路修完了", "8 没有这行", "删9"])
def test_what_begins_with_a_number_may_be_a_sentence(said: str) -> None:
    try:
        assert apply_edit(["一", "二"], said)[-1] == said
    except Unreadable:
        assert said in ("8 没有这行", "删9")


def test_weeks_follow_the_official_calendar() -> None:
    assert last_workday(date(2022, 10, 3)) == date(2022, 10, 9)  # a worked Sunday after National Day
    assert last_workday(date(2023, 1, 23)) == date(2023, 1, 29)
    assert week_before(date(2022, 10, 10)) == date(2022, 10, 3)
    assert week_before(date(2022, 10, 11)) is None
    assert week_before(date(2022, 10, 15)) is None
    assert week_before(date(2022, 10, 8)) == date(2022, 9, 26)
    assert monday_of(date(2022, 10, 16)) == WEEK
    assert period(WEEK) == "10月10日至10月14日"


@pytest.mark.parametrize("text", ["", "20221011", "20229910", "2022-10-10", "٢٠٢٢١٠١٠"])
def test_only_mondays_name_weeks(text: str) -> None:
    assert week_named(text) is None


async def test_what_was_done_is_in_the_draft_and_one_tap_sends_it(town: Town) -> None:
    await case_after(town, acts=())
    await visit(town, "李村", 1001, VisitOutcome.FINE)
    await visit(town, "李村", 1002, VisitOutcome.ABSENT)
    assert await friday(town) == 3
    [told] = town.unread("李村")
    assert told == (
        "【周报】10月10日至10月14日 / 1 有办事记录的 1 天。 / 2 走访 2 户，1 户没见到人。 / 3 报线索 1 条。 "
        "[发送][修改][这周不报]"
    )
    assert town.unread("孙村") == ["【周报】10月10日至10月14日 / 1 本周没有登记走访。 [发送][修改][这周不报]"]
    assert await friday(town, 16) == 0
    assert await town.press("李村", "发送") == ["10月10日至10月14日的周报发给镇里了，辛苦了。"]
    [listed] = await town.say("周镇", "周报情况")
    assert listed.startswith("10月10日至10月14日的周报：1/3 人已报，2 个村没报全：")
    [merged] = await town.press("周镇", "白塔村 1/2人")
    assert merged.startswith(
        "白塔村 10月10日至10月14日 / 李村：有办事记录的 1 天。走访 2 户，1 户没见到人。报线索 1 条。 / 还没报：赵村"
    )


@pytest.mark.sqlite_only
async def test_a_report_is_changed_in_words(town: Town) -> None:
    await friday(town)
    assert "要加一句，直接说" in (await town.press("李村", "修改"))[0]
    assert "只有 1 行" in (await town.say("李村", "5 没有这行"))[0]
    [told] = await town.say("李村", "参加镇里培训一天")
    assert "2 参加镇里培训一天" in told
    await town.press("李村", "修改")
    [told] = await town.say("李村", "1 走访了八户，没来得及登记")
    assert "1 走访了八户，没来得及登记 / 2 参加镇里培训一天" in told
    await town.press("李村", "发送")
    await town.press("李村", "修改")
    assert "镇里看到的也是新的" in (await town.say("李村", "删2"))[0]
    [merged] = await town.say("周镇", "/weeklies 20221010 220881100203")
    assert "李村：走访了八户，没来得及登记 / 还没报：赵村" in merged


@pytest.mark.sqlite_only
async def test_the_report_goes_out_as_a_word_file(town: Town) -> None:
    assert "还没有人报" in (await town.say("周镇", "/weeklies 20221010 word"))[0]
    await town.say("李村", "写周报")
    await town.press("李村", "发送")
    await town.say("周镇", "/weeklies")
    [told] = await town.press("周镇", "导出 Word")
    assert "1 个村 1 人" in told
    sha256 = town.inboxes["周镇"][-1].file
    assert sha256
    document = docx.Document(io.BytesIO(town.world.media.read(sha256)))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "瓦房镇驻村工作周报\n10月10日至10月14日\n白塔村\n李村：本周没有登记走访。" in text


@pytest.mark.sqlite_only
async def test_who_does_not_send_hears_one_line_and_no_more(town: Town) -> None:
    await morning(town, 12)
    await friday(town)
    town.unread("李村")
    told = await morning(town, 17)
    assert "【今天】上周的周报还没发" in told
    assert "[今日五题][看周报]" in told
    assert "周报" not in await morning(town, 18)
    assert "【周报】10月10日至10月14日" in (await town.press("李村", "看周报"))[0]


@pytest.mark.sqlite_only
async def test_who_says_no_hears_nothing(town: Town) -> None:
    await friday(town)
    assert "也不再提" in (await town.press("李村", "这周不报"))[0]
    assert "周报" not in await morning(town, 17)


@pytest.mark.sqlite_only
async def test_who_is_on_leave_or_wants_mornings_only_is_not_called(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "leave") as session:
        Store(session).leaves.take(town.people["赵村"], date(2022, 10, 14), last=date(2022, 10, 14), deputy_id=None)
    await town.say("李村", "/quiet")
    await town.press("李村", "平时只收早上一条")
    await morning(town, 13)
    assert await friday(town) == 1
    assert not [line for name in ("李村", "赵村") for line in town.unread(name) if "【周报】" in line]
    told = await morning(town, 17)
    assert told.count("周报还没发") == 1
    assert "【周报】" not in told
    assert not [line for line in town.unread("赵村") if "周报" in line]


@pytest.mark.sqlite_only
async def test_the_draft_comes_on_the_last_working_afternoon(town: Town) -> None:
    told = {
        (7, 15, 0): 0,  # a holiday
        (9, 15, 0): 3,  # a worked Sunday
        (13, 16, 0): 0,
        (14, 14, 59): 0,
        (14, 21, 0): 0,
        (14, 20, 59): 3,
    }
    for (day, hour, minute), count in told.items():
        assert await afternoon(town, datetime(2022, 10, day, hour, minute, tzinfo=SHANGHAI)) == count


@pytest.mark.sqlite_only
async def test_the_running_week_can_be_seen_at_any_time(town: Town) -> None:
    assert "1 本周没有登记走访。 [发送][修改][这周不报]" in (await town.say("李村", "本周工作"))[0]
    for said in ("/weekly 20221017", "/weekly 20221011", "/weekly x", "/weekly 20221010 burn"):
        assert await town.say("李村", said) == [NOT_YOURS]
    for said in ("/weeklies 20221010 220881100299", "/weeklies 20221017", "/weeklies x"):
        assert await town.say("周镇", said) == [NOT_YOURS]
    assert await town.say("李村", "/weeklies") == [NOT_YOURS]
    assert await town.say("周镇", "/weekly") == [NOT_YOURS]
