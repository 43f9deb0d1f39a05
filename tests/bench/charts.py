"""Wall charts are drawn while people report: how long they wait meanwhile, against the same people without any chart."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot.delivery.caches import Caches
from bot.service.clock import system_clock
from handlers.charts.figures import Figures
from handlers.charts.job import drawn, work
from handlers.charts.theme import ChartSheet
from handlers.engine.world import World
from handlers.files.process import SideProcess
from storage.charts.orders import Chart
from storage.database.transaction import Transaction, reading_first, transaction
from storage.files.media import MediaStore
from storage.people.persons import Role
from storage.problems.records import NewProblem
from storage.store import Store
from tests.bench.county import County, county_plan
from tests.bench.latency import Timed
from tests.bench.peers import FIRST_CHAT
from tests.bench.screening import chat_on
from tests.bench.steps import Script, at_work, until_idle
from tests.support.figures import Figure, at_most

CHATS, HOUSEHOLDS, PROBLEMS = 34, 40, 500
SECONDS = 12.0

_ORDER = (Chart.HEAT, Chart.BURNDOWN, Chart.COVERAGE)


async def figures() -> list[Figure]:
    """The p99 of replies with charts drawn one after the other, and how long a chart takes from asking to being queued."""
    with tempfile.TemporaryDirectory() as name:
        county = County(Path(name), CHATS, HOUSEHOLDS)
        await county.found()
        world = World(county_plan(county.villages), MediaStore(county.path.parent / "media", county.database.vault))
        officer = await _fill(county, world)
        process, platform = SideProcess("charts"), Timed(Path(name))
        async with at_work(county, platform) as put:
            script = Script(county)
            await put([platform.read(script.next(chat)) for chat in range(CHATS)])
            await until_idle(county)  # the worker's process has to start first
            await _draw(county, world, officer, process, 0)  # and so has the one that draws
            chatting = asyncio.create_task(chat_on(put, platform, script, CHATS))
            await asyncio.sleep(SECONDS)
            alone = len(platform.waits)
            seconds: list[float] = []
            until = time.perf_counter() + SECONDS
            while time.perf_counter() < until:
                seconds.append(await _draw(county, world, officer, process, len(seconds)))
            chatting.cancel()
            await asyncio.wait([chatting])
            await until_idle(county)
        process.end()
        await county.database.close()
    before, meanwhile = (_p99(waits) for waits in (platform.waits[:alone], platform.waits[alone:]))
    without = f"{before * 1000:.0f} ms without"
    detail = f"p99 {meanwhile * 1000:.0f} ms while {len(seconds)} charts were drawn in {SECONDS:.0f} s, {without}"
    return [
        at_most("map_reply", meanwhile * 1000, "ms", 100, detail),
        at_most("map_seconds", statistics.median(seconds), "s", 2, "from asking to being queued, half of them for the wall"),
    ]


async def _draw(county: County, world: World, officer: int, process: SideProcess, place: int) -> float:
    """One chart asked for and made as the clock makes it, every other one for the wall; returns the seconds."""

    def begin() -> AbstractAsyncContextManager[Transaction]:
        return reading_first(county.database, system_clock())

    start = time.perf_counter()
    async with transaction(county.database, system_clock()) as tx, tx.session("bench", "ask") as session:
        address = f"telegram:{FIRST_CHAT}"
        Store(session).chart_orders.add(officer, address, chart=_ORDER[place % 3].value, wall=place % 2 == 1, problem_id=None)

    async def draw(figures: Figures, sheet: ChartSheet) -> bytes:
        return await process.run(partial(drawn, figures, sheet))

    if await work(begin, world, draw) != 1:
        raise RuntimeError("the chart was not drawn")
    return time.perf_counter() - start


async def _fill(county: County, world: World) -> int:
    """Open problems all over the county, and somebody who may see them."""
    plan = world.plan
    async with transaction(county.database, system_clock()) as tx, tx.session("bench", "problems") as session:
        store = Store(session)
        officer = store.people.add("市局")
        store.people.appoint(officer, Role.COUNTY, region=plan.county.code)
        for place in range(PROBLEMS):
            item, village = plan.items[place % len(plan.items)], plan.villages[place * 7 % len(plan.villages)]
            deadline = system_clock().date() + timedelta(days=place % 20 - 10)
            new = NewProblem(source="ten_tasks", item=item.id, region=village.code, description="x", deadline=deadline)
            await store.problems.add(new, store.problems.fingerprint(str(place)))
    async with county.database.read() as conn:
        await Caches(world).refresh(conn)
    return officer


def _p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[98]
