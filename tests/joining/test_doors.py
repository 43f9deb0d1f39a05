"""Who gets into an office, how they are stopped, and what is left to somebody who was stopped or signed out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handlers.engine.conversation import conversations
from handlers.engine.words import JOIN, NOT_YOURS, STOPPED
from handlers.joining import silence_job
from handlers.joining.invite import CHANGING, CODE_LASTS
from storage.database import audit
from storage.database.base import to_base36, with_place
from storage.joining.arrivals import arrivals
from storage.joining.invites import invites
from storage.mail import outbox
from storage.mail.chats import chat_row, chats
from storage.mail.inbox import inbox
from storage.mail.messages import Incoming, Outgoing
from storage.mail.outbox import outbox as sent
from storage.mail.talks import talks
from storage.people.persons import Person, Role, posts
from storage.store import Store
from tests.support.cases import reported_by_unit
from tests.support.plan import BAITA, TOWN
from tests.support.town import START, VAULT, Town

NOBODY = JOIN.replace("\n", " / ")


async def invite(town: Town, role: Role, region: str = BAITA, **more: object) -> str:
    async with town.transaction() as tx, tx.session("test", "invite") as session:
        return Store(session).invites.create(role, region, **more)  # type: ignore[arg-type]


async def enter(town: Town, name: str = "何苗", role: Role = Role.VILLAGE, region: str = BAITA, **more: object) -> None:
    """Somebody comes in by a link that carries their name."""
    token = await invite(town, role, region, person_name=name, **more)
    await town.say(name, f"/start {token}")
    await town.press(name, f"我是{name}")


async def person(town: Town, name: str) -> Person | None:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        owner = await Store(session).chats.owner(f"test:{name}")
        return await Store(session).people.get(owner) if owner else None


async def whole_chain(town: Town) -> list[audit.Fault]:
    async with town.database.read() as conn:
        return await audit.verify(conn, VAULT)


async def together(town: Town, *said: tuple[str, dict[str, Any]]) -> None:
    """What several people do in one batch."""
    messages = [
        Incoming(address=f"test:{name}", key=f"together:{name}:{place}", at=town.now, pressed="1", **what)
        for place, (name, what) in enumerate(said)
    ]
    await town.intake.put(messages)
    await town.settle()


def button(town: Town, name: str, label: str) -> str:
    """What the newest button of this label says."""
    rows = [row for message in reversed(town.inboxes[name]) for row in message.buttons]
    return next(one.says for row in rows for one in row if one.label.split(" ", 1)[-1] == label)


# Links ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "region", "unit", "words"),
    [(Role.VILLAGE, BAITA, None, "请找周镇再要一个"), (Role.HOUSEHOLD, BAITA, None, "找村干部要")],
)
async def test_an_expired_invitation_says_so_and_whom_to_ask(
    town: Town, role: Role, region: str, unit: str | None, words: str
) -> None:
    made = {"expires_at": START + timedelta(days=1), "created_by": town.people["周镇"]}
    token = await invite(town, role, region, unit=unit, **made)
    town.now = START + timedelta(days=1)
    assert words in (await town.say("路人", f"/start {token}"))[-1]


async def test_two_phones_with_one_named_link_in_one_batch(town: Town) -> None:
    """One of them is the person at once; the other waits until that one, or the town, has agreed."""
    token = await invite(town, Role.VILLAGE, person_name="何苗")
    for name in ("甲", "乙"):
        await town.say(name, f"/start {token}")
    await together(town, *((name, {"choice": button(town, name, "我是何苗")}) for name in ("甲", "乙")))
    got = {name: "\n".join(message.text or "" for message in town.inboxes[name]) for name in ("甲", "乙")}
    (first,) = [name for name, text in got.items() if "欢迎" in text]
    (second,) = [name for name, text in got.items() if "这个名字登记过" in text]
    assert {first, second} == {"甲", "乙"}
    assert await town.say(second, "/me") == [NOBODY]
    await town.press(first, "去核实")
    await town.press(first, "不是")
    assert await town.say(second, "/me") == [NOBODY]


async def test_two_officers_answer_one_request_at_the_same_moment(town: Town) -> None:
    token = await invite(town, Role.VILLAGE)
    for said in (f"/start {token}", "何苗", "提交"):
        await town.say("新人", said)
    await together(town, ("周镇", {"choice": button(town, "周镇", "是他")}), ("吴镇", {"choice": button(town, "吴镇", "不是")}))
    told = [town.inboxes[name][-1].text or "" for name in ("周镇", "吴镇")]
    assert sum("已经处理过了" in text for text in told) + sum("刚加入" in text for text in told) == 1
    assert (await person(town, "新人") is not None) == any("可以用了" in text for text in told)
    assert await whole_chain(town) == []


async def test_nobody_lets_themselves_in(town: Town) -> None:
    """A post for a phone that is somebody's already is the office's to give, not that person's."""
    token = await invite(town, Role.TOWN, TOWN)
    await town.say("李村", f"/start {token}")
    await town.press("李村", "加入")
    says = button(town, "周镇", "是他")
    assert await town.press_data("李村", says) == [NOT_YOURS]
    assert await town.press_data("赵村", says) == [NOT_YOURS]
    me = await person(town, "李村")
    assert me is not None
    assert not me.has(Role.TOWN)


