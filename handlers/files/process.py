"""Long work on a file, done in a process beside the chats, so that nobody has to wait behind it.

A busy thread would not do: it keeps the interpreter from the chats, which let go of it, and have to get it back, at every
statement. Chats also go first on a processor that both want.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

MUCH = 1_000
"""Rows, roughly, from which a process of its own is worth its start of about a second."""
_IDLE = 300.0
"""Seconds."""
_NICE = 10


class SideProcess:
    """A process for one piece of work at a time, started by the first and kept for those that follow."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._used = 0.0

    async def run(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """The result of `work`, which can be pickled like its arguments and options, or what it raises.

        A process that was killed is replaced once.
        """
        try:
            return await self._try(partial(work, *arguments, **options))
        except BrokenProcessPool:
            log.warning("the process for %s is gone; a new one starts", work.__name__)
            self.end()
            return await self._try(partial(work, *arguments, **options))

    def end_if_idle(self) -> None:
        """End the process when there was no work for some minutes."""
        if self._pool is not None and asyncio.get_running_loop().time() - self._used > _IDLE:
            self.end()

    def end(self, *, wait: bool = False) -> None:
        """End the process; to `wait` for that blocks."""
        if self._pool is not None:
            self._pool.shutdown(wait, cancel_futures=True)
            self._pool = None

    async def _try(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_settle)
        try:
            return await loop.run_in_executor(self._pool, work)
        finally:
            self._used = loop.time()


async def aside(work: Callable[..., T], *arguments: Any, rows: int, **options: Any) -> T:
    """The result of `work` on so many rows: little work gets a thread, much a process that ends with it."""
    if rows < MUCH:
        return await asyncio.to_thread(work, *arguments, **options)
    process = SideProcess()
    try:
        return await process.run(work, *arguments, **options)
    finally:
        await asyncio.to_thread(partial(process.end, wait=True))  # a parent that ends too soon would wait for it forever


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
