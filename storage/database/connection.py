"""The database connection: SQLite by default, PostgreSQL when a county outgrows one machine."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.database.sealing import Vault
from storage.database.sqlite_driver import Connection, connector

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=15000",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=8000",
)


class Database:
    """Opens transactions. On SQLite one writer at a time, over all processes that share the file."""

    def __init__(self, url: str, vault: Vault) -> None:
        self.url = sa.make_url(url)
        self.vault = vault
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # hide_parameters: an error text is logged and kept, and must hold nothing of what people said
        options: dict[str, Any] = {"pool_size": 10, "pool_pre_ping": True}
        if self.is_sqlite:
            options = {"async_creator": connector(self.url.database or "")}
        self.engine = create_async_engine(self.url, hide_parameters=True, **options)
        self._writing = WriteLock(Path(f"{self.url.database}-writer")) if self.is_sqlite else contextlib.nullcontext()
        if self.is_sqlite:
            sa.event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)

    @contextlib.asynccontextmanager
    async def write(self, *, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits when the block ends well, and rolls back when it raises.

        `brief`: of short statements only, which on SQLite are not worth the trip to another thread.
        """
        async with self._writing, self.engine.connect() as conn:
            _set_brief(conn, brief=brief)
            if self.is_sqlite:  # take the write lock at once: a read that turns writer may find the lock gone
                await conn.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield conn
            except BaseException:
                await conn.rollback()
                raise
            await conn.commit()

    @contextlib.asynccontextmanager
    async def read(self, *, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """One consistent view for reading; `brief` as for `write`."""
        async with self.engine.connect() as conn:
            _set_brief(conn, brief=brief)
            if self.is_sqlite:
                await conn.exec_driver_sql("BEGIN")
            yield conn
            await conn.rollback()

    async def close(self) -> None:
        await self.engine.dispose()
        if isinstance(self._writing, WriteLock):
            self._writing.close()


class WriteLock:
    """A lock within the process and between processes; who waits is woken as soon as it is free.

    SQLite's own lock makes a waiting process sleep and look again, up to 100 ms, and a busy writer would starve it.
    The system frees the lock of a process that dies.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._here = asyncio.Lock()

    async def __aenter__(self) -> None:
        await self._here.acquire()
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                await self._wait(self._file)
        except BaseException:
            self._here.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._here.release()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @staticmethod
    async def _wait(file: int) -> None:
        waiting = asyncio.ensure_future(asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX))
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:  # the thread can't be stopped: what it gets must be given back
            await asyncio.wait([waiting])
            fcntl.flock(file, fcntl.LOCK_UN)
            raise


def _set_brief(conn: AsyncConnection, *, brief: bool) -> None:
    sync = conn.sync_connection
    driver = sync and sync.connection.driver_connection
    if isinstance(driver, Connection):
        driver.brief = brief


def _prepare_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"
