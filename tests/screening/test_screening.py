"""A unit's screening list becomes clues to verify: once, for the right households, and the results flow back."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from bot.setup.installation import open_installation
from bot.setup.settings import load_settings
from handlers.engine.jobs import Transactions
from handlers.screening import job
from handlers.screening.job import forget_unconfirmed, work
from storage.cases.records import Clue, ClueSource, clue_events, clues
from storage.cases.steps import Step
from storage.database.base import new_id, to_base36
from storage.database.transaction import transaction
from storage.people.persons import Role
from storage.reminders.rows import reminders
from storage.roster import household_row, households, member_row, members
from storage.screening.records import ListState, ScreeningList, screening_lists, screening_rows
from storage.store import Store
from tests.support import tables
from tests.support.commands import run
from tests.support.plan import BAITA, TOWN, WAFANG
from tests.support.tables import id_number
from tests.support.town import START, VAULT, Town

HEADINGS = ("序号", "姓名", "身份证号", "行政村", "预警原因")
MEI = (1, "王梅", id_number(1), "", "大病住院")
LI = (2, "李雷", id_number(2), "", "大病住院")
NAMED = (3, "曾国强", "", "白塔村", "高血压")
NOBODY = (4, "没这人", id_number(9), "白塔村", "糖尿病")
BAD = (5, "赵六", "123", "白塔村", "糖尿病")


def xlsx(*rows: Sequence[object], headings: Sequence[str] = HEADINGS) -> bytes:
    return tables.xlsx(headings, *rows)


@pytest.fixture
async def town(town: Town) -> Town:
    """王梅 lives in 张三's installation in 白塔村, 李雷 in 马六's in 瓦房村."""
    for number, name, serial in ((1001, "王梅", 1), (2002, "李雷", 2)):
        home = await town.household(number)
        async with town.transaction() as tx, tx.session("test", "member") as session:
            session.add(
                members,
                member_row(
                    VAULT, new_id(), household_id=home.id, name=name, relation="其他", id_number=id_number(serial), phone=None
                ),
            )
    return town


async def tick(town: Town) -> None:
    """What the clock does by itself."""
    async with town.database.read() as conn:
        await town.caches.refresh(conn)
    await work(town.transactions, town.world)
    await town.settle()


async def hand_in(town: Town, content: bytes, who: str = "陈医", name: str = "慢病.xlsx") -> list[str]:
    """Returns what the sender is shown of the list."""
    await town.say(who, "筛查名单")
    await town.send_document(who, content, name)
    await tick(town)
    return town.unread(who)


async def take_in(town: Town, content: bytes, who: str = "陈医") -> list[str]:
    """Hand a list in and import it; returns what the sender got at the end."""
    await hand_in(town, content, who)
    await town.press(who, "导入")
    await tick(town)
    return town.unread(who)


async def filed(town: Town) -> list[Clue]:
    async with town.transaction() as tx, tx.session() as session:
        found = [row.id for row in await session.read(sa.select(clues.c.id).order_by(clues.c.number))]
        return sorted(await Store(session).clues.several(found), key=lambda clue: clue.number)


async def lists(town: Town) -> list[ScreeningList]:
    async with town.transaction() as tx, tx.session() as session:
        keys = [row.id for row in await session.read(sa.select(screening_lists.c.id))]
        found = [await Store(session).screening_lists.get(key) for key in keys]
    return [one for one in found if one is not None]


def outcomes(town: Town, who: str) -> dict[str, tuple[object, ...]]:
    """The last file somebody got, by name: number of the row, ID, village, outcome, clue, visit, why."""
    sha256 = next(message.file for message in reversed(town.inboxes[who]) if message.file)
    sheet = openpyxl.load_workbook(io.BytesIO(town.world.media.read(sha256)))["筛查结果"]
    rows = [row[1:] for row in sheet.iter_rows(values_only=True)]
    return {row[1]: (row[0], *row[2:]) for row in rows[2:]}


async def test_two_who_work_on_one_list_tell_of_it_once(town: Town) -> None:
    await hand_in(town, xlsx(MEI, LI))
    await town.press("陈医", "导入")
    for who in town.people:
        town.unread(who)
    await asyncio.gather(work(town.transactions, town.world), work(town.transactions, town.world))
    await town.settle()
    assert len(await filed(town)) == 2
    assert [message for message in town.unread("李村") if "筛查名单" in message][1:] == []
    assert len(town.unread("陈医")) == 1


async def test_a_list_is_shown_imported_and_answered_row_by_row(town: Town) -> None:
    [shown] = await hand_in(town, xlsx(MEI, LI, NAMED, NOBODY, BAD))
    assert "共 5 行" in shown
    assert "对上户 2，要人认户 1，没找到 1，有误 1" in shown
    assert "第 5 行 没这人" in shown
    assert await filed(town) == []

    for who in town.people:
        town.unread(who)
    await town.press("陈医", "导入")
    await tick(town)
    [done] = town.unread("陈医")
    assert "已建线索 2，待认户 1，没找到 1，有误 1" in done
    assert "📎慢病-筛查结果.xlsx" in done
    first, second = await filed(town)
    assert (first.source, first.kinds, first.village) == (ClueSource.SCREENING, ("medical",), BAITA)
    assert first.detail == "镇卫生院筛查：王梅，大病住院"
    assert first.reporter_id == town.people["陈医"]
    assert str(first.due_on) == "2022-10-14"
    assert outcomes(town, "陈医")["王梅"][:5] == (2, f"2208**********{id_number(1)[-4:]}", "白塔村", "已建线索", "1号")
    assert outcomes(town, "陈医")["赵六"][3] == "有误"
    assert "18 位" in str(outcomes(town, "陈医")["赵六"][-1])

    [news] = town.unread("李村")
    assert "【镇卫生院筛查名单】您村 1 户待核查，请在 10月14日前入户" in news
    assert "另有 1 人" in news
    assert "您村 1 户待核查" in town.unread("孙村")[0]
    assert town.unread("冯水") == []
    assert second.village == WAFANG
    async with town.database.read() as conn:
        planned = (await conn.execute(sa.select(sa.func.count()).where(reminders.c.subject == "clue"))).scalar_one()
    assert planned >= 4


async def test_a_file_that_says_what_it_is_needs_no_command(town: Town) -> None:
    assert "正在和名册核对" in " ".join(await town.send_document("陈医", xlsx(MEI), "十月筛查.xlsx"))
    await tick(town)
    assert "共 1 行" in " ".join(town.unread("陈医"))


async def test_the_same_file_twice_has_no_second_effect_and_says_so(town: Town) -> None:
    content = xlsx(MEI, LI)
    await take_in(town, content)
    await town.say("陈医", "筛查名单")
    again = await town.send_document("陈医", content, "换个名字.xlsx")
    assert "这份名单您在 10月12日 09:00 交过并导入了，不会重复导入" in again[-1]
    await tick(town)
    assert len(await filed(town)) == 2
    await town.say("冯水", "筛查名单")
    assert "别的单位已经交过" in (await town.send_document("冯水", content, "a.xlsx"))[-1]


async def test_who_has_an_open_clue_about_the_same_gets_no_second_one(town: Town) -> None:
    await take_in(town, xlsx(MEI))
    water = (2, "王梅", id_number(1), "", "缺水")
    done = await take_in(town, xlsx(MEI, (2, "王梅", id_number(1), "", "住院"), water, (9, "张三", "", "白塔村", "大病")))
    assert "已建线索 1，已报过，跳过 2，待认户 1" in done[0]
    assert [clue.kinds for clue in await filed(town)] == [("medical",), ("water",)]
    await town.say("李村", "认户")
    await town.press("李村", "是")
    assert len(await filed(town)) == 2
    await town.say("陈医", "/screened")
    assert "并入已有线索 1" in (await town.press("陈医", "看这份"))[-1]


async def test_who_is_only_named_is_decided_by_the_village_one_by_one(town: Town) -> None:
    twins = (4, "刘伟", "", "白塔村", "慢病")
    await take_in(town, xlsx(NAMED, twins, (5, "张桂兰", "", "白塔村", "慢病"), (6, "马六", "", "瓦房村", "慢病")))
    [asked] = await town.say("李村", "认户")
    assert "镇卫生院名单：曾国强，白塔村" in asked
    assert "是不是白塔村二屯曾国强家（户号 1003）？ [1 是][2 不是] [跳过]" in asked
    await town.restart()
    [asked] = (await town.press("李村", "是"))[-1:]
    assert "是哪一户？" in asked
    assert "1004" in asked
    assert "1005" in asked
    [asked] = (await town.press("李村", "跳过"))[-1:]
    assert "张桂兰" in asked
    assert "记下了 2 人。跳过的 1 人以后再认" in (await town.press("李村", "不是"))[-1]
    [clue] = await filed(town)
    assert (clue.kinds, clue.detail) == (("medical",), "镇卫生院筛查：曾国强，高血压")

    assert "刘伟" in (await town.say("陈医", "认户"))[-1]
    assert "马六" in (await town.press("陈医", "都不是"))[-1]
    await town.press("陈医", "是")
    assert "没有要认的人" in (await town.say("周镇", "认户"))[-1]
    assert len(await filed(town)) == 2


@pytest.mark.sqlite_only
async def test_two_people_naming_the_same_household_make_one_clue(town: Town) -> None:
    await take_in(town, xlsx(NAMED, MEI))
    await town.say("李村", "认户")
    await town.say("赵村", "认户")
    await town.press("李村", "是")
    assert "都认完了" not in (await town.press("赵村", "不是"))[-1]
    assert [clue.detail[-3:] for clue in await filed(town)] == ["病住院", "高血压"]


@pytest.mark.sqlite_only
async def test_a_reason_nobody_understands_is_asked_for_once(town: Town) -> None:
    [shown] = await hand_in(town, xlsx((1, "王梅", id_number(1), "", "见附件"), (2, "李雷", id_number(2), "", "")))
    assert "有 2 行看不出风险类型" in shown
    assert "有 2 行看不出风险类型，按哪类算" in (await town.press("陈医", "导入"))[-1]
    assert "开始导入" in (await town.say("陈医", "医疗 残疾"))[-1]
    await tick(town)
    assert [clue.kinds for clue in await filed(town)] == [("medical", "disability")] * 2


@pytest.mark.sqlite_only
async def test_the_results_flow_back_to_the_unit(town: Town) -> None:
    await take_in(town, xlsx(MEI, LI, NAMED))
    first, second = await filed(town)
    for clue, outcome, step in ((first, "found", Step.AUTHORIZE), (second, "none", Step.CLOSED)):
        async with town.transaction() as tx, tx.session("test", "visit") as session:
            row = (await session.read(sa.select(clues).where(clues.c.id == clue.id)))[0]
            await session.amend(clues, row._mapping, step=step.value)

            session.add(
                clue_events,
                {
                    "id": new_id(), "clue_id": clue.id, "person_id": town.people["李村"], "at": town.now,
                    "step": Step.VERIFY.value, "outcome": outcome, "note": VAULT.seal_text("看过了"),
                },
            )  # fmt: skip
    await town.say("陈医", "认户")
    await town.press("陈医", "是")
    [told] = await town.say("陈医", "筛查结果")
    assert "10月12日 慢病.xlsx：属实 1，不属实 1，待核查 1" in told
    await town.press("陈医", "看这份")
    await town.press("陈医", "要结果表")
    await tick(town)
    assert "📎慢病-筛查结果.xlsx" in town.unread("陈医")[-1]
    visits = {name: row[5] for name, row in outcomes(town, "陈医").items()}
    assert visits == {"王梅": "属实", "李雷": "不属实", "曾国强": "待核查"}
    assert id_number(1) not in str(outcomes(town, "陈医"))


@pytest.mark.sqlite_only
async def test_a_village_sees_whom_it_has_to_visit_and_nobody_elses(town: Town) -> None:
    await take_in(town, xlsx(MEI, LI))
    [seen] = await town.press("李村", "看名单")
    assert "还有 1 户待核查" in seen
    assert "白塔村一屯张三家 医疗" in seen
    assert "1号" in (await town.press("李村", "白塔村一屯张三家 医疗"))[-1]
    [found] = await lists(town)
    key = to_base36(found.id)
    for command in (f"/screened {key}", f"/screened {key} list", f"/screening {key} no", "/screened zz"):
        assert "没有这一项" in (await town.say("冯水", command))[-1]
    assert "没有这一项" in (await town.say("李村", "/screening"))[-1]
    assert "没有要认的人" in (await town.say("冯水", f"/samehome {key}"))[-1]


@pytest.mark.sqlite_only
async def test_what_cannot_be_read_or_helps_nobody_may_come_again(town: Town) -> None:
    assert "没有读成" in (await hand_in(town, xlsx((1, 2), headings=("甲", "乙"))))[0]
    assert "没有读成" in (await hand_in(town, b"PK broken"))[0]
    nobody = await hand_in(town, xlsx(NOBODY, BAD))
    assert "没有能导入的行" in nobody[0]
    assert "📎" in nobody[0]
    assert await lists(town) == []
    await hand_in(town, xlsx(MEI))
    assert "没有导入，名单已删掉" in (await town.press("陈医", "不导入"))[-1]
    assert await lists(town) == []
    assert "对上户 1" in (await hand_in(town, xlsx(MEI)))[0]


@pytest.mark.sqlite_only
async def test_a_list_nobody_wants_is_forgotten_after_a_week(town: Town) -> None:
    await hand_in(town, xlsx(MEI))
    for days, left in ((6, 1), (8, 0)):
        town.now = START + timedelta(days=days)
        async with town.transaction() as tx:
            await forget_unconfirmed(tx, town.world)
        assert len(await lists(town)) == left


@pytest.mark.sqlite_only
async def test_a_csv_from_a_chinese_excel(town: Town) -> None:
    text = "\r\n".join(",".join(str(cell) for cell in row) for row in (HEADINGS, MEI))
    [shown] = await hand_in(town, text.encode("gb18030"), name="名单.csv")
    assert "对上户 1" in shown


async def test_an_import_cut_off_anywhere_goes_on_and_files_everything_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every few transactions a crash; each run of the job gets a little further."""
    monkeypatch.setattr(job, "CHUNK", 2)
    rows = []
    async with town.transaction() as tx, tx.session("test", "roster") as session:
        for serial in range(10, 17):
            key = new_id()
            row = {"number": 5000 + serial, "village": BAITA, "group_name": "一屯", "head": f"户{serial}"}
            session.add(households, household_row(key, row))
            session.add(
                members,
                member_row(
                    VAULT,
                    new_id(),
                    household_id=key,
                    name=f"户{serial}",
                    relation="户主",
                    id_number=id_number(serial),
                    phone=None,
                ),
            )
            rows.append((serial, f"户{serial}", id_number(serial), "", "大病"))
        session.touch("roster")
    await town.say("陈医", "筛查名单")
    await town.send_document("陈医", xlsx(*rows), "慢病.xlsx")
    for _ in range(60):
        await _one_transaction(town)
        await town.restart()
        [found] = await lists(town)
        if found.state is ListState.READ:
            await town.settle()
            await town.press("陈医", "导入")
        if found.state is ListState.DONE and found.wanted_by is None:
            break
    assert [clue.number for clue in await filed(town)] == list(range(1, 8))
    async with town.database.read() as conn:
        states = (await conn.execute(sa.select(screening_rows.c.state))).scalars().all()
    assert states == ["filed"] * 7
    await town.settle()
    assert sum("您村 7 户待核查" in (message.text or "") for message in town.inboxes["李村"]) == 1


