"""The self-check: each village and unit goes through its own tasks once, and what it finds is filed on the spot."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.engine.words import NOT_YOURS
from handlers.selfchecks.rules import answering_units, key_of, next_item, scope_of, scopes
from storage.database import audit
from storage.mail.messages import Incoming
from storage.people.persons import Role
from storage.selfchecks import Looked, Scope, SelfCheckFinding
from storage.store import Store
from tests.support.mornings import morning
from tests.support.plan import PLAN
from tests.support.problems import open_problems
from tests.support.town import START, VAULT, Town
from tests.support.transcripts import check

BAITA = Scope("220881100203", "villages")
HEALTH = Scope("220881100", "health")
TRANSCRIPT = Path(__file__).parents[1] / "transcripts" / "check" / "selfcheck.txt"


async def looked_at(town: Town, scope: Scope = BAITA) -> dict[str, Looked]:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return await Store(session).selfchecks.of(PLAN.id, scope)


async def all_fine(town: Town, scope: Scope, by: str) -> None:
    """As if everything had been looked at."""
    async with town.transaction() as tx, tx.session("test", "check") as session:
        for item in PLAN.items_for(scope.unit):
            await Store(session).selfchecks.record(
                PLAN.id, scope, item=item.id, finding=SelfCheckFinding.FINE, by=town.people[by]
            )


async def fine(town: Town, name: str, times: int) -> str:
    said = ""
    for _ in range(times):
        said = (await town.press(name, "没有问题"))[-1]
    return said


# ---- Rules


def test_every_village_and_unit_of_the_town_checks_itself_and_no_group_does() -> None:
    listed = scopes(PLAN)
    assert [scope.region for scope in listed if scope.unit == "villages"] == [one.code for one in PLAN.villages]
    assert {scope.unit for scope in listed} == {
        unit.code for unit in PLAN.units if not unit.members and unit.role is not Role.COUNTY
    }
    assert all(scope_of(key_of(scope), PLAN) == scope for scope in listed)


@pytest.mark.parametrize("key", ["", "220881100203", "220881100203.health", "220881100.stations", "x.y"])
def test_other_words_name_no_scope(key: str) -> None:
    assert scope_of(key, PLAN) is None


@given(st.data())
def test_whatever_is_answered_each_task_is_settled_once_and_none_is_left_out(data: st.DataObject) -> None:
    items = PLAN.items_for("health")
    looked: dict[str, Looked] = {}
    settled = []
    for turn in range(len(items) * 3):
        item = next_item(items, looked, ())
        if item is None:
            break
        answers = (SelfCheckFinding.FINE, SelfCheckFinding.LATER) if turn < len(items) * 2 else (SelfCheckFinding.FINE,)
        finding = data.draw(st.sampled_from(answers))
        if finding is not SelfCheckFinding.LATER:
            settled.append(item.id)
        looked.pop(item.id, None)
        looked[item.id] = Looked(
            item=item.id, finding=finding, person_id=1, person="李村", at=START, note="", problem_id=None, clue_id=None
        )
    assert sorted(settled) == sorted(item.id for item in items)


def test_a_unit_rectifies_its_own_and_a_village_leaves_it_to_the_offices_of_the_task() -> None:
    assert answering_units(HEALTH, "8.1", PLAN) == ("health",)
    assert answering_units(Scope("220881100", "middle_school"), "2.1", PLAN) == ("middle_school", "primary_school")
    assert answering_units(BAITA, "6.1.3", PLAN) == ("revitalization", "water")


# ---- Talks


@pytest.mark.sqlite_only
async def test_transcript(restart: bool, town: Town) -> None:
    await check(TRANSCRIPT, town, restart=restart)


@pytest.mark.sqlite_only
async def test_a_village_goes_on_where_it_stopped_and_a_colleague_where_it_stopped(town: Town) -> None:
    asked = (await town.say("李村", "自查"))[-1]
    assert "本村 0/22 项 / (一) 脱贫人口增收 / " in asked
    assert "本村 3/22 项。 [接着自查]" in await fine(town, "李村", 3)
    asked = (await town.press("李村", "接着自查"))[-1]
    assert "本村 3/22 项 / (三)3 监测程序" in asked
    await fine(town, "李村", 1)
    await town.say("李村", "取消")
    assert "(三)4 针对性帮扶" in (await town.say("赵村", "自查"))[-1]
    assert list(await looked_at(town)) == ["1", "3.1", "3.2", "3.3"]


@pytest.mark.sqlite_only
async def test_words_do_as_well_as_buttons(town: Town) -> None:
    await town.say("李村", "/selfcheck")
    for words in ("没有问题", "1", "没有"):
        await town.say("李村", words)
    assert {one.finding for one in (await looked_at(town)).values()} == {SelfCheckFinding.FINE}


@pytest.mark.sqlite_only
async def test_what_is_put_off_comes_again_after_the_rest(town: Town) -> None:
    await town.say("陈医", "/selfcheck")
    assert "(二) 政策梳理与宣传" in (await town.press("陈医", "以后再看"))[-1]
    assert "本单位 2/10 项" in await fine(town, "陈医", 2)
    for _ in range(2):
        await town.press("陈医", "接着自查")
        await fine(town, "陈医", 3)
    asked = (await town.press("陈医", "接着自查"))[-1]
    assert "本单位 8/10 项 / (八)2 问题整改" in asked
    assert "本单位 9/10 项 / (一) 脱贫人口增收" in await fine(town, "陈医", 1)
    assert "10/10 项，都查过了" in await fine(town, "陈医", 1)
    assert {one.finding for one in (await looked_at(town, HEALTH)).values()} == {SelfCheckFinding.FINE}
    assert "10/10 项，都查过了" in (await town.say("陈医", "自查"))[-1]


async def test_a_problem_goes_on_the_ledger_with_the_plans_source_task_units_and_deadline(town: Town) -> None:
    await town.say("李村", "/selfcheck")
    await fine(town, "李村", 1)
    await town.press("李村", "有问题")
    await town.press("李村", "工作上有问题，列入台账")
    await town.send_photo("李村")
    await town.say("李村", "监测员没有培训")
    await town.press("李村", "跳过")
    said = (await town.press("李村", "提交"))[-1]
    assert "已列入台账，1号，10月31日前整改" in said
    assert "本村 2/22 项" in said
    [problem] = await open_problems(town)
    assert (problem.source, problem.item, problem.region) == ("ten_tasks", "3.1", BAITA.region)
    assert (problem.units, problem.deadline) == (("revitalization",), date(2022, 10, 31))
    assert (await looked_at(town))["3.1"].problem_id == problem.id
    assert "【自查发现】1号 白塔村 / 监测员没有培训" in town.unread("周镇")[-1]
    assert "📎照片" in "".join(await town.say("周镇", "/problem 1"))
    assert not [line for line in town.unread("孙村") if "自查发现" in line]
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []


@pytest.mark.sqlite_only
async def test_a_problem_of_one_household_is_placed_there(town: Town) -> None:
    await town.say("王建", "/selfcheck")
    for _ in range(2):
        await fine(town, "王建", 1)
    for said in ("有问题", "1", "C级房没有改造", "1003", "提交"):
        await town.say("王建", said)
    [problem] = await open_problems(town)
    assert (problem.region, problem.household_id) == (BAITA.region, (await town.household(1003)).id)
    assert (problem.item, problem.units) == ("2.4", ("housing",))
    assert "白塔村二屯曾国强家" in "".join(town.unread("李村"))


@pytest.mark.sqlite_only
async def test_a_household_in_trouble_becomes_a_clue(town: Town) -> None:
    """The task has one risk kind in the plan, so that is not asked."""
    await town.say("李村", "/selfcheck")
    for said in ("有问题", "2", "zs", "外出务工摔伤，没了收入"):
        summary = (await town.say("李村", said))[-1]
    assert "白塔村一屯张三家 / 收入骤减 / 外出务工摔伤" in summary
    assert "已上报，1号线索" in (await town.press("李村", "提交"))[-1]
    looked = (await looked_at(town))["1"]
    assert (looked.finding, looked.problem_id) == (SelfCheckFinding.CLUE, None)
    assert looked.clue_id is not None
    assert "干部排查" in "".join(town.unread("赵村"))
    assert not await open_problems(town)


@pytest.mark.sqlite_only
async def test_what_is_not_submitted_counts_for_nothing_and_comes_again(town: Town) -> None:
    await town.say("李村", "/selfcheck")
    for said in ("有问题", "1", "台账不全", "跳过"):
        await town.say("李村", said)
    assert "本村 0/22 项" in (await town.press("李村", "取消"))[-1]
    await town.say("李村", "取消")
    assert "(一) 脱贫人口增收" in (await town.say("李村", "/selfcheck"))[-1]
    assert not await open_problems(town)


async def test_the_second_of_two_hears_what_the_first_found_and_files_nothing_twice(town: Town) -> None:
    for name in ("李村", "赵村"):
        await town.say(name, "/selfcheck")
    for said in ("有问题", "1", "台账不全", "跳过"):
        await town.say("赵村", said)
    await town.press("李村", "没有问题")
    told = (await town.press("赵村", "提交"))[-1]
    assert "「脱贫人口增收」李村已在 10月12日 09:00 查过：没有问题。" in told
    assert not await open_problems(town)
    assert (await looked_at(town))["1"].person == "李村"


async def test_of_two_at_the_same_moment_the_second_hears_what_the_first_found(town: Town) -> None:
    """Both answers are worked on together, and neither sees what the other is about to write."""
    for name in ("李村", "赵村"):
        await town.say(name, "/selfcheck")
        town.unread(name)
    both = [Incoming(address=f"test:{name}", key=name, at=town.now, text="1") for name in ("李村", "赵村")]
    await town.intake.put(both)
    await town.settle()
    heard = ["查过：没有问题" in "".join(town.unread(name)) for name in ("李村", "赵村")]
    assert sorted(heard) == [False, True]
    assert list(await looked_at(town)) == ["1"]


@pytest.mark.sqlite_only
async def test_before_the_phase_it_is_said_when_it_begins(town: Town) -> None:
    town.now = START.replace(day=10)
    assert "自查从10月12日开始" in (await town.say("李村", "自查"))[-1]


@pytest.mark.sqlite_only
async def test_only_those_concerned_check_and_those_above_see_the_progress(town: Town) -> None:
    command = f"/selfcheck {key_of(BAITA)}"
    assert NOT_YOURS in (await town.say("孙村", command))[-1]
    assert NOT_YOURS in (await town.say("陈医", command))[-1]
    assert NOT_YOURS in (await town.say("周镇", "/selfcheck 220881100999.villages"))[-1]
    assert "白塔村自查 0/22 项" in (await town.say("周镇", command))[-1]
    assert "自查由村和站所来做" in (await town.say("郑市", "/selfcheck"))[-1]
    assert "本单位 0/23 项" in (await town.say("周镇", "/selfcheck"))[-1]
    assert NOT_YOURS in (await town.say("李村", "/selfchecks"))[-1]


@pytest.mark.sqlite_only
async def test_the_town_sees_who_is_not_through_first_in_the_plans_order(town: Town) -> None:
    await all_fine(town, Scope("220881100200", "villages"), "孙村")
    await town.say("李村", "/selfcheck")
    for said in ("有问题", "1", "台账不全", "跳过", "提交"):
        await town.say("李村", said)
    pages = []
    said = (await town.say("周镇", "自查进度"))[-1]
    while found := re.search(r"\[(下一页（\d/4）)\]", said):
        pages += said.split(" [")[0].split(" / ")[1:]
        said = (await town.press("周镇", found[1]))[-1]
    pages += said.split(" / ")[1:]
    assert "自查查完 1/26 家，10月31日为止" in said
    assert len(pages) == 26
    assert "白塔村 1/22 项，问题 1 件" in pages
    assert pages[-1].startswith(f"{PLAN.village('220881100200').name} 22/22 项")


# ---- Reminders


@pytest.mark.sqlite_only
async def test_each_morning_one_line_until_all_is_looked_at(town: Town) -> None:
    await morning(town, date(2022, 10, 13), checks=True)
    [said] = town.unread("陈医")
    assert "镇卫生院自查 0/10 项：10月31日，还剩 12 个工作日" in said
    assert "[去自查]" in said
    await morning(town, date(2022, 10, 14), checks=True)
    assert "自查 0/10 项" in town.unread("陈医")[-1]
    assert "本单位 0/10 项" in (await town.press("陈医", "去自查"))[-1]
    await all_fine(town, HEALTH, "陈医")
    await morning(town, date(2022, 10, 17), checks=True)
    assert not [line for line in town.unread("陈医") if "自查" in line]


@pytest.mark.sqlite_only
async def test_nobody_is_reminded_on_a_day_off_and_after_the_end_it_climbs_to_the_town(town: Town) -> None:
    await morning(town, date(2022, 10, 15), checks=True)
    assert not town.unread("陈医")
    await morning(town, date(2022, 10, 31), checks=True)
    assert "镇卫生院自查 0/10 项：今天到期" in town.unread("陈医")[-1]
    town.unread("周镇")
    await morning(town, date(2022, 11, 2), checks=True)
    assert "⚠ 镇卫生院自查 0/10 项：10月31日，逾期 2 个工作日" in town.unread("陈医")[-1]
    assert "件" in town.unread("周镇")[-1]
