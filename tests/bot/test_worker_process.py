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
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from bot.delivery.intake import Intake
from bot.delivery.worker import Count, Worker
from bot.delivery.worker_process import WorkerProcess
from bot.service.clock import system_clock
from handlers.engine.world import World
from storage.database.connection import Database, sqlite_url
from storage.files.media import MediaStore
from storage.mail.messages import Incoming, SentFile
from storage.plan import Plan
from tests.support.plan import PLAN
from tests.support.town import VAULT, Town


def _workers() -> list[BaseProcess]:
    """Our children, but for the one that reads files, which any test before may have started."""
    return [child for child in multiprocessing.active_children() if child.name != "files"]


@contextlib.asynccontextmanager
async def opened_worker(url: str, folder: Path, plan: Plan, tell: Callable[[Count], None]) -> AsyncIterator[Worker]:
    database = Database(url, VAULT)
    world = World(plan, MediaStore(folder / "media", VAULT))
    yield Worker(database, world, ["test"], system_clock, tell)
    await database.close()


@pytest.fixture
async def workshop(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[tuple[Town, WorkerProcess, asyncio.Queue[Count]]]:
    """A town whose mail is worked on by another process; what it reports comes through the queue."""
    path = tmp_path / "cunbao.db"
    shutil.copy(sqlite_template, path)
    town = Town(sqlite_url(path), tmp_path)
    await town.found()
    counts: asyncio.Queue[Count] = asyncio.Queue()
    process = WorkerProcess(functools.partial(opened_worker, sqlite_url(path), tmp_path, PLAN), counts.put_nowait)
    running = asyncio.create_task(process.run())
    yield town, process, counts
    running.cancel()
    await asyncio.wait([running])
    assert not _workers()
    await town.close()


async def _say(town: Town, process: WorkerProcess, text: str, key: str) -> None:
    town.now = system_clock()  # the other process has no other
    intake = Intake(town.database, town.clock, process.wake)
    await intake.put([Incoming(address="test:李村", key=key, at=town.now, text=text)])


async def _answers(town: Town) -> list[str]:
    town.now = system_clock()
    await town.sender.drain()
    return [message.text or "" for _, message in town.platform.sent]


async def test_a_message_is_answered_by_the_other_process(workshop: tuple[Town, WorkerProcess, asyncio.Queue[Count]]) -> None:
    town, process, counts = workshop
    await _say(town, process, "/report", "1")
    assert await asyncio.wait_for(counts.get(), 60) == Count(1, 0, 0)
    assert "哪一户" in (await _answers(town))[0]


async def test_a_restarted_worker_finishes_and_a_new_one_goes_on(
    workshop: tuple[Town, WorkerProcess, asyncio.Queue[Count]], caplog: pytest.LogCaptureFixture
) -> None:
    town, process, counts = workshop
    await _say(town, process, "/report", "1")
    await asyncio.wait_for(counts.get(), 60)
    (before,) = _workers()
    process.restart()
    await _say(town, process, "1001", "2")
    assert await asyncio.wait_for(counts.get(), 60) == Count(1, 0, 0)
    assert "有什么困难" in (await _answers(town))[1]
    await asyncio.to_thread(before.join, 60)
    assert before.exitcode == 0
    assert "ended" not in caplog.text


async def test_a_killed_worker_is_replaced_and_the_talk_goes_on(
    workshop: tuple[Town, WorkerProcess, asyncio.Queue[Count]], caplog: pytest.LogCaptureFixture
) -> None:
    town, process, counts = workshop
    await _say(town, process, "/report", "1")
    await asyncio.wait_for(counts.get(), 60)
    (child,) = _workers()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    await _say(town, process, "1001", "2")
    assert await asyncio.wait_for(counts.get(), 60) == Count(1, 0, 0)
    assert "有什么困难" in (await _answers(town))[1]
    assert "the worker process ended by signal 9" in caplog.text


def _first_child() -> BaseProcess:
    while True:
        for child in _workers():
            return child


async def test_a_worker_that_is_killed_while_it_starts_is_replaced(
    workshop: tuple[Town, WorkerProcess, asyncio.Queue[Count]],
) -> None:
    """What it is given, a whole plan, is more than a pipe holds: nobody may wait for it to be read."""
    town, process, counts = workshop
    child = await asyncio.to_thread(_first_child)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    await _say(town, process, "/report", "1")
    assert await asyncio.wait_for(counts.get(), 60) == Count(1, 0, 0)


async def test_the_other_process_reads_a_long_table_in_a_third(
    workshop: tuple[Town, WorkerProcess, asyncio.Queue[Count]],
) -> None:
    town, process, counts = workshop
    rows = "".join(f"十项重点任务排查,白塔村,第 {number} 处漏雨,2022年10月25日\n" for number in range(1_000))
    file = await town.keep(f"问题来源,村,问题描述,整改时限\n{rows}".encode(), "text/plain")
    town.now = system_clock()
    sent = SentFile(sha256=file, kind="document", name="台账.csv")
    intake = Intake(town.database, town.clock, process.wake)
    await intake.put([Incoming(address="test:周镇", key="1", at=town.now, files=(sent,))])
    nothing_yet = Count(0, 0, 0)  # the chat is held while its table is read
    while (count := await asyncio.wait_for(counts.get(), 120)) == nothing_yet:
        pass
    assert count == Count(1, 0, 0)
    assert "可导入 1000 条" in (await _answers(town))[-1]
