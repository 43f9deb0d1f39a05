"""Joining: by invitation into office, by a village's QR into one's own household; what a guesser gets."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from handlers.joining import expiry_job
from handlers.joining.admit import DEAD
from handlers.joining.household import TOO_MANY, WRONG_CODE
from handlers.joining.tries import INVITATION, NAME, TRIES
from handlers.reading import Unreadable
from handlers.reading.introductions import Introduction, read_introduction, read_tail
from storage.database import audit
from storage.database.base import to_base36
from storage.joining.admissions import admissions, claim_attempts
from storage.joining.invites import invites
from storage.mail.chats import chats
from storage.mail.inbox import inbox
from storage.mail.messages import Incoming
from storage.mail.outbox import outbox
from storage.mail.talks import talks
from storage.people.persons import Role
from storage.roster import member_row, members
from storage.store import Store
from tests.support.plan import BAITA, WAFANG
from tests.support.town import START, VAULT, Town
from tests.support.transcripts import check

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "transcripts" / "join").glob("*.txt"))


async def invite(town: Town, role: Role, region: str = BAITA, **more: object) -> str:
    async with town.transaction() as tx, tx.session("test", "invite") as session:
        return Store(session).invites.create(role, region, **more)  # type: ignore[arg-type]


async def invitations(town: Town) -> dict[str, str]:
    """The invitations that the transcripts name."""
    return {
        "农户": await invite(town, Role.HOUSEHOLD, uses=None),
        "村干部": await invite(town, Role.VILLAGE, created_by=town.people["周镇"]),
        "何苗": await invite(town, Role.VILLAGE, person_name="何苗"),
        "水管所": await invite(town, Role.UNIT, "220881100", unit="water"),
    }


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_transcript(path: Path, restart: bool, town: Town) -> None:
    """As tests.engine.test_transcripts; behind /start stands the name of an invitation instead of its token."""
    tokens = await invitations(town)
    names = {f"/start {name}": f"/start {token}" for name, token in tokens.items()}
    await check(path, town, restart=restart, names=names)


async def test_the_token_itself_is_not_stored(town: Town) -> None:
    token = await invite(town, Role.VILLAGE)
    async with town.database.read() as conn:
        (row,) = await conn.execute(sa.select(invites))
    assert token not in str(row)
    assert len(token) <= 40
    assert token.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "農戶", "A" * 24])
async def test_an_unknown_token_lets_nobody_in(town: Town, token: str) -> None:
    (answer,) = await town.say("路人", f"/start {token}")
    assert answer == DEAD if token else "二维码" in answer
    (answer,) = await town.say("路人", "/me")
    assert "还不认识您" in answer


async def test_an_invitation_used_up_during_the_talk_is_refused_at_its_end(town: Town) -> None:
    token = await invite(town, Role.VILLAGE)
    for name in ("甲", "乙"):
        await town.say(name, f"/start {token}")
        await town.say(name, f"何{name}")
    await town.press("甲", "提交")
    assert "已经用过了" in (await town.press("乙", "提交"))[-1]
    assert "还不认识您" in (await town.say("乙", "/me"))[0]


async def test_a_burst_of_guesses_is_counted_one_by_one(town: Town) -> None:
    """Messages of one batch: nothing but the table may stand between a guesser and the next guess."""
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    await town.say("贼", "/start")
    lines = []
    for guess in range(4):
        lines += [f"/start {token}", "同意，加入", f"张三 000{guess}", "/cancel"]
    lines += [f"/start {token}", "同意，加入", "张三 1001"]
    await _all_at_once(town, "贼", lines)
    assert "还不认识您" in (await town.say("贼", "/me"))[0]


async def _all_at_once(town: Town, name: str, lines: list[str]) -> None:
    messages = [
        Incoming(address=f"test:{name}", key=f"burst:{place}", at=town.now, text=line) for place, line in enumerate(lines)
    ]
    await town.intake.put(messages)
    await town.settle()


async def guess(town: Town, name: str, token: str, claim: str) -> str:
    await town.say(name, f"/start {token}")
    await town.press(name, "同意，加入")
    return "\n".join(await town.say(name, claim))


async def test_wrong_and_unknown_names_get_the_same_words(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    assert await guess(town, "甲", token, "张三 0000") == await guess(town, "乙", token, "查无此 0000")


async def test_many_chats_cannot_share_the_guessing_of_one_name(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    for place in range(NAME.free):
        await guess(town, f"小号{place}", token, "张三 0000")
    assert "请 10 分钟后再试" in await guess(town, "贼", token, "张三 1001")
    assert "请 10 分钟后再试" in await guess(town, "又一个", token, "张三 1002"), "the same, right or wrong"
    assert "您已加入刘伟家" in await guess(town, "邻居", token, "刘伟 1004"), "another name goes on"
    town.now += timedelta(minutes=10)
    assert "您已加入张三家" in await guess(town, "真人", token, "张三 1001")


async def test_whoever_must_wait_is_helped_by_the_office_with_one_tap(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    for place in range(NAME.free):
        await guess(town, f"小号{place}", token, "张三 0000")
    await guess(town, "真人", token, "张三 1001")
    assert "有结果就发到这里" in (await town.press("真人", "请镇里帮我查"))[-1]
    await town.say("周镇", "/knocks")
    await town.press("周镇", "张三")
    await town.press("周镇", "核实过，选农户")
    await town.say("周镇", "1001")
    await town.press("周镇", "提交")
    assert "您已加入张三家" in town.unread("真人")[-1]


async def test_a_request_that_nobody_decides_ends_after_thirty_days_and_is_known_for_thirty_more(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    for _ in range(TRIES):
        await guess(town, "真人", token, "张三 0000")
    token = await invite(town, Role.VILLAGE, created_by=town.people["周镇"])
    for said in (f"/start {token}", "何苗 13912345678", "提交"):
        await town.say("新人", said)
    for days, ended, erased in ((29, 0, 0), (31, 2, 0), (31, 0, 0), (62, 0, 4)):
        town.now = START + timedelta(days=days)
        async with town.transaction() as tx:
            assert await expiry_job.expire(tx, town.world) == ended
        await town.settle()
        async with town.transaction() as tx:
            for table in (claim_attempts, inbox, outbox, talks):  # as the nightly purge does after thirty days
                await tx.conn.execute(table.delete() if days == 62 else table.delete().where(sa.false()))
            assert await expiry_job.forget_strangers(tx, town.world) == erased
    told = {name: (town.inboxes[name][-1].text or "") for name in ("真人", "新人")}
    assert told == {"真人": expiry_job.HOME_OVER, "新人": expiry_job.OFFICE_OVER}
    async with town.database.read() as conn:
        assert not (await conn.execute(sa.select(admissions))).all()
        left = (await conn.execute(sa.select(chats.c.address).where(chats.c.person_id.is_(None)))).scalars()
        assert not set(left) & {"test:真人", "test:新人"}
        assert await audit.verify(conn, VAULT) == []


async def test_a_cadres_code_opens_whatever_strangers_have_tried(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    for place in range(NAME.free + 3):
        await guess(town, f"小号{place}", token, "张三 0000")
    code = await door_code(town, "李村", "1001", "张三")
    for wrong in range(TRIES):
        await (guess(town, "真人", token, "张三 0001") if wrong == 0 else town.say("真人", "张三 0002"))
    await town.say("真人", "/cancel")
    assert "您已加入张三家" in await guess(town, "真人", token, code)
    assert "张三家" in (await town.say("真人", "/me"))[-1]
    assert WRONG_CODE in await guess(town, "旁人", token, code), "once, for one phone"


async def door_code(town: Town, cadre: str, household: str, name: str) -> str:
    """Let a cadre make a code at the door; returns it as it is said."""
    await town.say(cadre, "/vouch")
    await town.say(cadre, household)
    message = (await town.press(cadre, name))[-1]
    found = re.search(r"\d{4} \d{4}", message)
    assert found, message
    return found[0]


async def test_a_code_runs_out_and_is_of_its_village_alone(town: Town) -> None:
    here = await invite(town, Role.HOUSEHOLD, uses=None)
    there = await invite(town, Role.HOUSEHOLD, WAFANG, uses=None)
    code = await door_code(town, "李村", "1001", "张三")
    assert WRONG_CODE in await guess(town, "别村人", there, code)
    town.now += timedelta(minutes=31)
    assert WRONG_CODE in await guess(town, "张三", here, code)


async def test_what_a_clock_a_year_ahead_has_left_locks_nobody_out_and_lets_nobody_in(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    town.now = START + timedelta(days=365)
    code = await door_code(town, "李村", "1001", "张三")
    for place in range(NAME.free + 3):
        await guess(town, f"小号{place}", token, "张三 0000")
    town.now = START
    assert WRONG_CODE in await guess(town, "旁人", token, code)
    assert "您已加入张三家" in await guess(town, "张三", token, "张三 1001")


async def test_two_phones_with_one_code_in_one_batch(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    code = await door_code(town, "李村", "1001", "张三")
    for name in ("甲", "乙"):
        await town.say(name, f"/start {token}")
        await town.press(name, "同意，加入")
    await town.intake.put([
        Incoming(address=f"test:{name}", key=f"both:{name}", at=town.now, text=code) for name in ("甲", "乙")
    ])  # fmt: skip
    await town.settle()
    heard = ["\n".join(town.unread(name)) for name in ("甲", "乙")]
    assert sorted("您已加入" in one for one in heard) == [False, True]


async def test_claims_of_one_batch_are_counted_one_by_one(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    for place in range(NAME.free - 1):
        await guess(town, f"小号{place}", token, "张三 0000")
    crowd = [f"群{place}" for place in range(4)]
    for name in crowd:
        await town.say(name, f"/start {token}")
        await town.press(name, "同意，加入")
    await town.intake.put([
        Incoming(address=f"test:{name}", key=f"crowd:{name}", at=town.now, text=f"张三 100{place + 2}")
        for place, name in enumerate(crowd)
    ])  # fmt: skip
    await town.settle()
    heard = ["\n".join(town.unread(name)) for name in crowd]
    assert sum("还能试" in one for one in heard) == 1
    assert sum("请 10 分钟后再试" in one for one in heard) == 3


async def test_the_slowing_of_a_village_counts_all_names_and_codes_together(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    async with town.transaction() as tx, tx.session("test", "guesses") as session:
        (row,) = await session.read(sa.select(invites.c.id).where(invites.c.region == BAITA))
        for place in range(INVITATION.free):
            await Store(session).admissions.count_try(f"test:{place}", BAITA, row.id, name=f"某{place}", matched=False)
    assert "请 1 分钟后再试" in await guess(town, "张三", token, "张三 1001")
    another = await invite(town, Role.HOUSEHOLD, uses=None)
    assert "您已加入张三家" in await guess(town, "张三", another, "张三 1001"), "a new QR code is a way in"


async def test_a_new_day_brings_new_tries(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    await guess(town, "张三", token, "张三 0000")
    await town.say("张三", "张三 0001")
    await town.say("张三", "张三 0002")
    await town.say("周镇", "/knocks")
    await town.press("周镇", "张三")
    await town.press("周镇", "不通过")
    await town.say("张三", f"/start {token}")
    assert TOO_MANY.replace("\n", " / ") in (await town.press("张三", "同意，加入"))[-1]
    town.now = START + timedelta(days=1)
    assert "您已加入张三家" in await guess(town, "张三", token, "张三 1001")


async def test_who_gets_in_on_the_next_day_leaves_no_request_behind(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    await guess(town, "张三", token, "张三 0000")
    await town.say("张三", "张三 0001")
    await town.say("张三", "张三 0002")
    town.now = START + timedelta(days=1)
    assert "您已加入张三家" in await guess(town, "张三", token, "张三 1001")
    assert await town.say("周镇", "/knocks") == ["没有人等着加入。"]


async def test_another_village_is_no_way_in(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    assert "没对上" in await guess(town, "马六", token, "马六 2002")


async def test_who_shares_a_phone_chooses_the_household(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    async with town.transaction() as tx, tx.session("test", "shared") as session:
        for key, number in enumerate((1001, 1004), 1):
            home = await town.household(number)
            session.add(
                members,
                member_row(VAULT, key, household_id=home.id, name="钱婆", relation="母亲", id_number=None, phone="13900007777"),
            )
    assert "您是哪一家的" in await guess(town, "钱婆", token, "钱婆7777")
    assert "您已加入刘伟家" in "\n".join(await town.say("钱婆", "2"))


async def test_a_confirmed_phone_hears_of_a_further_one_and_can_put_it_out(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    await town.join_household("旧手机", 1001)
    await guess(town, "新手机", token, "张三 1001")
    assert "不是您家的人" in town.unread("旧手机")[-1]
    assert "已经退出" in (await town.press("旧手机", "不是我家的人"))[-1]
    assert "找村干部当面加" in town.unread("新手机")[-1]
    assert "旧手机说，张三加入的手机不是这家人的" in town.unread("周镇")[-1]
    assert "还不认识您" in (await town.say("新手机", "/me"))[-1]


async def test_who_got_in_by_four_digits_hears_nothing_of_further_phones(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    await guess(town, "邻居", token, "张三 1001")
    await guess(town, "真人", token, "张三 1001")
    assert town.unread("邻居") == []


async def test_an_office_cannot_decide_beyond_its_reach(town: Town) -> None:
    token = await invite(town, Role.HOUSEHOLD, uses=None)
    for place in range(TRIES):
        await (guess(town, "贼", token, "张三 0000") if place == 0 else town.say("贼", f"张三 000{place}"))
    async with town.transaction() as tx, tx.session("test", "knocks") as session:
        (asked,) = await Store(session).admissions.knocking(BAITA)
    says = f"/admit {to_base36(asked.id)}"
    assert (await town.press_data("李村", says))[-1] == (await town.press_data("李村", "/admit zz"))[-1]


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("张三 1234", "张三", "1234"),
        ("张三，123x", "张三", "123X"),
        ("我叫张三，身份证后四位是1234。", "张三", "1234"),
        ("张三 138 1234 5678", "张三", "13812345678"),
        ("我是张三", "张三", ""),
        ("１２３４", "", "1234"),
        ("一二三四", "", "1234"),
        ("张三 幺二三四", "张三", "1234"),
        ("买买提·阿不都 1234", "买买提·阿不都", "1234"),
        ("后四位1234", "", "1234"),
    ],
)
def test_people_introduce_themselves_in_many_ways(text: str, name: str, number: str) -> None:
    assert read_introduction(text) == Introduction(name, number)


@given(st.text(max_size=200))
def test_any_introduction_is_a_name_and_digits_or_unreadable(text: str) -> None:
    try:
        name, number = read_introduction(text)
    except Unreadable:
        return
    assert len(name) <= 30
    assert number.removesuffix("X").removeprefix("+").isdecimal() or not number


@given(st.from_regex(r"[0-9]{4,18}", fullmatch=True))
def test_a_whole_number_proves_as_its_tail_does(number: str) -> None:
    assert read_tail(number) == number[-4:]
