"""Sealing stored values anew with the newest key, a batch at a time, beside a running service."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import bound_columns, place_of, sealed_columns
from storage.database.key_checks import key_checks
from storage.database.sealing import HEADER, SealError, Vault, header, number_of
from storage.database.tables import all_tables

_UNNUMBERED = b"\x01"


class Batch(NamedTuple):
    """What was done: so many values sealed, so many that do not open, up to the row of the primary key `last`; None at the
    end of the table."""

    sealed: int
    broken: int
    last: tuple[Any, ...] | None


def sealed_tables() -> list[sa.Table]:
    """The tables whose values follow the newest key."""
    return [table for table in all_tables().sorted_tables if sealed_columns(table) and table is not key_checks]


async def reseal(conn: AsyncConnection, vault: Vault, table: sa.Table, after: tuple[Any, ...] | None, most: int) -> Batch:
    """Seal anew what is under another than the newest key, or bound to no place, in up to `most` rows behind `after`.

    A value that does not open stays as it is, and rows that somebody else holds are left for the next time.
    """
    keys, names = list(table.primary_key), sealed_columns(table)
    place = [column for column in bound_columns(table) if column not in keys]
    newest = header(vault.keys.newest)
    other = [sa.and_(table.c[name].is_not(None), _beginning(table.c[name]) != newest) for name in names]
    page = sa.select(*keys, *place, *(table.c[name] for name in names)).where(sa.or_(*other)).order_by(*keys).limit(most)
    if after is not None:
        page = page.where(sa.tuple_(*keys) > sa.tuple_(*map(sa.literal, after, [key.type for key in keys])))
    rows = (await conn.execute(page.with_for_update(skip_locked=True))).all()
    changes: list[dict[str, Any]] = []
    sealed = broken = 0
    for row in rows:
        cells = {name: row._mapping[name] for name in names}
        other_cells = [name for name, cell in cells.items() if cell is not None and cell[:HEADER] != newest]
        anew = {name: _anew(vault, table.c[name], row) for name in other_cells}
        sealed += sum(cell is not None for cell in anew.values())
        broken += sum(cell is None for cell in anew.values())
        values = {**cells, **{name: cell for name, cell in anew.items() if cell is not None}}
        changes.append({f"key_{key.name}": row._mapping[key] for key in keys} | {f"new_{name}": values[name] for name in names})
    if sealed:
        update = table.update().where(*(key == sa.bindparam(f"key_{key.name}", type_=key.type) for key in keys))
        await conn.execute(update.values({name: sa.bindparam(f"new_{name}") for name in names}), changes)
    return Batch(sealed, broken, tuple(rows[-1][: len(keys)]) if len(rows) == most else None)


def _anew(vault: Vault, column: sa.Column[Any], row: sa.Row[Any]) -> bytes | None:
    try:
        return vault.seal(vault.open_cell(column, row), place_of(column, row))
    except SealError:
        return None


async def in_use(conn: AsyncConnection) -> Counter[int]:
    """How many values are sealed with each key; those of no known form are left out."""
    used: Counter[int] = Counter()
    for table in sealed_tables():
        for name in sealed_columns(table):
            column = table.c[name]
            form = sa.func.substr(column, 1, 1, type_=sa.LargeBinary)
            start = sa.case((form == _UNNUMBERED, form), else_=_beginning(column)).label("start")
            counted = sa.select(start, sa.func.count()).where(column.is_not(None)).group_by(start)
            for beginning, count in await conn.execute(counted):
                try:
                    used[number_of(bytes(beginning))] += count
                except SealError:
                    continue  # of no form that any program wrote: `check` names it
    return used


def _beginning(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.substr(column, 1, HEADER, type_=sa.LargeBinary)
