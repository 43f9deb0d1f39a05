"""Many rows with one statement, at the cost of the driver's own `executemany`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_into(conn: AsyncConnection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what becomes of a row that is there already: both databases know how, each in its own class."""
    return _insert(conn.dialect, table)


def _insert(dialect: Dialect, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


class _Prepared(NamedTuple):
    sql: str
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    converted: list[tuple[int, Callable[[Any], Any]]]
    """The places of values that the driver does not take as they are, and what makes them fit."""


class BulkInsert:
    """An insert of rows with the named columns, compiled once a dialect.

    SQLAlchemy puts the parameters of every row together anew, which costs more than writing the row; here only what a
    column's type has to convert is touched. `conflict` says what to do with a row that is there already.
    """

    def __init__(self, table: sa.Table, columns: Sequence[str], conflict: Callable[[Any], sa.Insert] | None = None) -> None:
        self._table = table
        self._columns = columns
        self._conflict = conflict
        self._prepared: dict[str, _Prepared] = {}

    async def run(self, conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Returns how many rows were written."""
        known = self._prepared.get(conn.dialect.name)
        if known is None:
            known = self._prepared[conn.dialect.name] = self._prepare(conn.dialect)
        ready = [known.values(row) for row in rows]
        if known.converted:
            changed = [list(values) for values in ready]
            for place, convert in known.converted:
                for values in changed:
                    values[place] = convert(values[place])
            ready = [tuple(values) for values in changed]
        return (await conn.exec_driver_sql(known.sql, ready)).rowcount

    def _prepare(self, dialect: Dialect) -> _Prepared:
        insert = _insert(dialect, self._table)
        statement = self._conflict(insert) if self._conflict else insert
        compiled = statement.compile(dialect=dialect, column_keys=list(self._columns))
        order = compiled.positiontup or ()  # both dialects have positions
        processors = [self._table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order]
        return _Prepared(str(compiled), itemgetter(*order), [(place, one) for place, one in enumerate(processors) if one])
