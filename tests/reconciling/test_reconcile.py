"""A list comes in and is held against the roster: each difference has an owner until it is settled, and comes up once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.setup.installation import Installation
from handlers.reconciling.hand_in import record
from handlers.reconciling.sheet import Comparison, read_list
from storage.database import audit
from storage.database.transaction import transaction
from storage.looks import looks
from storage.people.persons import Directory, Role, officials
from storage.reconciling import NATIONAL, Difference, Entered, Owner, differences
from storage.roster import load_roster, members
from storage.store import Store
from tests.support import tables
from tests.support.commands import inside, run
from tests.support.plan import BAITA, TOWN, WAFANG
from tests.support.tables import cells, id_number
from tests.support.town import START, VAULT, Town

HEADINGS = ("序号", "行政村", "姓名", "身份证号", "户属性", "家庭人口数", "联系电话")

ZHANG = (1, "白塔村", "张三", "", "脱贫户", 1, "13800001001")
ZENG = (2, "白塔村", "曾国强", "", "脱贫户", 1, "13800001003")
MA = (3, "瓦房村", "马六", "", "脱贫户", 1, "13800002002")
NEWCOMER = (4, "白塔村", "新来的", "", "脱贫户", 2, "13912345678")
NAMESAKE = (5, "白塔村", "刘伟", "", "", "", "")
GOOD = (ZHANG, ZENG, MA)


def xlsx(*rows: Sequence[object], headings: Sequence[str] = HEADINGS) -> bytes:
    return tables.xlsx(("脱贫户花名册",), headings, *rows)


async def take(
    town: Town, content: bytes, source: str = "labor", kinds: Sequence[str] = ("脱贫户",)
) -> tuple[Comparison, Entered]:
    sheet = read_list(content, "名单.xlsx", plan=town.world.plan, today=town.now.date())
    async with town.transaction() as tx, tx.session("test", "reconcile") as session:
        town.world.roster = await load_roster(tx.conn, tx.damage)
        town.world.directory = Directory(await officials(tx.conn, tx.damage))
        return await record(
            Store(session), town.world, sheet=sheet, source=source, kinds=kinds, sha256="0" * 64, by=town.people["周镇"]
        )


async def open_of(town: Town, owner: Owner) -> list[Difference]:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return (await Store(session).reconciliations.open_of([owner], 100))[0]


def village(code: str = BAITA) -> Owner:
    return Owner(role=Role.VILLAGE, region=code)


LABOR = Owner(role=Role.UNIT, region=TOWN, unit="labor")


async def test_a_list_that_says_the_same_leaves_nothing(town: Town) -> None:
    found, entered = await take(town, xlsx(*GOOD))
    assert (found.found, entered.new, entered.known) == ([], (), 0)
    assert [row[-2] for row in cells(found.as_sheet(town.world.plan))[1:]] == ["对账结果", "一致", "一致", "一致"]


async def test_each_row_has_its_outcome_and_each_difference_its_owner(town: Town) -> None:
    wrong = (9, "不存在村", "某人", "", "", "", "")
    moved = (2, "白塔村", "曾国强", "", "一般户", 4, "13800009999")
    found, entered = await take(town, xlsx(ZHANG, moved, NEWCOMER, NAMESAKE, wrong))
    rows = cells(found.as_sheet(town.world.plan))[2:]
    assert [row[-2] for row in rows] == ["一致", "不一致", "名册没有", "分不清", "有误"]
    assert "户类型：名册 脱贫户，名单 一般户" in str(rows[1][-1])
    assert "13800009999" not in str(rows[1][-1])
    assert len(entered.new) == 5
    mine = await open_of(town, village())
    assert [(one.kind.value, one.field) for one in mine] == [
        ("field", "户类型"), ("field", "人口数"), ("field", "联系电话"), ("not_ours", ""),
    ]  # fmt: skip
    [unclear] = await open_of(town, LABOR)
    assert (unclear.kind.value, unclear.name) == ("unclear", "刘伟")
    assert found.silent, "villages without anybody on the list are not searched for missing households"
    assert await open_of(town, village(WAFANG)) == []


async def test_only_households_of_the_kinds_named_are_missed(town: Town) -> None:
    content = xlsx(ZHANG)
    assert [one.name for one in (await take(town, content))[1].new] == ["曾国强"]
    assert (await take(town, content, source="health", kinds=()))[1].new == ()
    monitored = await take(town, content, source="water", kinds=["边缘易致贫户"])
    assert [(one.name, one.owner.role) for one in monitored[1].new] == [("刘伟", Role.TOWN)]


async def test_the_same_list_again_records_nothing_and_what_agrees_by_then_is_settled(town: Town) -> None:
    content = xlsx(ZHANG, (*ZENG[:4], "一般户", *ZENG[5:]), NEWCOMER)
    assert len((await take(town, content))[1].new) == 2
    again = (await take(town, content))[1]
    assert (again.new, again.returned, again.known, again.agreed) == ((), (), 2, 0)
    mended = (await take(town, xlsx(*GOOD, NEWCOMER)))[1]
    assert (mended.known, mended.agreed) == (1, 1)
    back = (await take(town, content))[1]
    assert [(one.name, one.returned) for one in back.returned] == [("曾国强", 1)]


async def test_numbers_lie_sealed_and_the_chain_holds(town: Town) -> None:
    number = id_number(7)
    await take(town, xlsx((4, "白塔村", "新来的", number, "", "", "13912345678")))
    async with town.database.read() as conn:
        row = (await conn.execute(sa.select(differences))).first()
        assert number not in str(row)
        assert "13912345678" not in str(row)
        assert not await audit.verify(conn, VAULT)


@pytest.mark.sqlite_only
async def test_an_id_number_finds_who_moved_and_changed_their_name(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "id") as session:
        store = Store(session)
        home = await town.household(2002)
        [member] = await session.read(sa.select(members).where(members.c.household_id == home.id))
        await store.households.correct_member(member.id, id_number=id_number(3))
    found, _ = await take(town, xlsx((3, "白塔村", "马陆", id_number(3), "脱贫户", 1, "")), kinds=())
    assert [(one.field, one.ours, one.theirs) for one in found.found] == [
        ("姓名", "马六", "马陆"), ("村", WAFANG, BAITA),
    ]  # fmt: skip


@pytest.mark.sqlite_only
async def test_the_village_goes_through_its_differences_with_a_few_taps(town: Town) -> None:
    moved = (2, "白塔村", "曾国强", "", "一般户", 4, "13800009999")
    await take(town, xlsx(ZHANG, moved, NEWCOMER))
    [asked] = await town.say("李村", "/differences")
    assert "第 1 处，共 4 处 / 白塔村 曾国强：户类型不一致 / 名册：脱贫户 / 镇劳动保障事务所：一般户" in asked
    assert "名册已改" in (await town.press("李村", "对方的对"))[-1]
    await town.restart()
    size = await town.press("李村", "对方的对")
    assert "人口要一个人一个人地改" in size[-1]
    assert "138****1003" in size[-1]
    assert "138****9999" in size[-1]
    await town.press("李村", "要入户看")
    newcomer = await town.say("李村", "号码打不通，上门问")
    assert "新来的：名册里没有" in newcomer[-1]
    await town.restart()
    await town.press("李村", "名册漏了，补上")
    done = await town.press("李村", "新的一户")
    assert "新来的已补进名册" in done[-1]
    assert "都核完了" in done[-1]
    assert (await town.household(1003)).kind == "一般户"
    added = await town.household(2003)
    assert (added.head, added.village, added.kind) == ("新来的", BAITA, "脱贫户")
    async with town.database.read() as conn:
        kept = (await conn.execute(sa.select(members).where(members.c.household_id == added.id))).one()
        assert VAULT.open_text(members.c.phone, kept) == "13912345678"
        assert not await audit.verify(conn, VAULT)
    left = await open_of(town, village())
    assert [(one.field, one.note) for one in left] == [
        ("人口数", "对方的对，名册待改"), ("联系电话", "号码打不通，上门问"),
    ]  # fmt: skip


@pytest.mark.sqlite_only
async def test_what_the_village_stands_by_comes_back_to_the_sender(town: Town) -> None:
    content = xlsx((*ZHANG[:4], "一般户", *ZHANG[5:]), *GOOD[1:])
    await take(town, content, source="water")
    await town.say("赵村", "/differences")
    assert "请对方改名单" in (await town.press("赵村", "我们的对"))[-1]
    assert "没有要您核对" in (await town.say("李村", "/differences"))[-1]
    again = (await take(town, content, source="water"))[1]
    assert [one.owner for one in again.returned] == [Owner(role=Role.UNIT, region=TOWN, unit="water")]
    [asked] = await town.say("冯水", "/differences")
    assert "（又出现）" in asked
    await town.press("冯水", "名单没错，退回村里")
    await town.say("冯水", "9 月已经认定")
    [back] = await town.say("李村", "/differences")
    assert "站所说明：9 月已经认定" in back


@pytest.mark.sqlite_only
async def test_monitoring_is_not_begun_or_ended_by_a_list(town: Town) -> None:
    content = xlsx((*ZHANG[:4], "边缘易致贫户", *ZHANG[5:]), *GOOD[1:])
    await take(town, content, source="water")
    assert await open_of(town, village()) == []
    await town.say("周镇", "/differences")
    await town.press("周镇", "要您核的 1 处")
    assert "走完程序再对" in (await town.press("周镇", "对方的对"))[-1]
    assert (await town.household(1001)).kind == "脱贫户"
    await take(town, content, source=NATIONAL)
    await town.say("周镇", "/differences mine")
    assert "名册已改" in (await town.press("周镇", "对方的对"))[-1]
    assert (await town.household(1001)).kind == "边缘易致贫户"


@pytest.mark.sqlite_only
async def test_two_people_at_the_same_difference(town: Town) -> None:
    await take(town, xlsx((*ZHANG[:4], "一般户", *ZHANG[5:]), *GOOD[1:]))
    await town.say("李村", "/differences")
    await town.say("赵村", "/differences")
    await town.press("李村", "我们的对")
    assert "已经有人处理过了" in (await town.press("赵村", "对方的对"))[-1]
    assert (await town.household(1001)).kind == "脱贫户"


@pytest.mark.sqlite_only
async def test_a_unit_brings_its_list_in_chat_and_the_owners_hear_of_it_once(town: Town) -> None:
    await town.say("冯水", "/reconcile")
    assert "不是 Excel" in (await town.send_document("冯水", b"PK", "名单.xlsx"))[-1]
    [asked] = await town.send_document("冯水", xlsx(ZHANG, NEWCOMER, NAMESAKE), "名单.xlsx")
    assert "哪些户都列上" in asked
    [seen] = await town.say("冯水", "脱贫户")
    assert "镇水管所名单 3 人" in seen
    assert "一致 1，不一致 0，名册没有 1，分不清 1，有误 0 行；名单里没有的 1" in seen
    [done] = (await town.press("冯水", "提交"))[-1:]
    assert "新差异 3 处" in done
    assert "📎名单-对账结果.xlsx" in done
    for name in ("李村", "赵村"):
        [news] = town.unread(name)
        assert "有 2 处对不上" in news
    assert town.unread("孙村") == []
    overview = (await town.say("周镇", "/differences"))[-1]
    assert "未了结的对账差异 3 处" in overview
    assert "[白塔村 2 处]" in overview
    assert "白塔村未了结 2 处" in (await town.press("周镇", "白塔村 2 处"))[-1]


@pytest.mark.sqlite_only
async def test_the_town_says_whose_list_it_is(town: Town) -> None:
    await town.say("周镇", "/reconcile")
    [asked] = await town.send_document("周镇", xlsx(*GOOD), "名单.xlsx")
    assert "国家系统" in asked
    await town.press("周镇", "国家系统")
    [seen] = await town.say("周镇", "不查漏户")
    assert "国家系统名单 3 人" in seen
    assert "新差异 0 处" in (await town.press("周镇", "提交"))[-1]


@pytest.mark.sqlite_only
async def test_the_town_holds_two_units_lists_against_each_other(town: Town) -> None:
    assert "要先有两家的名单" in (await town.say("周镇", "/twolists"))[-1]
    for name, rows in (("冯水", GOOD), ("王建", (ZHANG, (*ZENG[:6], "13900001003"), NEWCOMER))):
        await town.say(name, "/reconcile")
        await town.send_document(name, xlsx(*rows), "名单.xlsx")
        await town.say(name, "不查漏户")
        await town.press(name, "提交")
    await town.say("周镇", "/twolists")
    done = (await town.press("周镇", "镇水管所 10月12日 3人"))[-1]
    assert "镇水管所和镇乡建办的名单" in done
    sha256 = town.inboxes["周镇"][-1].file
    assert sha256 is not None
    told = {row[0]: row[3:] for row in cells(town.world.media.read(sha256))}
    assert told["张三"] == ("一致", None)
    assert told["曾国强"] == ("不一致", "联系电话：镇水管所 138****1003，镇乡建办 139****1003")
    assert (told["马六"][0], told["新来的"][0]) == ("只在镇水管所", "只在镇乡建办")
    async with town.database.read() as conn:
        kept = (await conn.execute(sa.select(looks.c.person_id, looks.c.household_id).where(looks.c.way == "file"))).all()
    homes = {(await town.household(number)).id for number in (1001, 1003)}
    for name in ("冯水", "王建", "周镇"):
        assert homes <= {row.household_id for row in kept if row.person_id == town.people[name]}, name
    assert "没有这一项" in (await town.say("冯水", "/twolists"))[-1]


@pytest.mark.sqlite_only
async def test_others_get_the_answer_of_what_is_not_there(town: Town) -> None:
    for name, text in (("李村", "/reconcile"), ("郑市", "/differences"), ("冯水", f"/differences {BAITA}")):
        assert "没有这一项" in (await town.say(name, text))[-1]


def test_the_command_compares_in_the_name_of_somebody_entitled(staffed: Path, tmp_path: Path) -> None:
    async def appoint(installation: Installation) -> None:
        async with transaction(installation.database, START) as tx, tx.session("test", "people") as session:
            store = Store(session)
            store.people.appoint(store.people.add("周镇"), Role.TOWN, region=TOWN)

    def told(*arguments: str) -> tuple[int, str]:
        done = run("reconcile", str(file), *arguments)
        return done.exit_code, done.output

    inside(staffed, appoint)
    file = tmp_path / "名单.xlsx"
    file.write_bytes(xlsx((*ZHANG[:4], "一般户", *ZHANG[5:])))
    assert "不能对账" in told("--as", "李村")[1]
    assert "--source" in told("--as", "周镇")[1]
    code, said = told("--as", "周镇", "--source", "卫生院")
    assert code == 0
    assert "不一致 1" in said
    assert "新差异 1 处" in said
    assert "新差异 0 处，原来就有 1 处" in told("--as", "周镇", "--source", "卫生院")[1]
    assert "户类型：名册 脱贫户，名单 一般户" in str(cells((tmp_path / "名单-对账结果.xlsx").read_bytes()))