async def test_the_first_officer_waits_for_nobody(database_url: str, tmp_path: Path) -> None:
    town = Town(database_url, tmp_path)
    try:
        token = await invite(town, Role.TOWN, TOWN)
        for said in (f"/start {token}", "周镇", "提交"):
            await town.say("周镇", said)
        assert "瓦房镇乡村振兴办" in (await town.say("周镇", "/me"))[-1]
        token = await invite(town, Role.VILLAGE)
        for said in (f"/start {token}", "李村", "提交"):
            await town.say("李村", said)
        assert await town.say("李村", "/me") == [NOBODY], "from then on there is somebody to ask"
    finally:
        await town.close()


async def test_who_is_denied_has_a_number_nobody_keeps_in_clear(town: Town) -> None:
    token = await invite(town, Role.VILLAGE)
    for said in (f"/start {token}", "何苗 13912345678", "提交"):
        await town.say("新人", said)
    async with town.database.read() as conn:
        rows = (await conn.exec_driver_sql("SELECT * FROM admissions")).all()
    assert "13912345678" not in str(rows)
    await town.press("周镇", "是他")
    assert "139****5678" in (await town.say("新人", "/me"))[-1]


# The town's menu ------------------------------------------------------------------------------------------------------


async def invited_by_menu(town: Town, by: str = "周镇", *said: str) -> str:
    """What the town got for these answers; a photo with it."""
    await town.say(by, "邀请")
    for line in said:
        await town.say(by, line)
    return town.inboxes[by][-1].text or ""


async def test_the_town_invites_by_name_sees_it_and_takes_it_back(town: Town) -> None:
    told = await invited_by_menu(town, "周镇", "村干部", "白塔村", "何苗")
    assert "10月19日前有效" in told
    sent = town.inboxes["周镇"][-1].file
    assert sent is not None
    assert town.world.media.read(sent).startswith(b"\x89PNG")
    token = told.split("start=")[1].split()[0]
    assert "白塔村 村干部 何苗，10月19日前有效" in (await town.say("吴镇", "发出的邀请"))[-1]
    assert "撤回了" in (await town.press("吴镇", "撤回第 1 个"))[-1]
    assert "已经不能用了" in (await town.press("吴镇", "撤回第 1 个"))[-1]
    assert "已经撤回了。要加入，请找周镇" in (await town.say("何苗", f"/start {token}"))[-1]
    assert "没有还能用的邀请" in (await town.say("周镇", "发出的邀请"))[-1]
    assert await whole_chain(town) == []


@pytest.mark.parametrize(
    ("by", "said", "post"),
    [
        ("周镇", ("站所的人", "水管所", "何苗"), "瓦房镇水管所"),
        ("周镇", ("镇里的人", "何苗"), "瓦房镇乡村振兴办"),
        ("郑市", ("市里的人", "何苗"), "乡村振兴局"),
    ],
)
async def test_each_office_fills_the_posts_of_its_own_reach(town: Town, by: str, said: tuple[str, ...], post: str) -> None:
    token = (await invited_by_menu(town, by, *said)).split("start=")[1].split()[0]
    await town.say("何苗", f"/start {token}")
    assert post in " ".join(await town.press("何苗", "我是何苗"))
    assert "何苗刚加入：" in " ".join(town.unread(by))
    assert "市里的人" not in " ".join(await town.say("周镇", "邀请"))


