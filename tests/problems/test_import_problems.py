"""A ledger comes in from a spreadsheet: whatever its layout, only once, and nothing evil with it."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.files.reader import read_sheets, read_table
from handlers.files.tables import TableRow, find_table, is_blank
from handlers.problems.importing import ProblemsReport, import_problems, template
from handlers.problems.rows import PROBLEM_LEDGER, ProblemColumn, read_problems
from handlers.reading import Unreadable
from storage.problems.records import NewProblem
from storage.roster import Household, Roster
from storage.store import Store
from tests.support.plan import BAITA, PLAN
from tests.support.problems import open_problems
from tests.support.tables import cells, xlsx
from tests.support.town import START, Town

ROSTER = Roster(
    [
        Household(id=1, number=1001, village=BAITA, group_name="一屯", head="张三", kind="脱贫户"),
        Household(id=2, number=1004, village=BAITA, group_name="一屯", head="刘伟", kind="一般户"),
        Household(id=3, number=1005, village=BAITA, group_name="三屯", head="刘伟", kind="一般户"),
    ]
)
TODAY = date(2022, 10, 12)
HEADINGS = ("问题来源", "重点任务", "村", "户主", "问题描述", "牵头单位", "配合单位", "责任人", "整改时限", "整改措施")
LEAK: tuple[object, ...] = (
    "十项重点任务排查",
    "2.4",
    "白塔村",
    "张三",
    "房屋漏雨",
    "乡建办",
    "",
    "王建",
    "2022年10月25日",
    "换瓦",
)


def midnight(year: int, month: int, day: int) -> datetime:
    """A date as Excel keeps it: without a time zone."""
    return datetime.combine(date(year, month, day), time())


def read(content: bytes) -> list[TableRow[NewProblem]]:
    return read_problems(read_table(content, "台账.xlsx", layout=PROBLEM_LEDGER), PLAN, ROSTER, TODAY)


def one(**changed: object) -> TableRow[NewProblem]:
    """The line of the leaking house with some cells changed, by heading."""
    row = dict(zip(HEADINGS, LEAK, strict=True)) | changed
    [line] = read(xlsx(HEADINGS, [row[heading] for heading in HEADINGS]))
    return line


def taken(**changed: object) -> NewProblem:
    new = one(**changed).value
    assert new is not None
    return new


def test_a_full_row_is_understood() -> None:
    new = taken()
    assert (new.source, new.item, new.region, new.household_id) == ("ten_tasks", "2.4", BAITA, 1)
    assert (new.description, new.measures, new.responsible) == ("房屋漏雨", "换瓦", "王建")
    assert (new.units, new.deadline) == (("housing",), date(2022, 10, 25))


def test_columns_come_in_any_order_under_any_usual_name_below_merged_titles() -> None:
    def merge(book: openpyxl.Workbook) -> None:
        book.active.merge_cells("A1:E1")

    content = xlsx(
        ("瓦房镇问题整改台账",),
        (),
        ("填报单位：", None, "填报日期："),
        ("序号", "存在问题", "完成时限\n(年月日)", "所在村", "责任单位", "*问题来源", "任务编号", "备注"),
        (1, "水压不足", midnight(2022, 10, 20), "白塔", "水管所，镇卫生院", "九个聚焦", 2.5, "急"),
        change=merge,
    )
    [line] = read(content)
    assert line.value is not None
    assert line.value.units == ("water", "health")
    assert line.value.deadline == date(2022, 10, 20)
    assert (line.value.source, line.value.item, line.value.household_id) == ("nine_focus", "2.5", None)


@pytest.mark.parametrize(
    "said", [midnight(2022, 10, 25), date(2022, 10, 25), 44859, "2022年10月25日", "10.25", 10.25, "10月25日前", "2022/10/25"]
)
def test_dates_in_every_usual_form(said: object) -> None:
    assert taken(整改时限=said).deadline == date(2022, 10, 25)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("问题来源", None, "没有填写"),
        ("问题来源", "群众反映", "不在方案里"),
        ("村", "白搭村", "没有「白搭村」这个村"),
        ("户主", "李四", "名册里这个村没有「李四」"),
        ("户主", "刘伟", "刘伟(1004)"),
        ("问题描述", "", "没有填写"),
        ("问题描述", "房" * 1001, "太长"),
        ("问题描述", "=HYPERLINK(A1)", "公式"),
        ("整改时限", "=TODAY()", "公式"),
        ("整改时限", "长期坚持", "看不懂"),
        ("整改时限", 10.3, "分不清"),
        ("整改时限", 1e308, "太长了"),
        ("重点任务", "航天", "不在方案里"),
        ("牵头单位", "气象局", "没有「气象局」这个单位"),
        ("配合单位", "相关站所", "写明是哪几个"),
        ("村", "#REF!", "错误值"),
    ],
)
def test_what_cannot_be_taken_is_named_with_column_and_reason(column: str, value: object, reason: str) -> None:
    line = one(**{column: value})
    assert line.value is None
    assert line.column == column
    assert reason in line.reason


def test_namesakes_are_told_apart_by_number_and_the_village_needs_no_unit() -> None:
    assert taken(户主="刘伟(1005)").household_id == 3
    assert taken(牵头单位="白塔村委会").units == ()
    assert taken(牵头单位=None).units == ("housing",), "the task's own unit"
    assert taken(村="全镇", 户主=None).region == "220881100"


def test_missing_columns_are_named() -> None:
    with pytest.raises(Unreadable, match="整改时限"):
        find_table([("问题来源", "村", "问题描述")], PROBLEM_LEDGER)
    with pytest.raises(Unreadable, match="表头"):
        find_table([("甲", "乙")], PROBLEM_LEDGER)


def test_the_template_offers_lists_and_its_example_is_no_problem() -> None:
    content = template(PLAN)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert [cell.value for cell in sheet[1]] == [column.value for column in ProblemColumn]
    assert len(sheet.data_validations.dataValidation) == 5
    [rows] = read_sheets(content)
    assert len(rows) == 2
    assert list(find_table(rows, PROBLEM_LEDGER).below()) == []


def bomb(entries: int, size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("[Content_Types].xml", "<Types/>")
        for number in range(entries):
            box.writestr(f"xl/{number}.xml", b" " * size)
    return out.getvalue()


def with_part(name: str, text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(HEADINGS, LEAK))) as source, zipfile.ZipFile(out, "w") as box:
        for part in source.namelist():
            box.writestr(part, text if part == name else source.read(part))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "不是 Excel"),
        (b"hello", "不是 Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "xls"),
        (bomb(170, 2**20), "太大"),
        (bomb(400, 1), "太大"),
        (b"P" * (21 * 2**20), "太大"),
        (xlsx(HEADINGS, LEAK)[:-40], "不是 Excel"),
        (with_part("xl/worksheets/sheet1.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "另存为"),
        (with_part("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row><c"), "打不开"),
        (with_part("xl/workbook.xml", "<workbook>"), "打不开"),
        (xlsx(*[("村",)] * 50_001), "50000 行"),
    ],
)
def test_evil_and_broken_files_get_a_kind_answer(content: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read_sheets(content, "台账.xlsx")


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), st.text(max_size=20), st.integers(), st.floats(), st.dates(), st.booleans()), max_size=12))
def test_any_row_is_a_problem_or_has_a_reason(row: list[object]) -> None:
    table = find_table([HEADINGS, row], PROBLEM_LEDGER)  # type: ignore[list-item]
    said = not is_blank(row) and any(table.below())  # type: ignore[arg-type]
    told = read_problems(table, PLAN, ROSTER, TODAY)
    assert len(told) == said
    assert all(line.value or line.reason for line in told)


async def take_in(town: Town, content: bytes) -> ProblemsReport:
    async with town.transaction() as tx, tx.session("test", "import") as session:
        table = read_table(content, "台账.xlsx", layout=PROBLEM_LEDGER)
        return await import_problems(Store(session), town.world.plan, roster=Roster([]), table=table, now=town.now)


async def test_each_row_has_its_outcome_and_the_same_file_twice_has_no_second_effect(town: Town) -> None:
    village: list[object] = [*LEAK]
    village[3] = None
    other = [*village]
    other[4] = "路灯不亮"
    wrong = [*other]
    wrong[2] = "白搭村"
    spaced = [*village]
    spaced[4] = "房屋 漏雨。"
    content = xlsx(HEADINGS, village, spaced, (), wrong, other)
    report = await take_in(town, content)
    assert (report.imported, report.skipped) == (2, 2)
    assert [(error.number, error.column) for error in report.errors] == [(5, "村")]
    outcomes = [row[-2:] for row in cells(report.result_bytes)]
    assert outcomes[0] == ("结果", "原因")
    assert [outcome for outcome, _ in outcomes[1:]] == ["已导入", "已跳过", "已跳过", "有误", "已导入"]
    assert outcomes[2][1] == "与第 2 行相同"
    assert [problem.number for problem in await open_problems(town)] == [1, 2]

    again = await take_in(town, content)
    assert (again.imported, again.skipped, len(again.errors)) == (0, 4, 1)
    assert len(await open_problems(town)) == 2


async def test_what_looks_like_a_formula_comes_back_as_text(town: Town) -> None:
    row: list[object] = [*LEAK]
    row[4] = '=HYPERLINK("http://evil.example","点我")'
    report = await take_in(town, xlsx(HEADINGS, row))
    sheet = openpyxl.load_workbook(io.BytesIO(report.result_bytes)).active
    assert sheet["E2"].data_type != "f"
    assert sheet["E2"].value == row[4]


@pytest.mark.slow
@pytest.mark.sqlite_only
async def test_five_thousand_rows_are_fine(town: Town) -> None:
    rows = [[*LEAK[:3], None, f"问题{number}", *LEAK[5:]] for number in range(5000)]
    report = await take_in(town, xlsx(HEADINGS, *rows))
    assert report.imported == 5000
    assert report.errors == ()


async def test_the_town_imports_in_chat_and_each_responsible_person_gets_one_message(town: Town) -> None:
    leak: list[object] = [*LEAK]
    leak[7] = None
    rows = [[*leak[:4], f"漏雨{number}", *leak[5:]] for number in range(4)]
    bad = [*leak]
    bad[2] = "白搭村"
    content = xlsx(HEADINGS, *rows, bad)
    assert "要模板" in (await town.say("周镇", "/import"))[-1]
    [asked] = await town.send_document("周镇", content, "台账.xlsx")
    assert "可导入 4 条，已有跳过 0 条，有误 1 条" in asked
    assert "第 6 行「村」没有「白搭村」这个村" in asked
    [done] = (await town.press("周镇", "提交"))[-1:]
    assert "已导入 4 条" in done
    assert "📎台账-导入结果.xlsx" in done
    for name in ("李村", "赵村", "王建"):
        [news] = town.unread(name)
        assert "有 4 件要整改" in news
    assert town.unread("孙村") == town.unread("冯水") == []

    await town.say("周镇", "/import")
    again = await town.send_document("周镇", content, "台账.xlsx")
    assert "已导入 0 条，已有跳过 4 条，有误 1 条" in again[-1]
    assert town.unread("李村") == []


async def test_who_stands_in_for_a_colleague_gets_one_message_too(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "leave") as session:
        Store(session).leaves.take(town.people["李村"], START.date(), last=START.date(), deputy_id=town.people["赵村"])
    leak: list[object] = [*LEAK]
    leak[7] = None
    lamp = [*leak[:4], "路灯不亮", *leak[5:]]
    lamp[7] = "李村"
    await town.say("周镇", "/import")
    await town.send_document("周镇", xlsx(HEADINGS, leak, lamp), "台账.xlsx")
    assert "已导入 2 条" in (await town.press("周镇", "提交"))[-1]
    [news] = town.unread("赵村")
    assert "有 2 件要整改" in news
    assert town.unread("李村") == []


async def test_a_wrong_file_is_asked_for_again_and_a_template_comes_on_request(town: Town) -> None:
    await town.say("周镇", "/import")
    assert "📎问题台账模板.xlsx" in "".join(await town.press("周镇", "要模板"))
    assert ".xlsx" in (await town.send_document("周镇", b"x", "台账.doc"))[-1]
    assert "不是 Excel" in (await town.send_document("周镇", b"x", "台账.xlsx"))[-1]
    assert "可导入 1 条" in (await town.send_document("周镇", xlsx(HEADINGS, LEAK), "台账.xlsx"))[-1]
    await town.press("周镇", "取消")
    assert await open_problems(town) == []


async def test_a_unit_imports_only_what_it_answers_for(town: Town) -> None:
    water: list[object] = [*LEAK]
    water[1], water[4], water[5] = "2.5", "断水", "水管所"
    await town.say("冯水", "/import")
    [asked] = await town.send_document("冯水", xlsx(HEADINGS, LEAK, water), "水.xlsx")
    assert "可导入 1 条，已有跳过 0 条，有误 1 条" in asked
    await town.press("冯水", "提交")
    assert [problem.description for problem in await open_problems(town)] == ["断水"]


async def test_only_town_and_units_import(town: Town) -> None:
    assert "没有这一项" in (await town.say("李村", "/import"))[-1]
