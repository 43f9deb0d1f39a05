"""Draws the wall charts that were asked for, one at a time, in a process beside the chats."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from handlers.charts.common import as_message, charts_for, reach_for
from handlers.charts.figures import Figures
from handlers.charts.gather import gather, gather_gantt
from handlers.engine.jobs import Begin, Every, LongJob, Transactions
from handlers.engine.words import NOT_YOURS
from handlers.engine.world import World
from handlers.problems.states import parties_of
from storage.charts.orders import Chart, ChartOrder
from storage.database.transaction import Conflict
from storage.mail import outbox
from storage.mail.messages import Outgoing
from storage.people.persons import Person
from storage.store import Store

log = logging.getLogger(__name__)

FAILED = "图没有画成，已记下原因。请过一会儿再试，还不行请找系统管理员。"

Draw = Callable[[Figures, bool], Awaitable[bytes]]
"""Makes a PNG of figures, for the wall if true."""

_PNG = "image/png"
_IDLE = 300.0
_NICE = 10


class Easel:
    """A process that draws, kept for some minutes after the last picture: to start it takes longer than to draw.

    A busy thread would not do, since it keeps the interpreter from the chats; and they go first on a processor that
    both want.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._used = 0.0

    async def draw(self, figures: Figures, wall: bool) -> bytes:
        """The chart as a PNG, or what drawing it raises. A process that was killed is replaced once."""
        try:
            return await self._try(figures, wall)
        except BrokenProcessPool:
            log.warning("the drawing process is gone; a new one starts")
            self.clear_away()
            return await self._try(figures, wall)

    def rest(self) -> None:
        """End the process when nobody has wanted a picture for long."""
        if self._pool is not None and asyncio.get_running_loop().time() - self._used > _IDLE:
            self.clear_away()

    def clear_away(self) -> None:
        """End the process now."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    async def _try(self, figures: Figures, wall: bool) -> bytes:
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_settle)
        try:
            return await loop.run_in_executor(self._pool, _drawn, figures, wall)
        finally:
            self._used = loop.time()


EASEL = Easel()


def _settle() -> None:
    """In the process: yield to the chats, leave Ctrl-C to the parent, and never outlive it."""
    os.nice(_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _drawn(figures: Figures, wall: bool) -> bytes:
    from handlers.charts.draw import draw  # only here: matplotlib takes a second and much memory

    return draw(figures, wall)


async def run(transactions: Transactions, world: World) -> int:
    """Everything ordered; returns how many orders were dealt with."""
    done = await work(transactions.reading_first, world, EASEL.draw)
    if not done:
        EASEL.rest()
    return done


JOB = LongJob("charts", Every(1), run)


async def work(begin: Begin, world: World, draw: Draw) -> int:
    """As `run`, drawn by `draw`. `begin` opens transactions that read first."""
    async with begin() as tx, tx.session(request="job:charts") as session:
        waiting = await Store(session).chart_orders.waiting()
    return sum([await _one(begin, world, order, draw) for order in waiting])


async def _one(begin: Begin, world: World, order: ChartOrder, draw: Draw) -> bool:
    """False when another process was quicker."""
    try:
        return await _answer(begin, order, *await _made(begin, world, order, draw))
    except Exception:
        log.exception("chart order %s failed", order.id)
        return await _answer(begin, order, Outgoing(text=FAILED), None)


async def _made(begin: Begin, world: World, order: ChartOrder, draw: Draw) -> tuple[Outgoing, bytes | None]:
    """The message and its picture, within the posts the person holds now; no transaction is open while it is drawn."""
    async with begin() as tx, tx.session(f"person:{order.person_id}", f"chart:{order.id}") as session:
        person = await Store(session).people.get(order.person_id)
        figures = await _figures(Store(session), world, order, person) if person else None
    if person is None or figures is None:
        return Outgoing(text=NOT_YOURS), None
    picture = await draw(figures, order.wall)
    file = await asyncio.to_thread(world.media.write, picture)
    return as_message(figures, order, charts_for(person, world.plan), file), picture


async def _figures(store: Store, world: World, order: ChartOrder, person: Person) -> Figures | None:
    if order.problem_id is not None:
        problem = await store.problems.get(order.problem_id)
        seen = problem is not None and parties_of(person, problem, world.plan)
        return await gather_gantt(store, world, problem, store.session.now) if problem and seen else None
    chart = Chart(order.chart)
    reach = reach_for(person, chart, world.plan)
    return await gather(store, world, reach, chart, store.session.now) if reach else None


async def _answer(begin: Begin, order: ChartOrder, message: Outgoing, picture: bytes | None) -> bool:
    try:
        async with begin() as tx:
            await tx.begin_writing()
            async with tx.session(f"person:{order.person_id}", f"chart:{order.id}") as session:
                if message.file and picture is not None:
                    Store(session).media.keep(message.file, len(picture), _PNG)
                outbox.post(session, order.address, message)
                await Store(session).chart_orders.done(order)
    except Conflict:
        return False
    return True
