"""/map: who gets which picture, that its numbers are the ledger's, and that it comes whatever happens to the drawing."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.service.clock import system_clock
from bot.service.jobs import Jobs
from bot.setup.installation import Installation
from bot.setup.settings import load_settings
from handlers.calendar.workdays import is_workday
from handlers.charts import job as charts
from handlers.charts.common import chart_in_words
from handlers.charts.figures import BurnDown, Coverage, Figures, Gantt, Heat, OpenCount, Village, total_of
from handlers.charts.gather import gather, gather_gantt
from handlers.charts.theme import WALL, ChartSheet
from handlers.charts.zero_line import zero_line
from handlers.engine.words import NOT_YOURS
from handlers.files.process import SideProcess
from storage.charts.orders import Chart
from storage.database.base import SHANGHAI
from storage.database.transaction import Transaction, reading_first
from storage.ledgers.problems import problem_lines
from storage.people.reach import Reach
from storage.problems.records import NewProblem
from storage.problems.states import Action, ProblemState
from storage.store import Store
from storage.visits import VisitOutcome
from tests.support.commands import run
from tests.support.plan import BAITA, TOWN, WAFANG
from tests.support.town import Town

ALL = [Reach(region=TOWN)]
PNG = b"\x89PNG\r\n\x1a\n"


class Board:
    """Draws nothing, but keeps what it was given to draw."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.drawn: list[tuple[Figures, bool]] = []

    async def draw(self, figures: Figures, sheet: ChartSheet) -> bytes:
        self.drawn.append((figures, sheet is WALL))
        return PNG + str(len(self.drawn)).encode()

    async def ask(self, name: str, said: str) -> list[str]:
        """What somebody gets for a message once all charts are drawn."""
        before = await self.town.say(name, said)
        async with self.town.database.read() as conn:
            await self.town.caches.refresh(conn)
        await charts.work(self.begin, self.town.world, self.draw)
        await self.town.settle()
        return [*before, *self.town.unread(name)]

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        return reading_first(self.town.database, self.town.now)


@pytest.fixture
async def board(town: Town) -> Board:
    await _fill(town)
    return Board(town)


