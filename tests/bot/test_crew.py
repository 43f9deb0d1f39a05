"""The worker in a process of its own: it works, it comes back when it is killed, and it ends with its parent."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import multiprocessing
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.delivery.crew import Crew
from bot.delivery.intake import Intake
from bot.delivery.worker import Count, Worker
from bot.service.clock import system_clock
from handlers.engine.world import World
from storage.database.connection import Database, sqlite_url
from storage.files.media import MediaStore
from storage.mail.messages import Incoming
from storage.plan import builtin_plans, load_plan
from tests.support.town import VAULT, Town


@contextlib.asynccontextmanager
async def hired(url: str, folder: Path, tell: Callable[[Count], None]) -> AsyncIterator[Worker]:
    database = Database(url, VAULT)
    world = World(load_plan(builtin_plans()["wafang-2022"]), MediaStore(folder / "media", VAULT))
    yield Worker(database, world, ["test"], system_clock, tell)
    await database.close()


@pytest.fixture
async def workshop(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[tuple[Town, Crew, asyncio.Queue[Count]]]:
    """A town whose mail is worked on by another process; what it reports comes through the queue."""
    path = tmp_path / "cunbao.db"
    shutil.copy(sqlite_template, path)
    town = Town(sqlite_url(path), tmp_path)
    await town.found()
    counts: asyncio.Queue[Count] = asyncio.Queue()
    crew = Crew(functools.partial(hired, sqlite_url(path), tmp_path), counts.put_nowait)
    running = asyncio.create_task(crew.run())
    yield town, crew, counts
    running.cancel()
    await asyncio.wait([running])
    assert not multiprocessing.active_children()
    await town.close()


async def _say(town: Town, crew: Crew, text: str, key: str) -> None:
    town.now = system_clock()  # the other process has no other
    intake = Intake(town.database, town.clock, crew.wake)
    await intake.put([Incoming(address="test:李村", key=key, at=town.now, text=text)])


async def _answers(town: Town) -> list[str]:
    town.now = system_clock()
    await town.sender.drain()
    return [message.text or "" for _, message in town.platform.sent]


async def test_a_message_is_answered_by_the_other_process(
    workshop: tuple[Town, Crew, asyncio.Queue[Count]],
) -> None:
    town, crew, counts = workshop
    await _say(town, crew, "/report", "1")
    assert await asyncio.wait_for(counts.get(), 60) == Count(1, 0, 0)
    assert "哪一户" in (await _answers(town))[0]


async def test_a_killed_worker_is_replaced_and_the_talk_goes_on(
    workshop: tuple[Town, Crew, asyncio.Queue[Count]],
) -> None:
    town, crew, counts = workshop
    await _say(town, crew, "/report", "1")
    await asyncio.wait_for(counts.get(), 60)
    (child,) = multiprocessing.active_children()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    await _say(town, crew, "1001", "2")
    assert await asyncio.wait_for(counts.get(), 60) == Count(1, 0, 0)
    assert "有什么困难" in (await _answers(town))[1]
