"""The lock that makes the processes that share an SQLite file write in turn."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import threading
from pathlib import Path

from storage.database.outages import LockKept

log = logging.getLogger(__name__)

LONGEST_WAIT = 30.0
"""Seconds a writer waits for its turn: longer than any transaction of ours takes."""


class WriteLock:
    """A lock within the process and between processes; who waits is woken as soon as it is free.

    SQLite's own lock makes a waiting process sleep and look again, up to 100 ms, and a busy writer would starve it.
    The system frees the lock of a process that dies. One that is frozen keeps it, and SQLite's own with it, so that there is
    nothing to be had by pushing past: who waits gives up in time, says so, and tries again.
    """

    def __init__(self, path: Path, longest_wait: float = LONGEST_WAIT) -> None:
        self._path = path
        self._longest_wait = longest_wait
        self._file: int | None = None
        self._here = asyncio.Lock()
        self._asked: asyncio.Future[None] | None = None
        self._wanted = False

    async def __aenter__(self) -> None:
        """Raises LockKept when others hold it for too long."""
        try:
            async with asyncio.timeout(self._longest_wait):
                await self._here.acquire()
                try:
                    await self._lock_file()
                except BaseException:
                    self._here.release()
                    raise
        except TimeoutError:
            log.error("others have kept the write lock %s for %s s", self._path, self._longest_wait)
            raise LockKept(f"{self._path} was not given back") from None

    async def __aexit__(self, *_: object) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._here.release()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def _lock_file(self) -> None:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        asked = self._asked
        if asked is None:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                asked = self._asked = self._ask(self._file)
        self._wanted = True
        try:
            await asyncio.shield(asked)
        except BaseException:
            if asked.done():  # got in the same moment, and not wanted any more
                fcntl.flock(self._file, fcntl.LOCK_UN)
            raise
        finally:
            self._wanted = False

    def _ask(self, file: int) -> asyncio.Future[None]:
        """Wait in a thread, which nothing can stop: one is enough, and whoever comes later waits for what it gets."""
        loop = asyncio.get_running_loop()
        asked: asyncio.Future[None] = loop.create_future()

        def wait() -> None:
            fcntl.flock(file, fcntl.LOCK_EX)
            with contextlib.suppress(RuntimeError):  # the loop has ended; the lock goes with the process
                loop.call_soon_threadsafe(got)

        def got() -> None:
            self._asked = None
            if not self._wanted and self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)
            asked.set_result(None)

        threading.Thread(target=wait, name="write lock", daemon=True).start()  # a process that ends must not wait for it
        return asked