async def test_a_villages_code_hangs_until_a_day_is_renewed_and_taken_down(town: Town) -> None:
    told = await invited_by_menu(town, "周镇", "农户（村里的二维码）", "白塔村")
    assert f"{(START + CODE_LASTS):%Y}年4月10日前有效" in told
    first = await invite(town, Role.HOUSEHOLD, uses=None, expires_at=START + CODE_LASTS)
    assert "白塔村的二维码，2023年4月10日前有效" in (await town.say("周镇", "发出的邀请"))[-1]
    renewed = await invited_by_menu(town, "周镇", "农户", "白塔村", "换新的")
    assert "旧的再用 7 天" in renewed
    assert "同意，加入" in (await town.say("张三", f"/start {first}"))[-1]
    await town.say("张三", "取消")
    town.now = START + CHANGING
    assert "扫村里新贴的那张" in (await town.say("张三", f"/start {first}"))[-1]
    assert "取下了" in await invited_by_menu(town, "吴镇", "农户", "白塔村", "取下")
    assert "没有还能用的邀请" in (await town.say("周镇", "发出的邀请"))[-1]


# 不是他 ---------------------------------------------------------------------------------------------------------------


async def deny(town: Town, name: str = "何苗", by: str = "李村") -> None:
    await enter(town, name)
    await town.press(by, "不是他")


async def test_after_the_tap_no_command_does_anything(town: Town) -> None:
    await enter(town)
    await town.say("何苗", "/report")
    await town.press("李村", "不是他")
    heard = {name: await town.say("何苗", f"/{name}") for name in conversations()}
    heard |= {said: await town.say("何苗", said) for said in ("zs", "1", "张三家房子漏雨了", "/resume", "菜单", "取消")}
    assert {said: got for said, got in heard.items() if got != [STOPPED]} == {}
    await town.press("周镇", "结束")
    heard = {name: await town.say("何苗", f"/{name}") for name in conversations()}
    heard |= {said: await town.say("何苗", said) for said in ("zs", "1", "张三家房子漏雨了", "/resume", "菜单")}
    assert {said: got for said, got in heard.items() if got not in ([NOBODY], ["没有放着的事。发「菜单」看能办什么。"])} == {}


async def test_the_tap_and_what_the_stopped_one_does_in_the_same_batch(town: Town) -> None:
    await enter(town)
    for said in ("/report", "zs", "1", "漏雨", "跳过"):
        await town.say("何苗", said)
    await together(
        town, ("李村", {"choice": button(town, "李村", "不是他")}), ("何苗", {"text": "提交"}), ("何苗", {"text": "/my"}),
        ("何苗", {"text": "/todo"}),
    )  # fmt: skip
    assert await town.say("何苗", "/my") == [STOPPED]
    assert await person(town, "何苗") is None
    assert await whole_chain(town) == []


async def test_two_cadres_tap_at_the_same_moment(town: Town) -> None:
    await enter(town)
    await together(town, *((name, {"choice": button(town, name, "不是他")}) for name in ("李村", "赵村")))
    told = [town.inboxes[name][-1].text or "" for name in ("李村", "赵村")]
    assert sum("镇里会核实，结果告诉您" in text for text in told) == 1
    assert sum("已经停用了" in text for text in told) == 1


async def test_only_who_was_told_can_tap(town: Town) -> None:
    await enter(town)
    says = button(town, "李村", "不是他")
    for name in ("孙村", "王建", "郑市", "何苗"):
        assert await town.press_data(name, says) == [NOT_YOURS], name
    await enter(town, "后来")
    assert await town.press_data("后来", says) == [NOT_YOURS], "a colleague who came later"
    assert "已先停用" in (await town.press_data("李村", says))[-1]


async def test_a_stopped_post_counts_nowhere_until_it_is_given_back(town: Town) -> None:
    await deny(town)
    async with town.database.read() as conn:
        held = (await conn.execute(sa.select(posts).where(posts.c.suspended_at.is_not(None)))).one()
    assert (held.until, held.suspended_by) == (held.suspended_at, town.people["李村"])
    await reported_by_unit(town)
    assert "新线索" not in " ".join(town.unread("何苗"))
    await town.press("周镇", "恢复")
    assert "核查 白塔村一屯张三家" in " ".join(await town.say("何苗", "/todo"))
    assert await whole_chain(town) == []


