"""A process beside the chats for work that may take long or be costly, killed and replaced at the limits of its work.

A busy thread would not do: it keeps the interpreter from the chats, which let go of it, and have to get it back, at every
statement, and nothing can end it. Chats also go first on a processor that both want.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet, WeakValueDictionary

log = logging.getLogger(__name__)

T = TypeVar("T")

_IDLE, _LONGEST = 300.0, 3600.0
"""Seconds: without work, and of work that has no limits of its own."""
_FAT = 400 * 2**20
"""Bytes of memory that a process may keep between two pieces of work; one that keeps more is replaced."""
_VALUE, _ERROR, _MEMORY, _ROWS = range(4)


@dataclass(frozen=True, slots=True)
class Effort:
    """The limits of one piece of work.

    `cpu`: seconds of processor time, and `a_row` more of them for each row it declares; `memory`: bytes beyond what the
    process has when it begins; `wall`: seconds, whatever it does.
    """

    cpu: float
    memory: int
    wall: float
    a_row: float = 0.0


class TooCostly(Exception):
    """The work was ended at a limit, or has twice taken its process down."""


_all: WeakSet[SideProcess] = WeakSet()


def end_all() -> None:
    """End the processes of this one, and with them the work under way."""
    for process in list(_all):
        process.end()


class SideProcess:
    """A process for one piece of work at a time, started by the first and kept for those that follow.

    `effort` limits each piece of work (None: our own, which needs no limit); `nice` is its priority, as of `os.nice`;
    `modules` are imported before the first work comes. One that `stays` does not end after some minutes without work.
    """

    def __init__(
        self, name: str, effort: Effort | None = None, *, nice: int = 10, modules: Sequence[str] = (), stays: bool = False
    ) -> None:
        self._name = name
        self._settings = (effort, nice, tuple(modules), None if stays else _IDLE)
        _all.add(self)
        self._effort = effort
        self._executor: ThreadPoolExecutor | None = None
        self._child: BaseProcess | None = None
        self._line: Connection | None = None
        self._ending = False
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, work: Callable[[], T], *, whose: str = "", declared: Callable[[int], None] | None = None) -> T:
        """The result of `work`, which can be pickled like its result (a `partial`), or what it raises.

        What comes from one `whose` is done one after the other, so that others wait for one piece of its work at most.
        `declared` hears of how many rows the work has declared. Raises TooCostly.
        """
        loop = asyncio.get_running_loop()

        def hear(rows: int) -> None:
            if declared is not None:
                loop.call_soon_threadsafe(declared, rows)

        async with self._turn(whose):
            if self._executor is None:
                self._executor = ThreadPoolExecutor(1, self._name)
            result: T = await loop.run_in_executor(self._executor, partial(self._do, work, hear))
            return result

    def warm(self) -> None:
        """Let the process start before there is work."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, self._name)
        self._executor.submit(self._ready)

    def end(self) -> None:
        """End the process, and with it the work under way."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        self._ending = True
        self._kill()
        executor.shutdown(cancel_futures=True)
        self._ending = False
        self._kill()

    @contextlib.asynccontextmanager
    async def _turn(self, whose: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(whose, asyncio.Lock()) if whose else asyncio.Lock()
        async with turn:
            yield

    # What follows runs in the one thread that talks to the process.

    def _do(self, work: Callable[[], Any], declared: Callable[[int], object]) -> Any:
        result = self._try(work, declared)
        if result is None:  # it may have been ended from outside, as by a system short of memory
            log.warning("the process for %s is gone; a new one starts", self._name)
            result = self._try(work, declared)
        if result is None:
            raise TooCostly(f"{self._name}: the process was ended twice")
        kind, value = result
        if kind == _ERROR:
            raise value
        return value

    def _try(self, work: Callable[[], Any], declared: Callable[[int], object]) -> tuple[int, Any] | None:
        """What came of it; None where the process is gone and nobody can say why. Raises TooCostly."""
        child, line = self._ready()
        late = threading.Event()
        timer = threading.Timer(self._effort.wall if self._effort else _LONGEST, _end_late, (child, late))
        timer.daemon = True
        timer.start()
        try:
            line.send(work)
            kind, value = line.recv()
            while kind == _ROWS:
                declared(value)
                kind, value = line.recv()
            if kind != _MEMORY:
                return kind, value
        except (EOFError, OSError):
            kind = None
        finally:
            timer.cancel()
        self._kill()
        code = child.exitcode
        if self._ending:
            raise TooCostly(f"{self._name}: ended")
        self._ready()  # while nobody waits for it yet
        if kind == _MEMORY or late.is_set() or code == -signal.SIGPROF:
            limit = "memory" if kind == _MEMORY else "time" if late.is_set() else "processor time"
            log.warning("work for %s was ended at its limit of %s", self._name, limit)
            raise TooCostly(f"{self._name}: {limit}")
        if code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL, -signal.SIGTRAP):
            log.warning("work for %s has crashed its process with signal %s", self._name, -code)
            raise TooCostly(f"{self._name}: crashed")
        return None

    def _ready(self) -> tuple[BaseProcess, Connection]:
        if self._child is not None and self._line is not None and self._child.is_alive():
            return self._child, self._line
        self._kill()
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        with theirs:
            self._child = context.Process(target=_serve, args=(theirs, *self._settings), name=self._name, daemon=True)
            self._child.start()
        return self._child, self._line

    def _kill(self) -> None:
        if self._child is not None and self._child.pid is not None:
            self._child.kill()
            self._child.join()
        if self._line is not None and not self._ending:  # its thread may be waiting at it; the end of the child ends that
            self._line.close()
            self._line = None


MAKING = SideProcess("making", nice=15)
"""Writes the large tables that are sent out."""


def _nobody(_: int) -> None:
    """Hears of nothing."""


def _end_late(child: BaseProcess, late: threading.Event) -> None:
    late.set()
    child.kill()


# What follows runs in the process.

_declare: Callable[[int], None] = _nobody


def declare(rows: int) -> None:
    """Said by work that knows how many rows it is going to read: it may take longer by that. Elsewhere it has no effect."""
    _declare(rows)


def _serve(line: Connection, effort: Effort | None, nice: int, modules: Sequence[str], idle: float | None) -> None:
    os.nice(nice)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    for module in modules:
        importlib.import_module(module)
    while line.poll(idle):
        try:
            work = line.recv()
        except (EOFError, OSError):  # the parent has gone, or wants another
            return
        with _limited(effort, line):
            answer = _answer(work)
            try:
                line.send(answer)
            except MemoryError:
                answer = (_MEMORY, None)
                line.send(answer)
        if answer[0] == _MEMORY or _size(1) > _FAT:
            return


def _answer(work: Callable[[], Any]) -> tuple[int, Any]:
    try:
        return _VALUE, work()
    except MemoryError:
        return _MEMORY, None
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))  # which would not go along
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
        except Exception:
            return _ERROR, RuntimeError("".join(traceback.format_exception(error)))
        return _ERROR, error


@contextlib.contextmanager
def _limited(effort: Effort | None, line: Connection) -> Iterator[None]:
    """The system itself ends the process at the processor time (SIGPROF), also within a library that never comes back."""
    global _declare
    if effort is None:
        yield
        return

    def longer(rows: int) -> None:
        left, _ = signal.getitimer(signal.ITIMER_PROF)
        signal.setitimer(signal.ITIMER_PROF, left + rows * effort.a_row)
        line.send((_ROWS, rows))

    _declare = longer
    signal.setitimer(signal.ITIMER_PROF, effort.cpu)
    most = resource.getrlimit(resource.RLIMIT_AS)
    if size := _size(0):
        resource.setrlimit(resource.RLIMIT_AS, (size + effort.memory, most[1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, most)
        _declare = _nobody


def _size(which: int) -> int:
    """Bytes of this process: 0 its address space, 1 what of it lies in memory; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[which]) * resource.getpagesize()
    except OSError:
        return 0


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
