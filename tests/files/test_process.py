"""Work in a process of its own: ended at its limits, replaced, and of one sender a piece at a time."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from handlers.files.process import Effort, SideProcess, TooCostly, declare

EFFORT = Effort(cpu=0.3, memory=128 * 2**20, wall=60, a_row=0.001)


@pytest.fixture
async def process() -> AsyncIterator[SideProcess]:
    made = SideProcess("test", EFFORT)
    yield made
    made.end()


def killed_once(mark: Path, *, word: str) -> str:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return word


def busy() -> NoReturn:
    while True:
        pass


def greedy() -> NoReturn:
    kept = []
    while True:
        kept.append(bytearray(10**7))


def crashing() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def asleep() -> None:
    time.sleep(3600)


def failing() -> None:
    raise LookupError("no such thing")


def long(rows: int, cpu: float) -> str:
    declare(rows)
    begun = time.process_time()
    while time.process_time() - begun < cpu:
        pass
    return "读完了"


def pid() -> int:
    return os.getpid()


async def test_a_process_that_is_killed_is_replaced_once(process: SideProcess, tmp_path: Path) -> None:
    assert await process.run(partial(killed_once, tmp_path / "mark", word="读完了")) == "读完了"


@pytest.mark.parametrize("work", [busy, greedy, crashing])
async def test_work_is_ended_at_its_limits_and_what_waits_behind_it_gets_a_new_process(
    process: SideProcess, work: Callable[[], None]
) -> None:
    before = await process.run(pid)
    first, second = await asyncio.gather(process.run(work), process.run(pid), return_exceptions=True)
    assert isinstance(first, TooCostly)
    assert isinstance(second, int)
    assert second != before


async def test_work_that_uses_no_processor_ends_too() -> None:
    process = SideProcess("test", Effort(cpu=60, memory=128 * 2**20, wall=0.5))
    try:
        with pytest.raises(TooCostly):
            await process.run(asleep)
    finally:
        process.end()


async def test_an_error_comes_back_with_its_trace(process: SideProcess) -> None:
    with pytest.raises(LookupError, match="no such thing") as caught:
        await process.run(failing)
    assert "in failing" in "".join(caught.value.__notes__)


async def test_who_declares_rows_may_take_longer_and_is_heard(process: SideProcess) -> None:
    heard: list[int] = []
    with pytest.raises(TooCostly):
        await process.run(partial(long, 0, 1.0))
    assert await process.run(partial(long, 20_000, 1.0), declared=heard.append) == "读完了"
    assert heard == [20_000]


async def test_of_one_sender_a_file_is_read_at_a_time_and_others_come_between(process: SideProcess) -> None:
    done: list[str] = []

    async def read(whose: str) -> None:
        await process.run(partial(long, 0, 0.05), whose=whose)
        done.append(whose)

    await asyncio.gather(*(read(whose) for whose in ("李村", "李村", "李村", "赵村")))
    assert done.index("赵村") < 2


async def test_what_is_under_way_ends_with_the_process(process: SideProcess) -> None:
    process._effort = Effort(cpu=60, memory=2**30, wall=60)
    under_way = asyncio.ensure_future(process.run(asleep))
    first = await asyncio.to_thread(_child_of, process)
    process.end()
    with pytest.raises(TooCostly):
        await under_way
    assert not _alive(first)
    assert await process.run(pid) != first


def _child_of(process: SideProcess) -> int:
    while process._child is None or process._child.pid is None:
        time.sleep(0.01)
    return process._child.pid


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


PARENT = """
import asyncio
from handlers.files.process import Effort, SideProcess
from tests.files.test_process import asleep, pid

async def main():
    process = SideProcess("test", Effort(cpu=60, memory=2**30, wall=3600))
    print(await process.run(pid), flush=True)
    await process.run(asleep)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    assert select.select([child], [], [], 60)[0], "it has ended"
    os.close(child)
