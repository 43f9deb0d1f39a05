"""The monthly summary: true figures, plain words also for what is late, and a Word file that offices can go on with."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Cm

from handlers.cases.procedure import apply
from handlers.cases.table import Act, Party
from handlers.engine.words import NOT_YOURS
from handlers.reading import Unreadable
from handlers.reports.month_file import as_docx
from handlers.reports.month_text import (
    HEADINGS,
    Summary,
    VillageMonth,
    footnote,
    month_after,
    month_before,
    month_named,
    paragraphs,
    table_of,
    title_of,
)
from storage.cases.records import ClueSource
from storage.problems.records import NewProblem
from storage.problems.states import Action, ProblemState
from storage.reports.monthly import Month, MonthFigures
from storage.store import Store
from storage.visits import VisitOutcome
from tests.support.commands import run
from tests.support.plan import BAITA, PLAN, WAFANG
from tests.support.town import START, Town

OCTOBER = Month(date(2022, 10, 1), date(2022, 10, 20))
BUSY = MonthFigures(
    clues_new=5, verifications=4, refuted=1, clues_closed=1, clues_open=4, clues_late=2,
    problems_new=7, problems_closed=3, problems_open=4, problems_late=1,
)  # fmt: skip


def summary(*places: VillageMonth, weak: Sequence[tuple[str, int]] = (), ahead: Sequence[tuple[date, str]] = ()) -> Summary:
    return Summary(
        place="瓦房镇",
        month=OCTOBER,
        made_at=START + timedelta(days=8),
        places=places,
        sources={"self_report": 2, "cadre": 3},
        weak=weak,
        ahead=ahead,
    )


def told(made: Summary) -> dict[str, str]:
    return {lead[2:4]: text for lead, text in paragraphs(made)}


def test_a_busy_month_in_words() -> None:
    made = summary(
        VillageMonth("白塔村", BUSY, 199, 200),
        VillageMonth("瓦房村", MonthFigures(), 100, 100),
        weak=[("(二)4 住房安全", 50)],
        ahead=[(date(2022, 10, 31), "「排查整改」阶段结束")],
    )
    words = told(made)
    assert title_of(made) == "瓦房镇2022年10月防返贫监测和问题整改月报"
    assert words["风险"] == (
        "本月新增风险线索5条(干部排查3条、农户自主申报2条)；入户核查4次，其中不属实1次；办结1条。"
        "截至10月20日，在办4条，其中逾期2条(白塔村2条)。"
    )
    assert words["问题"] == "本月新增问题7个，销号3个。截至10月20日，未销号4个，其中逾期1个(白塔村1个)。"
    assert words["排查"] == "第二轮排查应走访300户，已走访299户，占99.6%；还有1户没有走访，较多的是白塔村1户。"
    assert words["政策"] == "本月“一口清”答错较多的条款：(二)4 住房安全(错50%)。"
    assert words["下步"] == "10月31日 「排查整改」阶段结束。"
    assert "09:00" in footnote(made)


def test_a_quiet_month_says_so() -> None:
    words = told(summary(VillageMonth("白塔村", MonthFigures(), 20, 20), VillageMonth("瓦房村", MonthFigures(), 10, 10)))
    assert words["风险"] == "本月没有新增风险线索；没有入户核查；办结0条。截至10月20日，没有在办线索。"
    assert words["问题"].endswith("问题全部销号。")
    assert words["排查"].endswith("已全部走访，不落一户。")
    assert "不足以判断" in words["政策"]


def test_nearly_all_is_not_all() -> None:
    words = told(summary(VillageMonth("白塔村", MonthFigures(), 9999, 10000)))
    assert "占99.9%" in words["排查"]


def test_the_table_has_a_row_a_village_and_their_sum() -> None:
    first, second = VillageMonth("白塔村", BUSY, 3, 5), VillageMonth("瓦房村", BUSY, 2, 2)
    rows = table_of(summary(first, second))
    assert [row[0] for row in rows] == ["白塔村", "瓦房村", "合计"]
    assert rows[-1] == ("合计", "10", "8", "8", "4", "14", "6", "8", "2", "5/7")
    assert all(len(row) == len(HEADINGS) for row in rows)
    assert table_of(summary(first)) == []


@pytest.mark.parametrize("said", ["2022-10", "2022年10月", "202210", "2022/10", " 2022.10 "])
def test_months_are_read_as_people_write_them(said: str) -> None:
    assert month_named(said, date(2022, 12, 1)) == Month(date(2022, 10, 1), date(2022, 10, 31))


@pytest.mark.parametrize("said", ["2022-13", "十月", "", "2022", "2022-11"])
def test_no_month_or_a_future_one_is_refused(said: str) -> None:
    with pytest.raises(Unreadable):
        month_named(said, date(2022, 10, 20))


def test_the_present_month_ends_today() -> None:
    assert month_named("2022-10", date(2022, 10, 20)) == OCTOBER
    assert month_after(date(2022, 12, 1)) == date(2023, 1, 1)
    assert month_before(date(2022, 1, 1)) == date(2021, 12, 1)


def fonts_of(document: Document) -> set[str]:
    tables = (paragraph for table in document.tables for cell in table._cells for paragraph in cell.paragraphs)
    runs = [run for paragraph in [*document.paragraphs, *tables] for run in paragraph.runs]
    return {run._element.rPr.rFonts.get(qn("w:eastAsia")) for run in runs}


def test_the_file_is_an_a4_page_in_chinese_fonts() -> None:
    made = summary(*(VillageMonth(village.name, BUSY, 3, 5) for village in PLAN.villages))
    document = docx.Document(io.BytesIO(as_docx(made)))
    [section] = document.sections
    assert section.page_width == pytest.approx(Cm(21), abs=Cm(0.01))
    assert section.page_height == pytest.approx(Cm(29.7), abs=Cm(0.01))
    assert document.paragraphs[0].text == title_of(made)
    assert fonts_of(document) == {"方正小标宋简体", "仿宋", "黑体", "宋体"}
    [table] = document.tables
    assert [cell.text for cell in table.rows[0].cells] == list(HEADINGS)
    assert len(table.rows) == len(PLAN.villages) + 2
    assert table.rows[0]._tr.findall(f".//{qn('w:tblHeader')}")
    assert document.core_properties.author == "村报"


async def fill(town: Town) -> None:
    """Two clues in Baita (one refuted), one in Wafang from September; two problems, one of them closed."""
    town.now = datetime(2022, 9, 28, 9, 0, tzinfo=START.tzinfo)
    await _clue(town, 2001, ClueSource.SCREENING)
    town.now = START
    await _clue(town, 1001, ClueSource.CADRE)
    await _clue(town, 1002, ClueSource.SELF_REPORT)
    async with town.transaction() as tx, tx.session("test", "fill") as session:
        store = Store(session)
        clue = await store.clues.numbered(2)
        assert clue is not None
        closed = apply(
            clue, Act.NOT_FOUND, parties={Party.VILLAGE}, today=town.now.date(), clocks=PLAN.clocks, reason="没有漏雨"
        )
        await store.clues.move(clue, closed, by=town.people["李村"], outcome=Act.NOT_FOUND.value, note="没有漏雨")
        for words, region in (("路没修完", BAITA), ("井水浑", WAFANG)):
            new = NewProblem(source="ten_tasks", region=region, description=words, deadline=date(2022, 10, 11))
            await store.problems.add(new, store.problems.fingerprint(words))
        problem = await store.problems.numbered(2)
        assert problem is not None
        await store.problems.move(problem, Action.ACCEPT, state=ProblemState.CLOSED, by=town.people["周镇"])
        household = await store.households.get((await town.household(1001)).id)
        assert household is not None
        await store.visits.add(household, PLAN.id, by=town.people["李村"], outcome=VisitOutcome.FINE)


async def _clue(town: Town, number: int, source: ClueSource) -> None:
    household = await town.household(number)
    async with town.transaction() as tx, tx.session("test", "clue") as session:
        await Store(session).clues.add(
            household_id=household.id,
            village=household.village,
            source=source,
            kinds=["housing"],
            detail="漏雨",
            reporter_id=town.people["李村"],
            due_on=town.now.date() + timedelta(days=2),
        )


def got(town: Town, name: str) -> tuple[Document, str]:
    message = next(one for one in reversed(town.inboxes[name]) if one.file)
    return docx.Document(io.BytesIO(town.world.media.read(message.file or ""))), message.file_name


async def test_a_town_gets_its_month_from_the_records(town: Town) -> None:
    await fill(town)
    shown = await town.say("周镇", "月报")
    assert shown[-1].startswith("瓦房镇10月月报，数字到 10月12日，可在 Word 里改。 [9月的]")
    document, name = got(town, "周镇")
    assert name == "瓦房镇2022年10月防返贫监测和问题整改月报.docx"
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "本月新增风险线索2条(干部排查1条、农户自主申报1条)；入户核查1次，其中不属实1次；办结1条。" in text
    assert "在办2条，其中逾期1条(瓦房村1条)。" in text
    assert "本月新增问题2个，销号1个。截至10月12日，未销号1个，其中逾期1个(白塔村1个)。" in text
    assert "应走访7户，已走访1户，占14.2%" in text
    assert "10月31日 「" in text
    rows = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in document.tables[0].rows}
    assert rows["白塔村"] == ["2", "1", "1", "0", "1", "0", "1", "1", "1/5"]
    assert rows["瓦房村"] == ["0", "0", "1", "1", "1", "1", "0", "0", "0/2"]
    await town.press("周镇", "9月的")
    text = "\n".join(paragraph.text for paragraph in got(town, "周镇")[0].paragraphs)
    assert "本月新增风险线索1条(部门筛查预警1条)；没有入户核查；办结0条。截至9月30日，在办1条，没有逾期的。" in text


@pytest.mark.sqlite_only
async def test_a_village_gets_its_own(town: Town) -> None:
    await fill(town)
    await town.say("孙村", "/summary 2022-10")
    document, name = got(town, "孙村")
    assert name.startswith("瓦房村2022年10月")
    assert document.tables == []
    assert "没有新增风险线索" in document.paragraphs[2].text
    assert await town.say("孙村", "/summary 2022-11") == ["这个月还没有开始，没有数字。"]
    assert await town.say("王建", "/summary") == [NOT_YOURS]


def test_the_command_writes_a_file(data_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "月报.docx"
    done = run("summary", "--month", "2022-10", "--region", "白塔村", "--out", str(out))
    assert done.exit_code == 0
    assert docx.Document(str(out)).paragraphs[0].text.startswith("白塔村2022年10月")
    assert run("summary", "--month", "十月").exit_code == 2
