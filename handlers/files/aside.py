"""Long work on a file, done where nobody has to wait behind it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

MUCH = 1_000
"""Rows, roughly, from which a process of its own is worth its start of about a second."""
_NICE = 10


async def aside(work: Callable[..., T], *arguments: Any, rows: int) -> T:
    """The result of `work`, which can be pickled like its arguments, or what it raises.

    Much work gets a process: a busy thread would keep the interpreter from the chats, which let go of it, and have to
    get it back, at every statement. Chats also go first on a processor that both want.
    """
    if rows < MUCH:
        return await asyncio.to_thread(work, *arguments)
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=os.nice, initargs=(_NICE,))
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
