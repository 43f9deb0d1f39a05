"""倒排工期: the steps fit between now and the deadline, whatever the deadline; and the town can move it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.workdays import is_workday, workdays_between
from handlers.engine.words import NOT_YOURS
from handlers.problems.schedule_rules import schedule
from storage.database.base import SHANGHAI
from storage.problems.states import Action, ProblemState
from storage.store import Store
from tests.support.plan import WAFANG
from tests.support.problems import add, history, read, submit
from tests.support.town import Town

DAYS = st.dates(date(2021, 1, 1), date(2024, 12, 31))


@given(DAYS, st.integers(-60, 200))
def test_steps_follow_each_other_and_end_on_the_deadline(start: date, days: int) -> None:
    deadline = start + timedelta(days=days)
    steps = schedule(start, deadline)
    assert [step.name for step in steps] == ["摸清底数", "制定措施", "整改", "自查", "验收"]
    assert steps[-1].last == deadline
    for step in steps:
        assert step.first <= step.last
        assert is_workday(step.first)
    for before, after in pairwise(steps):
        assert is_workday(before.last)
        assert before.last < after.first
        assert workdays_between(before.last, after.first) == 1, "no working day is left out"


@given(DAYS, st.integers(-60, 200))
def test_a_step_lies_before_the_start_only_when_there_is_a_day_for_each_no_longer(start: date, days: int) -> None:
    deadline = start + timedelta(days=days)
    steps = schedule(start, deadline)
    there_are = workdays_between(start - timedelta(days=1), deadline)
    if there_are >= len(steps):
        assert start <= steps[0].first
        assert workdays_between(start - timedelta(days=1), steps[0].first) == 1, "all of the time is used"
    else:
        assert all(workdays_between(step.first, step.last) == 0 for step in steps)


def test_half_of_four_weeks_belongs_to_the_work() -> None:
    steps = schedule(date(2022, 10, 10), date(2022, 11, 4))
    lengths = [workdays_between(step.first, step.last) + 1 for step in steps]
    assert lengths == [2, 2, 10, 2, 4]


async def deadlines(town: Town) -> set[date]:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return {deadline for _, _, deadline in await Store(session).reminders.known("problem")}


@pytest.mark.sqlite_only
async def test_the_schedule_is_five_lines_for_those_who_may_see_the_problem(town: Town) -> None:
    await add(town)
    await town.say("李村", "/problem 1")
    [shown] = await town.press("李村", "倒排工期")
    assert "5 验收：10月24日至10月25日" in shown
    assert "1 摸清底数：10月12日 ← 现在" in shown
    assert shown.count(" / ") == 5
    assert (await town.say("孙村", "/schedule 1")) == [NOT_YOURS]


async def test_the_town_moves_a_deadline_with_a_reason(town: Town) -> None:
    problem = await add(town)
    await town.say("李村", "/claim 1")
    await town.say("周镇", "/problem 1")
    await town.press("周镇", "改期限")
    await town.say("周镇", "10月31日")
    assert "期限改为 10月31日" in (await town.say("周镇", "雨天不能上房"))[-1]
    for name in ("李村", "王建"):
        [told] = town.unread(name)[-1:]
        assert "【改期限】1号 白塔村 / 10月25日改为 10月31日。 / 原因：雨天不能上房" in told
    found = await read(town, problem)
    assert (found.deadline, found.state) == (date(2022, 10, 31), ProblemState.WORKING)
    assert await deadlines(town) == {date(2022, 10, 31)}
    last = (await history(town, problem))[-1]
    assert (last.action, last.text) == (Action.REDATE, "10月25日改为 10月31日：雨天不能上房")
    assert "周镇 改期限：10月25日改为 10月31日" in "".join(await town.say("李村", "/problem 1"))


@pytest.mark.sqlite_only
async def test_what_was_not_moved_and_why(town: Town) -> None:
    problem = await add(town)
    await add(town, "别村的", region=WAFANG)
    assert await town.say("李村", "/deadline 1") == [NOT_YOURS]
    assert await town.say("周镇", "/deadline 99") == [NOT_YOURS]
    await town.say("周镇", "/deadline 1")
    assert "已经过去" in (await town.say("周镇", "昨天"))[-1]
    assert "不用改" in (await town.say("周镇", "10月25日"))[-1]
    await submit(town, problem)
    await town.say("周镇", "/deadline 1")
    await town.say("周镇", "11月1日")
    await town.say("周镇", "材料还要补")
    assert date(2022, 11, 1) not in await deadlines(town), "what waits for the town reminds nobody"
    await town.say("吴镇", "/accept 1 ok")
    assert "现在是「已销号」" in (await town.say("周镇", "/deadline 1"))[-1]


@pytest.mark.sqlite_only
async def test_a_moved_deadline_is_reminded_of_anew(town: Town) -> None:
    await add(town, deadline=date(2022, 10, 13))
    for said in ("/deadline 1", "10月20日", "雨天"):
        await town.say("周镇", said)
    town.unread("李村")
    for day, reminded in ((13, False), (17, True)):
        town.now = datetime(2022, 10, day, 7, 30, tzinfo=SHANGHAI)
        await town.tick()
        assert any("屋顶漏雨" in line for line in town.unread("李村")) == reminded
