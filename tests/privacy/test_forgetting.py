"""What is left of somebody who is forgotten is what the decisions say, everywhere, and nothing else."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from handlers.privacy import words
from storage.cases import voices
from storage.database import audit
from storage.database.base import to_base36
from storage.database.tables import all_tables
from storage.files import purge
from storage.files.media import FORGOTTEN
from storage.mail import outbox
from storage.mail.messages import Outgoing
from storage.people.persons import Role, persons, posts
from storage.privacy.decisions import DECISIONS, Basis
from storage.privacy.forgetting import NAMELESS
from storage.store import Store
from tests.support import forgetting
from tests.support.forgetting import Marked, decided, everything, fill, names_somebody, row_of
from tests.support.paths import ROOT
from tests.support.plan import BAITA
from tests.support.town import START, VAULT, Town


def test_every_column_of_every_table_has_a_decision() -> None:
    tables = all_tables().tables
    assert sorted(set(tables) ^ set(DECISIONS)) == [], "say in storage/privacy/decisions.py what becomes of these"
    for name, decision in DECISIONS.items():
        columns = [column.name for column in tables[name].c]
        if not decision.gone or decision.only:
            undecided = set(columns) ^ set(decided(decision)) if not decision.gone or decision.kept else set()
            assert not undecided, f"{name}: say what becomes of {sorted(undecided)}"
        assert len(decided(decision)) == len(set(decided(decision))), name
        hidden = [one.name for one in tables[name].c if names_somebody(one) and one.name in decision.plain.split()]
        assert not hidden, f"{name}: {hidden} are of somebody"
        assert {part for whose in decision.whose for part in whose.split()} <= set(columns), name


def test_people_and_the_docs_are_told_what_the_decisions_say() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text("utf-8")
    squeezed = re.sub(r"\s+", " ", page)
    assert [line for line in forgetting.in_words().splitlines() if line not in squeezed] == []
    for basis in Basis:
        assert all(part in words.STAYS for part in (basis.words, basis.law, basis.until))


async def test_what_is_left_of_somebody_forgotten_is_declared(town: Town) -> None:
    """A marker in every cell of every table and in every file: afterwards those are found that are declared as kept."""
    filled = [
        await fill(town, "何苗", role=Role.HOUSEHOLD.value, state="draft"),
        await fill(town, "丁干", role=Role.VILLAGE.value, state="sent"),
    ]
    for one in filled:
        async with town.transaction() as tx, tx.session("test", "forget") as session:
            erasures = Store(session).erasures
            asked = await erasures.open_of(one.person)
            assert asked is not None
            assert await erasures.accept(asked.id, town.people["周镇"]) == [one.address]
    await _purge(town)
    found, numbers = await everything(town)
    wrong: list[str] = []
    async with town.transaction() as tx, tx.session("test", "look") as session:
        for one in filled:
            for name in one.rows:
                left = await row_of(session, one, name)
                wrong += _wrong(one, name, dict(left) if left else None)
            for (table, column), marker in one.cells.items():
                stays = _stays(one, table) and column not in DECISIONS[table].emptied.split()
                there = marker in (found if isinstance(marker, str) else numbers)
                if stays != there and not isinstance(marker, int):
                    wrong.append(f"{table}.{column}: {'missing' if stays else 'still there'}")
            wrong += [f"the file of {name}" for name in _files_left(one, found)]
            wrong += [f"a file that was sent: {marker}" for marker in one.sent if marker in found]
        row = (await session.read(sa.select(persons).where(persons.c.id == filled[0].person)))[0]
        assert (row.name, row.phone, row.phone_blind) == ("何苗", None, None), "something is kept under this name"
        assert not await session.read(sa.select(posts).where(posts.c.person_id == row.id, posts.c.until.is_(None)))
    assert wrong == []
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []


def _stays(one: Marked, name: str) -> bool:
    decision = DECISIONS[name]
    return not decision.gone or any(one.rows[name][column] not in values for column, values in decision.only.items())


def _wrong(one: Marked, name: str, left: dict[str, object] | None) -> list[str]:
    if (left is not None) != _stays(one, name):
        return [f"{name}: the row {'is there' if left else 'is gone'}"]
    emptied = DECISIONS[name].emptied.split() if left else []
    return [f"{name}.{column} is filled" for column in emptied if left and left[column] is not None]


def _files_left(one: Marked, found: set[str]) -> list[str]:
    """Files of rows that are gone and still there, and those of rows that stay and are not."""
    wrong = []
    for name, row in one.rows.items():
        for column in all_tables().tables[name].c:
            sha256 = row[column.name]
            if isinstance(sha256, str) and sha256 in one.files and (one.files[sha256] in found) != _stays(one, name):
                wrong.append(f"{name}.{column.name}")
    return wrong


async def _purge(town: Town) -> None:
    """As the service does every minute."""
    await purge.purge(town.database, town.world.media, FORGOTTEN.replace(microsecond=1000))
    async with town.database.read() as conn:
        names = await voices.erased(conn)
    await asyncio.to_thread(town.world.media.remove, names)


@pytest.mark.sqlite_only
async def test_being_forgotten_reaches_all_phones_of_a_person(town: Town) -> None:
    """A second chat, a page that fell silent, and a phone that joined as a person of its own; the family's others stay."""
    await town.join_household("张三", 1001)
    await town.join_household("张三的新手机", 1001)
    await town.join_household("张小", 1001)
    async with town.transaction() as tx, tx.session("test", "name") as session:
        for row in await session.read(sa.select(persons).where(persons.c.id == town.people["张三的新手机"])):
            await session.amend(persons, row._mapping, name="张三")
    town.people["平板"] = town.people["张三"]
    await town.bind("平板")
    for name in ("张三", "张三的新手机", "平板", "张小"):
        await town.say(name, "/selfreport")
    await town.say("张三", "取消")
    await town.say("张三", "/forget")
    told = town.inboxes["张三"][-1].text or ""
    assert words.GOES in told
    assert words.STAYS in told
    await town.press("张三", "申请删除")
    await town.press("周镇", "去审核")
    await town.press("周镇", "同意删除")
    await town.press("周镇", "提交")
    for name in ("张三", "张三的新手机", "平板"):
        assert [text for text in town.unread(name) if "已按申请删除" in text], name
        assert "已按申请删除" not in " ".join(await town.say(name, "/me")), "and nothing of theirs opens"
        assert "张三" not in " ".join(await town.say(name, "/me"))
    assert "张小" in (await town.say("张小", "/me"))[-1]
    async with town.database.read() as conn:
        theirs = persons.c.id.in_([town.people[name] for name in ("张三", "张三的新手机")])
        assert set((await conn.execute(sa.select(persons.c.name).where(theirs))).scalars()) == {NAMELESS}


@pytest.mark.sqlite_only
async def test_an_unconfirmed_phone_that_asks_takes_nobody_along(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.join_household("邻居", 1001, confirmed=False)
    async with town.transaction() as tx, tx.session("test", "name") as session:
        for row in await session.read(sa.select(persons).where(persons.c.id == town.people["邻居"])):
            await session.amend(persons, row._mapping, name="张三")
        assert await Store(session).newcomers.same_as(town.people["邻居"]) == []


@pytest.mark.sqlite_only
async def test_nothing_that_waited_brings_back_who_is_forgotten(town: Town) -> None:
    """A request for a further phone, a post that was stopped and news for tomorrow, all agreed to or due later."""
    person, address = town.people["赵村"], "test:赵村"
    await town.say("路人", "/start")
    async with town.transaction() as tx, tx.session("test", "waits") as session:
        store = Store(session)
        asked = store.admissions.ask("test:路人", "赵村", role=Role.VILLAGE, region=BAITA, person_id=person)
        (post,) = (await store.people.get(person) or pytest.fail("nobody")).posts
        arrival = store.arrivals.add(
            person, address, role=Role.VILLAGE, region=BAITA, unit=None, post_id=post.id, newcomer=False, bound=True, told=[]
        )
        noted = await store.arrivals.get(arrival)
        assert noted is not None
        await store.arrivals.stop(noted, town.people["李村"])
        await store.people.suspend([post.id], town.people["李村"])
        await store.chats.stop(address, person)
        outbox.post(session, address, Outgoing(text="张三家：医疗"), intent="news", not_before=START + timedelta(hours=2))
        erasure = store.erasures.ask(person)
    async with town.transaction() as tx, tx.session("test", "forget") as session:
        await Store(session).erasures.accept(erasure, town.people["周镇"])
    assert "已经结束了" in (await town.press_data("周镇", f"/settle {to_base36(arrival)} back"))[-1]
    assert "已经处理过了" in (await town.press_data("周镇", f"/admit {to_base36(asked.id)} yes"))[-1]
    town.now = START + timedelta(hours=3)
    await town.settle()
    assert "医疗" not in " ".join(town.unread("赵村"))
    for name in ("赵村", "路人"):
        assert "还不认识您" in (await town.say(name, "/me"))[-1]
