"""No phone, cannot read, a minor: somebody reports or consents for them, and it is kept whose words and whose consent it is."""

from __future__ import annotations

import sqlalchemy as sa

from storage.cases.records import SaidBy, clue_events, clues
from storage.cases.steps import Step
from storage.database import audit
from storage.database.base import new_id
from storage.joining.consents import SPOKEN
from storage.people.persons import Role
from storage.roster import member_row, members
from storage.store import Store
from tests.support.plan import BAITA
from tests.support.town import VAULT, Town

OLD, CHILD, SMALL = "220881194001010012", "220881200701010018", "220881201301010011"
"""Born in 1940, 2007 and 2013: 82, 15 and 9 years in the town's October 2022."""


async def add_member(town: Town, name: str, id_number: str) -> None:
    """Put somebody on the roster of household 1001."""
    home = await town.household(1001)
    async with town.transaction() as tx, tx.session("test", "member") as session:
        row = member_row(VAULT, new_id(), household_id=home.id, name=name, relation="家人", id_number=id_number, phone=None)
        session.add(members, row)


async def join(town: Town, phone: str, claim: str) -> list[str]:
    """Scan the village's QR code and say who one is."""
    async with town.transaction() as tx, tx.session("test", "invite") as session:
        token = Store(session).invites.create(Role.HOUSEHOLD, BAITA, uses=None)
    await town.say(phone, f"/start {token}")
    await town.press(phone, "同意，加入")
    return await town.say(phone, claim)


async def report(town: Town) -> None:
    """A cadre reports of household 1001."""
    await town.say("李村", "/report")
    await town.say("李村", "1001")
    await town.press("李村", "住房安全")
    await town.press("李村", "选好了（1项）")
    await town.say("李村", "东屋漏雨")
    await town.say("李村", "跳过")
    await town.press("李村", "提交")


async def found(town: Town) -> None:
    await report(town)
    await town.say("李村", "/verify 1 found")
    await town.say("李村", "是漏")
    await town.press("李村", "提交")


async def stored(town: Town) -> sa.Row[tuple[object, ...]]:
    async with town.database.read() as conn:
        return (await conn.execute(sa.select(clues))).one()


async def last_event(town: Town) -> sa.Row[tuple[object, ...]]:
    async with town.database.read() as conn:
        return (await conn.execute(sa.select(clue_events).order_by(clue_events.c.id.desc()).limit(1))).one()


async def test_a_report_is_what_the_cadre_saw_until_one_tap_says_other(town: Town) -> None:
    await report(town)
    assert (await stored(town)).said_by == SaidBy.SEEN
    assert await town.press("李村", "本人说的") == ["记下了：本人说的，同意上门看看。"]
    row = await stored(town)
    assert (row.said_by, row.consent) == (SaidBy.SELF, SPOKEN)
    assert "干部排查，本人说的" in (await town.say("周镇", "/clue 1"))[-1]
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []


async def test_a_relatives_words_carry_their_name(town: Town) -> None:
    await report(town)
    await town.press("李村", "家里人说的")
    assert await town.say("李村", "我叫李明，是他外孙") == ["记下了：李明（外孙）说的，同意上门看看。"]
    assert "李明（外孙）说的" in (await town.say("周镇", "/clue 1"))[-1]


async def test_whose_words_is_not_changed_when_the_case_has_gone_on(town: Town) -> None:
    await found(town)
    assert await town.press("李村", "本人说的") == ["1号已经往下办了，不能再改。"]


async def test_a_relative_signs_on_paper(town: Town) -> None:
    await found(town)
    await town.say("李村", "/authorize 1")
    await town.press("李村", "家里人代签，拍照")
    await town.say("李村", "李明 儿子")
    await town.send_photo("李村")
    await town.say("李村", "完成")
    event = await last_event(town)
    assert VAULT.open_text(clue_events.c.note, event) == "李明（儿子）代在纸上签字"
    assert event.facts == {"signed": "family", "signer": "李明", "relation": "儿子"}


async def test_for_a_minor_a_guardian_signs(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "minor") as session:
        home = await town.household(1001)
        (row,) = await session.read(sa.select(members.c.id).where(members.c.household_id == home.id))
        await Store(session).households.correct_member(row.id, id_number=CHILD)
    await found(town)
    asked = (await town.say("李村", "/authorize 1"))[-1]
    assert "监护人签了，拍照" in asked
    assert "1 签了，拍照" not in asked
    await town.press("李村", "监护人签了，拍照")
    await town.say("李村", "李兰 奶奶")
    await town.send_photo("李村")
    await town.say("李村", "完成")
    assert VAULT.open_text(clue_events.c.note, await last_event(town)) == "李兰（奶奶）作为监护人在纸上签字"


async def test_a_relative_joins_for_an_old_person_and_agrees_for_them(town: Town) -> None:
    await add_member(town, "钱婆", OLD)
    assert "您是钱婆本人，还是家里人替他办" in (await join(town, "手机", "钱婆 0012"))[-1]
    await town.press("手机", "我替他办")
    assert "李明，您好" in (await town.say("手机", "李明 外孙"))[-1]
    listed = (await town.say("李村", "/phones"))[-1]
    assert "李明（钱婆的外孙）" in listed
    await town.press("李村", "是")
    await found(town)
    await town.press("手机", "看看同意什么")
    await town.press("手机", "同意")
    event = await last_event(town)
    assert VAULT.open_text(clue_events.c.note, event) == "李明（钱婆的外孙）在手机上同意"
    assert event.facts == {"for": "钱婆的外孙"}
    assert "李明（钱婆的外孙）（您），10月12日加入" in (await town.say("手机", "我家的手机"))[-1]


async def test_what_a_relative_reports_is_the_relatives_words(town: Town) -> None:
    await add_member(town, "钱婆", OLD)
    await join(town, "手机", "钱婆 0012")
    await town.press("手机", "我替他办")
    await town.say("手机", "李明 外孙")
    await town.say("手机", "/selfreport")
    await town.press("手机", "住房安全")
    await town.press("手机", "选好了（1项）")
    await town.say("手机", "东屋漏雨")
    await town.say("手机", "跳过")
    await town.press("手机", "提交")
    row = await stored(town)
    assert (row.said_by, row.speaker) == (SaidBy.FAMILY, "李明（钱婆的外孙）")


async def test_a_minor_may_report_and_not_agree(town: Town) -> None:
    await add_member(town, "小宝", CHILD)
    await join(town, "手机", "小宝 0018")
    await town.press("手机", "是本人")
    await town.say("李村", "/phones")
    await town.press("李村", "是")
    await found(town)
    assert "家里大人来点同意" in (await town.press("手机", "看看同意什么"))[-1]
    assert (await stored(town)).step == Step.AUTHORIZE


async def test_for_a_child_an_adult_has_to_come(town: Town) -> None:
    await add_member(town, "小小", SMALL)
    asked = (await join(town, "手机", "小小 0011"))[-1]
    assert "是本人" not in asked
    assert "家里大人来办" in (await town.press("手机", "请大人来"))[-1]
    assert "还不认识您" in (await town.say("手机", "/me"))[-1]


async def test_whoever_is_between_is_asked_nothing(town: Town) -> None:
    assert "您已加入张三家" in (await join(town, "手机", "张三 1001"))[-1]
