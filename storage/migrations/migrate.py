"""Brings a database to the tables this version needs, step by step. New step:
`python -m storage.migrations.migrate new "message"`."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import audit, compatibility, key_checks
from storage.database.base import Record, Sealed, sealed_columns
from storage.database.compatibility import Compatibility
from storage.database.connection import Database
from storage.database.keys import Keys
from storage.database.sealing import Vault
from storage.database.tables import all_tables
from storage.handbook.index import is_compared
from storage.reports import recount

SCRIPTS = Path(__file__).parent

_LOCK = 0x63756E62616F
"""Any number, the same for all: workers that start together on PostgreSQL migrate one after the other."""

_LONGEST_WAIT = 60_000
"""Milliseconds a step waits for a table that somebody uses: all who come later wait behind it."""


_COVERED_SINCE = {"0009": {"acknowledged", "attachments", "chats", "notice_receipts", "notices", "problem_units", "reminders"}}
"""The tables that the chain has covered since a step, by that step."""


_PLAIN_HASHES = "0006"
"""The step since which the chain covers plain values; before, it covered them as they are stored."""


class Newer(Exception):
    """The database was made by a newer version, or by another program; the message says which is needed."""


class Age(Enum):
    """How a database stands to this program."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    FITTING = "fitting"
    """Made by a newer program, which says that this one may run on it."""
    NEWER = "newer"


class Standing(Record):
    """The step a database is at, and what it says of the programs that may run on it."""

    revision: str | None
    needs: Compatibility | None = None

    @property
    def age(self) -> Age:
        if self.revision is None:
            return Age.EMPTY
        if self.revision == head():
            return Age.CURRENT
        if knows(self.revision):
            return Age.OLDER
        return Age.FITTING if self.needs is not None and knows(self.needs.oldest) else Age.NEWER

    @property
    def too_new(self) -> str:
        """What to tell whoever has an older program."""
        ours = f"这个程序是 cunbao {version('cunbao')}（数据表 {head()}）。"
        if self.needs is None:
            return f"数据库是更新的版本或别的程序建的（数据表 {self.revision}），{ours}请升级 cunbao，或恢复升级前的备份。"
        made = f"数据库是更新的版本 cunbao {self.needs.version} 建的（数据表 {self.revision}），{ours}"
        return f"{made}请升级 cunbao 到 {self.needs.version} 或更新的版本，或恢复升级前的备份。"


async def standing(conn: AsyncConnection) -> Standing:
    revision = await conn.run_sync(_revision)
    return Standing(revision=revision, needs=await compatibility.read(conn) if revision else None)


async def upgrade(database: Database) -> bool:
    """Bring the tables up to date; returns whether anything had to be done. All of it happens, or nothing.

    Raises Newer for a database this version does not know, SealError where the keys are those of another one.
    """
    async with database.patient.engine.connect() as conn:
        if database.is_sqlite:  # a table made anew would trip the foreign keys that point to it
            await conn.exec_driver_sql("PRAGMA foreign_keys=OFF")
            await conn.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            await conn.exec_driver_sql("SET LOCAL lock_timeout = 0")
            await conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            await conn.exec_driver_sql(f"SET LOCAL lock_timeout = {_LONGEST_WAIT}")
        try:
            found = await standing(conn)
            if found.age is Age.NEWER:
                raise Newer(found.too_new)
            if found.age in (Age.EMPTY, Age.OLDER):
                await _migrate(conn, database.vault, found.revision)
                if database.is_sqlite and (await conn.exec_driver_sql("PRAGMA foreign_key_check")).first():
                    raise RuntimeError("the migration has left rows that point to nothing")
            await conn.commit()
        finally:
            await conn.rollback()
            if database.is_sqlite:
                await conn.exec_driver_sql("PRAGMA foreign_keys=ON")
        return found.age in (Age.EMPTY, Age.OLDER)


