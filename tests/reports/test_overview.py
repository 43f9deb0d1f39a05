"""The town's overview: its totals always equal a full recount, whatever was done, undone or merged."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from storage.cases.records import ClueSource, Standing
from storage.cases.steps import Step
from storage.counting.tallies import fold, tallies, totals
from storage.database.base import SHANGHAI, new_id
from storage.database.connection import Database, sqlite_url
from storage.database.tables import all_tables
from storage.database.transaction import transaction
from storage.problems.records import NewProblem
from storage.problems.states import Action, ProblemState
from storage.reports.recount import rebuild, recount
from storage.roster import Household, household_row, households
from storage.store import Store
from storage.visits import VisitOutcome
from tests.support.plan import TOWN
from tests.support.town import START, VAULT, Town

VILLAGES = ("220881100200", "220881100203")

SOME = 8
"""Clues and problems that are there before anything is done."""


class Undone(Exception):
    """A step that fails after all it has written."""


class Ledger:
    """Does to a real database what people do, by numbers; a number out of range means nothing."""

    def __init__(self, database: Database, person: int, homes: list[Household]) -> None:
        self.database = database
        self.person = person
        self.homes = homes
        self.now = START

    async def do(self, work: Callable[[Store], Awaitable[None]], fails: bool = False) -> None:
        async with transaction(self.database, self.now) as tx:
            try:
                async with tx.session("test", "step") as session:
                    await work(Store(session))
                    if fails:
                        raise Undone
            except Undone:
                pass

    async def act(self, what: str, which: int, to: int, fails: bool) -> None:
        home = self.homes[which % len(self.homes)]
        self.now += timedelta(hours=7 * (to % 5))
        if what == "fold":
            async with self.database.write() as conn:
                await fold(conn)
            return
        steps: dict[str, Callable[[Store], Awaitable[None]]] = {
            "file": lambda store: self._file(store, home, list(ClueSource)[to % 4]),
            "step": lambda store: self._step(store, which, list(Step)[to % len(Step)]),
            "problem": lambda store: self._problem(store, home, which, to),
            "state": lambda store: self._state(store, which, list(ProblemState)[to % 4]),
            "redate": lambda store: self._redate(store, which, to),
            "visit": lambda store: self._visit(store, home, list(VisitOutcome)[to % 3]),
        }
        await self.do(steps[what], fails)

    async def _file(self, store: Store, home: Household, source: ClueSource) -> None:
        await store.clues.add(
            household_id=home.id, village=home.village, source=source, kinds=["housing"], detail="漏雨",
            reporter_id=self.person, due_on=date(2022, 10, 20),
        )  # fmt: skip

    async def _step(self, store: Store, number: int, step: Step) -> None:
        clue = await store.clues.numbered(number)
        if clue is not None:
            to = Standing(step, False, self.now.date(), False, None, None)
            await store.clues.move(clue, to, by=self.person, outcome="ok")

    async def _problem(self, store: Store, home: Household, which: int, to: int) -> None:
        region = TOWN if which % 5 == 0 else home.village
        deadline = date(2022, 10, 10) + timedelta(days=to)
        new = NewProblem(source="ten_tasks", region=region, description="x", deadline=deadline)
        await store.problems.add(new, store.problems.fingerprint(str(new_id())))

    async def _state(self, store: Store, number: int, state: ProblemState) -> None:
        problem = await store.problems.numbered(number)
        if problem is not None:
            await store.problems.move(problem, Action.REOPEN, state=state, by=self.person, text="x")

    async def _redate(self, store: Store, number: int, to: int) -> None:
        problem = await store.problems.numbered(number)
        if problem is not None:
            await store.problems.redate(problem, date(2022, 10, 10) + timedelta(days=to), by=self.person, text="x")

    async def _visit(self, store: Store, home: Household, outcome: VisitOutcome) -> None:
        await store.visits.add(home, "round", by=self.person, outcome=outcome)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """One database for all examples: what holds after any history holds after two of them."""
    folder = Path(tempfile.mkdtemp(prefix="cunbao-overview-"))

    async def make() -> Ledger:
        database = Database(sqlite_url(folder / "overview.db"), VAULT)
        async with database.engine.begin() as conn:
            await conn.run_sync(all_tables().create_all)
        async with transaction(database, START) as tx, tx.session("test", "found") as session:
            store = Store(session)
            person = store.people.add("李村")
            homes = [
                await store.households.add(VILLAGES[place % 2], f"农户{place}", group_name="一屯", number=place + 1, beyond=0)
                for place in range(6)
            ]
        made = Ledger(database, person, homes)
        for place in range(SOME):
            await made.act("file", place, place, fails=False)
            await made.act("problem", place, place, fails=False)
        await database.close()
        return made

    return asyncio.run(make())


actions = st.lists(
    st.tuples(
        st.sampled_from(("file", "step", "problem", "state", "redate", "visit", "fold")),
        st.integers(0, SOME + 2),
        st.integers(0, 30),
        st.sampled_from((False, False, False, True)),
    ),
    min_size=5,
    max_size=20,
)


@settings(max_examples=25, phases=[Phase.generate])  # the history goes on, so nothing can be shrunk
@given(actions)
def test_the_totals_equal_a_full_recount_after_anything(ledger: Ledger, history: list[tuple[str, int, int, bool]]) -> None:
    async def check() -> None:
        for what, which, to, fails in history:
            await ledger.act(what, which, to, fails)
        async with ledger.database.read() as conn:
            assert await totals(conn) == dict(await recount(conn))
        await ledger.database.close()

    asyncio.run(check())


async def _overview(town: Town) -> str:
    return (await town.say("周镇", "/overview"))[-1]


async def test_the_town_sees_everything_on_one_screen_and_how_far_it_is_from_zero(town: Town) -> None:
    assert await _overview(town) == (
        "【瓦房镇】10月12日 / 线索：没有未办结的，已清零 / 问题：全部销号，已清零 / "
        "排查走访 0/7 户，还差 7 户 / 监测户 1 户，本周农户自报 0 件 [排查进度]"
    )
    ledger = Ledger(town.database, town.people["李村"], [await town.household(1001), await town.household(2001)])
    for source in ClueSource:
        await ledger.do(lambda store, source=source: ledger._file(store, ledger.homes[0], source))  # type: ignore[misc]
    await ledger.do(lambda store: ledger._step(store, 1, Step.DELIBERATE))
    await ledger.do(lambda store: ledger._step(store, 2, Step.CLOSED))
    for to in (0, 1, 2, 3):
        await ledger.do(lambda store, to=to: ledger._problem(store, ledger.homes[1], to, to))  # type: ignore[misc]
    await ledger.do(lambda store: ledger._state(store, 1, ProblemState.CLOSED))
    await ledger.do(lambda store: ledger._state(store, 2, ProblemState.WORKING))
    for home in ledger.homes:
        await ledger.do(
            lambda store, home=home: _visited(store, home, town.world.round, town.people["李村"])  # type: ignore[misc]
        )
    assert await _overview(town) == (
        "【瓦房镇】10月12日 / 线索还有 3 件：入户核查 2、民主评议 1 / "
        "问题还有 3 个：待认领 2、整改中 1；逾期 1 个 / 排查走访 2/7 户，还差 5 户 / "
        "监测户 1 户，本周农户自报 1 件 [排查进度]"
    )
    town.now = datetime(2022, 10, 17, 9, 0, tzinfo=SHANGHAI)
    later = await _overview(town)
    assert "逾期 3 个" in later
    assert "本周农户自报 0 件" in later
    assert "没有这一项" in (await town.say("李村", "/overview"))[-1]
    assert "【洮南市】" in (await town.say("郑市", "/overview"))[-1]


async def _visited(store: Store, home: Household, round: str, by: int) -> None:
    await store.visits.add(home, round, by=by, outcome=VisitOutcome.FINE)


@pytest.mark.sqlite_only
async def test_a_household_whose_kind_changes_or_that_joins_counts_at_once(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "kind") as session:
        row = next(row for row in await session.read(households.select()) if row.number == 1004)
        await session.amend(households, row._mapping, kind="脱贫不稳定户")
        more = {"number": 1999, "village": VILLAGES[0], "group_name": "一屯", "head": "新户", "kind": "边缘易致贫户"}
        session.add(households, household_row(new_id(), more))
        session.touch("roster")
    told = await _overview(town)
    assert "监测户 3 户" in told
    assert "0/8 户" in told


async def test_merging_keeps_every_total_and_leaves_one_row_each(town: Town) -> None:
    ledger = Ledger(town.database, town.people["李村"], [await town.household(1001)])
    for _ in range(3):
        await ledger.do(lambda store: ledger._file(store, ledger.homes[0], ClueSource.SELF_REPORT))
    await ledger.do(lambda store: ledger._step(store, 1, Step.CLOSED))
    async with town.database.write() as conn:
        before = await totals(conn)
        assert await fold(conn) > 0
        assert await fold(conn) == 0
        assert await totals(conn) == before
        assert len((await conn.execute(tallies.select())).all()) == len(before)


async def test_a_database_from_before_the_totals_is_counted_anew(town: Town) -> None:
    ledger = Ledger(town.database, town.people["李村"], [await town.household(1001)])
    await ledger.do(lambda store: ledger._file(store, ledger.homes[0], ClueSource.CADRE))
    async with town.database.write() as conn:
        await conn.execute(tallies.delete())
        wrong = await rebuild(conn)
        assert wrong == {("clue:verify", ledger.homes[0].village): 1}
        assert await rebuild(conn) == {}
    assert "线索还有 1 件" in await _overview(town)
