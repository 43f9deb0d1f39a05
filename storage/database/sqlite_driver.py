"""aiosqlite with one trip to its thread for each statement instead of four, and none at all where that is asked for.

aiosqlite runs every call in a thread of its own, and SQLAlchemy makes a cursor, executes, fetches and closes with a call
each. A trip costs more than most of our statements, so here a cursor does all of it in one. Results are fetched whole:
whoever reads a large table pages through it.

Beside a busy loop the thread waits for the interpreter at every statement, with the write lock in its hands. A
transaction of a few short statements is therefore `brief`: they run in the loop itself. Its commit, which waits for the
disk, does not.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiosqlite

_TURN = 0.0005
"""Seconds after which a busy thread lets another one have the interpreter."""


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
            self._work(how, sql, parameters)
        else:
            await self._connection._execute(self._work, how, sql, parameters)  # type: ignore[no-untyped-call]

    def _work(self, how: Callable[..., Any], sql: str, parameters: Any) -> None:
        cursor = self._connection._conn.cursor()
        how(cursor, sql, parameters)
        self.description = cursor.description
        if cursor.description is not None:
            self._rows = cursor.fetchall()
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()


class Connection(aiosqlite.Connection):
    brief = False
    """Whether statements run in the loop."""

    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy enters it like aiosqlite's own
        return _Cursor(self)


def connector(path: str) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    """For `create_async_engine(async_creator=...)`. cunbao says BEGIN itself; the driver must not."""
    # The thread needs the interpreter for a moment at each statement. Beside a busy loop it would wait 5 ms for it every
    # time, with the write lock in its hands.
    sys.setswitchinterval(_TURN)

    def open_file() -> sqlite3.Connection:
        # used by one at a time: the loop waits for what the thread does
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    async def connect() -> aiosqlite.Connection:
        connection = Connection(open_file, iter_chunk_size=64)
        connection._thread.daemon = True  # a process that dies must not wait for it
        return await connection

    return connect