async def _migrate(conn: AsyncConnection, vault: Vault, before: str | None) -> None:
    broken = set() if before is None else {fault.where for fault in await _faults(conn, vault, before)}
    columns = await conn.run_sync(_columns)
    await conn.run_sync(_upgrade)
    if before is None or before < _PLAIN_HASHES:
        await key_checks.try_cells(conn, vault)
        await key_checks.add(conn, vault)
    for table in await conn.run_sync(_altered, columns, before):
        await audit.rebase(conn, vault, table, now=datetime.now(UTC), without=broken)
    await recount.rebuild(conn)  # totals can always be made from what they count
    await compatibility.write(conn, Compatibility(oldest=_oldest(), version=version("cunbao")))


async def _faults(conn: AsyncConnection, vault: Vault, revision: str) -> list[audit.Fault]:
    """What the chain does not vouch for before a migration, by the tables and the hashes of then."""
    tables = await conn.run_sync(_as_they_are, revision)
    return await audit.verify(conn, vault, tables, audit.stored_hash if revision < _PLAIN_HASHES else audit.row_hash)


def _as_they_are(connection: sa.Connection, revision: str) -> list[sa.Table]:
    """The tables that the chain covers at that step, with the columns they have in the database."""
    columns = _columns(connection)
    tables = []
    for ours in all_tables().sorted_tables:
        if audit.is_covered(ours) and ours.name in columns and ours.name not in _uncovered(revision):
            sealed = [sa.Column(name, Sealed) for name in sealed_columns(ours) if name in columns[ours.name]]
            there = sa.Table(ours.name, sa.MetaData(), *sealed, autoload_with=connection, resolve_fks=False, info=ours.info)
            tables.append(there)
    return tables


def _uncovered(revision: str) -> set[str]:
    """The tables that the chain did not cover yet at that step."""
    return {name for step, names in _COVERED_SINCE.items() if revision < step for name in names}


def knows(revision: str) -> bool:
    """Whether this program has a step of that name."""
    return any(step.revision == revision for step in _scripts().walk_revisions())


def _oldest() -> str:
    oldest: str = _scripts().get_revision("head").module.oldest
    return oldest


def head() -> str | None:
    """The newest step of this version."""
    return _scripts().get_current_head()


async def differences(database: Database) -> list[Any]:
    """What the migrated database lacks or has in excess of the tables in the code; empty when they agree."""
    async with database.read() as conn:
        return await conn.run_sync(_differences)


def _differences(connection: sa.Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"include_name": is_compared})
    return list(compare_metadata(context, all_tables()))


@functools.cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(SCRIPTS))


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: sa.Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _columns(connection: sa.Connection) -> dict[str, set[str]]:
    """The columns of every table that is there."""
    inspector = sa.inspect(connection)
    return {name: {column["name"] for column in inspector.get_columns(name)} for name in inspector.get_table_names()}


def _altered(connection: sa.Connection, before: dict[str, set[str]], revision: str | None) -> list[sa.Table]:
    """The audited tables that were there `before`, at `revision`, and that have other columns or hashes now, or were not
    covered then."""
    now, new = _columns(connection), _uncovered(revision or "")
    hashes = revision is not None and revision < _PLAIN_HASHES
    return [
        table
        for table in all_tables().sorted_tables
        if audit.is_covered(table) and table.name in before
        if before[table.name] != now.get(table.name) or (hashes and sealed_columns(table)) or table.name in new
    ]


def _upgrade(connection: sa.Connection) -> None:
    command.upgrade(_config(connection), "head")


async def _new(message: str) -> None:
    """Write the step from the newest one to the tables in the code, by comparing on a scratch database."""
    number = f"{len(list(SCRIPTS.glob('versions/[0-9]*.py'))) + 1:04}"

    def write(connection: sa.Connection) -> None:
        command.revision(_config(connection), message, autogenerate=True, rev_id=number)

    await _scratch(write)


async def _scratch(use: Callable[[sa.Connection], None]) -> None:
    database = Database("sqlite+aiosqlite://", Vault(Keys.of(bytes(32))))
    await upgrade(database)
    async with database.engine.connect() as conn:
        await conn.run_sync(use)
    await database.close()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "new":
        sys.exit('usage: python -m storage.migrations.migrate new "what changes"')
    asyncio.run(_new(sys.argv[2]))
