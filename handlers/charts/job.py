"""Draws the wall charts that were asked for, in a process beside the chats."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from handlers.charts.common import as_message, charts_for, reach_for
from handlers.charts.figures import Figures
from handlers.charts.gather import gather, gather_gantt
from handlers.charts.theme import PHONE, WALL, ChartSheet
from handlers.engine.jobs import Begin, Every, JobName, LongJob, Transactions
from handlers.engine.words import NOT_YOURS
from handlers.engine.world import World
from handlers.files.keeping import keep
from handlers.files.orders import Making, fill_orders
from handlers.files.process import SideProcess
from handlers.problems.states import parties_of
from storage.charts.orders import Chart, ChartOrder, ChartOrders
from storage.mail.messages import Outgoing
from storage.people.persons import Person
from storage.store import Store

FAILED = "图没有画成，已记下原因。请过一会儿再试，还不行请找系统管理员。"

Draw = Callable[[Figures, ChartSheet], Awaitable[bytes]]
"""Makes a PNG of figures."""

PROCESS = SideProcess("charts")
"""It draws, and is kept for some minutes after the last picture: to start it takes longer than to draw."""

_PNG = "image/png"


def drawn(figures: Figures, sheet: ChartSheet) -> bytes:
    """The chart as a PNG. For a process that only draws."""
    from handlers.charts.draw import draw  # only here: matplotlib takes a second and much memory

    return draw(figures, sheet)


async def run(transactions: Transactions, world: World) -> int:
    """Everything ordered; returns how many orders were dealt with."""
    return await work(transactions.reading_first, world, _drawn_aside)


async def _drawn_aside(figures: Figures, sheet: ChartSheet) -> bytes:
    return await PROCESS.run(partial(drawn, figures, sheet))


_NAME = JobName("charts", "画图")
JOB = LongJob(_NAME, Every(1), run, waits=False)


async def work(begin: Begin, world: World, draw: Draw) -> int:
    """As `run`, drawn by `draw`. `begin` opens transactions that read first."""
    return await fill_orders(begin, _queue, make=partial(_made, world, draw), job=_NAME, failed=FAILED)


def _queue(store: Store) -> ChartOrders:
    return store.chart_orders


async def _made(world: World, draw: Draw, store: Store, order: ChartOrder) -> Making | Outgoing:
    person = await store.people.get(order.person_id)
    figures = await _figures(store, world, order, person) if person else None
    if person is None or figures is None:
        return Outgoing(text=NOT_YOURS)
    offered = charts_for(person, world.plan)

    async def sent(store: Store, content: bytes) -> Outgoing:
        return as_message(figures, order, offered, await keep(store, world, content=content, content_type=_PNG))

    return Making(partial(draw, figures, WALL if order.wall else PHONE), sent)


async def _figures(store: Store, world: World, order: ChartOrder, person: Person) -> Figures | None:
    if order.problem_id is not None:
        problem = await store.problems.get(order.problem_id)
        seen = problem is not None and parties_of(person, problem, plan=world.plan)
        return await gather_gantt(store, world, problem=problem, now=store.session.now) if problem and seen else None
    chart = Chart(order.chart)
    reach = reach_for(person, chart, world.plan)
    return await gather(store, world, reach=reach, chart=chart, now=store.session.now) if reach else None
