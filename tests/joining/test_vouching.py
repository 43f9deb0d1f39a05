"""Nobody confirms themselves in a household, and who is in office over a case speaks for no family in it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from handlers.cases.common import NOT_AS_FAMILY
from handlers.joining.decide import OWN_REQUEST
from handlers.joining.household import OWN_CODE, WRONG_CODE
from storage.cases.records import clue_events
from storage.database.base import to_base36
from storage.people.persons import Role, posts
from storage.store import Store
from tests.support.cases import earlier_case
from tests.support.plan import BAITA
from tests.support.town import Town

pytestmark = pytest.mark.sqlite_only


async def code_of(town: Town, cadre: str) -> tuple[str, str]:
    """A code for a grandson of household 1001: as it is said, and its link."""
    await town.say(cadre, "/vouch")
    await town.say(cadre, "1001")
    await town.press(cadre, "家里别的人替他用")
    text = "".join(await town.say(cadre, "李小 外孙"))
    said = re.search(r"\d{4} \d{4}", text)
    assert said, text
    return said[0], text


async def village_code(town: Town) -> str:
    async with town.transaction() as tx, tx.session("test", "code") as session:
        return Store(session).invites.create(Role.HOUSEHOLD, BAITA, uses=None)


async def with_code(town: Town, name: str, token: str, code: str) -> str:
    await town.say(name, f"/start {token}")
    await town.press(name, "同意，加入")
    return (await town.say(name, code))[-1]


async def homes_of(town: Town, name: str) -> int:
    async with town.database.read() as conn:
        mine = (posts.c.person_id == town.people[name]) & (posts.c.role == Role.HOUSEHOLD.value)
        return len((await conn.execute(sa.select(posts.c.id).where(mine))).all())


async def give_home(town: Town, name: str, *, by: str | None) -> None:
    home = await town.household(1001)
    async with town.transaction() as tx, tx.session("test", "own") as session:
        Store(session).people.appoint(
            town.people[name], Role.HOUSEHOLD, region=BAITA, household_id=home.id, relation="张三的外孙",
            confirmed_by=town.people[by] if by else None,
        )  # fmt: skip


async def test_a_code_lets_nobody_in_who_made_it(town: Town) -> None:
    """Typed, by its link, by another phone of theirs, and by one that has fallen silent; anybody else's phone it does."""
    token = await village_code(town)
    code, _ = await code_of(town, "李村")
    town.people["李村二"] = town.people["李村"]
    await town.bind("李村二")
    refused = OWN_CODE.replace("\n", " / ")
    assert await with_code(town, "李村", token, code) == refused
    assert await with_code(town, "李村二", token, code) == refused
    async with town.transaction() as tx, tx.session("test", "door") as session:
        home = await town.household(1001)
        shown = Store(session).door_codes.create(home.id, BAITA, name="李小", relation=None, by=town.people["李村"])
    await town.say("李村", f"/start {shown.token}")
    assert (await town.press("李村", "同意，加入"))[-1] == refused
    await town.fall_silent("李村二")
    assert await with_code(town, "李村二", token, code) == refused
    assert await homes_of(town, "李村") == 0
    assert "您已加入张三家" in await with_code(town, "孙子", token, code)


async def test_a_code_is_over_when_who_made_it_leaves_office(town: Town) -> None:
    token = await village_code(town)
    code, _ = await code_of(town, "李村")
    async with town.transaction() as tx, tx.session("test", "gone") as session:
        (post,) = (await Store(session).people.get(town.people["李村"])).posts  # type: ignore[union-attr]
        await Store(session).people.end_post(post.id)
    assert await with_code(town, "孙子", token, code) == WRONG_CODE


async def test_who_reads_requests_never_lets_themselves_in(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "ask") as session:
        asked = Store(session).admissions.ask("test:周镇", "周镇", role=Role.HOUSEHOLD, region=BAITA)
    assert await town.say("周镇", f"/admit {to_base36(asked.id)}") == [OWN_REQUEST]
    assert "核实过，选农户" in (await town.say("吴镇", f"/admit {to_base36(asked.id)}"))[-1]


async def test_storage_takes_nobody_for_their_own_witness(town: Town) -> None:
    with pytest.raises(ValueError, match="themselves"):
        await give_home(town, "李村", by="李村")


async def test_who_is_in_office_over_a_case_speaks_for_no_family_in_it(town: Town) -> None:
    """Also confirmed by a colleague: what they do is the office's, with the signed letter, and nobody's consent."""
    clue = await earlier_case(town)
    await give_home(town, "李村", by="赵村")
    await give_home(town, "周镇", by="赵村")
    await town.say("李村", f"/verify {clue.number} found")
    await town.say("李村", "在治")
    await town.press("李村", "提交")
    assert "签授权承诺书了吗" in (await town.say("李村", f"/authorize {clue.number}"))[-1]
    assert await town.say("周镇", f"/authorize {clue.number}") == [NOT_AS_FAMILY]
    assert await town.say("李村", f"/object {clue.number}") == [NOT_AS_FAMILY]
    async with town.database.read() as conn:
        assert [row.facts for row in await conn.execute(sa.select(clue_events.c.facts))] == [None]


async def test_colleagues_read_the_next_morning_who_let_which_phone_in(town: Town) -> None:
    await town.tick()
    town.now += timedelta(minutes=1)
    token = await village_code(town)
    code, _ = await code_of(town, "李村")
    await with_code(town, "孙子", token, code)
    town.now += timedelta(days=1)
    await town.tick()
    assert "同事加的农户手机：李村 1 部" in " ".join(town.unread("赵村"))
    assert "同事加的农户手机" not in " ".join(town.unread("李村") + town.unread("周镇"))
    listed = (await town.press("赵村", "看新手机"))[-1]
    assert "张三家：李小（张三的外孙）" in listed
    assert "李村确认的" in listed
    await town.press("赵村", "不是本人：李小")
    assert "已经退出" in (await town.press("赵村", "提交"))[-1]
