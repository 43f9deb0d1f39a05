"""The worker in a process of its own, so that platforms and conversations use two cores.

Parent and child share nothing but the database. A socket between them carries wake-ups: one byte down for "mail came", one
`Count` up for "a batch is written". A lost wake-up costs a second, never a message: both sides also look by themselves.
The child ends when the socket does, so it never outlives a parent that was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import multiprocessing
import pickle
import signal
import socket
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from multiprocessing.process import BaseProcess

import uvloop

from bot.delivery.lasting import lasting
from bot.delivery.shielding import shielded
from bot.delivery.worker import Count, Worker
from bot.service import metrics
from bot.service.garbage_collection import rare_garbage_collection
from handlers.files.process import end_all

log = logging.getLogger(__name__)

Build = Callable[[Callable[[Count], None]], AbstractAsyncContextManager[Worker]]
"""Makes the worker in the child; a function that can be pickled."""

_COUNT = struct.Struct("<3I")
_LENGTH = struct.Struct("<I")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class WorkerProcess:
    """Keeps one worker process running. `tell` hears of every batch."""

    def __init__(self, build: Build, tell: Callable[[Count], None]) -> None:
        self._build = build
        self._tell = tell
        self._line: socket.socket | None = None
        self._restarting = False
        self.ends: deque[float] = deque(maxlen=10)
        """When it has ended by itself lately, on `time.monotonic`."""

    def wake(self) -> None:
        if self._line is not None:
            with contextlib.suppress(BlockingIOError, ConnectionError):  # full, or just gone: it will look
                self._line.send(b"!")

    def restart(self) -> None:
        """End the process when its batch is finished; a new one is made by `build` as it is by then."""
        if self._line is not None:
            self._restarting = True
            with contextlib.suppress(OSError):  # it has ended by itself
                self._line.shutdown(socket.SHUT_WR)

    async def run(self) -> None:
        """Until cancelled; then the batch under way is finished and the child has ended."""
        pause = _FIRST_PAUSE
        while True:
            started = asyncio.get_running_loop().time()
            code = await self._run_child()
            if self._restarting:
                self._restarting = False
                continue
            if asyncio.get_running_loop().time() - started > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            self.ends.append(time.monotonic())
            metrics.WORKER_ENDED.inc()
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"  # 9: most likely for want of memory
            log.error("the worker process ended %s; a new one starts in %s s", how, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _run_child(self) -> int:
        """Returns its exit code, negative for a signal."""
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        child = multiprocessing.get_context("spawn").Process(target=_child, args=(theirs,))
        with ours, theirs:
            try:
                await shielded(asyncio.to_thread(child.start))  # one that starts while we stop is waited for below
                theirs.close()
                # not as an argument: a child that is killed while it starts would leave that write hanging for ever
                build = pickle.dumps(self._build)
                with contextlib.suppress(ConnectionError):
                    await asyncio.get_running_loop().sock_sendall(ours, _LENGTH.pack(len(build)) + build)
                self._line = ours
                await self._listen(ours)
            finally:
                self._line = None
                ours.close()  # the child sees it, finishes and ends
                if child.pid is not None:
                    await shielded(_joined(child))
        return child.exitcode or 0

    async def _listen(self, line: socket.socket) -> None:
        rest = b""
        async for heard in _received(line):
            rest += heard
            whole = len(rest) - len(rest) % _COUNT.size
            for numbers in _COUNT.iter_unpack(rest[:whole]):
                self._tell(Count(*numbers))
            rest = rest[whole:]


async def _joined(child: BaseProcess) -> None:
    await asyncio.to_thread(child.join)


def _child(line: socket.socket) -> None:
    # Ctrl-C reaches the whole terminal; when to stop is the parent's decision
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with line.makefile("rb", buffering=0) as sent:
        build = pickle.loads(_exactly(sent, *_LENGTH.unpack(_exactly(sent, _LENGTH.size))))  # noqa: S301  # our parent's
    try:
        with rare_garbage_collection():
            uvloop.run(_work(build, line))
    finally:
        end_all()


def _exactly(file: io.RawIOBase | socket.SocketIO, size: int) -> bytes:
    """So many bytes. Raises SystemExit when the parent is gone."""
    read = b""
    while len(read) < size:
        more = file.read(size - len(read))
        if not more:
            raise SystemExit
        read += more
    return read


async def _work(build: Build, line: socket.socket) -> None:
    line.settimeout(0)

    def tell(count: Count) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            line.send(_COUNT.pack(*count))

    workers: list[Worker] = []
    work = asyncio.create_task(_keep_working(build(tell), workers))
    hear = asyncio.create_task(_wake(line, workers))
    await asyncio.wait([work, hear], return_when=asyncio.FIRST_COMPLETED)
    hear.cancel()
    work.cancel()
    await asyncio.wait([work, hear])
    if not work.cancelled():
        work.result()  # an error of the worker's own ends the process, and its trace is in the log


async def _keep_working(opening: AbstractAsyncContextManager[Worker], workers: list[Worker]) -> None:
    """Work until cancelled, which may be while the database is still waited for."""
    async with opening as worker:
        workers.append(worker)
        await lasting("worker", worker.run)


async def _wake(line: socket.socket, workers: Sequence[Worker]) -> None:
    """Until the parent is gone, or wants us to end."""
    async for _ in _received(line):
        for worker in workers:
            worker.wake()


async def _received(line: socket.socket) -> AsyncIterator[bytes]:
    """Yield what arrives until the other side closes, which shows as an error when it was killed."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while heard := await loop.sock_recv(line, 4096):
            yield heard