class _Crash(Exception):
    pass


async def _one_transaction(town: Town) -> None:
    """Run the job for a few transactions, then crash."""
    opened_so_far = 0

    def clock() -> datetime:
        nonlocal opened_so_far
        opened_so_far += 1
        if opened_so_far > 4:
            raise _Crash
        return town.now

    async with town.database.read() as conn:
        await town.caches.refresh(conn)
    try:
        await work(Transactions(town.database, clock), town.world)
    except _Crash:
        return


def test_the_command_takes_a_list_in_for_somebody_in_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_DATA_DIR", str(tmp_path / "data"))
    asyncio.run(_found())
    file = tmp_path / "慢病.xlsx"
    file.write_bytes(xlsx(MEI, (2, "王梅", id_number(1), "", "")))

    def run_command(*arguments: str) -> tuple[int, str]:
        done = run("import-screening", *arguments)
        return done.exit_code, done.output

    assert run_command(str(file), "--as", "没这人")[0] == 2
    assert run_command(str(file), "--as", "陈医", "--kind", "航天")[0] == 2
    code, said = run_command(str(file), "--as", "陈医")
    assert (code, "已建线索 1，有误 1" in said) == (1, True)
    assert (tmp_path / "慢病-筛查结果.xlsx").exists()
    assert "不会重复导入" in run_command(str(file), "--as", "陈医")[1]
    file.write_bytes(xlsx(NOBODY))
    assert "没找到 1" in run_command(str(file), "--as", "陈医")[1]
    assert "没找到 1" in run_command(str(file), "--as", "陈医")[1]
    file.write_bytes(b"PK no spreadsheet")
    assert run_command(str(file), "--as", "陈医")[0] == 1


async def _found() -> None:

    async with (
        open_installation(load_settings(), lambda _: None) as installation,
        transaction(installation.database, START) as tx,
        tx.session("test", "found") as session,
    ):
        people = Store(session).people
        people.appoint(people.add("陈医"), Role.UNIT, region=TOWN, unit="health")
        key = new_id()
        row = {"number": 1, "village": BAITA, "group_name": "一屯", "head": "王强"}
        session.add(households, household_row(key, row))
        session.add(
            members,
            member_row(
                session.vault, new_id(), household_id=key, name="王梅", relation="配偶", id_number=id_number(1), phone=None
            ),
        )
        session.touch("roster")