async def test_what_waits_to_be_sent_to_a_stopped_phone_is_taken_back(town: Town) -> None:
    await enter(town)
    async with town.transaction() as tx, tx.session("test", "later") as session:
        later = Outgoing(text="张三家：医疗")
        outbox.post(session, "test:何苗", later, intent="later", not_before=START + timedelta(hours=1))
    await town.press("李村", "不是他")
    town.now = START + timedelta(hours=2)
    await town.settle()
    assert "医疗" not in " ".join(town.unread("何苗"))


async def test_the_links_of_a_stopped_officer_open_nothing(town: Town) -> None:
    await enter(town, "假镇", Role.TOWN, TOWN)
    token = (await invited_by_menu(town, "假镇", "村干部", "白塔村", "同伙")).split("start=")[1].split()[0]
    await town.press("周镇", "不是他")
    assert "已经撤回了" in (await town.say("同伙", f"/start {token}"))[-1]


async def test_a_stopped_officer_cannot_settle_their_own_case(town: Town) -> None:
    await enter(town, "假镇", Role.TOWN, TOWN)
    await town.press("周镇", "不是他")
    says = button(town, "周镇", "恢复")
    assert await town.press_data("假镇", says) == [STOPPED]
    assert "恢复" in (await town.press_data("吴镇", says))[-1]


async def test_everything_of_a_newcomer_stops_also_a_phone_added_since(town: Town) -> None:
    token = await invite(town, Role.VILLAGE, person_name="何苗")
    for phone in ("何苗", "何苗二"):
        await town.say(phone, f"/start {token}")
        await town.press(phone, "我是何苗")
    await town.press("何苗", "去核实")
    await town.press("何苗", "是本人")
    assert "何苗" in (await town.say("何苗二", "/me"))[-1]
    await town.press("赵村", "不是他")
    for phone in ("何苗", "何苗二"):
        assert await town.say(phone, "/me") == [STOPPED]
    await town.press("周镇", "恢复")
    for phone in ("何苗", "何苗二"):
        assert "在用的手机" in (await town.say(phone, "/me"))[-1]


async def arrival_of(town: Town, phone: str) -> int:
    """The id of the arrival by this phone."""
    async with town.database.read() as conn:
        return int((await conn.execute(sa.select(arrivals.c.id).where(arrivals.c.address == f"test:{phone}"))).scalar_one())


async def in_use(town: Town) -> dict[str, str]:
    """What somebody's three phones are: in use, stopped, or nobody's."""
    words = {STOPPED: "stopped", NOBODY: "nobody's"}
    return {phone: words.get((await town.say(phone, "/me"))[-1], "in use") for phone in ("何苗", "贼机", "新机")}


async def add_phones(town: Town) -> None:
    """何苗 comes in by her first phone and says yes to two more, one of them by mistake."""
    await enter(town)
    for phone in ("贼机", "新机"):
        token = await invite(town, Role.VILLAGE, person_name="何苗")
        await town.say(phone, f"/start {token}")
        await town.press(phone, "我是何苗")
        await town.press("何苗", "去核实")  # the first phone is asked, whichever joined last
        await town.press("何苗", "是本人")
    for phone in ("贼机", "新机"):
        await town.press_data("周镇", f"/deny {to_base36(await arrival_of(town, phone))}")


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("verdict", "left"), [("back", "in use"), ("end", "nobody's")])
async def test_the_office_decides_about_one_arrival_and_no_other(town: Town, verdict: str, left: str) -> None:
    await add_phones(town)
    assert await in_use(town) == {"何苗": "in use", "贼机": "stopped", "新机": "stopped"}
    await town.press_data("周镇", f"/settle {to_base36(await arrival_of(town, '新机'))} {verdict}")
    assert await in_use(town) == {"何苗": "in use", "贼机": "stopped", "新机": left}
    assert await whole_chain(town) == []


