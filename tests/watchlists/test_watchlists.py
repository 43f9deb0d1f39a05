"""Watch-lists: brought by units as spreadsheets, checked by villages when due; who is not well becomes a clue."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.engine.words import NOT_YOURS
from handlers.watchlists.rules import brought_by, first_days
from storage.database import audit
from storage.store import Store
from storage.watchlists import Watched, WatchlistFigures
from tests.support import tables
from tests.support.mornings import morning
from tests.support.plan import BAITA, PLAN, WAFANG
from tests.support.town import START, VAULT, Town
from tests.support.transcripts import check

TODAY = START.date()
HEADINGS = ("序号", "学生姓名", "身份证号", "村", "屯", "备注")
ZHANG = (1, "张三", "", "白塔村", "", "初二")
TRANSCRIPT = Path(__file__).parents[1] / "transcripts" / "check" / "watch.txt"


def xlsx(*rows: Sequence[object]) -> bytes:
    return tables.xlsx(HEADINGS, *rows)


async def bring(town: Town, *rows: Sequence[object], code: str = "loans", by: str = "周镇", answer: str = "提交") -> str:
    """Import a list as somebody would; what is said at the end."""
    await town.say(by, f"/watchlist {code}")
    await town.send_document(by, xlsx(*rows), "名单.xlsx")
    return (await town.press(by, answer))[-1]


async def on_list(town: Town, day: date = date(2099, 1, 1)) -> list[Watched]:
    """Everybody on a list, the first due first."""
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return await Store(session).watchlists.due(PLAN.id, ["220881"], today=day, most=999)


async def figures(town: Town, code: str = "loans") -> WatchlistFigures:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return (await Store(session).watchlists.figures(PLAN.id, PLAN.town.code, today=town.now.date()))[code]


# ---- Rules


@given(st.lists(st.sampled_from(["a", "b", "c"])), st.integers(1, 366))
def test_first_checks_are_spread_over_one_period_in_each_village(villages: list[str], every_days: int) -> None:
    days = first_days(villages, every_days, TODAY)
    assert all(TODAY <= day < TODAY + timedelta(days=every_days) for day in days)
    for village, count in Counter(villages).items():
        mine = [day for where, day in zip(villages, days, strict=True) if where == village]
        assert mine[0] == TODAY
        assert max(Counter(mine).values()) <= -(-count // every_days)


@pytest.mark.sqlite_only
async def test_each_unit_brings_the_lists_of_its_tasks_and_the_town_all(town: Town) -> None:
    await town.say("周镇", "/help")  # so that the town's people are known
    codes = {
        official.person.name: [one.code for one in brought_by(official.person, PLAN)]
        for official in town.world.directory.officials
    }
    assert codes["陈医"] == ["chronic"]
    assert codes["王建"] == ["unsafe_houses"]
    assert codes["周镇"] == [one.code for one in PLAN.watchlists]
    assert codes["李村"] == []


# ---- Import


async def test_people_are_found_by_number_else_by_name_and_village(town: Town) -> None:
    said = await bring(
        town,
        (1, "曾国强", "", "白塔", "", ""),
        (2, "刘伟", "", "白塔村", "三屯", ""),
        (3, "刘伟", "", "白塔村", "", ""),
        (4, "李四", "", "白塔村", "", ""),
        (5, "张三", "11010519491231002X", "白塔村", "", ""),
    )
    assert "小额信贷意愿户：新增 2 人，跳过 0 人，有误 3 行" in said
    assert "📎小额信贷意愿户-导入结果.xlsx" in said
    numbers = [(await town.household(number)).id for number in (1003, 1005)]
    assert sorted(one.household_id for one in await on_list(town)) == sorted(numbers)
    [(_, message), *_] = [sent for sent in reversed(town.platform.sent) if sent[1].file_name.endswith("导入结果.xlsx")]
    book = openpyxl.load_workbook(io.BytesIO(town.world.media.read(message.file or "")))
    outcomes = {row[0]: (row[2], row[3]) for row in book.active.iter_rows(min_row=2, values_only=True)}
    assert outcomes[4] == ("有误", "村里同名的有 2 户，请补上身份证号或屯")
    assert outcomes[5][0] == "有误"
    assert outcomes[6][0] == "有误"  # the roster's 张三 has another number


@pytest.mark.sqlite_only
async def test_the_preview_tells_before_anything_is_written(town: Town) -> None:
    await town.say("陈医", "/watchlist")
    asked = (await town.send_document("陈医", xlsx(ZHANG, (2, "李四", "", "白塔村", "", "")), "名单.xlsx"))[-1]
    assert "四类慢病患者：新增 1 人，已在清单跳过 0 人，有误 1 行。" in asked
    assert "第 3 行 李四：" in asked
    assert "每 90 天核查一次" in asked
    assert "没有导入" in (await town.press("陈医", "取消"))[-1]
    assert not await on_list(town)


async def test_the_same_file_again_changes_nothing(town: Town) -> None:
    rows = (ZHANG, ZHANG, (3, "马六", "", WAFANG_NAME, "", ""))
    assert "新增 2 人，跳过 1 人" in await bring(town, *rows)
    before = await on_list(town)
    await town.say("周镇", "/watchlist loans")
    assert "新增 0 人，跳过 3 人，有误 0 行。" in (await town.send_document("周镇", xlsx(*rows), "名单.xlsx"))[-1]
    assert await on_list(town) == before


WAFANG_NAME = PLAN.village(WAFANG).name


@pytest.mark.sqlite_only
async def test_who_is_missing_from_a_new_list_is_taken_off_with_one_tap(town: Town) -> None:
    """Only those of the villages in the file, and only whom the same office had put on the list."""
    await bring(town, ZHANG, (2, "曾国强", "", "白塔村", "", ""), (3, "马六", "", WAFANG_NAME, "", ""))
    await town.say("周镇", "/watchlist loans")
    asked = (await town.send_document("周镇", xlsx(ZHANG), "名单.xlsx"))[-1]
    assert "有 1 人在清单上，这份表里没有" in asked
    await town.press("周镇", "移出清单")
    assert "移出 1 人" in (await town.press("周镇", "提交"))[-1]
    assert sorted(one.name for one in await on_list(town)) == ["张三", "马六"]
    await town.say("周镇", "/watchlist loans")
    again = await town.send_document("周镇", xlsx(ZHANG, (2, "曾国强", "", "白塔村", "", "")), "名单.xlsx")
    assert "新增 0 人，跳过 2 人" in again[-1]


@pytest.mark.sqlite_only
async def test_a_csv_and_the_filled_in_template_are_taken_too(town: Town) -> None:
    await town.say("王建", "/watchlist")
    sent = await town.press("王建", "要模板")
    assert "📎C、D级危房户模板.xlsx" in "".join(sent)
    content = "户主,身份证号,行政村\n张桂兰,,白塔村\n".encode("gb18030")
    await town.send_document("王建", content, "危房.csv")
    assert "新增 1 人" in (await town.press("王建", "提交"))[-1]


@pytest.mark.sqlite_only
async def test_what_is_no_list_is_refused_kindly_and_asked_for_again(town: Town) -> None:
    await town.say("王建", "/watchlist")
    assert "不是 .xlsx 或 .csv 文件" in (await town.send_document("王建", b"x", "名单.doc"))[-1]
    assert "身份证号或行政村" in (await town.send_document("王建", "姓名,备注,序号\n张三,,1\n".encode(), "a.csv"))[-1]
    assert "新增 1 人" in (await town.send_document("王建", xlsx(ZHANG), "名单.xlsx"))[-1]


@pytest.mark.sqlite_only
async def test_a_list_of_others_does_not_exist(town: Town) -> None:
    for name, command in (("陈医", "/watchlist pupils"), ("周镇", "/watchlist nowhere"), ("李村", "/watchlist loans")):
        assert NOT_YOURS in (await town.say(name, command))[-1]


# ---- Checking


@pytest.mark.sqlite_only
async def test_transcript(restart: bool, town: Town) -> None:
    await bring(town, *((n, name, "", "白塔村", "", "") for n, name in enumerate(("张三", "曾国强", "张桂兰"))))
    for name in town.people:
        town.unread(name)
    await check(TRANSCRIPT, town, restart=restart)


async def test_a_check_in_order_comes_again_after_the_period(town: Town) -> None:
    await bring(town, ZHANG)
    asked = (await town.say("李村", "清单核查"))[-1]
    assert "小额信贷意愿户：张三(白塔村一屯张三家) / 初二 / 贷款办下来了或正在办吗？" in asked
    assert "到期的都核查过了" in (await town.press("李村", "正常"))[-1]
    [entry] = await on_list(town)
    assert (entry.next_on, entry.checked_on, entry.checked_by) == (date(2022, 11, 11), TODAY, town.people["李村"])
    assert "今天没有到期的" in (await town.say("李村", "/watch"))[-1]
    assert await figures(town) == WatchlistFigures(entries=1, on_time=1, due=0, overdue=0, found=0)
    town.now = START.replace(month=11, day=12)
    assert await figures(town) == WatchlistFigures(entries=1, on_time=0, due=0, overdue=1, found=0)
    assert "张三" in (await town.say("赵村", "/watch"))[-1]
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []


@pytest.mark.sqlite_only
async def test_a_failed_check_is_a_clue_of_the_lists_kind_and_the_entry_stays(town: Town) -> None:
    await bring(town, ZHANG, code="pupils")
    await town.say("李村", "/watch")
    await town.press("李村", "有问题")
    summary = (await town.say("李村", "没去上学，在家放羊"))[-1]
    assert "白塔村一屯张三家 / 义务教育 / 没去上学，在家放羊" in summary
    assert "已上报，1号线索" in (await town.press("李村", "提交"))[-1]
    assert "没去上学" in "".join(town.unread("赵村"))
    [entry] = await on_list(town)
    assert (entry.found, entry.next_on) == (1, date(2022, 11, 11))
    assert (await figures(town, "pupils")).found == 1


@pytest.mark.sqlite_only
async def test_whoever_is_off_the_list_is_ended_with_a_reason(town: Town) -> None:
    await bring(town, ZHANG, code="uninsured")
    await town.say("李村", "/watch")
    await town.press("李村", "已不在清单")
    assert "到期的都核查过了" in (await town.say("李村", "已参保"))[-1]
    assert not await on_list(town)
    assert await figures(town, "uninsured") == WatchlistFigures(0, 0, 0, 0, 0)


@pytest.mark.sqlite_only
async def test_three_at_a_sitting_the_longest_overdue_first(town: Town) -> None:
    rows = [(n, name, "", "白塔村", "", "") for n, name in enumerate(("张三", "曾国强", "张桂兰"))]
    await bring(town, *rows, (9, "刘伟", "", "白塔村", "一屯", ""), (10, "刘伟", "", "白塔村", "三屯", ""))
    assert [(one.next_on - TODAY).days for one in await on_list(town)] == [0, 6, 12, 18, 24]
    town.now = START + timedelta(days=20)
    asked = (await town.say("李村", "/watch"))[-1]
    for name in ("张三", "曾国强", "张桂兰"):
        assert f"：{name}(" in asked
        asked = (await town.press("李村", "正常"))[-1]
    assert "本村还有 1 人到期。 [接着核查]" in asked
    assert "刘伟(白塔村一屯刘伟家)" in (await town.press("李村", "接着核查"))[-1]


async def test_the_second_of_two_hears_that_the_first_has_checked(town: Town) -> None:
    await bring(town, ZHANG)
    for name in ("李村", "赵村"):
        await town.say(name, "/watch")
    await town.press("李村", "正常")
    assert "张三已由李村核查过，下次 11月11日。" in (await town.press("赵村", "有问题"))[-1]
    [entry] = await on_list(town)
    assert (entry.checked_by, entry.found) == (town.people["李村"], 0)


@pytest.mark.sqlite_only
async def test_what_is_said_of_ones_health_is_shown_to_nobody_and_kept_sealed(town: Town) -> None:
    await bring(town, (1, "张三", "", "白塔村", "", "糖尿病十年"), code="chronic", by="陈医")
    assert "糖尿病" not in "".join(await town.say("李村", "/watch"))
    async with town.database.read() as conn:
        stored = (await conn.exec_driver_sql("SELECT name, note FROM watch_entries")).one()
    assert not any(word.encode() in bytes(cell) for word in ("张三", "糖尿病") for cell in stored)


@pytest.mark.sqlite_only
async def test_only_the_village_checks_and_those_above_see_how_it_stands(town: Town) -> None:
    await bring(town, ZHANG)
    assert "今天没有到期的" in (await town.say("孙村", "/watch"))[-1]
    assert NOT_YOURS in (await town.say("孙村", f"/watch {BAITA}"))[-1]
    assert NOT_YOURS in (await town.say("周镇", "/watch 220881100"))[-1]
    assert NOT_YOURS in (await town.say("陈医", f"/watch {BAITA}"))[-1]
    assert "白塔村清单核查还有 1 人到期" in (await town.say("周镇", f"/watch {BAITA}"))[-1]
    shown = (await town.say("郑市", "清单情况"))[-1]
    assert "适龄学生：还没有导入" in shown
    assert "小额信贷意愿户 1 人：按时核查 0，今天到期 1" in shown
    assert "小额信贷" not in (await town.say("陈医", "/watchlists"))[-1]
    assert NOT_YOURS in (await town.say("李村", "/watchlists"))[-1]


# ---- Reminders


@pytest.mark.sqlite_only
async def test_one_line_a_village_and_day_however_many_are_due(town: Town) -> None:
    rows = [(n, name, "", "白塔村", "", "") for n, name in enumerate(("张三", "曾国强", "张桂兰"))]
    await bring(town, *rows, (9, "马六", "", WAFANG_NAME, "", ""))
    for name in town.people:
        town.unread(name)
    await morning(town, date(2022, 10, 27), checks=True)
    [said] = [line for line in town.unread("李村") if "清单核查" in line]
    assert "白塔村清单核查 2 人：今天到期" in said
    assert f"{WAFANG_NAME}清单核查 1 人" in "".join(town.unread("孙村"))
    assert not [line for line in town.unread("周镇") if "清单核查" in line]
    await town.press("李村", "去核查")
    for _ in range(2):
        await town.press("李村", "正常")
    await morning(town, date(2022, 10, 28), checks=True)
    assert "清单核查" not in "".join(town.unread("李村"))
    assert "清单核查 1 人" in "".join(town.unread("孙村"))
