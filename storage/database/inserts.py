"""Inserting what was gathered: one bulk statement a table."""

from __future__ import annotations

import functools
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import audit
from storage.database.base import metadata
from storage.database.bulk import BulkInsert

Pending = dict[sa.Table, list[dict[str, Any]]]

AT_ONCE = 500
"""Rows named in one statement."""


async def insert_all(conn: AsyncConnection, pending: Pending) -> Pending:
    """One bulk statement a table, parents before children. Returns the rows of `SUMMED` tables that are new."""
    order = _table_order()
    summed: Pending = {}
    for table in sorted(pending, key=lambda table: order[table]):
        rows = pending[table]
        written = await _insert(table).run(conn, rows)
        if audit.is_summed(table):
            summed[table] = rows if written == len(rows) or not table.info.get("once") else await _there(conn, table, rows)
    return summed


async def _there(conn: AsyncConnection, table: sa.Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the rows that were written, and not left out because what they say was there."""
    (key,) = table.primary_key
    there = set[Any]()
    for start in range(0, len(rows), AT_ONCE):
        wanted = [row[key.name] for row in rows[start : start + AT_ONCE]]
        there |= set((await conn.execute(sa.select(key).where(key.in_(wanted)))).scalars())
    return [row for row in rows if row[key.name] in there]


@functools.cache
def _insert(table: sa.Table) -> BulkInsert:
    conflict = (lambda insert: insert.on_conflict_do_nothing()) if table.info.get("once") else None
    return BulkInsert(table, table.c.keys(), conflict)


@functools.cache
def _table_order() -> dict[sa.Table, int]:
    return {table: place for place, table in enumerate(metadata.sorted_tables)}
