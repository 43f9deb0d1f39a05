"""One sentence outside any talk: what was understood is shown, one tap confirms it, and only what is missing is asked."""

from __future__ import annotations

import pytest

from storage.cases.steps import Step
from storage.mail.messages import SentFile
from storage.problems.states import ProblemState
from storage.store import Store
from storage.visits import VisitOutcome
from tests.support.cases import case_after
from tests.support.problems import add, read, submit
from tests.support.town import Town

pytestmark = pytest.mark.sqlite_only


async def say(town: Town, name: str, words: str) -> str:
    """With a new process before it, as after a crash."""
    await town.restart()
    return "\n".join(await town.say(name, words))


async def press(town: Town, name: str, label: str) -> str:
    await town.restart()
    return "\n".join(await town.press(name, label))


async def test_a_sentence_and_a_tap_are_a_report(town: Town) -> None:
    card = await say(town, "李村", "白塔村张三家房子漏雨,老人住院")
    assert card.startswith("白塔村一屯张三家 / 住房安全、医疗")
    assert "白塔村张三家房子漏雨" in card
    assert "[提交][取消]" in card
    assert "[改 哪一户：一屯张三家（户号 1001）]" in card
    assert "编号 1" in await press(town, "李村", "提交")
    async with town.transaction() as tx, tx.session("test", "read") as session:
        clue = await Store(session).clues.numbered(1)
    assert clue is not None
    assert clue.kinds == ("housing", "medical")
    assert "老人住院" in clue.detail
    assert "新线索 1号" in "\n".join(town.unread("赵村"))


async def test_one_of_two_namesakes_is_chosen_and_nothing_is_asked_twice(town: Town) -> None:
    asked = await say(town, "李村", "刘伟家没水吃了")
    assert asked.startswith("是哪一户？")
    assert "户号 1004" in asked
    assert "户号 1005" in asked
    assert (await say(town, "李村", "1005")).startswith("白塔村三屯刘伟家 / 饮水安全")
    assert "编号 1" in await press(town, "李村", "提交")


async def test_the_village_and_the_group_named_decide(town: Town) -> None:
    assert (await say(town, "李村", "三屯刘伟家没水吃了")).startswith("白塔村三屯刘伟家")
    await say(town, "李村", "取消")
    assert (await say(town, "周镇", "瓦房村张三家房子塌了半边")).startswith("瓦房村一屯张三家 / 住房安全")


async def test_every_part_can_be_put_right_on_the_card(town: Town) -> None:
    await say(town, "李村", "张三家房子漏雨")
    assert "哪一户" in await press(town, "李村", "改 哪一户：一屯张三家（户号 1001）")
    assert (await say(town, "李村", "曾国强")).startswith("白塔村二屯曾国强家 / 住房安全")
    await press(town, "李村", "改 有什么困难：住房安全")
    assert "医疗" in (await say(town, "李村", "医疗")).split("[")[0]
    assert "编号 1" in await press(town, "李村", "提交")


async def test_a_name_nobody_has_costs_only_the_name(town: Town) -> None:
    asked = await say(town, "李村", "马铁柱家房子漏雨")
    assert asked.startswith("没找到「马铁柱」这一户。 / 哪一户？")
    assert (await say(town, "李村", "张桂兰")).startswith("白塔村二屯张桂兰家 / 住房安全")


async def test_what_is_the_matter_is_asked_when_it_was_not_said(town: Town) -> None:
    asked = await say(town, "李村", "要上报张桂兰家的困难")
    assert "有什么困难" in asked
    assert (await say(town, "李村", "医疗")).startswith("白塔村二屯张桂兰家 / 医疗")


async def test_photos_come_with_the_sentence(town: Town) -> None:
    sha256 = await town.keep(b"roof", "image/jpeg")
    card = await town.say("李村", "张三家房子漏雨", files=(SentFile(sha256=sha256, kind="photo"),))
    assert "照片 1 张" in card[0]
    alone = await town.send_photo("赵村", b"wall")
    assert "再用一句话说说" in alone[0]
    assert "照片 1 张" in (await town.say("赵村", "曾国强家墙裂了"))[0]


async def test_progress_by_number(town: Town) -> None:
    problem = await add(town)
    card = await say(town, "李村", f"{problem.number}号瓦铺了八成了")
    assert "进度 80%" in card
    assert "[提交][取消]" in card
    assert "80%" in await press(town, "李村", "提交")
    assert (await read(town, problem)).percent == 80
    assert "提交镇里验收" in await say(town, "李村", f"{problem.number}号整改完了")
    await press(town, "李村", "提交")
    assert (await read(town, problem)).state is ProblemState.REVIEW


