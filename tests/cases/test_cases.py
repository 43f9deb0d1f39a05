"""Everybody sees the cases that wait for them, and the town those that were found true and then forgotten."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.deadlines import last_day
from handlers.cases.procedure import NOT_NOMINATED, decision_due, is_left_out, steps_of, whose_turn
from handlers.cases.table import Act, Party, rules_at
from handlers.engine.conversation import conversation_named
from storage.cases.records import Clue, ClueSource
from storage.cases.steps import Step
from storage.plan import builtin_plans, load_plan
from tests.support.cases import TO_NOMINATE, TO_SUPPORT, case_after
from tests.support.town import Town

CLOCKS = load_plan(builtin_plans()["wafang-2022"]).clocks
DAY = date(2022, 10, 12)


def standing(step: Step, clearing: bool = False) -> Clue:
    return Clue(
        id=1, number=1, household_id=1, village="220881100203", source=ClueSource.CADRE, kinds=("housing",),
        detail="", place=None, reporter_id=1, step=step, since=DAY, begun_on=DAY, clearing=clearing,
        posted=False, closed_as=None, reported_at=datetime(2022, 10, 12, tzinfo=UTC), due_on=None, version=0,
    )  # fmt: skip


def test_every_step_but_the_end_is_exactly_one_partys_turn() -> None:
    turns = [step for party in (Party.VILLAGE, Party.TOWN, Party.COUNTY) for step in steps_of(party)]
    assert sorted(turns) == sorted(set(Step) - {Step.CLOSED})
    assert whose_turn(Step.CLOSED) is None
    assert steps_of(Party.COUNTY) == [Step.COUNTY_DECIDE]
    assert set(steps_of(Party.TOWN)) == {Step.OBJECTION, Step.TOWN_REVIEW, Step.ENROL}
    for step in turns:
        turn = whose_turn(step)
        assert any(turn in rule.by for rule in rules_at(step))


def test_the_button_of_every_step_starts_a_conversation() -> None:
    assert [step for step in Step if step is not Step.CLOSED and conversation_named(step.value) is None] == []


@given(st.sampled_from(list(Step)), st.booleans(), st.integers(0, 40))
def test_left_out_is_what_was_found_true_and_is_neither_decided_nor_in_time(step: Step, clearing: bool, days: int) -> None:
    clue, today = standing(step, clearing), DAY + timedelta(days=days)
    assert decision_due(clue.begun_on, CLOCKS) == last_day(DAY, CLOCKS.decide)
    assert is_left_out(clue, today, CLOCKS) is (step in NOT_NOMINATED and not clearing and days >= 12)


@pytest.mark.sqlite_only
async def test_each_role_sees_its_turns_by_deadline(town: Town) -> None:
    await case_after(town, [Act.FOUND], number=1002)
    await case_after(town, [], number=1001)
    await case_after(town, TO_SUPPORT, number=2001)
    [mine] = await town.say("李村", "/cases")
    assert "轮到您办的 2 件：入户核查 1、农户授权 1。" in mine
    assert mine.index("张三家 入户核查") < mine.index("张桂兰家 农户授权")
    assert "瓦房村" not in mine
    assert "帮扶 1" in (await town.say("孙村", "办件"))[-1]
    assert "没有轮到您" in (await town.say("周镇", "/cases"))[-1]
    await case_after(town, [*TO_NOMINATE, Act.NOMINATE], number=1003)
    assert "乡镇复核 1" in (await town.say("周镇", "/cases"))[-1]
    assert "没有轮到您" in (await town.say("郑市", "/cases"))[-1]
    assert "曾国强家" in (await town.press("周镇", "4号 白塔村二屯曾国强家 乡镇复核 11月2日，还剩 7 个工作日"))[-1]


@pytest.mark.sqlite_only
async def test_a_long_list_comes_in_pages_and_by_step(town: Town) -> None:
    for _ in range(9):
        await case_after(town, [])
    await case_after(town, [Act.FOUND])
    [first] = await town.say("李村", "/cases")
    assert first.count("号 白塔村") == 8
    second = (await town.press("李村", "下一页（1/2）"))[-1]
    assert second.count("号 白塔村") == 2
    await town.say("李村", "/cases")
    only = (await town.press("李村", "农户授权 1"))[-1]
    assert only.count("号 白塔村") == 1
    pages = (await town.say("李村", "/cases verify 2"))[-1]
    assert pages.count("号 白塔村") == 1
    assert "下一页" not in pages


@pytest.mark.sqlite_only
async def test_the_forgotten_are_listed_before_and_after_their_time(town: Town) -> None:
    start = town.now
    await case_after(town, [Act.FOUND], number=1002)
    await case_after(town, [], number=1001)
    assert "没有应纳未纳" in (await town.say("周镇", "/unregistered"))[-1]
    town.now = start + timedelta(days=12)
    listed = (await town.say("周镇", "应纳未纳"))[-1]
    assert "还没提名的 1 件，其中 0 件逾期" in listed
    assert "张桂兰家 农户授权 10月27日，还剩 3 个工作日" in listed
    town.now = start + timedelta(days=20)
    assert "其中 1 件逾期" in (await town.say("郑市", "/unregistered"))[-1]
    assert "没有应纳未纳" in (await town.say("孙村", "/unregistered"))[-1]
