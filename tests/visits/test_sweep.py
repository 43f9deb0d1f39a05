"""The second-round sweep, its coverage, and the town's supervision."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from storage.cases.records import Clue
from storage.counting.tallies import totals
from storage.database.base import SHANGHAI
from storage.mail.messages import Incoming
from storage.problems.records import Problem
from storage.reports.recount import recount
from storage.store import Store
from storage.visits import VisitOutcome, visits
from tests.support.plan import BAITA, WAFANG
from tests.support.town import Town

NOT_YOURS = "没有这一项"


async def outcome_of(town: Town, number: int) -> VisitOutcome | None:
    household = await town.household(number)
    async with town.transaction() as tx, tx.session("test", "read") as session:
        visit = await Store(session).visits.of(household.id, town.world.round)
    return visit.outcome if visit else None


async def clues(town: Town) -> list[Clue]:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return await Store(session).clues.open_in("220881")


async def problem(town: Town, number: int) -> Problem | None:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return await Store(session).problems.numbered(number)


async def visit(town: Town, number: int, label: str = "没有变化", name: str = "李村") -> list[str]:
    await town.say(name, f"/sweep {number}")
    return await town.press(name, label)


async def test_a_village_walks_from_house_to_house_with_two_taps_each(town: Town) -> None:
    asked = (await town.say("李村", "/sweep"))[-1]
    assert "还有 5 户没走到" in asked
    assert asked.index("1001") < asked.index("1004") < asked.index("1002") < asked.index("1005")
    assert "[二屯 2户]" in asked
    await town.say("李村", "1")
    told = (await town.press("李村", "没有变化"))[-1]
    assert "记下了。 / 白塔村还有 4 户没走到" in told
    assert "1001" not in told
    for _ in range(4):
        await town.press_data("李村", town.inboxes["李村"][-1].buttons[0][0].says)
        told = (await town.press("李村", "没有变化"))[-1]
    assert "白塔村全部走到了，不落一户" in told
    assert "没有要走访的农户了" in (await town.say("李村", "排查"))[-1]


@pytest.mark.sqlite_only
async def test_one_group_can_be_picked_or_named(town: Town) -> None:
    await town.say("李村", "/sweep")
    shown = (await town.press("李村", "二屯 2户"))[-1]
    assert "张桂兰" in shown
    assert "曾国强" in shown
    assert "刘伟" not in shown
    await town.say("李村", "/cancel")
    await town.say("李村", "/sweep")
    await town.say("李村", "二屯")
    assert "曾国强" in (await town.say("李村", "2"))[-1]


@pytest.mark.sqlite_only
async def test_any_household_is_found_by_name(town: Town) -> None:
    await town.say("李村", "/sweep")
    assert "张桂兰家" in (await town.say("李村", "zgl"))[-1]


async def test_who_was_not_met_stays_to_be_visited_and_shows_as_tried(town: Town) -> None:
    await visit(town, 1001, "没见到人")
    assert "还要再去" in (await town.press("李村", "外出务工"))[-1]
    assert await outcome_of(town, 1001) is VisitOutcome.ABSENT
    listed = (await town.say("李村", "/coverage"))[-1]
    assert "走访 0/5 户，还差 5 户" in listed
    assert "一屯张三家（户号 1001），10月12日去过，外出务工" in listed
    town.now += timedelta(days=1)
    assert "还有 4 户没走到" in (await visit(town, 1001))[-1]
    assert await outcome_of(town, 1001) is VisitOutcome.FINE


async def test_a_household_visited_already_says_who_and_when(town: Town) -> None:
    await visit(town, 1001)
    told = (await town.say("赵村", "/sweep 1001"))[-1]
    assert "李村已在 10月12日 09:00 走访，没有变化" in told
    assert "还有 4 户没走到" in told


async def test_a_difficulty_is_reported_on_the_spot_and_counts_once_it_is(town: Town) -> None:
    await visit(town, 1002, "有困难")
    for said in ("1", "厨房漏雨", "跳过"):
        await town.say("李村", said)
    assert await outcome_of(town, 1002) is None
    told = await town.press("李村", "提交")
    assert "已上报，编号 1" in "".join(told)
    assert "还有 4 户没走到" in told[-1]
    assert await outcome_of(town, 1002) is VisitOutcome.TROUBLE
    assert [clue.household_id for clue in await clues(town)] == [(await town.household(1002)).id]


@pytest.mark.sqlite_only
async def test_a_difficulty_not_reported_after_all_does_not_count(town: Town) -> None:
    await visit(town, 1002, "有困难")
    for said in ("1", "厨房漏雨", "跳过"):
        await town.say("李村", said)
    await town.press("李村", "取消")
    assert await outcome_of(town, 1002) is None
    assert await clues(town) == []


async def test_two_at_the_same_house_at_once_count_once(town: Town) -> None:
    for name in ("李村", "赵村"):
        await town.say(name, "/sweep 1003")
    both = [Incoming(address=f"test:{name}", key=f"both:{name}", at=town.now, text="1") for name in ("李村", "赵村")]
    await town.intake.put(both)
    await town.settle()
    told = sorted(town.unread("李村")[-1:] + town.unread("赵村")[-1:])
    assert sum("记下了" in line for line in told) == 1
    assert sum("已在 10月12日 09:00 走访" in line for line in told) == 1
    async with town.database.read() as conn:
        assert (await conn.execute(sa.select(sa.func.count()).select_from(visits))).scalar_one() == 1
        assert await totals(conn) == dict(await recount(conn))


@pytest.mark.sqlite_only
async def test_other_villages_and_other_roles_find_nothing(town: Town) -> None:
    nobody = await town.say("李村", "/sweep 99999")
    assert await town.say("李村", "/sweep 2001") == nobody
    assert NOT_YOURS in nobody[-1]
    assert NOT_YOURS in (await town.say("周镇", "/sweep 1001"))[-1]
    assert NOT_YOURS in (await town.say("李村", f"/coverage {WAFANG}"))[-1]
    assert NOT_YOURS in (await town.say("冯水", "/coverage"))[-1]


async def test_the_town_sees_villages_unfinished_first_and_whom_each_has_left(town: Town) -> None:
    await visit(town, 2001, name="孙村")
    await visit(town, 2002, name="孙村")
    await visit(town, 1001)
    first = (await town.say("周镇", "/coverage"))[-1]
    assert "17 个村：走访 3/7 户，还差 4 户 / 还有 1 个村没走完" in first
    assert "[白塔村 走访 1/5 户，还差 4 户]" in first
    assert "瓦房村" not in first.split("[下一页")[0]
    shown = (await town.press("周镇", "白塔村 走访 1/5 户，还差 4 户"))[-1]
    assert "二屯张桂兰家（户号 1002）" in shown
    assert "户号 1001" not in shown
    assert "[" not in shown


@pytest.mark.sqlite_only
async def test_long_lists_come_eight_at_a_time(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "more") as session:
        for number in range(3001, 3021):
            await Store(session).households.add(BAITA, f"农户{number}", group_name="四屯", number=number, beyond=0)
    first = (await town.say("周镇", f"/coverage {BAITA}"))[-1]
    assert first.count("户号") == 8
    last = (await town.say("周镇", f"/coverage {BAITA} 99"))[-1]
    assert last.count("户号") == 1
    assert "[上一页]" in last
    assert "[下一页（1/3）]" in (await town.say("郑市", "/coverage"))[-1]
    assert len(town.inboxes["郑市"][-1].buttons) == 9


async def supervised(town: Town, village: str, *found: str) -> list[str]:
    for said in ("/supervise", village, "看了台账", *found):
        await town.say("周镇", said)
    return await town.press("周镇", "提交")


async def test_what_the_town_finds_becomes_a_problem_or_a_clue_at_once(town: Town) -> None:
    town.now = datetime(2022, 10, 17, 9, 0, tzinfo=SHANGHAI)
    told = await supervised(
        town, "白塔村", "公示栏政策未更新", "跳过", "张桂兰家没有自来水", "张桂兰", "3", "没有了", "10月25日"
    )
    assert "还有 16 个村没督导" in told[-1]
    heard = "".join(town.unread("李村"))
    assert "【督导发现】1号 白塔村 / 公示栏政策未更新 / 请在 10月25日前整改" in heard
    assert "【督导抽查 1号】白塔村二屯张桂兰家" in heard
    found = await problem(town, 1)
    assert found is not None
    assert (found.source, found.region, str(found.deadline)) == ("ten_tasks", BAITA, "2022-10-25")
    [clue] = await clues(town)
    assert clue.source.value == "supervision"


@pytest.mark.sqlite_only
async def test_the_town_covers_every_village_and_sees_which_are_open(town: Town) -> None:
    town.now = datetime(2022, 10, 14, 9, 0, tzinfo=SHANGHAI)
    assert "10月17日开始" in (await supervised(town, "白塔村", "没有"))[-1]
    town.now = datetime(2022, 10, 18, 9, 0, tzinfo=SHANGHAI)
    assert "还有 17 个村没督导" in (await town.say("周镇", "/supervise"))[-1]
    await town.say("周镇", "/cancel")
    async with town.transaction() as tx, tx.session("test", "most") as session:
        for village in town.world.plan.villages[1:]:
            Store(session).supervisions.add(village.code, town.people["吴镇"], looked_at="看了台账", findings=0)
    assert "还有 1 个村没督导" in (await town.say("周镇", "/supervise"))[-1]
    await town.say("周镇", "/cancel")
    assert "各村都督导过了" in (await supervised(town, town.world.plan.villages[0].name, "没有"))[-1]
    assert "各村都督导过了" in (await town.say("吴镇", "/supervise"))[-1]


@pytest.mark.sqlite_only
async def test_a_village_without_a_button_is_taken_by_name_not_by_number(town: Town) -> None:
    last = town.world.plan.villages[-1].name
    asked = (await town.say("周镇", "/supervise"))[-1]
    assert last not in asked
    assert "看了什么" not in (await town.say("周镇", "17"))[-1]
    assert "看了什么" in (await town.say("周镇", last))[-1]


@pytest.mark.sqlite_only
async def test_what_was_confirmed_already_joins_the_open_clue(town: Town) -> None:
    await visit(town, 1002, "有困难")
    for said in ("3", "水停了", "跳过"):
        await town.say("李村", said)
    await town.press("李村", "提交")
    await supervised(town, "白塔村", "张桂兰家没有自来水", "张桂兰", "3", "没有了")
    assert len(await clues(town)) == 1
    assert "1号线索有新情况" in town.unread("李村")[-1]
