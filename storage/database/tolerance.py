"""Values that no column of ours holds, read without an error, so that the row's reader can leave that row alone out.

SQLite keeps whatever it is given, and the library raises out of the whole read at the first value that it can't convert.
PostgreSQL checks what it stores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect

from storage.database.base import DAMAGED


def read_json(text: str | bytes) -> Any:
    """The value of a JSON column; DAMAGED where it is no JSON."""
    return _or_damaged(from_json)(text)


def text_or_damaged(content: bytes) -> str:
    """The text of a column; DAMAGED where it is none."""
    decoded: str = _or_damaged(bytes.decode)(content)
    return decoded


class _Day(sqlite.DATE):
    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _or_damaged(super().result_processor(dialect, coltype))


class _TimeOfDay(sqlite.TIME):
    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _or_damaged(super().result_processor(dialect, coltype))  # type: ignore[no-untyped-call]


class _Bytes(sa.LargeBinary):
    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return lambda value: value if value is None or isinstance(value, bytes) else DAMAGED


def read_tolerantly(dialect: Dialect) -> None:
    """Make an engine's SQLite dialect read so."""
    dialect.colspecs = {**dialect.colspecs, sa.Date: _Day, sa.Time: _TimeOfDay, sa.LargeBinary: _Bytes}


def _or_damaged(convert: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    def converted(value: Any) -> Any:
        try:
            return convert(value) if convert else value
        except (TypeError, ValueError):
            return DAMAGED

    return converted