@pytest.mark.sqlite_only
async def test_what_a_newcomer_brought_comes_back_but_for_what_waits_itself(town: Town) -> None:
    await add_phones(town)
    first, bad, new = [to_base36(await arrival_of(town, phone)) for phone in ("何苗", "贼机", "新机")]
    await town.press_data("周镇", f"/deny {first}")
    heard = await town.press_data("吴镇", f"/settle {new} back")
    assert "还有别的没核实完" in heard[-1]
    assert await in_use(town) == {"何苗": "stopped", "贼机": "stopped", "新机": "stopped"}
    await town.press_data("吴镇", f"/settle {first} back")
    assert await in_use(town) == {"何苗": "in use", "贼机": "stopped", "新机": "in use"}
    await town.press_data("吴镇", f"/settle {bad} end")
    assert await in_use(town) == {"何苗": "in use", "贼机": "nobody's", "新机": "in use"}


@pytest.mark.sqlite_only
async def test_of_two_posts_denied_in_one_moment_one_comes_back(town: Town) -> None:
    await enter(town)
    token = await invite(town, Role.TOWN, TOWN)
    await town.say("何苗", f"/start {token}")
    await town.press("何苗", "加入")
    await town.press("周镇", "是他")
    async with town.database.read() as conn:
        village, office = (await conn.execute(sa.select(arrivals.c.id).order_by(arrivals.c.id))).scalars()
    await together(
        town, ("吴镇", {"choice": f"/deny {to_base36(office)}"}), ("李村", {"choice": f"/deny {to_base36(village)}"})
    )
    await town.press_data("周镇", f"/settle {to_base36(village)} back")
    found = await person(town, "何苗")
    assert found is not None
    assert [post.role for post in found.posts] == [Role.VILLAGE]
    await town.press_data("周镇", f"/settle {to_base36(office)} end")
    found = await person(town, "何苗")
    assert found is not None
    assert [post.role for post in found.posts] == [Role.VILLAGE]


@pytest.mark.sqlite_only
async def test_who_has_left_office_stops_nobody_any_more(town: Town) -> None:
    await enter(town)
    says, home = button(town, "李村", "不是他"), await town.household(1001)
    async with town.transaction() as tx, tx.session("test", "gone") as session:
        people = Store(session).people
        held = await people.get(town.people["李村"])
        people.appoint(town.people["李村"], Role.HOUSEHOLD, region=BAITA, household_id=home.id)
        await people.end_post(held.posts[0].id if held else 0)
    assert await town.press_data("李村", says) == [NOT_YOURS]
    assert "已先停用" in (await town.press("赵村", "不是他"))[-1]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("how", ["taken back", "its maker is stopped"])
async def test_what_waits_by_an_invitation_ends_with_it(town: Town, how: str) -> None:
    """Also where the invitation was used up by asking."""
    await enter(town, "假镇", Role.TOWN, TOWN)
    maker = await person(town, "假镇")
    token = await invite(town, Role.VILLAGE, created_by=maker.id if maker else None)
    for said in (f"/start {token}", "丁一", "提交"):
        await town.say("丁一", said)
    says = button(town, "周镇", "是他")
    if how == "taken back":
        async with town.database.read() as conn:
            made = (await conn.execute(sa.select(invites.c.id).order_by(invites.c.id.desc()))).scalars().first()
        assert "撤回了" in (await town.say("吴镇", f"/invites {to_base36(made or 0)}"))[-1]
    else:
        await town.press("吴镇", "不是他")
    assert "申请也结束了" in " ".join(town.unread("丁一"))
    assert "已经处理过了" in (await town.press_data("周镇", says))[-1]
    assert await town.say("丁一", "/me") == [NOBODY]


# Phones ---------------------------------------------------------------------------------------------------------------


async def test_one_signs_out_ones_other_phone(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "second") as session:
        session.add(chats, chat_row("test:丢了", now=town.now))
        await Store(session).chats.bind("test:丢了", town.people["李村"])
    await town.say("丢了", "/report")
    shown = (await town.say("李村", "/me"))[-1]
    assert "（这部）" in shown
    assert "退出第 2 部" in shown
    mine = next(place for place in (1, 2) if f"{place} test（这部）" not in shown)
    await town.press("李村", f"退出第 {mine} 部")
    await town.press("李村", "退出")
    assert "让这部手机退出了" in " ".join(town.unread("丢了"))
    for said in ("/todo", "张三", "/me"):
        assert await town.say("丢了", said) == [NOBODY]
    assert "退出第" not in (await town.say("李村", "/me"))[-1]


