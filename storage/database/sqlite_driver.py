"""aiosqlite with one trip to its thread for each statement instead of four, and none at all where that is asked for.

aiosqlite runs every call in a thread of its own, and SQLAlchemy makes a cursor, executes, fetches and closes with a call
each. A trip costs more than most of our statements, so here a cursor does all of it in one. Results are fetched whole:
whoever reads a large table pages through it.

Beside a busy loop the thread waits for the interpreter at every statement, with the write lock in its hands. A
transaction of a few short statements is therefore `brief`: they run in the loop itself. Its commit, which waits for the
disk, does not. Nor does a statement that finds the file locked by another program: the thread waits for that.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosqlite

from storage.database.tolerance import text_or_damaged

_TURN = 0.0005
"""Seconds after which a busy thread lets another one have the interpreter."""

_PATIENCE = 15_000
"""Milliseconds the thread waits for a file that another program has locked."""


_NO_TEXT = "Could not decode to UTF-8"


class _Cursor:
    """What SQLAlchemy asks of an asynchronous cursor, with the answer ready after the first call."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> _Cursor:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> None:
        await self._run(sqlite3.Cursor.execute, sql, parameters)

    async def executemany(self, sql: str, rows: Any) -> None:
        await self._run(sqlite3.Cursor.executemany, sql, rows)

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    async def _run(self, how: Callable[..., Any], sql: str, parameters: Any) -> None:
        if self._connection.brief:
            try:
                return self._work(how, sql, parameters)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
        work = (self._connection._patiently, self._work, how, sql, parameters)
        await self._connection._execute(*work)  # type: ignore[no-untyped-call]

    def _work(self, how: Callable[..., Any], sql: str, parameters: Any) -> None:
        try:
            self._do(how, sql, parameters)
        except sqlite3.OperationalError as error:
            if not str(error).startswith(_NO_TEXT):
                raise
            # from here on slower and without an error, so that what is not read again now can be read the next time
            self._connection._conn.text_factory = text_or_damaged
            if not sql.lstrip().upper().startswith(("SELECT", "WITH")):
                raise sqlite3.OperationalError(_NO_TEXT) from None  # the driver's own words hold the text
            self._do(how, sql, parameters)

    def _do(self, how: Callable[..., Any], sql: str, parameters: Any) -> None:
        cursor = self._connection._conn.cursor()
        how(cursor, sql, parameters)
        self.description = cursor.description
        if cursor.description is not None:
            self._rows = cursor.fetchall()
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()


_ending: set[threading.Thread] = set()
"""The threads of connections that were closed or given up."""


class Connection(aiosqlite.Connection):
    brief = False
    """Whether statements run in the loop."""

    def stop(self) -> asyncio.Future[Any] | None:
        """Have the thread end after what it is doing. One that was cut off is waited for by nobody else (`ended`)."""
        _ending.add(self._thread)
        return super().stop()

    def be(self, *, brief: bool) -> None:
        if self.brief != brief:
            self.brief = brief
            self._wait_up_to(0 if brief else _PATIENCE)  # the loop must not wait for another program

    def _wait_up_to(self, milliseconds: int) -> None:
        self._conn.execute(f"PRAGMA busy_timeout={milliseconds}")

    def _patiently(self, work: Callable[..., None], *arguments: Any) -> None:
        """In the thread: wait for a locked file even where the loop does not."""
        if self.brief:
            self._wait_up_to(_PATIENCE)
        try:
            work(*arguments)
        finally:
            if self.brief:
                self._wait_up_to(0)

    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy enters it like aiosqlite's own
        return _Cursor(self)


async def ended() -> None:
    """Wait until the threads have ended whose connections were closed or given up: each answers the loop, which may be about to
    close."""
    while _ending:
        thread = _ending.pop()
        if thread.is_alive():
            await asyncio.to_thread(thread.join)


def connector(path: str, *, read_only: bool = False) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    """For `create_async_engine(async_creator=...)`. cunbao says BEGIN itself; the driver must not.

    `read_only`: neither the file nor its log is written, and a file that is not there is not made.
    """
    # The thread needs the interpreter for a moment at each statement. Beside a busy loop it would wait 5 ms for it every
    # time, with the write lock in its hands.
    sys.setswitchinterval(_TURN)

    def open_file() -> sqlite3.Connection:
        # used by one at a time: the loop waits for what the thread does
        if read_only:
            address = f"{Path(path).resolve().as_uri()}?mode=ro"
            return sqlite3.connect(address, _PATIENCE / 1000, uri=True, isolation_level=None, check_same_thread=False)
        return sqlite3.connect(path, _PATIENCE / 1000, isolation_level=None, check_same_thread=False)

    async def connect() -> aiosqlite.Connection:
        connection = Connection(open_file, iter_chunk_size=64)
        connection._thread.daemon = True  # a process that dies must not wait for it
        return await connection

    return connect