async def _fill(town: Town) -> None:
    """Problems of two villages and of the whole town over some days, acted on, and three visits."""
    begin = town.now
    lines = (
        (BAITA, "2.4", ("housing",), date(2022, 10, 13)),
        (BAITA, "2.4", ("housing",), date(2022, 10, 25)),
        (BAITA, "2.5", ("water",), date(2022, 10, 13)),
        (WAFANG, "4.4", (), date(2022, 10, 28)),
        (WAFANG, "", (), date(2022, 10, 14)),
        (TOWN, "6.1.2", ("housing",), date(2022, 10, 31)),
    )
    for place, (region, item, units, deadline) in enumerate(lines):
        town.now = begin + timedelta(days=place // 2)
        async with town.transaction() as tx, tx.session("test", "problem") as session:
            new = NewProblem(source="ten_tasks", item=item, region=region, description="x", units=units, deadline=deadline)
            await Store(session).problems.add(new, Store(session).problems.fingerprint(str(place)))
    for day, number, actions in (
        (3, 1, (Action.CLAIM, Action.PROGRESS)),
        (4, 3, (Action.CLAIM, Action.SUBMIT, Action.ACCEPT)),
        (5, 4, (Action.CLAIM, Action.SUBMIT, Action.ACCEPT)),
        (7, 3, (Action.REOPEN, Action.SUBMIT, Action.RETURN)),
    ):
        town.now = begin + timedelta(days=day)
        for action in actions:
            await _act(town, number, action)
    for number in (1001, 1002, 2001):
        household = await town.household(number)
        async with town.transaction() as tx, tx.session("test", "visit") as session:
            outcome = VisitOutcome.ABSENT if number == 1002 else VisitOutcome.FINE
            await Store(session).visits.add(household, town.world.round, by=town.people["李村"], outcome=outcome)
    town.now = begin + timedelta(days=8)


async def _act(town: Town, number: int, action: Action) -> None:
    after = {
        Action.SUBMIT: ProblemState.REVIEW, Action.ACCEPT: ProblemState.CLOSED,
    }.get(action, ProblemState.WORKING)  # fmt: skip
    async with town.transaction() as tx, tx.session("test", "act") as session:
        problems = Store(session).problems
        problem = await problems.numbered(number)
        assert problem is not None
        await problems.move(problem, action, state=after, by=town.people["李村"], text="x", percent=60)


async def _gathered(town: Town, chart: Chart, reach: Sequence[Reach] = ALL) -> Any:
    async with town.database.read() as conn:
        await town.caches.refresh(conn)
    async with town.transaction() as tx, tx.session() as session:
        return await gather(Store(session), town.world, reach=reach, chart=chart, now=town.now)


async def test_the_heat_map_shows_the_problems_of_the_ledger_and_the_overview(town: Town) -> None:
    await _fill(town)
    heat: Heat = await _gathered(town, Chart.HEAT)
    today, plan = town.now.date(), town.world.plan
    async with town.transaction() as tx, tx.session() as session:
        ledger = [line async for line in problem_lines(session, ALL) if line.state is not ProblemState.CLOSED]
        overview = await Store(session).overview.of(TOWN, town.world.round, today=today)
    numerals = [column.numeral for column in heat.columns]
    for name, cells in heat.rows:
        region = TOWN if name == "全镇性" else plan.village(name).code
        for numeral, cell in zip(numerals, cells, strict=True):
            listed = [
                line
                for line in ledger
                if line.region == region and (plan.area(line.item).numeral if line.item else "其他") == numeral
            ]
            assert cell == OpenCount(len(listed), sum(line.deadline < today for line in listed)), (name, numeral)
    assert heat.total == OpenCount(len(ledger), overview.overdue) == OpenCount(5, 3)
    assert sum(overview.problems.values()) == 5
    assert len(heat.rows) == 18
    assert chart_in_words(heat) == "还有 5 个问题没销号，其中逾期 3 个"


async def test_the_burn_down_counts_what_was_open_each_evening_and_ends_with_the_ledger(town: Town) -> None:
    await _fill(town)
    burn: BurnDown = await _gathered(town, Chart.BURNDOWN)
    by_day = {burn.first + timedelta(days=place): count for place, count in enumerate(burn.open)}
    told = [by_day[date(2022, 10, day)] for day in (11, 12, 13, 14, 15, 16, 17, 18, 19, 20)]
    assert told == [0, 2, 4, 6, 6, 5, 4, 4, 5, 5]
    async with town.transaction() as tx, tx.session() as session:
        overview = await Store(session).overview.of(TOWN, town.world.round, today=town.now.date())
    assert burn.open[-1] == sum(overview.problems.values())
    assert [burn.planned[0], burn.planned[-1]] == [(date(2022, 10, 15), 6), (date(2022, 10, 31), 0)]
    assert [band.name for band in burn.bands] == ["动员培训", "排查整改", "加强督导", "考核评估"]
    village: BurnDown = await _gathered(town, Chart.BURNDOWN, [Reach(region=WAFANG)])
    assert village.open[-1] == 1
    town.now = datetime(2022, 9, 1, tzinfo=SHANGHAI)
    assert chart_in_words(await _gathered(town, Chart.BURNDOWN)) == "方案 9月30日开始，到时再看"


@pytest.mark.sqlite_only
async def test_what_happened_long_before_the_plan_counts_on_its_first_day(town: Town) -> None:
    town.now = datetime(2022, 8, 1, 23, 30, tzinfo=SHANGHAI)
    await _fill(town)
    town.now = datetime(2022, 10, 3, 0, 10, tzinfo=SHANGHAI)
    burn: BurnDown = await _gathered(town, Chart.BURNDOWN)
    assert burn.open == [5, 5, 5, 5]


async def test_coverage_is_that_of_the_list_of_villages_and_of_the_overview(town: Town) -> None:
    await _fill(town)
    coverage: Coverage = await _gathered(town, Chart.COVERAGE)
    rows = {row.name: (row.done, row.households) for row in coverage.rows}
    assert rows["白塔村"] == (1, 5)
    assert rows["瓦房村"] == (1, 2)
    assert chart_in_words(coverage) == "走访 2/7 户，还差 5 户"
    assert "走访 2/7 户，还差 5 户" in (await town.say("周镇", "/overview"))[-1]
    groups: Coverage = await _gathered(town, Chart.COVERAGE, [Reach(region=BAITA)])
    assert [(row.name, row.done, row.households) for row in groups.rows] == [
        ("二屯", 0, 2), ("三屯", 0, 1), ("一屯", 1, 2),
    ]  # fmt: skip


async def test_the_gantt_of_a_problem_tells_its_states_and_names_nobody(town: Town) -> None:
    await _fill(town)
    async with town.transaction() as tx, tx.session() as session:
        problem = await Store(session).problems.numbered(3)
        assert problem is not None
        gantt = await gather_gantt(Store(session), town.world, problem=problem, now=town.now)
    states = [span.state for span in gantt.spans]
    assert states[0] is ProblemState.UNCLAIMED
    assert states[-1] is problem.state is gantt.state is ProblemState.WORKING
    assert gantt.spans[0].begins == problem.opened_at
    assert all(one.ends == other.begins for one, other in pairwise(gantt.spans))
    assert [deed.action for deed in gantt.deeds][:3] == [Action.CLAIM, Action.SUBMIT, Action.ACCEPT]
    assert gantt.planned[-1].last == problem.deadline
    assert chart_in_words(gantt) == "白塔村 (二)5 农村供水\n期限 10月13日，逾期 5 个工作日，现在整改中"
    assert not any(name in str(gantt) for name in town.people)


@pytest.mark.sqlite_only
async def test_each_sees_what_is_theirs(board: Board) -> None:
    async def seen(name: str, said: str = "/map") -> Figures:
        board.drawn.clear()
        [answer] = await board.ask(name, said)
        assert "📎照片" in answer
        [(figures, wall)] = board.drawn
        assert not wall
        return figures

    town = await seen("周镇", "挂图作战")
    assert isinstance(town, Heat)
    assert (town.head.place, town.total, len(town.columns)) == ("瓦房镇", OpenCount(5, 3), 9)
    county = await seen("郑市", "看图")
    assert isinstance(county, Heat)
    assert county.total == town.total
    unit = await seen("冯水", "图表")
    assert isinstance(unit, Heat)
    assert (unit.head.place, unit.total) == ("瓦房镇水管所", OpenCount(1, 1))
    assert len(unit.columns) < 8
    village = await seen("李村")
    assert isinstance(village, Village)
    assert village.head.place == "白塔村"
    assert total_of(count for _, count in village.areas) == OpenCount(3, 2)
    assert village.coverage.total.households == 5
    assert isinstance(await seen("李村", "/map burndown"), BurnDown)
    gantt = await seen("李村", "/map gantt 3")
    assert isinstance(gantt, Gantt)
    assert (gantt.head.place, gantt.title) == ("3号", "白塔村 (二)5 农村供水")


@pytest.mark.sqlite_only
async def test_what_is_not_theirs_looks_like_what_is_not_there(board: Board) -> None:
    refused = [
        ("李村", "/map gantt 5"), ("李村", "/map gantt 999"), ("冯水", "/map gantt 1"), ("冯水", "/map coverage"),
        ("周镇", "/map gantt"), ("周镇", "/map gantt 1 2"), ("周镇", "/map heat 220881100203"), ("周镇", "/map x"),
        ("周镇", "/map a3 a3"),
    ]  # fmt: skip
    for name, said in refused:
        assert await board.ask(name, said) == [NOT_YOURS], said
    await board.town.join_household("张三", 1001)
    assert await board.ask("张三", "/map") == [NOT_YOURS]
    assert board.drawn == []


@pytest.mark.sqlite_only
async def test_one_message_with_the_way_to_the_other_charts_and_the_large_sheet(board: Board) -> None:
    assert await board.ask("周镇", "/map") == ["还有 5 个问题没销号，其中逾期 3 个 [销号进度][排查进度图] [A3 大图] 📎照片"]
    assert await board.ask("冯水", "/map") == ["还有 1 个问题没销号，其中逾期 1 个 [销号进度] [A3 大图] 📎照片"]
    await board.town.press("周镇", "A3 大图")
    assert await board.ask("李村", "/map gantt 3") == [
        "白塔村 (二)5 农村供水 / 期限 10月13日，逾期 5 个工作日，现在整改中 [查看][A3 大图] 📎照片"
    ]
    assert board.town.unread("周镇") == ["瓦房镇问题分布，A3 纸横放打印。 📎瓦房镇-问题分布-20221020-A3.png"]
    assert [wall for _, wall in board.drawn] == [False, False, True, False]
    assert "[看进度图]" in (await board.town.say("周镇", "/problem 3"))[-1]


@pytest.mark.sqlite_only
async def test_who_has_lost_the_post_by_the_time_it_is_drawn_gets_nothing(board: Board) -> None:
    town = board.town
    await town.say("李村", "/map")
    async with town.transaction() as tx, tx.session("test", "end") as session:
        person = await Store(session).people.get(town.people["李村"])
        assert person is not None
        await Store(session).people.end_post(person.posts[0].id)
    await charts.work(board.begin, town.world, board.draw)
    await town.settle()
    assert town.unread("李村")[-1] == NOT_YOURS
    assert board.drawn == []


@pytest.mark.sqlite_only
async def test_a_chart_that_cannot_be_drawn_says_so_and_does_not_stand_before_others(board: Board) -> None:
    async def draw(figures: Figures, sheet: ChartSheet) -> bytes:
        if isinstance(figures, Heat):
            raise ValueError("no paint")
        return PNG

    await board.town.say("周镇", "/map")
    await board.town.say("李村", "/map")
    assert await charts.work(board.begin, board.town.world, draw) == 2
    assert await charts.work(board.begin, board.town.world, draw) == 0
    await board.town.settle()
    assert board.town.unread("周镇") == [charts.FAILED]
    assert "📎照片" in board.town.unread("李村")[-1]


@pytest.mark.slow
@pytest.mark.sqlite_only
async def test_the_clock_draws_in_a_process_that_is_kept_and_replaced_when_it_was_killed(town: Town, tmp_path: Path) -> None:
    await _fill(town)
    jobs = Jobs(Installation(load_settings(data_dir=tmp_path), town.database, town.world), town.clock, lambda: None)
    process = charts.PROCESS

    async def width(said: str) -> int:
        await town.say("周镇", said)
        await jobs.run(charts.JOB)
        await town.settle()
        file = town.inboxes["周镇"][-1].file
        return Image.open(io.BytesIO(town.world.media.read(file or ""))).width

    try:
        assert await width("/map") == 1080
        [first] = _processes(process)
        assert await width("/map coverage a3") == 3307
        assert _processes(process) == [first]
        os.kill(first, signal.SIGKILL)
        assert await width("/map burndown") == 1080
        assert _processes(process) != [first]
        await jobs.run(charts.JOB)
        assert len(_processes(process)) == 1, "it was just used"
    finally:
        process.end()
    assert _processes(process) == []


def _processes(process: SideProcess) -> list[int]:
    child = process._child
    return [child.pid] if child is not None and child.pid is not None and child.is_alive() else []


def test_the_line_to_zero_falls_on_working_days_alone() -> None:
    first, last = date(2022, 10, 12), date(2022, 10, 31)
    line = zero_line([3, 8, 8, 5], date(2022, 10, 11), first, last)
    assert [line[0], line[-1]] == [(date(2022, 10, 13), 8), (last, 0)]
    for (_, before), (day, after) in pairwise(line):
        assert (after < before) == is_workday(day), day
    assert zero_line([0, 0], first, first, last) == []
    assert zero_line([7], date(2022, 10, 1), first, last)[0] == (first, 7), "before the phase it begins with it"
    assert zero_line([], first, first, last) == []


def test_the_command_writes_the_charts_for_the_wall_and_for_a_phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_DATA_DIR", str(tmp_path / "data"))
    out = tmp_path / "图"
    done = run("map", "--region", "白塔村", "--out", str(out))
    assert done.exit_code == 0
    assert run("map", "--phone", "--out", str(out)).exit_code == 0
    sizes = {
        path.name.replace(f"{system_clock():%Y%m%d}", "DAY"): Image.open(io.BytesIO(path.read_bytes())).width
        for path in out.iterdir()
    }
    charts_of = ("问题分布", "销号进度", "排查进度图")
    assert sizes == {f"白塔村-{one}-DAY-A3.png": 3307 for one in charts_of} | {
        f"瓦房镇-{one}-DAY.png": 1080 for one in charts_of
    }
    none = run("map", "--problem", "17", "--out", str(out))
    assert none.exit_code == 1
    assert "没有 17 号问题" in none.output
