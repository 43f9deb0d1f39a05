"""A phone that let itself in by a name and four digits: what it sees, and who says whose it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from handlers.cases.common import UNCONFIRMED
from handlers.engine.conversation import conversations
from handlers.engine.words import NOT_YOURS
from storage.database import audit
from storage.database.base import new_id, to_base36
from storage.joining.newcomers import Newcomer
from storage.mail.chats import chats
from storage.people.persons import Role
from storage.roster import member_row, members
from storage.store import Store
from tests.support.cases import earlier_case
from tests.support.plan import BAITA
from tests.support.town import VAULT, Town

SECRETS = ("胃癌不外传", "医疗", "化疗", "001X")
"""What is known of the household and no neighbour may read: words, a kind, a measure, an ID number."""


async def join(town: Town, name: str = "邻居") -> Newcomer:
    """Let somebody into household 1001 as a name and four digits do."""
    await town.join_household(name, 1001, confirmed=False)
    return await newcomer(town, name)


async def newcomer(town: Town, name: str) -> Newcomer:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return next(one for one in await Store(session).newcomers.waiting([BAITA]) if one.name == name)


async def report(town: Town, name: str) -> str:
    """Report as a household does; returns what came for it."""
    await town.say(name, "/selfreport")
    await town.press(name, "住房安全")
    await town.press(name, "选好了（1项）")
    await town.say(name, "我说的漏雨")
    await town.say(name, "跳过")
    return "\n".join(await town.press(name, "提交"))


@pytest.mark.sqlite_only
async def test_no_conversation_tells_it_what_is_known_of_the_household(town: Town) -> None:
    """Every conversation that a household may have, with nothing, the earlier case and its own behind it."""
    earlier = await earlier_case(town)
    await join(town)
    shown = [await report(town, "邻居")]
    for name, one in conversations().items():
        if Role.HOUSEHOLD in one.roles:
            for thing in ("", f" {earlier.number}", f" {to_base36(earlier.id)}", " 2", " 2 yes"):
                shown += await town.press_data("邻居", f"/{name}{thing}")
                shown += await town.say("邻居", "取消")
    for words in ("我家的事咋样了", "1号怎么样", "1号线索", "2号线索", "化疗", "我家有啥政策"):
        shown += await town.say("邻居", words)
        shown += await town.say("邻居", "取消")
    leaks = [line for line in shown if any(secret in line for secret in SECRETS)]
    assert leaks == []
    assert any("我说的漏雨" in line for line in shown)


async def test_it_sees_its_own_words_and_no_step(town: Town) -> None:
    await earlier_case(town)
    await join(town)
    assert "编号 2" in await report(town, "邻居")
    assert await town.say("邻居", "/my") == [f"您报的，共 1 件。 / {UNCONFIRMED} [2号 收到了]"]
    assert await town.press("邻居", "2号 收到了") == [f"2号，您报的： / 我说的漏雨 / 村里收到了。{UNCONFIRMED}"]
    assert await town.say("邻居", "/clue 1") == [NOT_YOURS]


async def test_it_is_asked_about_no_case_but_its_own(town: Town) -> None:
    await earlier_case(town)
    await join(town)
    await report(town, "邻居")
    (asked,) = await town.say("邻居", "/selfreport")
    assert "2号" in asked
    assert "1号" not in asked.replace("[1 ", "[")


async def test_what_happens_to_a_case_is_told_to_confirmed_phones_alone(town: Town) -> None:
    clue = await earlier_case(town)
    await town.join_household("张三", 1001)
    await join(town)
    await town.say("李村", f"/verify {clue.number} found")
    await town.say("李村", "胃癌在治")
    await town.press("李村", "提交")
    assert "困难属实" in town.unread("张三")[-1]
    assert town.unread("邻居") == []


async def test_its_report_comes_with_the_button_that_confirms_it(town: Town) -> None:
    await join(town, "张三")
    await report(town, "张三")
    assert "张三的手机还没确认" in town.unread("李村")[-1]
    assert await town.press("李村", "是这家人") == ["好了，张三能看自家的事了。"]
    assert "现在能看您家的事" in town.unread("张三")[-1]
    assert "村里要来家里看看" in (await town.press("张三", "看我家的事"))[-1]


async def test_at_the_door_one_tap_lets_the_family_agree_on_its_phone(town: Town) -> None:
    await join(town, "张三")
    await report(town, "张三")
    await town.say("李村", "/verify 1 found")
    await town.say("李村", "是漏")
    await town.press("李村", "提交")
    assert "有新进展" in town.unread("张三")[-1]
    await town.press("李村", "张三的手机是这家人")
    await town.press("张三", "看看同意什么")
    assert "谢谢您" in (await town.press("张三", "同意"))[-1]


async def test_a_morning_lists_those_who_joined_and_two_taps_settle_them(town: Town) -> None:
    await town.tick()
    for name in ("张三", "邻居", "老李"):
        await join(town, name)
    await report(town, "邻居")
    town.now += timedelta(days=1)
    await town.tick()
    assert "新加入的手机 3 部，请看看是不是本人。" in town.unread("李村")[-1]
    assert not any("新加入" in line for line in town.unread("孙村") + town.unread("周镇"))
    (listed,) = await town.press("李村", "看新手机")
    assert "[1 都是]" in listed
    assert "邻居，10月12日 09:00，报过 1 件" in listed
    await town.press("李村", "不是本人：邻居")
    assert "邻居加入的手机不是这家人的" in town.unread("周镇")[-1]
    assert "还不认识您" in (await town.say("邻居", "/my"))[0]
    await join(town, "后来")  # not on the list that is answered next
    assert "后来" in (await town.press("李村", "都是"))[-1]
    assert (await newcomer(town, "后来")).confirmed_at is None
    assert "还没有报过" in (await town.say("老李", "/my"))[-1] or "1 件" in (await town.say("老李", "/my"))[-1]
    await town.press("李村", "是")
    (seen,) = await town.say("赵村", "/phones")
    assert seen.startswith("没有要确认的手机。")
    assert "老李，10月12日 09:00，李村确认的" in seen
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []


async def test_what_a_disowned_phone_reported_stays_and_says_so(town: Town) -> None:
    one = await join(town)
    await report(town, "邻居")
    await town.say("李村", f"/newcomer {to_base36(one.id)} no")
    assert "农户自主申报，后来查明不是这家人" in (await town.say("李村", "/clue 1"))[-1]
    async with town.database.read() as conn:
        bound = await conn.execute(sa.select(chats.c.person_id).where(chats.c.address == "test:邻居"))
        assert bound.scalar_one() is None


async def test_a_cadre_who_joined_a_household_cannot_confirm_themselves_and_keeps_their_post(town: Town) -> None:
    home = await town.household(1001)
    async with town.transaction() as tx, tx.session("test", "own") as session:
        people = Store(session).people
        post = people.appoint(town.people["李村"], Role.HOUSEHOLD, region=BAITA, household_id=home.id)
    assert await town.say("李村", f"/newcomer {to_base36(post)} yes") == [NOT_YOURS]
    assert await town.say("李村", "/phones") == ["没有要确认的手机。 [看一户的手机]"]
    await town.say("赵村", f"/newcomer {to_base36(post)} no")
    assert "村干部" in (await town.say("李村", "/me"))[-1]


async def test_where_a_village_has_no_cadre_the_town_gets_the_list(town: Town) -> None:
    await town.tick()
    await join(town)
    async with town.transaction() as tx, tx.session("test", "gone") as session:
        store = Store(session)
        for name in ("李村", "赵村"):
            person = await store.people.get(town.people[name])
            await store.people.end_post(person.posts[0].id if person else 0)
    town.now += timedelta(days=1)
    await town.tick()
    assert "新加入的手机 1 部" in town.unread("周镇")[-1]


async def test_a_hundred_and_fifty_strangers_are_one_line(town: Town) -> None:
    await town.tick()
    town.unread("周镇")
    town.now += timedelta(minutes=1)
    async with town.transaction() as tx, tx.session("test", "strangers") as session:
        for place in range(150):
            address = f"test:路人{place}"
            await session.change(chats.insert(), {"address": address, "platform": "test", "last_seen": town.now})
            Store(session).admissions.ask(address, f"路人{place}", role=Role.HOUSEHOLD, region=BAITA)
    await town.settle()
    assert town.unread("周镇") == []
    town.now += timedelta(days=1)
    await town.tick()
    (morning,) = town.unread("周镇")
    assert "150 人想加入，没对上号。" in morning
    (listed,) = await town.press("周镇", "看谁没对上")
    assert "先列 8 人" in listed
    await town.press("周镇", "都不认识（150 人）")
    await town.press("周镇", "提交")
    assert await town.say("周镇", "/knocks") == ["没有人等着加入。"]
    assert "找村干部" in town.unread("路人149")[-1]


async def test_a_phone_once_confirmed_is_put_out_with_a_second_tap(town: Town) -> None:
    await town.join_household("张三", 1001)
    async with town.transaction() as tx, tx.session("test", "read") as session:
        (post,) = await Store(session).newcomers.of_household((await town.household(1001)).id)
    assert "让他的手机退出" in (await town.press_data("李村", f"/newcomer {to_base36(post.id)} no"))[-1]
    await town.press("李村", "取消")
    assert "还没有报过" in (await town.say("张三", "/my"))[-1]
    await town.press_data("李村", f"/newcomer {to_base36(post.id)} no")
    assert "已经退出" in (await town.press("李村", "提交"))[-1]
    assert "还不认识您" in (await town.say("张三", "/my"))[-1]


async def test_who_fell_silent_with_a_post_gets_it_back_by_no_four_digits(town: Town) -> None:
    home = await town.household(1001)
    async with town.transaction() as tx, tx.session("test", "own") as session:
        store = Store(session)
        store.people.appoint(
            town.people["李村"], Role.HOUSEHOLD, region=BAITA, household_id=home.id, confirmed_by=town.people["周镇"]
        )
        token = store.invites.create(Role.HOUSEHOLD, BAITA, uses=None)
        session.add(
            members,
            member_row(
                VAULT, new_id(), household_id=home.id, name="李村", relation="儿子", id_number="22088119700109999X", phone=""
            ),
        )
    await town.fall_silent("李村")
    await come_back(town, "李村", token, "李村 999X")
    assert UNCONFIRMED in (await town.say("李村", "/family"))[-1]
    assert "白塔村 村干部" not in (await town.say("李村", "/me"))[-1]


@pytest.mark.parametrize(("claim", "back"), [("张三 1001", True), ("张桂兰 1002", False)])
async def test_a_silent_phone_is_known_again_by_its_own_name_alone(town: Town, claim: str, back: bool) -> None:
    await town.join_household("张三", 1001)
    async with town.transaction() as tx, tx.session("test", "code") as session:
        token = Store(session).invites.create(Role.HOUSEHOLD, BAITA, uses=None)
    await town.fall_silent("张三")
    got = await come_back(town, "张三", token, claim)
    assert ("您回来了" in got[-1], UNCONFIRMED in got[-1]) == (back, not back)


async def test_who_was_put_out_meanwhile_joins_anew(town: Town) -> None:
    await town.join_household("张三", 1001)
    async with town.transaction() as tx, tx.session("test", "code") as session:
        token = Store(session).invites.create(Role.HOUSEHOLD, BAITA, uses=None)
    await town.fall_silent("张三")
    async with town.transaction() as tx, tx.session("test", "out") as session:
        store = Store(session)
        (post,) = await store.newcomers.of_household((await town.household(1001)).id)
        await store.newcomers.disown(post)
    assert UNCONFIRMED in (await come_back(town, "张三", token, "张三 1001"))[-1]


async def come_back(town: Town, name: str, token: str, claim: str) -> list[str]:
    await town.say(name, f"/start {token}")
    await town.press(name, "同意，加入")
    return await town.say(name, claim)


@pytest.mark.sqlite_only
async def test_who_comes_back_by_another_browser_leaves_no_entry_behind(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.join_household("张小", 1001)
    async with town.transaction() as tx, tx.session("test", "code") as session:
        token = Store(session).invites.create(Role.HOUSEHOLD, BAITA, uses=None)
    await town.fall_silent("张三")
    assert "张三，10月12日加入，现在没有手机在用" in (await town.say("张小", "/family"))[-1]
    await come_back(town, "新浏览器", token, "张三 1001")
    assert "现在没有手机在用" in (await town.say("张小", "/family"))[-1], "four digits take nobody's place"
    await town.say("李村", "/phones")
    await town.press("李村", "是")
    shown = (await town.say("张小", "/family"))[-1]
    assert "张小（您）" in shown
    assert "没有手机在用" not in shown
    assert shown.count("张三，") == 1
    assert UNCONFIRMED in (await come_back(town, "张三", token, "张三 1001"))[-1], "the old one is nobody's any more"


@pytest.mark.sqlite_only
async def test_the_other_phones_hear_of_one_that_comes_back(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.join_household("张小", 1001)
    async with town.transaction() as tx, tx.session("test", "code") as session:
        token = Store(session).invites.create(Role.HOUSEHOLD, BAITA, uses=None)
    await town.fall_silent("张三")
    town.people["平板"] = town.people["张三"]
    await town.bind("平板")
    town.unread("张小")
    await come_back(town, "张三", token, "张三 1001")
    for name in ("张小", "平板"):
        assert "张三有段时间没用的手机，刚又登上了" in " ".join(town.unread(name)), name


@pytest.mark.sqlite_only
async def test_no_list_of_names_reaches_an_unconfirmed_phone(town: Town) -> None:
    """What is for people by their names may be nobody else's business."""
    await town.join_household("曾国强", 1003, confirmed=False)
    async with town.transaction() as tx, tx.session("test", "look") as session:
        assert await Store(session).addressees.named(["曾国强"], BAITA) == []
    post = await newcomer(town, "曾国强")
    async with town.transaction() as tx, tx.session("test", "confirm") as session:
        await Store(session).newcomers.confirm(post, town.people["李村"])
        assert [one.name for one in await Store(session).addressees.named(["曾国强"], BAITA)] == ["曾国强"]
