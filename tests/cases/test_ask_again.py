"""Four weeks after a case was cleared the household is asked once whether it is really solved; "no" is a new clue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.cases import follow_up_job as ask_again
from handlers.cases.table import Act
from handlers.engine.words import NOT_YOURS
from storage.cases.records import Clue, ClueSource
from storage.cases.steps import Step
from storage.database import audit
from storage.database.base import to_base36
from storage.database.session import Conflict
from storage.store import Store
from tests.support.cases import TO_CLEARED, TO_SUPPORT, case_after, read
from tests.support.town import VAULT, Town

QUESTION = "您家的困难真的解决了吗？"


async def cleared(town: Town, number: int = 1001) -> Clue:
    return await case_after(town, (*TO_SUPPORT, *TO_CLEARED), ("housing", "income"), number)


async def tick(town: Town) -> int:
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
        asked = await ask_again.ask(tx, town.world)
    await town.settle()
    return asked


def after(town: Town, days: int) -> None:
    town.now = town.now + timedelta(days=days)


@pytest.mark.sqlite_only
async def test_all_phones_are_asked_once_after_four_weeks(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.join_household("张小", 1001)
    await cleared(town)
    after(town, 27)
    assert await tick(town) == 0
    after(town, 1)
    assert await tick(town) == 1
    for name in ("张三", "张小"):
        [asked] = [line for line in town.unread(name) if QUESTION in line]
        assert "[解决了][没有]" in asked
    after(town, 7)
    assert await tick(town) == 0


@pytest.mark.sqlite_only
async def test_solved_is_thanked_and_the_second_phone_hears_it(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.join_household("张小", 1001)
    case = await cleared(town)
    after(town, 28)
    await tick(town)
    assert "记下了" in (await town.press("张三", "解决了"))[-1]
    assert "已经有人答过了：解决了" in (await town.press("张小", "没有"))[-1]
    assert (await read(town, case.number)).step is Step.CLOSED


@pytest.mark.sqlite_only
async def test_not_solved_opens_a_new_clue_and_tells_village_and_town(town: Town) -> None:
    await town.join_household("张三", 1001)
    case = await cleared(town)
    after(town, 28)
    await tick(town)
    assert "还有什么困难" in (await town.press("张三", "没有"))[-1]
    assert "编号 2" in (await town.say("张三", "墙又裂了"))[-1]
    fresh = await read(town, 2)
    assert (fresh.source, fresh.kinds, fresh.step) == (ClueSource.SELF_REPORT, case.kinds, Step.VERIFY)
    assert fresh.detail == "1号办结后回访，困难还在：墙又裂了"
    assert any("墙又裂了" in line for line in town.unread("李村"))
    assert any("【回访未解决】白塔村一屯张三家" in line for line in town.unread("周镇"))
    assert "没有解决" in (await town.say("张三", f"/solved {to_base36(case.id)} yes"))[-1]


@pytest.mark.sqlite_only
async def test_without_a_phone_the_helper_asks_at_the_next_visit(town: Town) -> None:
    case = await cleared(town)
    async with town.transaction() as tx, tx.session("test", "entrust") as session:
        await Store(session).households.entrust(case.household_id, town.people["赵村"])
    after(town, 28)
    assert await tick(town) == 1
    assert "请下次走访时问一句" in town.unread("赵村")[-1]
    assert not any("回访" in line for line in town.unread("李村"))
    await town.press("赵村", "没有")
    await town.say("赵村", "户主说活不好找")
    assert (await read(town, 2)).source is ClueSource.CADRE


@pytest.mark.sqlite_only
async def test_nobody_is_asked_about_what_was_not_cleared_or_at_night(town: Town) -> None:
    await town.join_household("张三", 1001)
    await case_after(town, [Act.NOT_FOUND])
    await case_after(town, TO_SUPPORT)
    after(town, 60)
    assert await tick(town) == 0
    await cleared(town, 1002)
    after(town, 30)
    town.now = town.now.replace(hour=23)
    assert await tick(town) == 0


@pytest.mark.sqlite_only
async def test_nobody_else_answers_and_nothing_is_answered_before_it_was_asked(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.join_household("马六", 2002)
    case = await cleared(town)
    command = f"/solved {to_base36(case.id)} yes"
    assert await town.say("张三", command) == [NOT_YOURS]
    after(town, 28)
    await tick(town)
    for name in ("马六", "孙村", "周镇"):
        assert await town.say(name, command) == [NOT_YOURS]
    assert await town.say("张三", "/solved zz yes") == [NOT_YOURS]
    assert "真的解决了吗" in (await town.say("张三", f"/solved {case.number}"))[-1]


async def test_only_one_answer_counts(town: Town) -> None:
    case = await cleared(town)
    async with town.transaction() as tx, tx.session("test", "ask") as session:
        store = Store(session)
        assert await store.follow_ups.due([Act.DECIDE.value], town.now.date(), most=9) == [case.id]
        store.follow_ups.ask(case.id)
        assert await store.follow_ups.due([Act.DECIDE.value], town.now.date(), most=9) == []
        asked = await store.follow_ups.of_clue(case.id)
        assert asked is not None
        await store.follow_ups.answer(asked, solved=True, by=town.people["李村"])
        with pytest.raises(Conflict):
            await store.follow_ups.answer(asked, solved=False, by=town.people["赵村"])
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []
