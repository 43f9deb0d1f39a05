"""What a person may see of cases and of themselves, and what is left after they are forgotten."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from handlers.rights.sight import Sight, may_erase, may_vouch, sight_of_clue
from storage.cases.records import Clue, ClueSource
from storage.cases.steps import Step
from storage.database import audit
from storage.database.reading import Damage
from storage.mail.chats import chats
from storage.mail.inbox import inbox
from storage.mail.messages import Outgoing
from storage.mail.outbox import PENDING, outbox
from storage.mail.talks import talks
from storage.mail.transcripts import append, recent
from storage.people.persons import Person, Post, Role, persons, posts
from storage.quiz import Card, Memory
from storage.store import Store
from tests.support.plan import BAITA, COUNTY, TOWN, WAFANG
from tests.support.town import START, VAULT, Town

HOME = 77
CLUE = Clue.model_construct(
    id=1, number=1, household_id=HOME, village=BAITA, source=ClueSource.CADRE, kinds=("housing",), detail="漏雨",
    place=None, reporter_id=5, step=Step.VERIFY, since=START.date(), begun_on=START.date(), clearing=False, posted=False,
    closed_as=None, reported_at=START, due_on=date(2022, 10, 14), version=0,
)  # fmt: skip


def person(
    *held: tuple[Role, str], unit: str | None = None, household: int | None = None, key: int = 9, confirmed: bool = True
) -> Person:
    return Person(
        id=key,
        name="某",
        posts=tuple(
            Post(
                id=place,
                person_id=key,
                role=role,
                region=region,
                unit=unit if role is Role.UNIT else None,
                household_id=household if role is Role.HOUSEHOLD else None,
                confirmed_at=START if role is Role.HOUSEHOLD and confirmed else None,
            )
            for place, (role, region) in enumerate(held)
        ),
    )


@pytest.mark.parametrize(
    ("viewer", "followed", "sight"),
    [
        (person((Role.VILLAGE, BAITA)), False, Sight.FULL),
        (person((Role.VILLAGE, WAFANG)), False, Sight.NOTHING),
        (person((Role.VILLAGE, WAFANG)), True, Sight.REPORTED),
        (person((Role.UNIT, TOWN), unit="housing"), False, Sight.FULL),
        (person((Role.UNIT, TOWN), unit="water"), False, Sight.NOTHING),
        (person((Role.UNIT, TOWN), unit="water"), True, Sight.REPORTED),
        (person((Role.TOWN, TOWN)), False, Sight.FULL),
        (person((Role.TOWN, "220881101")), False, Sight.NOTHING),
        (person((Role.COUNTY, COUNTY)), False, Sight.FULL),
        (person((Role.HOUSEHOLD, BAITA), household=HOME), False, Sight.OWN),
        (person((Role.HOUSEHOLD, BAITA), household=HOME), True, Sight.OWN),
        (person((Role.HOUSEHOLD, BAITA), household=HOME, confirmed=False), False, Sight.NOTHING),
        (person((Role.HOUSEHOLD, BAITA), household=HOME, confirmed=False), True, Sight.REPORTED),
        (person((Role.HOUSEHOLD, BAITA), (Role.VILLAGE, WAFANG), household=HOME, confirmed=False), True, Sight.REPORTED),
        (person((Role.HOUSEHOLD, BAITA), household=78, confirmed=False), True, Sight.NOTHING),
        (person((Role.HOUSEHOLD, BAITA), household=78), False, Sight.NOTHING),
        (person((Role.HOUSEHOLD, BAITA), household=78), True, Sight.NOTHING),
        (person((Role.HOUSEHOLD, BAITA), (Role.VILLAGE, WAFANG), household=HOME), False, Sight.OWN),
        (person(), True, Sight.NOTHING),
    ],
)
def test_sight_of_a_clue(viewer: Person, followed: bool, sight: Sight) -> None:
    assert sight_of_clue(viewer, CLUE, units={"housing"}, followed=followed) is sight


held = st.lists(st.tuples(st.sampled_from(Role), st.sampled_from([BAITA, WAFANG, TOWN, COUNTY])), max_size=3)


@given(held, held)
def test_nobody_vouches_for_more_than_they_reach(mine: list[tuple[Role, str]], theirs: list[tuple[Role, str]]) -> None:
    me, owner = person(*mine, key=1), person(*theirs, key=2)
    if may_vouch(me, owner, region=BAITA):
        assert all(me.covers(post.region, Role.TOWN, Role.COUNTY) for post in owner.posts)
        assert me.covers(BAITA, Role.TOWN, Role.COUNTY)
    assert may_vouch(me, me, region=BAITA)
    assert not may_erase(me, me)


async def forget(town: Town, name: str) -> None:
    await town.say(name, "/forget")
    await town.press(name, "申请删除")
    await town.press("周镇", "去审核")
    await town.press("周镇", "同意删除")
    await town.press("周镇", "提交")


async def test_what_is_erased_and_what_is_kept(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.say("张三", "/selfreport")
    for line in ("1", "厨房漏雨", "跳过", "提交"):
        await town.say("张三", line)
    await town.say("张三", "/selfreport")
    await town.say("张三", "稍后")
    async with town.transaction() as tx, tx.session("test", "consent") as session:
        Store(session).consents.add(town.people["张三"], "2022-10", agreed_at=START)
        await append(tx.conn, VAULT, "test:张三", "phone:1", Outgoing(text="厨房漏雨"), START, mine=True)
    await forget(town, "张三")
    key, address = town.people["张三"], "test:张三"
    async with town.database.read() as conn:
        row = (await conn.execute(sa.select(persons).where(persons.c.id == key))).one()
        assert (row.name, row.phone, row.phone_blind) == ("张三", None, None)
        assert (await conn.execute(sa.select(chats.c.person_id).where(chats.c.address == address))).scalar_one() is None
        assert not await recent(conn, VAULT, address, Damage())
        assert not (await conn.execute(sa.select(talks).where(talks.c.address == address))).all()
        assert not (await conn.execute(sa.select(inbox).where(inbox.c.address == address))).all()
        assert not (await conn.execute(sa.select(posts).where(posts.c.person_id == key, posts.c.until.is_(None)))).all()
        (last,) = (await conn.execute(sa.select(outbox).where(outbox.c.address == address))).all()
        assert last.state != PENDING
        assert not await audit.verify(conn, VAULT)
    async with town.transaction() as tx, tx.session() as session:
        assert await Store(session).consents.latest(key) is None
        clue = await Store(session).clues.numbered(1)
        assert clue is not None
        assert clue.reporter_id == key
    assert "已按申请删除" in (town.inboxes["张三"][-1].text or "")


async def test_what_is_kept_of_the_quiz_is_told(town: Town) -> None:
    memory = Memory(stability=1.0, difficulty=5.0, reviewed_at=START, due_on=START.date())
    async with town.transaction() as tx, tx.session("test", "quiz") as session:
        card = Card(question="q1", digest="d", memory=memory)
        await Store(session).quiz.learn(town.people["李村"], card, clause="一-1", rating=3, daily=True)
    assert "一口清练过 1 题" in (await town.say("李村", "/me"))[-1]


async def test_nobody_decides_about_their_own_erasure(town: Town) -> None:
    await town.say("周镇", "/forget")
    await town.press("周镇", "申请删除")
    assert town.unread("吴镇")
    says = town.inboxes["吴镇"][-1].buttons[0][0].says
    assert "没有这一项" in (await town.press_data("周镇", says))[-1]


async def test_a_thing_out_of_scope_answers_like_a_thing_that_is_not(town: Town) -> None:
    for line in ("/report", "zs", "1", "漏雨", "跳过", "提交"):
        await town.say("李村", line)
    assert await town.say("孙村", "/clue 1") == await town.say("孙村", "/clue 2")
    assert await town.say("孙村", "/erasure 1") == await town.say("孙村", "/nosuch")
