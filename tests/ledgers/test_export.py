"""Ledgers leave as files: within the asker's posts, with numbers hidden unless a reason lets them out."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from bot.setup.installation import Installation
from handlers.cases.procedure import apply
from handlers.cases.table import Act, Party
from handlers.engine.words import NOT_YOURS
from handlers.ledgers import job as exports
from handlers.ledgers.base import LedgerRow
from handlers.ledgers.catalog import LEDGERS
from handlers.rights.reach import narrowed, reach_of, reaches
from handlers.wording.people import scope_in_words
from storage.cases.records import ClueSource
from storage.database.audit import audit
from storage.database.base import new_id
from storage.database.transaction import transaction
from storage.mail import chats
from storage.people.persons import Person, Post, Role
from storage.people.reach import Reach
from storage.problems.records import NewProblem
from storage.problems.states import Action, ProblemState
from storage.quiz import quiz_reviews
from storage.roster import household_row, households, member_row, members
from storage.store import Store
from storage.visits import VisitOutcome
from tests.support.commands import inside, run
from tests.support.plan import BAITA, COUNTY, PLAN, TOWN, WAFANG
from tests.support.town import START, Town


async def add_clue(town: Town, number: int, kinds: list[str]) -> None:
    household = await town.household(number)
    async with town.transaction() as tx, tx.session("test", "clue") as session:
        await Store(session).clues.add(
            household_id=household.id,
            village=household.village,
            source=ClueSource.CADRE,
            kinds=kinds,
            detail="漏雨",
            reporter_id=town.people["李村"],
            due_on=date(2022, 10, 14),
        )


async def add_problem(town: Town, region: str, units: tuple[str, ...], words: str = "路没修完") -> None:
    new = NewProblem(source="ten_tasks", item="2.4", region=region, description=words, units=units, deadline=date(2022, 10, 11))
    async with town.transaction() as tx, tx.session("test", "problem") as session:
        problems = Store(session).problems
        await problems.add(new, problems.fingerprint(f"{region}{units}{words}"))


def sheet_of(town: Town, name: str) -> tuple[list[dict[str, Any]], dict[str, str], str]:
    """The rows of the file a person got last, by heading; its notes; its name."""
    message = next((one for one in reversed(town.inboxes[name]) if one.file), None)
    assert message, f"{name} got no file: {[one.text for one in town.inboxes[name]]}"
    book = openpyxl.load_workbook(io.BytesIO(town.world.media.read(message.file or "")))
    _, headings, *rows = book.worksheets[0].iter_rows(values_only=True)
    notes = dict(book.worksheets[1].iter_rows(values_only=True))
    return [dict(zip(headings, row, strict=True)) for row in rows], notes, message.file_name


async def export_notes(town: Town) -> list[str | None]:
    async with town.database.read() as conn:
        return list((await conn.execute(sa.select(audit.c.note).where(audit.c.action == "export.whole"))).scalars())


async def test_a_town_gets_its_clues_as_a_file(town: Town) -> None:
    await add_clue(town, 1001, ["housing"])
    await add_clue(town, 2001, ["water", "medical"])
    town.now += timedelta(days=5)
    await town.say("周镇", "导出台账")
    assert "共 2 行" in (await town.press("周镇", "风险线索台账"))[-1]
    rows, notes, name = sheet_of(town, "周镇")
    assert name == "瓦房镇-风险线索台账-20221017.xlsx"
    assert [row["村"] for row in rows] == ["白塔村", "瓦房村"]
    assert (rows[0]["户主"], rows[0]["户号"], rows[0]["风险类型"]) == ("张三", 1001, "住房安全")
    assert (rows[0]["当前环节"], rows[0]["已用天数"], rows[0]["是否逾期"]) == ("入户核查", 5, "是")
    assert notes["范围"] == "瓦房镇"
    assert "周镇" in notes["导出人"]
    assert notes["号码"].startswith("已遮盖")


async def test_what_a_visit_found_stands_beside_the_clue(town: Town) -> None:
    await add_clue(town, 1001, ["housing"])
    reason = "房子去年修过，电话13800001001"
    async with town.transaction() as tx, tx.session("test", "verify") as session:
        store = Store(session)
        clue = await store.clues.numbered(1)
        assert clue is not None
        closed = apply(clue, Act.NOT_FOUND, parties={Party.VILLAGE}, today=town.now.date(), clocks=PLAN.clocks, reason=reason)
        await store.clues.move(clue, closed, by=town.people["李村"], outcome=Act.NOT_FOUND.value, note=reason)
    town.now += timedelta(days=9)
    await town.say("李村", "/export clues")
    [row], _, _ = sheet_of(town, "李村")
    assert (row["当前环节"], row["已用天数"], row["环节期限"], row["是否逾期"]) == ("已办结", 0, None, "否")
    assert row["核查结果"] == "核查不属实"
    assert row["核查日期"].date() == START.date()
    assert row["核查情况"] == "房子去年修过，电话138****1001"


@pytest.mark.sqlite_only
async def test_a_village_and_a_unit_get_their_own_alone(town: Town) -> None:
    await add_clue(town, 1001, ["housing"])
    await add_clue(town, 2001, ["water"])
    await add_problem(town, BAITA, ("housing",))
    await add_problem(town, BAITA, ("water",))
    await add_problem(town, WAFANG, ("housing",))
    for name, clues, problems in (("李村", 1, 2), ("孙村", 1, 1), ("王建", 1, 2), ("陈医", 0, 0), ("郑市", 2, 3)):
        await town.say(name, "/export clues")
        assert len(sheet_of(town, name)[0]) == clues
        await town.say(name, "/export 问题整改台账")
        assert len(sheet_of(town, name)[0]) == problems


async def test_problems_tell_how_far_they_are(town: Town) -> None:
    await add_problem(town, BAITA, ("housing", "water"), words="张三 220881197001011001 家房顶漏")
    sha256 = await town.keep(b"photo", "image/jpeg")
    async with town.transaction() as tx, tx.session("test", "progress") as session:
        store = Store(session)
        problem = await store.problems.numbered(1)
        assert problem is not None
        for percent, words in ((30, "备料"), (60, "换了一半瓦")):
            problem = await store.problems.move(
                problem,
                Action.PROGRESS,
                state=ProblemState.WORKING,
                by=town.people["王建"],
                text=words,
                percent=percent,
                photos=[sha256],
            )
    await town.say("周镇", "/export problems")
    [row], _, _ = sheet_of(town, "周镇")
    assert (row["牵头单位"], row["配合单位"], row["状态"], row["进度"]) == ("镇乡建办", "镇水管所", "整改中", 60)
    assert (row["最近进展"], row["照片数"], row["是否逾期"], row["销号日期"]) == ("报进展：换了一半瓦", 2, "是", None)
    assert row["问题描述"] == "张三 2208**********1001 家房顶漏"
    assert (row["问题来源"], row["重点任务"]) == (PLAN.source("ten_tasks").label, "(二)4 住房安全")


async def test_whole_numbers_need_a_reason_which_is_kept(town: Town) -> None:
    masked = await town.say("周镇", "/export households")
    assert masked[-1].startswith("共 1 行，号码已遮盖。 [要看全号]")
    [row], _, _ = sheet_of(town, "周镇")
    assert (row["户主身份证号"], row["联系电话"]) == ("2208**********005X", "138****1005")
    assert await export_notes(town) == []
    asked = await town.press("周镇", "要看全号")
    assert "会留下记录" in asked[-1]
    assert "再说详细一点" in (await town.say("周镇", "看看"))[-1]
    await town.say("周镇", "向市局报送监测户信息")
    [row], notes, name = sheet_of(town, "周镇")
    assert (row["户主身份证号"], row["联系电话"]) == ("22088119700101005X", "13800001005")
    assert "向市局报送监测户信息" in notes["号码"]
    assert name.endswith("-全号.xlsx")
    assert await export_notes(town) == ["瓦房镇，1 行，周镇(瓦房镇乡村振兴办)：向市局报送监测户信息"]


async def test_a_long_ledger_is_made_aside_and_sent_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.ledgers.export.MOST_AT_ONCE", 1)
    await add_clue(town, 1001, ["housing"])
    await add_clue(town, 2001, ["water"])
    assert (await town.say("周镇", "/export clues"))[-1] == "这本台账超过 1 行，正在做，好了就发给您。"
    await town.say("周镇", "/export clues whole")
    await town.say("周镇", "向市局报送线索")
    await town.say("孙村", "/export clues")
    assert town.inboxes["孙村"][-1].text == "共 1 行，号码已遮盖。"

    assert await exports.work(town.transactions, town.world) == 2
    await town.settle()
    sent = [one for one in town.inboxes["周镇"] if one.file]
    assert [one.text for one in sent] == ["共 2 行，号码已遮盖。", "共 2 行，号码完整，请妥善保管。已留记录。"]
    assert await export_notes(town) == ["瓦房镇，2 行，周镇(瓦房镇乡村振兴办)：向市局报送线索"]
    assert await exports.work(town.transactions, town.world) == 0


@pytest.mark.sqlite_only
async def test_who_left_office_gets_no_ledger_that_was_ordered(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.ledgers.export.MOST_AT_ONCE", 0)
    await add_clue(town, 1001, ["housing"])
    await town.say("周镇", "/export clues")
    async with town.transaction() as tx, tx.session("test", "leave") as session:
        people = Store(session).people
        person = await people.get(town.people["周镇"])
        assert person is not None
        await people.end_post(person.posts[0].id)
    await exports.work(town.transactions, town.world)
    await town.settle()
    assert (town.inboxes["周镇"][-1].text, town.inboxes["周镇"][-1].file) == (NOT_YOURS, None)


@pytest.mark.sqlite_only
async def test_a_ledger_that_cannot_be_made_is_told_and_holds_up_no_other(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.ledgers.export.MOST_AT_ONCE", 0)
    await add_clue(town, 1001, ["housing"])
    await add_problem(town, BAITA, ("housing",))
    await town.say("周镇", "/export clues")
    await town.say("周镇", "/export problems")

    def broken(*_: object) -> AsyncIterator[LedgerRow]:
        raise OSError

    monkeypatch.setitem(LEDGERS, "clues", replace(LEDGERS["clues"], rows=broken))
    assert await exports.work(town.transactions, town.world) == 2
    await town.settle()
    assert [one.text for one in town.inboxes["周镇"][-2:]] == [exports.FAILED, "共 1 行，号码已遮盖。"]


@pytest.mark.sqlite_only
async def test_who_may_not_see_whole_numbers_is_told_where_to_go(town: Town) -> None:
    await add_clue(town, 1001, ["housing"])
    assert "要看全号" not in (await town.say("王建", "/export clues"))[-1]
    assert "请找镇乡村振兴办" in (await town.say("王建", "/export clues whole"))[-1]
    assert await town.say("王建", "/export households") == [NOT_YOURS]
    assert await town.say("李村", "/export quiz") == [NOT_YOURS]
    assert await town.say("周镇", "/export salaries") == [NOT_YOURS]
    assert "要看全号" in (await town.say("李村", "/export households"))[-1]
    await town.join_household("张三家", 1001)
    assert await town.say("张三家", "/export clues") == [NOT_YOURS]
    assert await export_notes(town) == []


async def test_the_sweep_leaves_no_household_out(town: Town) -> None:
    visited, absent = await town.household(1001), await town.household(1003)
    async with town.transaction() as tx, tx.session("test", "visit") as session:
        visits = Store(session).visits
        await visits.add(visited, PLAN.id, by=town.people["赵村"], outcome=VisitOutcome.TROUBLE, note="屋顶漏")
        await visits.add(absent, PLAN.id, by=town.people["赵村"], outcome=VisitOutcome.ABSENT)
    await town.say("李村", "/export sweep")
    rows, _, _ = sheet_of(town, "李村")
    assert [row["户号"] for row in rows] == [1001, 1002, 1003, 1004, 1005]
    found = {row["户号"]: (row["是否排查"], row["结果"], row["入户人"], row["情况"]) for row in rows}
    assert found[1001] == ("是", "有困难", "赵村", "屋顶漏")
    assert found[1002] == ("否", None, None, None)
    assert found[1003] == ("否", "没见到人", "赵村", None)


async def test_a_monitored_household_comes_with_its_measures(town: Town) -> None:
    await add_clue(town, 1005, ["housing"])
    household = await town.household(1005)
    async with town.transaction() as tx, tx.session("test", "support") as session:
        store = Store(session)
        clue = await store.clues.numbered(1)
        assert clue is not None
        support = store.measures.open(clue_id=clue.id, household_id=household.id, national_number="0042", kind=household.kind)
        support = await store.measures.assign(support, town.people["李村"])
        for text, day in (("翻修屋顶", 25), ("装防滑扶手", 20)):
            measure = store.measures.add(support, kind="housing", text=text, unit="housing", deadline=date(2022, 10, day))
        await store.measures.progress(measure, by=town.people["王建"], text="装好了", percent=100)
    await town.say("周镇", "/export households")
    [row], _, _ = sheet_of(town, "周镇")
    assert (row["系统编号"], row["帮扶责任人"], row["家庭人口"]) == ("0042", "李村", 1)
    assert row["帮扶措施"] == ("1. 装防滑扶手(镇乡建办，2022年10月20日前，100%)\n2. 翻修屋顶(镇乡建办，2022年10月25日前，0%)")
    assert (row["措施数"], row["已完成"], row["最近时限"].date()) == (2, 1, date(2022, 10, 25))


@pytest.mark.sqlite_only
async def test_indicators_stand_beside_last_years(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "figures") as session:
        enter = Store(session).indicators.enter
        by = town.people["赵村"]
        await enter(2021, BAITA, code="posts", value=12, by=by)
        await enter(2022, BAITA, code="posts", value=9, by=by, reason="两人年满六十，电话13800001001")
        await enter(2022, BAITA, code="loans", value=3, by=by)
    await town.say("李村", "/export indicators")
    rows, _, _ = sheet_of(town, "李村")
    assert {row["村"] for row in rows} == {"白塔村"}
    found = {row["指标"]: row for row in rows}
    posts, loans = found["公益岗位人数"], found["小额信贷户数"]
    assert (posts["去年"], posts["今年"], posts["增减"], posts["是否减少"]) == (12, 9, -3, "是")
    assert posts["减少原因"] == "两人年满六十，电话138****1001"
    assert (loans["去年"], loans["今年"], loans["增减"], loans["是否减少"]) == (None, 3, None, None)
    await town.say("周镇", "/export indicators")
    assert len(sheet_of(town, "周镇")[0]) == len(PLAN.villages) * len(PLAN.indicators)


async def test_the_unreachable_are_listed_with_the_reason(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "people") as session:
        store = Store(session)
        store.people.appoint(store.people.add("新来", "13912345678"), Role.VILLAGE, region=WAFANG)
    await town.join_household("张三家", 1001)
    async with town.database.write() as conn:
        await chats.mark_blocked(conn, ["test:李村", "test:张三家"], now=town.now)
    await town.say("周镇", "/export unreachable")
    rows, _, _ = sheet_of(town, "周镇")
    found = {row["姓名"]: row for row in rows}
    assert found.keys() == {"新来", "李村", "张三家"}
    assert (found["新来"]["原因"], found["新来"]["联系电话"]) == ("没有绑定聊天", "139****5678")
    assert (found["李村"]["原因"], found["李村"]["自何日起"].date()) == ("停用了机器人", START.date())
    assert found["张三家"]["身份"] == "白塔村 农户（张三家）"


@pytest.mark.sqlite_only
async def test_weak_clauses_name_nobody(town: Town) -> None:
    async with town.database.write() as conn:
        for name in ("李村", "赵村", "孙村"):
            for rating in (1, 3):
                row = {"person_id": town.people[name], "question": "q", "clause": "2.4", "rating": rating}
                await conn.execute(quiz_reviews.insert(), {**row, "id": new_id(), "daily": True, "at": town.now})
    shown = await town.say("周镇", "/export quiz")
    assert shown[-1].startswith("共 1 行。")
    [row], notes, _ = sheet_of(town, "周镇")
    assert notes["号码"] == "本表没有证件号和电话。"
    assert (row["条款"], row["答题次数"], row["错误率"]) == ("(二)4 住房安全", 6, 50)
    assert not set(town.people) & set(map(str, row.values()))


def person(*posts: tuple[Role, str, str | None]) -> Person:
    held = [Post(id=at, person_id=1, role=role, region=region, unit=unit) for at, (role, region, unit) in enumerate(posts)]
    return Person(id=1, name="甲", posts=tuple(held))


def test_what_somebody_reaches() -> None:
    everywhere = frozenset(Role)
    assert reach_of(person((Role.UNIT, TOWN, "health")), everywhere) == [Reach(region=TOWN, unit="health")]
    both = person((Role.VILLAGE, BAITA, None), (Role.TOWN, TOWN, None), (Role.UNIT, TOWN, "health"))
    assert reach_of(both, everywhere) == [Reach(region=TOWN)]
    assert reach_of(both, {Role.VILLAGE}) == [Reach(region=BAITA)]
    assert reach_of(person(), everywhere) == []
    assert narrowed([Reach(region=TOWN)], BAITA) == [Reach(region=BAITA)]
    assert narrowed([Reach(region=BAITA)], COUNTY) == [Reach(region=BAITA)]
    assert narrowed([Reach(region=BAITA)], WAFANG) == []
    assert reaches([Reach(region=TOWN, unit="health")], BAITA, units={"health"})
    assert not reaches([Reach(region=TOWN, unit="health")], BAITA, units={"water"})


def test_a_scope_in_words() -> None:
    assert scope_in_words(PLAN, [Reach(region=TOWN)]) == "瓦房镇"
    assert scope_in_words(PLAN, [Reach(region=TOWN, unit="health")]) == "瓦房镇卫生院"
    many = [Reach(region=village.code) for village in PLAN.villages[:5]]
    assert scope_in_words(PLAN, many).endswith("等 5 处")


@pytest.fixture
def office(data_folder: Path) -> Path:
    """A monitored household in each of two villages, and a town officer."""

    async def fill(installation: Installation) -> None:
        async with transaction(installation.database, START) as tx, tx.session("test", "fill") as session:
            store = Store(session)
            store.people.appoint(store.people.add("周镇"), Role.TOWN, region=TOWN)
            store.people.appoint(store.people.add("王建"), Role.UNIT, region=TOWN, unit="housing")
            for key, village in ((1, BAITA), (2, WAFANG)):
                row = {"number": key, "village": village, "group_name": "一屯", "head": "张三", "kind": "边缘易致贫户"}
                session.add(households, household_row(key, row))
                vault = session.vault
                session.add(
                    members,
                    member_row(
                        vault,
                        key,
                        household_id=key,
                        name="张三",
                        relation="户主",
                        id_number="220881197001011001",
                        phone="13800001001",
                    ),
                )

    inside(data_folder, fill)
    return data_folder


def test_the_command_writes_a_masked_ledger_of_one_village(office: Path, tmp_path: Path) -> None:
    out = tmp_path / "台账.xlsx"
    done = run("export", "households", "--region", "白塔村", "--out", str(out))
    assert (done.exit_code, done.output.count("共 1 行，号码已遮盖")) == (0, 1)
    sheet = openpyxl.load_workbook(out).worksheets[0]
    assert sheet["A1"].value == "白塔村监测户台账"
    assert (sheet["F3"].value, sheet["F3"].data_type) == ("2208**********1001", "s")


def test_the_command_gives_whole_numbers_for_a_name_and_a_reason(office: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "台账.xlsx")
    whole = ("export", "households", "--unmasked", "--out", out)
    assert run(*whole).exit_code == 2
    assert run(*whole, "--as", "周镇").exit_code == 2
    assert run(*whole, "--as", "周镇", "--reason", "看").exit_code == 2
    refused = run(*whole, "--as", "王建", "--reason", "核对证件号码")
    assert refused.exit_code == 1
    assert "王建" in refused.stderr
    assert run(*whole, "--as", "没有", "--reason", "核对证件号码").exit_code == 1
    assert not Path(out).exists()
    done = run(*whole, "--as", "周镇", "--reason", "核对证件号码")
    assert "共 2 行，号码完整" in done.output
    assert openpyxl.load_workbook(out).worksheets[0]["F3"].value == "220881197001011001"

    async def look(installation: Installation) -> None:
        async with installation.database.read() as conn:
            rows = await conn.execute(sa.select(audit.c.note).where(audit.c.action == "export.whole"))
            assert list(rows.scalars()) == ["瓦房镇，2 行，周镇(瓦房镇乡村振兴办)：核对证件号码"]

    inside(office, look)


def test_the_command_lists_its_ledgers() -> None:
    shown = run("export", "--help").output
    assert all(ledger.code in shown and ledger.title in shown for ledger in LEDGERS.values())
    assert run("export", "salaries").exit_code == 2
