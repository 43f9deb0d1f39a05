"""Whether the key file is the one of this database: of each sealing key in use, a sealed value that is known beforehand."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import Sealed, metadata, sealed_columns, with_place
from storage.database.bulk import insert_into
from storage.database.sealing import SealError, UnknownKey, Unsealed, Vault
from storage.database.tables import all_tables

log = logging.getLogger(__name__)

key_checks = sa.Table(
    "key_checks",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("value", Sealed, nullable=False),
)

_SAMPLE = 20


async def check(conn: AsyncConnection, vault: Vault) -> None:
    """Raises SealError when the key file is that of another database, or lacks a key that is in use."""
    for row in (await conn.execute(sa.select(key_checks).order_by(key_checks.c.number))).all():
        try:
            known = vault.open_cell(key_checks.c.value, row)
        except UnknownKey:
            raise
        except SealError:
            if not await try_cells(conn, vault):
                raise
            log.error("the check of key %s is damaged: other values open", row.number)  # one row must not stop everybody
            continue
        if known != _known(vault):
            raise SealError("密文无法解开：密钥文件与数据库不是一套，或数据被改动。")


async def numbers(conn: AsyncConnection) -> list[int]:
    """The sealing keys in use."""
    return list((await conn.execute(sa.select(key_checks.c.number).order_by(key_checks.c.number))).scalars())


async def add(conn: AsyncConnection, vault: Vault) -> None:
    """Note that the newest key is in use."""
    row = {"number": vault.keys.newest, "value": Unsealed(_known(vault))}
    await conn.execute(insert_into(conn, key_checks).on_conflict_do_nothing(), vault.bind(key_checks, row, row))


async def drop(conn: AsyncConnection, numbers: set[int]) -> None:
    """Note that these keys are no longer in use."""
    await conn.execute(key_checks.delete().where(key_checks.c.number.in_(numbers)))


async def try_cells(conn: AsyncConnection, vault: Vault) -> bool:
    """For a database without a check of its key, of any age: whether one of some cells of each column opens.

    Raises SealError when there are some and none opens.
    """
    there = await conn.run_sync(_columns)
    failed: SealError | None = None
    for table in all_tables().sorted_tables:
        for name in sealed_columns(table):
            column = table.c[name]
            if table is key_checks or not {(table.name, one.name) for one in with_place(column)} <= there:
                continue
            for row in await conn.execute(sa.select(*with_place(column)).where(column.is_not(None)).limit(_SAMPLE)):
                try:
                    vault.open_cell(column, row)
                except SealError as error:
                    failed = error
                else:
                    return True
    if failed is not None:
        raise failed
    return False


def _columns(connection: sa.Connection) -> set[tuple[str, str]]:
    inspector = sa.inspect(connection)
    tables = inspector.get_table_names()
    return {(table, column["name"]) for table in tables for column in inspector.get_columns(table)}


def _known(vault: Vault) -> bytes:
    """Made with the other keys, so that a file with a wrong one of them is noticed too."""
    return f"{vault.sign(b'key check')} {vault.blind('key check', '')}".encode()
