"""Brings a database to the tables this version needs, step by step. New step:
`python -m storage.migrations.migrate new "message"`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from storage.database import audit
from storage.database.connection import Database
from storage.database.sealing import Vault
from storage.database.tables import all_tables
from storage.handbook.index import is_compared
from storage.reports import recount

SCRIPTS = Path(__file__).parent

_LOCK = 0x63756E62616F
"""Any number, the same for all: workers that start together on PostgreSQL migrate one after the other."""


class Newer(Exception):
    """The database was made by a newer version, or by another program."""


async def upgrade(database: Database) -> bool:
    """Bring the tables up to date; returns whether anything had to be done. All of it happens, or nothing.

    Raises Newer for a database this version does not know.
    """
    async with database.engine.connect() as conn:
        if database.is_sqlite:  # a table made anew would trip the foreign keys that point to it
            await conn.exec_driver_sql("PRAGMA foreign_keys=OFF")
            await conn.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            await conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        try:
            before = await conn.run_sync(_revision)
            if before != head():
                columns = await conn.run_sync(_columns)
                await conn.run_sync(_upgrade)
                for table in await conn.run_sync(_altered, columns):
                    await audit.rebase(conn, database.vault, table=table, now=datetime.now(UTC))
                await recount.rebuild(conn)  # totals can always be made from what they count
                if database.is_sqlite and (await conn.exec_driver_sql("PRAGMA foreign_key_check")).first():
                    raise RuntimeError("the migration has left rows that point to nothing")
        except CommandError as error:
            await conn.rollback()
            raise Newer(str(error)) from error
        except BaseException:
            await conn.rollback()
            raise
        await conn.commit()
        if database.is_sqlite:
            await conn.exec_driver_sql("PRAGMA foreign_keys=ON")
        return before != head()


async def current(database: Database) -> str | None:
    """The step the database is at; None for an empty one."""
    async with database.read() as conn:
        return await conn.run_sync(_revision)


def head() -> str | None:
    """The newest step of this version."""
    return ScriptDirectory(str(SCRIPTS)).get_current_head()


async def differences(database: Database) -> list[Any]:
    """What the migrated database lacks or has in excess of the tables in the code; empty when they agree."""
    async with database.read() as conn:
        return await conn.run_sync(_differences)


def _differences(connection: sa.Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"include_name": is_compared})
    return list(compare_metadata(context, all_tables()))


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


def _altered(connection: sa.Connection, before: dict[str, set[str]]) -> list[sa.Table]:
    """The audited tables that were there `before` and have other columns now."""
    now = _columns(connection)
    return [
        table
        for table in all_tables().sorted_tables
        if table.info.get("audited") and table.name in before and before[table.name] != now.get(table.name)
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
    database = Database("sqlite+aiosqlite://", Vault(bytes(32)))
    await upgrade(database)
    async with database.engine.connect() as conn:
        await conn.run_sync(use)
    await database.close()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "new":
        sys.exit('usage: python -m storage.migrations.migrate new "what changes"')
    asyncio.run(_new(sys.argv[2]))