async def test_progress_asks_only_which_and_how_far(town: Town) -> None:
    problem = await add(town)
    assert "别的问题请发编号" in await say(town, "李村", "问题正在整改，瓦铺上了一半")
    assert "进度 50%" in await say(town, "李村", f"{problem.number}号")
    await say(town, "李村", "取消")
    assert "没有 99 号" in await say(town, "李村", "99号问题整改完了")
    assert "提交镇里验收" in await say(town, "李村", f"{problem.number}号")


async def test_a_visit(town: Town) -> None:
    assert (await say(town, "李村", "曾国强家去过了，没问题")).startswith("白塔村二屯曾国强家：没有变化")
    assert "记下了" in await press(town, "李村", "提交")
    household = await town.household(1003)
    async with town.transaction() as tx, tx.session("test", "read") as session:
        visit = await Store(session).visits.of(household.id, town.world.plan.id)
    assert visit is not None
    assert visit.outcome is VisitOutcome.FINE


async def test_a_visit_to_a_house_with_an_open_case_leads_there(town: Town) -> None:
    clue = await case_after(town, ())
    assert clue.step is Step.VERIFY
    assert clue.household_id == (await town.household(1001)).id
    await say(town, "李村", "张三家去过了，没啥事")
    said = await press(town, "李村", "提交")
    assert f"{clue.number}号没核查" in said
    assert "[入户核查]" in said


async def test_a_day_off(town: Town) -> None:
    assert "谁替您" in await say(town, "李村", "明天请假")
    assert "10月13日" in await say(town, "李村", "赵村")
    await press(town, "李村", "提交")
    async with town.transaction() as tx, tx.session("test", "read") as session:
        (taken,) = await Store(session).leaves.of(town.people["李村"], town.now.date())
    assert (taken.first_day.day, taken.last_day.day) == (13, 13)


async def test_a_question_is_answered_from_the_handbook(town: Town) -> None:
    said = await say(town, "李村", "小额信贷最多能贷多少")
    assert "没听懂" not in said
    assert "信贷" in said


async def test_a_household_says_what_is_the_matter(town: Town) -> None:
    await town.join_household("张三", 1001)
    card = await say(town, "张三", "俺家房子漏雨了")
    assert "住房安全" in card
    assert "[提交][取消]" in card
    assert "编号 1" in await press(town, "张三", "提交")


async def test_chatter_gets_the_menu(town: Town) -> None:
    assert (await say(town, "李村", "哈哈")).startswith("没听懂「哈哈」。 / 李村，能办的事在下面")


async def test_nothing_of_other_villages_is_found(town: Town) -> None:
    asked = await say(town, "李村", "马六家房子漏雨")
    assert "哪一户？" in asked
    assert "2002" not in asked


async def test_a_visit_that_found_trouble_is_a_report_and_a_visit(town: Town) -> None:
    card = await say(town, "李村", "今天去了张三家，他家井干了，没水吃")
    assert card.startswith("白塔村一屯张三家 / 饮水安全")
    await press(town, "李村", "提交")
    async with town.transaction() as tx, tx.session("test", "read") as session:
        store = Store(session)
        visit = await store.visits.of((await town.household(1001)).id, town.world.plan.id)
        assert await store.clues.numbered(1) is not None
    assert visit is not None
    assert visit.outcome is VisitOutcome.TROUBLE
    again = await say(town, "李村", "又去了张三家，老人摔断腿了")
    assert "是同一件事吗" in again


async def test_a_number_alone_shows_how_it_stands(town: Town) -> None:
    problem = await add(town)
    assert "屋顶漏雨" in await say(town, "李村", f"{problem.number}号")
    await submit(town, problem)
    assert "验收通过" in await say(town, "周镇", f"{problem.number}号问题整改完了")


async def test_thanks_are_answered(town: Town) -> None:
    assert await say(town, "李村", "谢谢啦") == "不客气。有事说一句就行。"


async def test_a_family_that_waits_sees_its_case(town: Town) -> None:
    await town.join_household("张三", 1001)
    await say(town, "张三", "房子漏雨了")
    await press(town, "张三", "提交")
    assert "1号 住房安全" in await say(town, "张三", "俺家房子啥时候能修上啊")