async def test_a_phone_signs_itself_out(town: Town) -> None:
    await town.say("李村", "/report")
    await town.say("李村", "张三家漏雨")
    await town.say("李村", "/signout")
    assert "这部手机退出了" in (await town.say("李村", "1"))[-1]
    assert await person(town, "李村") is None
    async with town.database.read() as conn:
        kept = [
            VAULT.open_cell(column, row).decode()
            for column in (inbox.c.payload, sent.c.payload)
            for row in await conn.execute(sa.select(*with_place(column)))
        ]
        assert not (await conn.execute(sa.select(talks.c.id))).all()
    assert not [one for one in kept if "漏雨" in one], "nothing that was said there stays"
    assert await town.say("李村", "/todo") == [NOBODY]


async def test_the_town_signs_a_phone_out_and_ends_a_post(town: Town) -> None:
    await town.say("周镇", "同事和手机")
    assert "白塔村 村干部" in " ".join(await town.say("周镇", "李村"))
    await town.press("周镇", "退出")
    await town.press("周镇", "退出")
    assert await town.say("李村", "/todo") == [NOBODY]
    assert "没有手机在用" in (await town.say("周镇", f"/colleague {_key(town, '李村')}"))[-1]
    await town.say("周镇", "/colleague " + _key(town, "赵村"))
    await town.press("周镇", "结束白塔村 村干部")
    await town.press("周镇", "结束")
    assert "结束了您的「白塔村 村干部」" in " ".join(town.unread("赵村"))
    assert await town.say("赵村", "/todo") == [NOBODY]
    assert await whole_chain(town) == []


def _key(town: Town, name: str) -> str:
    return to_base36(town.people[name])


async def test_who_has_another_post_stays(town: Town) -> None:
    home = await town.household(1002)
    async with town.transaction() as tx, tx.session("test", "home") as session:
        Store(session).people.appoint(town.people["赵村"], Role.HOUSEHOLD, region=home.village, household_id=home.id)
    await town.say("周镇", "/colleague " + _key(town, "赵村"))
    await town.press("周镇", "结束白塔村 村干部")
    await town.press("周镇", "结束")
    assert "张桂兰家" in (await town.say("赵村", "/me"))[-1]


async def test_what_somebody_began_is_not_for_the_next_owner_of_the_phone(town: Town) -> None:
    await town.say("李村", "/report")
    await town.say("李村", "zs")
    await town.say("李村", "/signout")
    await town.press("李村", "退出")
    token = await invite(town, Role.VILLAGE, person_name="何苗")
    await town.say("李村", f"/start {token}")
    await town.press("李村", "我是何苗")
    assert "没有放着的事" in (await town.say("李村", "/resume"))[-1]


async def test_a_page_nobody_has_opened_for_thirty_days_is_signed_out(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "page") as session:
        for address, idle in (("web:old", 30), ("web:new", 28)):
            session.add(chats, {**chat_row(address, now=town.now, person_id=town.people["李村"]), "idle": idle})
    for _ in range(2):  # the second time on the same day counts no night
        async with town.transaction() as tx:
            signed_out = await silence_job.sign_out(tx, town.world)
        async with town.database.read() as conn:
            owner = (await conn.execute(sa.select(chats.c.person_id).where(chats.c.address == "web:new"))).scalar_one()
        assert owner == town.people["李村"]
    assert signed_out == 0
    async with town.database.read() as conn:
        rows = (await conn.execute(sa.select(chats.c.address, chats.c.person_id, chats.c.session))).all()
    found = {row.address: (row.person_id, row.session) for row in rows}
    assert found["web:old"] == (None, 1)
    assert found["web:new"] == (town.people["李村"], 0)
    assert found["test:李村"][0] == town.people["李村"], "elsewhere the platform knows whose phone it is"


async def test_use_is_noted_once_a_day(town: Town) -> None:
    await town.say("李村", "/todo")
    town.now = START + timedelta(days=3)
    await town.say("李村", "/todo")
    assert "10月15日用过" in (await town.say("李村", "/me"))[-1]
