"""Several people, one case: assignment, leave, and the handover of a post with what was begun under it."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from handlers.engine.words import JOIN, NOT_YOURS
from storage.database import audit
from storage.database.base import SHANGHAI, to_base36
from storage.mail.messages import Incoming
from storage.people.persons import Role
from storage.store import Store
from tests.support.cases import reported_by_unit
from tests.support.mornings import morning, reminded
from tests.support.plan import BAITA
from tests.support.problems import add
from tests.support.town import VAULT, Town

JOINING = JOIN.replace("\n", " / ")
"""As a transcript shows it: whoever holds no post any more is nobody here."""


async def give(town: Town, thing: str, to: str, by: str = "周镇") -> str:
    await town.say(by, f"/assign {thing}")
    return (await town.say(by, to))[-1]


async def take_leave(town: Town, name: str, first: str, last: str, deputy: str = "不指定") -> str:
    for said in ("请假", first, last):
        await town.say(name, said)
    await town.say(name, deputy)
    return (await town.press(name, "提交"))[-1]


def on(town: Town, day: int, at: time = time(9)) -> None:
    town.now = datetime.combine(date(2022, 10, day), at, SHANGHAI)


# Assignment -----------------------------------------------------------------------------------------------------------


async def test_a_clue_assigned_is_reminded_to_the_assignee_alone(town: Town) -> None:
    filed = await reported_by_unit(town)
    assert "已指派给李村" in await give(town, f"clue:{to_base36(filed.id)}", "李村")
    assert "【指派给您】1号线索 白塔村一屯张三家" in town.unread("李村")[-1]
    assert town.unread("赵村") == []
    await morning(town, date(2022, 10, 13))
    assert len(reminded(town, "李村")) == 1
    assert reminded(town, "赵村") == []
    assert "属实吗" in (await town.say("赵村", f"/verify {to_base36(filed.id)}"))[-1], "anyone of the village may act"


@pytest.mark.sqlite_only
async def test_reassigning_says_who_had_it_and_tells_both(town: Town) -> None:
    await reported_by_unit(town)
    await give(town, "clue:1", "李村")
    assert "现在由李村办" in (await town.say("李村", "/assign clue:1"))[-1]
    town.unread("赵村")
    assert "已指派给赵村，原来是李村" in (await town.press("李村", "赵村"))[-1]
    assert "原来由李村办" in town.unread("赵村")[-1]
    assert "没有变" in await give(town, "clue:1", "赵村", by="赵村")
    assert "全村都可以办，原来是赵村" in await give(town, "clue:1", "不指定，全村都管")
    await morning(town, date(2022, 10, 13))
    assert reminded(town, "李村")
    assert reminded(town, "赵村")


@pytest.mark.sqlite_only
async def test_a_problem_is_assigned_by_its_number_and_two_things_of_a_number_are_told_apart(town: Town) -> None:
    await add(town)
    assert "已指派给赵村" in await give(town, "problem:1", "赵村", by="李村")
    await reported_by_unit(town)
    assert "指派哪一件" in (await town.say("李村", "/assign 1"))[-1]
    assert "现在由赵村办" in (await town.say("李村", "2"))[-1]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("args", ["clue:1", "problem:1", "1", "clue:zz", "x:1"])
async def test_what_is_not_yours_is_not_there_to_assign(town: Town, args: str) -> None:
    await reported_by_unit(town)
    await add(town)
    assert await town.say("孙村", f"/assign {args}") == [NOT_YOURS]
    assert await town.say("王建", f"/assign {args}") == [NOT_YOURS]


@pytest.mark.sqlite_only
async def test_without_a_number_the_most_pressing_of_ones_own_are_offered(town: Town) -> None:
    assert await town.say("李村", "指派") == ["没有要指派的事。"]
    await add(town)
    await reported_by_unit(town)
    asked = (await town.say("李村", "指派"))[-1]
    assert asked.index("1号线索") < asked.index("1号问题")
    await town.say("李村", "2")
    assert "已指派给赵村" in (await town.press("李村", "赵村"))[-1]
    assert await town.say("孙村", "指派") == ["没有要指派的事。"]


@pytest.mark.sqlite_only
async def test_the_first_of_two_assigning_at_once_is_not_overwritten_unseen(town: Town) -> None:
    await reported_by_unit(town)
    await town.say("周镇", "/assign clue:1")
    await town.say("吴镇", "/assign clue:1")
    await town.say("周镇", "李村")
    assert "已指派给赵村，原来是李村" in (await town.say("吴镇", "赵村"))[-1]


# Leave ----------------------------------------------------------------------------------------------------------------


async def test_on_leave_the_deputy_gets_it_and_afterwards_all_is_as_before(town: Town) -> None:
    await reported_by_unit(town, due_on=date(2022, 10, 20))
    await give(town, "clue:1", "李村")
    assert "已告诉镇里和赵村" in await take_leave(town, "李村", "10月17日", "10月18日", "赵村")
    assert "白塔村李村，10月17日至10月18日，赵村代办" in town.unread("周镇")[-1]
    assert "10月17日至10月18日请假，请您代办" in town.unread("赵村")[-1]

    await morning(town, date(2022, 10, 17))
    assert reminded(town, "李村") == []
    assert len(reminded(town, "赵村")) == 1
    assert "10月18日早上再提醒您" in (await town.press("赵村", "明天再提醒"))[-1]
    await morning(town, date(2022, 10, 19))
    assert len(reminded(town, "李村")) == 1
    assert reminded(town, "赵村") == []


@pytest.mark.sqlite_only
async def test_news_of_the_village_goes_to_the_deputy_on_these_days_only(town: Town) -> None:
    await take_leave(town, "李村", "今天", "明天", "赵村")
    town.unread("赵村")
    await _report(town)
    assert town.unread("李村") == []
    assert [line for line in town.unread("赵村") if "新线索" in line] != []
    on(town, 14)
    await _report(town, "zgl")
    assert "新线索" in town.unread("李村")[-1]


async def _report(town: Town, household: str = "zgq") -> None:
    for said in ("/report", household, "4", "墙裂了", "跳过", "1"):
        await town.say("王建", said)


@pytest.mark.sqlite_only
async def test_what_is_one_persons_alone_ends_at_the_town_when_all_deputies_are_away(town: Town) -> None:
    await reported_by_unit(town)
    await give(town, "clue:1", "李村")
    await take_leave(town, "赵村", "10月13日", "10月14日")
    await take_leave(town, "李村", "10月13日", "10月14日")
    await morning(town, date(2022, 10, 13))
    assert reminded(town, "李村") == reminded(town, "赵村") == []
    assert len(reminded(town, "周镇")) == len(reminded(town, "吴镇")) == 1


@pytest.mark.sqlite_only
async def test_coming_back_early_ends_it_at_once(town: Town) -> None:
    await take_leave(town, "李村", "今天", "10月20日", "赵村")
    assert "白塔村 李村 10月12日至10月20日，赵村代" in (await town.say("周镇", "谁请假"))[-1]
    assert "没有这一项" in (await town.say("赵村", "/absences"))[-1]
    on(town, 13)
    await town.say("李村", "/leave")
    assert "已销假" in (await town.press("李村", "销假，我在岗"))[-1]
    assert "李村已销假" in town.unread("周镇")[-1]
    assert "今天没有人请假" in (await town.say("周镇", "/absences"))[-1]
    await _report(town)
    assert "新线索" in town.unread("李村")[-1]


@pytest.mark.sqlite_only
async def test_a_leave_not_begun_can_be_taken_back_or_another_one_taken(town: Town) -> None:
    await take_leave(town, "李村", "10月20日", "10月21日", "赵村")
    await town.say("李村", "请假")
    await town.press("李村", "另请别的日子")
    await town.say("李村", "10月21日")
    assert "已经请过假了" in (await town.say("李村", "10月22日"))[-1]
    await town.say("李村", "请假")
    assert "已销假" in (await town.press("李村", "取消这次请假"))[-1]
    assert "李村取消了10月20日至10月21日的请假" in town.unread("赵村")[-1]


@pytest.mark.sqlite_only
async def test_days_that_make_no_sense_are_asked_again(town: Town) -> None:
    await town.say("李村", "请假")
    assert "已经过去了" in (await town.say("李村", "昨天"))[-1]
    assert "180 天以内" in (await town.say("李村", "10月10日"))[-1], "taken for the next year's"
    await town.say("李村", "10月20日")
    assert "不能早于 10月20日" in (await town.say("李村", "10月19日"))[-1]
    assert "最长 180 天" in (await town.say("李村", "2023年10月19日"))[-1]
    asked = (await town.say("李村", "10月21日"))[-1]
    assert "赵村" in asked
    assert "孙村" not in asked, "a deputy is of the same village"


@pytest.mark.sqlite_only
async def test_who_agrees_to_a_second_phone_is_never_the_deputy(town: Town) -> None:
    """What is about the person, not about the village, is theirs also on leave."""
    async with town.transaction() as tx, tx.session("test", "invite") as session:
        store = Store(session)
        town.people["刘村"] = store.people.add("刘村", "13800007777")
        store.people.appoint(town.people["刘村"], Role.VILLAGE, region=BAITA)
        token = store.invites.create(Role.VILLAGE, BAITA)
    await town.bind("刘村")
    await take_leave(town, "刘村", "今天", "明天", "赵村")
    town.unread("赵村")
    await town.say("新机", f"/start {token}")
    await town.say("新机", "刘村 13800007777")
    await town.press("新机", "提交")
    assert "请核实是不是本人" in town.unread("刘村")[-1]
    assert town.unread("赵村") == []


@pytest.mark.sqlite_only
async def test_news_of_ones_own_family_never_goes_to_the_deputy(town: Town) -> None:
    home = await town.household(1002)
    async with town.transaction() as tx, tx.session("test", "home") as session:
        Store(session).people.appoint(
            town.people["李村"], Role.HOUSEHOLD, region=home.village, household_id=home.id, confirmed_by=town.people["赵村"]
        )
    await reported_by_unit(town, 1002)
    await take_leave(town, "李村", "今天", "明天", "赵村")
    for said in ("/verify 1 none", "房子去年修好了", "提交"):
        await town.say("赵村", said)
    assert "房子去年修好了" in town.unread("李村")[-1]
    assert town.unread("赵村") == []


# Handover -------------------------------------------------------------------------------------------------------------


async def hand(town: Town, leaver: str, to: str, by: str = "周镇") -> str:
    await town.say(by, "/handover")
    if by != leaver:
        await town.say(by, leaver)
    await town.say(by, to)
    return (await town.press(by, "提交"))[-1]


async def test_a_post_goes_over_with_all_that_was_begun_in_one_step(town: Town) -> None:
    filed = await reported_by_unit(town)
    await give(town, "clue:1", "李村")
    await morning(town, date(2022, 10, 13))
    await town.press("李村", "明天再提醒")
    await town.say("李村", f"/verify {to_base36(filed.id)}")
    await town.press("李村", "属实")
    home = await town.household(1002)
    async with town.transaction() as tx, tx.session("test", "entrust") as session:
        await Store(session).households.entrust(home.id, town.people["李村"])
    told = await hand(town, "李村", "孙村")
    assert "已由李村交给孙村。指派的 1 件事、联系的 1 户、没填完的 1 份一起交接" in told
    assert (await town.household(1002)).helper_id == town.people["孙村"]
    assert "已交给孙村" in town.unread("李村")[-1]
    assert "李村的「白塔村 村干部」交给您了" in town.unread("孙村")[-1]

    assert await town.say("李村", f"/verify {to_base36(filed.id)}") == [JOINING]
    assert await town.say("李村", "/resume") == [JOINING]
    assert "接着办入户核查（李村交接）：" in (await town.say("孙村", "/resume"))[-1]
    await town.say("孙村", "/later")
    await morning(town, date(2022, 10, 14))
    assert reminded(town, "李村") == []
    assert len(reminded(town, "孙村")) == 1
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []


@pytest.mark.sqlite_only
async def test_the_holder_asks_and_the_town_agrees(town: Town) -> None:
    assert "已报给镇里" in await hand(town, "李村", "赵村", by="李村")
    assert "李村想把「白塔村 村干部」交给：赵村" in town.unread("吴镇")[-1]
    assert "没有要办的事" in (await town.say("李村", "/todo"))[-1], "until then it is still theirs"
    says = town.inboxes["周镇"][-1].buttons[0][0].says
    assert await town.press_data("孙村", says) == [NOT_YOURS]
    await town.press("周镇", "去审核")
    await town.press("吴镇", "去审核")
    await town.press("周镇", "同意交接")
    assert "这个交接申请周镇已经同意了" in (await town.press("吴镇", "同意交接"))[-1]
    assert "您不再办这个岗位的事" in town.unread("李村")[-1]
    assert await town.say("李村", "/todo") == [JOINING]


@pytest.mark.sqlite_only
async def test_a_request_refused_changes_nothing(town: Town) -> None:
    await hand(town, "李村", "赵村", by="李村")
    await town.press("周镇", "去审核")
    await town.press("周镇", "不同意")
    assert "镇里没有同意" in town.unread("李村")[-1]
    assert "没有要办的事" in (await town.say("李村", "/todo"))[-1]


async def test_somebody_new_takes_over_by_opening_the_link(town: Town) -> None:
    await reported_by_unit(town)
    await give(town, "clue:1", "李村")
    await town.say("李村", "/report")
    told = await hand(town, "李村", "新同志，发邀请链接")
    token = told.rsplit("start=", 1)[1]
    assert "没有要办的事" not in (await town.say("李村", "/todo"))[-1], "in office until somebody follows"
    await town.say("新人", f"/start {token}")
    await town.say("新人", "何苗 13812345678")
    await town.press("新人", "提交")
    assert "没有要办的事" not in (await town.say("李村", "/todo"))[-1], "in office until the office has looked"
    assert "已由李村交接完" in " ".join(await town.press("周镇", "是他"))
    assert "李村的「白塔村 村干部」交给您了" in " ".join(town.unread("新人"))
    assert await town.say("李村", "/todo") == [JOINING]
    assert "哪一户" in (await town.say("新人", "/resume"))[-1]
    assert "现在由何苗办" in (await town.say("赵村", "/assign clue:1"))[-1]


@pytest.mark.sqlite_only
async def test_a_post_given_away_meanwhile_makes_the_link_useless(town: Town) -> None:
    told = await hand(town, "李村", "新同志，发邀请链接")
    await hand(town, "李村", "孙村")
    token = told.rsplit("start=", 1)[1]
    assert "撤回" in (await town.say("新人", f"/start {token}"))[-1]


async def test_two_officers_hand_over_one_post_at_the_same_moment(town: Town) -> None:
    """Also where its holder has another post, which stays theirs."""
    async with town.transaction() as tx, tx.session("test", "second post") as session:
        Store(session).people.appoint(town.people["李村"], Role.VILLAGE, region="220881100201")
    for name, to in (("周镇", "赵村"), ("吴镇", "孙村")):
        for said in ("/handover", "李村", "1", to):
            await town.say(name, said)
    await town.intake.put([
        Incoming(address=f"test:{name}", key=f"together:{name}", at=town.now, text="提交") for name in ("周镇", "吴镇")
    ])  # fmt: skip
    await town.settle()
    told = sorted(town.inboxes[name][-1].text or "" for name in ("周镇", "吴镇"))
    assert sum("好了" in text for text in told) == 1
    assert sum("已在 10月12日 09:00 交给" in text for text in told) == 1
    async with town.transaction() as tx, tx.session("test", "read") as session:
        held = await Store(session).people.get(town.people["李村"])
    assert held is not None
    assert [post.region for post in held.posts] == ["220881100201"]


async def test_what_the_leaver_says_at_the_same_moment_does_not_take_the_talk_back(town: Town) -> None:
    await town.say("李村", "/report")
    for said in ("/handover", "李村", "孙村"):
        await town.say("周镇", said)
    await town.intake.put([
        Incoming(address="test:李村", key="together:李村", at=town.now, text="张三"),
        Incoming(address="test:周镇", key="together:周镇", at=town.now, text="提交"),
    ])  # fmt: skip
    await town.settle()
    assert await town.say("李村", "/todo") == [JOINING]
    assert await town.say("李村", "/resume") == [JOINING]
    assert "接着办上报风险（李村交接）： / 哪一户" in (await town.say("孙村", "/resume"))[-1]


@pytest.mark.sqlite_only
async def test_a_household_is_no_post_and_its_voice_stays(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "home") as session:
        home = await town.household(1002)
        Store(session).people.appoint(
            town.people["李村"], Role.HOUSEHOLD, region=home.village, household_id=home.id, confirmed_by=town.people["赵村"]
        )
    await town.say("李村", "/selfreport")
    assert "没填完" not in await hand(town, "李村", "孙村")
    assert "困难" in (await town.say("李村", "/selfreport"))[-1]


@pytest.mark.sqlite_only
async def test_nobody_hands_over_beyond_their_reach(town: Town) -> None:
    await town.say("周镇", "/handover")
    assert "没找到「郑市」" in (await town.say("周镇", "郑市"))[-1]
    for args in ("zz", "1", "~"):
        assert await town.say("周镇", f"/handover {args}") == [NOT_YOURS]
