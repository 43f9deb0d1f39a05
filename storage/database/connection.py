"""The database connection: SQLite by default, PostgreSQL when a county outgrows one machine."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.database.limits import PATIENT, SERVICE, Limits, probe
from storage.database.outages import is_ended
from storage.database.sealing import Vault
from storage.database.sqlite_driver import Connection, connector, ended
from storage.database.tolerance import read_json, read_tolerantly
from storage.database.write_lock import WriteLock

_READING_PRAGMAS = ("PRAGMA cache_size=-65536", "PRAGMA temp_store=MEMORY")
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    *_READING_PRAGMAS,
    "PRAGMA wal_autocheckpoint=8000",
)


class Database:
    """Opens transactions. On SQLite one writer at a time, over all processes that share the file."""

    def __init__(self, url: str, vault: Vault, limits: Limits = SERVICE, *, read_only: bool = False) -> None:
        """`read_only`: nothing can be changed, and nothing is made that is not there."""
        self.url = sa.make_url(url)
        self.vault = vault
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.noted: dict[str, datetime] = {}
        """The rows that this process could not read and has told of, and when (see `storage.database.reading`)."""
        self._limits = limits
        self.engine = open_engine(self.url, limits, read_only=read_only)
        self._writing = WriteLock(Path(f"{self.url.database}-writer")) if self.is_sqlite else contextlib.nullcontext()

    @functools.cached_property
    def patient(self) -> Database:
        """The same database for work that may take minutes and must not be cut off."""
        if self.is_sqlite or self._limits == PATIENT:
            return self
        patient = Database(self.url.render_as_string(hide_password=False), self.vault, PATIENT)
        patient.noted = self.noted
        return patient

    @contextlib.asynccontextmanager
    async def write(self, *, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits when the block ends well, and rolls back when it raises.

        `brief`: of short statements only, which on SQLite are not worth the trip to another thread.
        """
        async with self._writing, self.engine.connect() as conn:
            self.vault.refresh()
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

    async def alone(self, conn: AsyncConnection, what: str) -> None:
        """Wait until nobody else does this, until the end of the transaction; on SQLite every writer is alone anyhow."""
        if not self.is_sqlite:
            await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(what))))

    async def close(self) -> None:
        await self.engine.dispose()
        await ended()
        if "patient" in vars(self) and self.patient is not self:
            await self.patient.close()
        if isinstance(self._writing, WriteLock):
            self._writing.close()


def _set_brief(conn: AsyncConnection, *, brief: bool) -> None:
    sync = conn.sync_connection
    driver = sync and sync.connection.driver_connection
    if isinstance(driver, Connection):
        driver.be(brief=brief)


def open_engine(url: sa.URL, limits: Limits, *, read_only: bool = False) -> AsyncEngine:
    """What connects to the database of that address."""
    is_sqlite = url.get_backend_name() == "sqlite"
    creator = connector(url.database or "", read_only=read_only)
    options = {"async_creator": creator} if is_sqlite else limits.options(read_only=read_only)
    # hide_parameters: an error text is logged and kept, and must hold nothing of what people said
    engine = create_async_engine(url, hide_parameters=True, json_deserializer=read_json, **options)
    if is_sqlite:
        read_tolerantly(engine.dialect)
        sa.event.listen(engine.sync_engine, "connect", _prepare_reading if read_only else _prepare_sqlite)
    else:
        sa.event.listen(engine.sync_engine, "connect", probe)
        sa.event.listen(engine.sync_engine, "handle_error", _throw_away)
    return engine


def _prepare_sqlite(connection: Any, _: Any, pragmas: Sequence[str] = _SQLITE_PRAGMAS) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(pragma)
    cursor.close()


def _prepare_reading(connection: Any, _: Any) -> None:
    _prepare_sqlite(connection, _, _READING_PRAGMAS)


def _throw_away(context: sa.engine.ExceptionContext) -> None:
    """A connection over which no answer came in time, or that the server has ended, is of no use: not even for a rollback.

    The driver notices an ended one only a moment later, and until then it would go back to the pool.
    """
    error = context.original_exception
    if isinstance(error, TimeoutError) or is_ended(error):
        context.is_disconnect = True


def sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"
