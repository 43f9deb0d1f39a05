"""A household sees which officials have looked at what is kept about it, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from handlers.cases.table import Act
from handlers.engine.conversation import conversations
from storage.cases.steps import Step
from storage.database import audit
from storage.looks import KEPT, Way, looks, purge
from storage.mail.chats import mark_blocked
from storage.people.persons import Role
from storage.store import Store
from tests.support.cases import case_after, reported_by_unit
from tests.support.everything import fill
from tests.support.plan import BAITA, WAFANG
from tests.support.town import START, Town

LAST = ("forget", "leave", "endpost", "signout", "start")
"""Conversations by which somebody leaves: none shows a household."""

MATTERS = ("住房", "屋顶漏雨", "修缮", "我也看见了", "路灯坏了", "都好", "医疗", "看病")
"""Kinds and words of what `fill` has let happen to household 1001."""


async def kept(town: Town) -> set[tuple[str, str]]:
    """Who looked, and how."""
    names = {key: name for name, key in town.people.items()}
    async with town.database.read() as conn:
        rows = (await conn.execute(sa.select(looks))).all()
    assert len({(row.household_id, row.day, row.person_id, row.way) for row in rows}) == len(rows)
    return {(names[row.person_id], row.way) for row in rows}


async def test_the_household_sees_who_opened_its_case_and_who_took_it_into_a_file(town: Town) -> None:
    await town.join_household("张三", 1001)
    clue = await case_after(town, ())
    [before] = await town.say("张三", "/me")
    assert "还没有干部看过您家的事" in before
    async with town.database.read() as conn:
        head = await audit.head(conn)
    for _ in range(3):
        await town.say("李村", f"/clue {clue.number}")
    async with town.database.read() as conn:
        assert await audit.head(conn) == head, "a reading leaves no audit row"
    town.now += timedelta(days=1)
    await town.say("周镇", "/export clues")
    [seen] = await town.say("张三", "/me")
    assert "2022年10月12日 李村（白塔村 村干部）看过" in seen
    assert "2022年10月13日 周镇（瓦房镇" in seen
    assert "导出过" in seen
    [listed] = await town.press("张三", "谁看过我家的事")
    assert listed.index("周镇") < listed.index("李村")
    assert "1380" not in listed, "no phone numbers"
    assert await kept(town) == {("李村", "seen"), ("周镇", "file")}


async def test_the_family_and_what_runs_by_itself_leave_nothing(town: Town) -> None:
    await town.join_household("张三", 1001)
    clue = await case_after(town, ())
    await town.say("张三", f"/clue {clue.number}")
    await town.tick()
    assert await kept(town) == set()


@pytest.mark.parametrize(("by", "home", "left"), [(None, BAITA, True), ("赵村", BAITA, True), ("赵村", WAFANG, False)])
@pytest.mark.sqlite_only
async def test_who_looks_by_right_of_office_hides_behind_no_household(
    town: Town, by: str | None, home: str, *, left: bool
) -> None:
    """Whether 李村 is of the family, confirmed or not: only where they hold no office over its village it is their own look."""
    household = await town.household(1001)
    async with town.transaction() as tx, tx.session("test", "own") as session:
        store = Store(session)
        store.people.appoint(
            town.people["李村"], Role.HOUSEHOLD, region=BAITA, household_id=household.id,
            confirmed_by=town.people[by] if by else None,
        )  # fmt: skip
        person = await store.people.get(town.people["李村"])
    async with town.transaction() as tx, tx.session("test", "look") as session:
        Store(session).looks.note(person, {household.id: home}, way=Way.SEEN)
    assert await kept(town) == ({("李村", "seen")} if left else set())


async def test_an_unconfirmed_phone_is_not_told_who_looked(town: Town) -> None:
    await town.join_household("张三", 1001, confirmed=False)
    clue = await case_after(town, ())
    await town.say("李村", f"/clue {clue.number}")
    assert "李村" not in "".join(await town.say("张三", "/me"))
    assert "李村" not in "".join(await town.say("张三", "/me looks"))


@pytest.mark.sqlite_only
async def test_looks_are_kept_for_three_years(town: Town) -> None:
    clue = await case_after(town, ())
    await town.say("李村", f"/clue {clue.number}")
    for days, left in ((3 * 365, 1), (3 * 366 + 1, 0)):
        async with town.database.write() as conn:
            await purge(conn, (START + timedelta(days=days) - KEPT).date())
        assert len(await kept(town)) == left


@pytest.mark.sqlite_only
async def test_whom_the_bot_tells_of_a_report_has_looked_and_no_one_else(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.say("冯水", "白塔村张三家看病花了两万")
    await town.press("冯水", "提交")
    told = {name for name in ("李村", "赵村", "孙村", "周镇") if any("看病" in line for line in town.unread(name))}
    assert told
    assert await kept(town) == {(name, "seen") for name in told}
    [seen] = await town.say("张三", "/me")
    assert all(name in seen for name in told)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("who", ["李村", "周镇", "郑市", "王建"])
async def test_no_conversation_shows_what_is_the_matter_without_a_row(town: Town, who: str) -> None:
    """Every conversation and some sentences, over a town in which everything has happened to household 1001 once."""
    await fill(town)
    home = await town.household(1001)
    unseen = []
    said = [f"/{name}" for name in conversations() if name not in LAST]
    for words in [*said, "/clue 1", "/problem 1", "/sweep 1001", "/screened", "张三家咋样了", "1号", "/export unreachable"]:
        async with town.database.write() as conn:
            await conn.execute(looks.delete())
        shown = "\n".join(await town.say(who, words))
        async with town.database.read() as conn:
            rows = (await conn.execute(sa.select(looks).where(looks.c.household_id == home.id))).all()
        if "张三" in shown and any(one in shown for one in MATTERS) and not rows:
            unseen.append(f"{words}: {shown}")
        await town.say(who, "取消")
    assert unseen == []


@pytest.mark.sqlite_only
async def test_a_ledger_leaves_a_row_for_each_household_of_somebody(town: Town) -> None:
    homes = [await town.household(number) for number in (1001, 1002)]
    async with town.transaction() as tx, tx.session("test", "both") as session:
        store = Store(session)
        both = store.people.add("双户", "13911112222")
        for home in homes:
            store.people.appoint(both, Role.HOUSEHOLD, region=BAITA, household_id=home.id, confirmed_by=town.people["李村"])
    town.people["双户"] = both
    await town.bind("双户")
    async with town.database.write() as conn:
        await mark_blocked(conn, ["test:双户"], now=town.now)
    await town.say("周镇", "/export unreachable")
    async with town.database.read() as conn:
        rows = (await conn.execute(sa.select(looks.c.household_id))).all()
    assert {row.household_id for row in rows} == {home.id for home in homes}


@pytest.mark.sqlite_only
async def test_the_morning_message_leaves_a_row_of_each_it_tells(town: Town) -> None:
    clue = await reported_by_unit(town)
    town.now = START.replace(day=14)
    await town.tick()
    told = {name for name in town.people if any(f"{clue.number}号线索" in line for line in town.unread(name))}
    assert told
    assert await kept(town) == {(name, "seen") for name in told}


@pytest.mark.sqlite_only
async def test_a_publicity_to_print_is_a_file(town: Town) -> None:
    clue = await case_after(town, (Act.FOUND, Act.AUTHORIZE, Act.APPROVE))
    assert clue.step is Step.PUBLICIZE
    await town.say("李村", f"/publicize {clue.number}")
    assert ("李村", "file") in await kept(town)
