"""举一反三: from one problem to every other village, and back with its answers."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from handlers.engine.words import NOT_YOURS
from storage.database import audit
from storage.database.base import SHANGHAI, to_base36
from storage.people.persons import Role
from storage.problems.fanouts import FOUND, NONE, FanoutTask
from storage.problems.records import NewProblem, Problem
from storage.store import Store
from tests.support.plan import BAITA, WAFANG
from tests.support.problems import add
from tests.support.town import VAULT, Town

OTHERS = 16


async def start(town: Town, days: str = "跳过") -> list[str]:
    for said in ("/fanout 1", "跳过", days):
        await town.say("周镇", said)
    return await town.press("周镇", "提交")


async def tasks(town: Town, problem: Problem) -> list[FanoutTask]:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        fanout = await Store(session).fanouts.of(problem.id)
        assert fanout is not None
        return await Store(session).fanouts.tasks(fanout.id)


async def numbered(town: Town, number: int) -> Problem:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        found = await Store(session).problems.numbered(number)
    assert found is not None
    return found


async def cadre(town: Town, name: str, *villages: str) -> None:
    async with town.transaction() as tx, tx.session("test", "appoint") as session:
        store = Store(session)
        town.people[name] = store.people.add(name)
        for village in villages:
            store.people.appoint(town.people[name], Role.VILLAGE, region=village)
    await town.bind(name)


async def test_every_other_village_is_asked_and_what_one_finds_goes_on_the_ledger(town: Town) -> None:
    problem = await add(town)
    await cadre(town, "钱村", WAFANG)
    await town.say("周镇", "/problem 1")
    await town.press("周镇", "举一反三")
    await town.say("周镇", "跳过")
    summary = (await town.press("周镇", "跳过"))[-1]
    assert "请 16 个村查：屋顶漏雨" in summary
    assert "10月19日前答复，查出的 10月26日前整改" in summary
    assert "已发给 16 个村" in (await town.press("周镇", "提交"))[-1]
    asked = await tasks(town, problem)
    assert len(asked) == OTHERS
    assert BAITA not in {task.village for task in asked}
    assert not town.unread("李村"), "the village where it was found is not asked"
    [told] = town.unread("钱村")
    assert "别处查出：屋顶漏雨" in told
    assert "10月19日前答复" in told

    await town.press("孙村", "有，报问题")
    await town.say("孙村", "卫生室屋顶漏雨")
    await town.press("孙村", "跳过")
    await town.send_photo("孙村")
    await town.press("孙村", "发完了")
    await town.press("孙村", "还有一个")
    await town.say("孙村", "马六家屋顶漏雨")
    await town.say("孙村", "马六")
    await town.press("孙村", "跳过")
    done = (await town.press("孙村", "没有了，提交"))[-1]
    assert "记下了：2号、3号，10月26日前整改" in done
    first, second = await numbered(town, 2), await numbered(town, 3)
    for found in (first, second):
        assert (found.region, found.source, found.item) == (WAFANG, problem.source, problem.item)
        assert (found.units, found.deadline) == (problem.units, date(2022, 10, 26))
    assert second.household_id == (await town.household(2002)).id
    assert any("举一反三查出" in line for line in town.unread("王建"))
    assert any("📎照片" in line for line in await town.say("孙村", "/problem 2"))

    again = (await town.press("钱村", "没有"))[-1]
    assert "瓦房村已由孙村在 10月12日 09:00 答复：有，2号、3号。" in again
    assert [task.state for task in await tasks(town, problem) if task.village == WAFANG] == [FOUND]
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []


@pytest.mark.sqlite_only
async def test_one_tap_says_that_there_is_none(town: Town) -> None:
    problem = await add(town)
    await start(town, "3")
    assert "举一反三 查本村有没有" in "".join(await town.say("孙村", "/todo"))
    assert await town.press("孙村", "举一反三 查本村有没有 10月17日，还剩 3 个工作日")
    assert "本村没有" in (await town.press("孙村", "没有"))[-1]
    assert "没有要办的事" in (await town.say("孙村", "/todo"))[-1]
    assert [task.state for task in await tasks(town, problem) if task.village == WAFANG] == [NONE]


@pytest.mark.sqlite_only
async def test_the_town_sees_who_has_not_answered_first(town: Town) -> None:
    problem = await add(town)
    await start(town)
    await town.press("孙村", "没有")
    shown = (await town.say("周镇", "/fanouts 1"))[-1]
    assert "16 个村，15 个未答复，0 个有问题" in shown
    assert shown.count("：未答复") == 8
    assert "瓦房村" not in shown
    rest = (await town.press("周镇", "下一页（1/2）"))[-1]
    assert rest.count("：未答复") == 7
    assert "瓦房村：没有（孙村 10月12日 09:00）" in rest
    assert "1号 屋顶漏雨：16 个村，15 个未答复" in (await town.say("郑市", "/fanouts"))[-1]
    assert "周镇已在 10月12日 09:00 发起" in (await town.say("吴镇", "/fanout 1"))[-1]
    assert len(await tasks(town, problem)) == OTHERS


@pytest.mark.sqlite_only
async def test_the_starter_hears_when_the_last_has_answered(town: Town) -> None:
    problem = await add(town)
    await start(town)
    asked = await tasks(town, problem)
    async with town.transaction() as tx, tx.session("test", "answer") as session:
        for task in asked:
            if task.village != WAFANG:
                await Store(session).fanouts.answer(task, town.people["孙村"], found=[])
    town.unread("周镇")
    await town.press("孙村", "没有")
    assert "16 个村都答复了，0 个村有问题" in town.unread("周镇")[-1]


@pytest.mark.sqlite_only
async def test_a_household_is_not_named_to_other_villages(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "add") as session:
        new = NewProblem(
            source="ten_tasks", item="2.2", region=BAITA, household_id=(await town.household(1001)).id,
            description="张三高血压没人管", units=("health",), deadline=date(2022, 10, 25),
        )  # fmt: skip
        await Store(session).problems.add(new, "any")
    assert "涉及农户" in (await town.say("周镇", "/fanout 1"))[-1]
    assert "不能跳过" in (await town.say("周镇", "跳过"))[-1]
    for said in ("慢病户没有随访", "跳过", "提交"):
        await town.say("周镇", said)
    told = "".join(town.unread("孙村"))
    assert "慢病户没有随访" in told
    assert "张三" not in told


@pytest.mark.sqlite_only
async def test_a_problem_that_is_on_the_ledger_already_is_not_entered_twice(town: Town) -> None:
    await add(town)
    await start(town)
    await town.press("孙村", "有，报问题")
    for said in ("厨房漏雨了", "跳过", "跳过", "还有一个", "厨房漏雨了", "跳过", "跳过", "没有了，提交"):
        last = (await town.say("孙村", said))[-1]
    assert "记下了：2号，10月26日前整改" in last


async def test_two_cadres_at_once_give_one_answer(town: Town) -> None:
    """Both have the question open; the second gets what the first did."""
    await add(town)
    await cadre(town, "钱村", WAFANG)
    await start(town)
    await town.press("钱村", "有，报问题")
    await town.say("钱村", "屋顶漏雨啦")
    await town.press("孙村", "没有")
    assert "已由孙村在" in (await town.say("钱村", "跳过"))[-1]


@pytest.mark.sqlite_only
async def test_the_unanswered_are_reminded_and_it_climbs(town: Town) -> None:
    await cadre(town, "各村", *(village.code for village in town.world.plan.villages if village.code != WAFANG))
    problem = await add(town)
    await start(town)
    async with town.transaction() as tx, tx.session("test", "answer") as session:
        asked = await Store(session).fanouts.latest(["220881100"], 1)
        for task in await Store(session).fanouts.tasks(asked[0].id):
            if task.village != WAFANG:
                await Store(session).fanouts.answer(task, town.people["各村"], found=[])
    for name in ("孙村", "周镇", "郑市"):
        town.unread(name)
    for day, heard in ((19, {"孙村"}), (21, {"孙村", "周镇"}), (25, {"孙村", "周镇", "郑市"})):
        town.now = datetime(2022, 10, day, 7, 30, tzinfo=SHANGHAI)
        await town.tick()
        told = {name for name in ("孙村", "周镇", "郑市") if "举一反三 瓦房村 待答复" in "".join(town.unread(name))}
        assert told == heard
    key = next(to_base36(task.id) for task in await tasks(town, problem) if task.village == WAFANG)
    assert "本村有没有" in (await town.say("孙村", f"/checked {key}"))[-1]
    await town.press("孙村", "没有")
    town.now = datetime(2022, 10, 27, 7, 30, tzinfo=SHANGHAI)
    await town.tick()
    assert not any("举一反三" in line for line in town.unread("孙村"))


@pytest.mark.sqlite_only
@pytest.mark.parametrize("command", ["/fanout 1", "/fanouts 1", "/checked {key} no", "/checked {key}"])
async def test_what_is_not_yours_is_answered_like_what_does_not_exist(town: Town, command: str) -> None:
    problem = await add(town)
    await start(town)
    key = next(to_base36(task.id) for task in await tasks(town, problem) if task.village == WAFANG)
    for name in ("李村", "冯水"):
        assert await town.say(name, command.format(key=key)) == [NOT_YOURS]
    assert await town.say("孙村", "/checked zzzz no") == [NOT_YOURS]
    assert await town.say("周镇", "/fanout 99") == [NOT_YOURS]
