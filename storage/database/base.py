"""What every table shares: one metadata, the column types, and row identifiers."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

SHANGHAI = ZoneInfo("Asia/Shanghai")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

AUDITED: dict[str, Any] = {"audited": True}
"""`info` of a table whose every change must leave an audit row."""

SUMMED: dict[str, Any] = {"audited": "sum"}
"""`info` of a table whose rows are written by the thousand: a change of many leaves one audit row, with the sum of what came
and went."""


def bound_to(*columns: str) -> dict[str, Any]:
    """`info` of a table whose sealed values are bound to these columns, where that is not the primary key alone."""
    return {"bound": columns}


def covering(*columns: str) -> dict[str, Any]:
    """`info` of a table of which the chain covers these columns alone; a row in which they are blank, but for its key, needs
    no audit row."""
    return {**AUDITED, "covered": columns}


ONCE = {"once": True}
"""`info` of a table in which a row whose unique key exists already is silently the same row."""


FILE = {"file": "plain"}
"""`info` of a column that holds the name (sha256) of a kept file: what it names is not purged."""

FILES_WITHIN = {"file": "sealed"}
"""`info` of a sealed column in whose content the names of kept files may stand."""


class Record(BaseModel):
    """A frozen row or message, as it is passed between the rooms."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def from_row(cls, row: sa.Row[Any], **opened: Any) -> Self:
        """The record of a stored row. `opened` are its sealed columns in the clear, and what is no column."""
        return cls.model_validate({**row._mapping, **opened})


class _Damaged(str):
    """Text, so that a row with it can still be hashed and found to be altered."""


DAMAGED = _Damaged("\0damaged")
"""Stands for a stored value that its column can't hold, such as a day that is none. `storage.database.reading` leaves out the
row that has it; a driver that raised would take all the others along."""


class Moment(sa.TypeDecorator[datetime]):
    """An aware datetime, kept as whole milliseconds since 1970 UTC so that both databases sort it alike."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        try:
            return from_ms(value)
        except (TypeError, ValueError, OverflowError, OSError):
            return DAMAGED  # type: ignore[return-value]


class Sealed(sa.LargeBinary):
    """A value that `storage.database.sealing.Vault` has sealed. A change of keys goes through all columns of this type."""


@functools.cache
def sealed_columns(table: sa.Table) -> tuple[str, ...]:
    """The names of the columns of `table` that hold sealed values."""
    return tuple(column.name for column in table.c if isinstance(column.type, Sealed))


@functools.cache
def bound_columns(table: sa.Table) -> tuple[sa.Column[Any], ...]:
    """The columns whose values a sealed value of `table` is bound to: in another row it does not open."""
    named = table.info.get("bound")
    return tuple(table.c[name] for name in named) if named else tuple(table.primary_key)


def with_place(column: sa.Column[Any]) -> list[sa.Column[Any]]:
    """A sealed column, and those that have to be read along with it."""
    return [column, *bound_columns(_table_of(column))]


def value_in(row: Any, column: sa.Column[Any]) -> Any:
    """What a row, of a statement or as a mapping of names, has in a column. Raises KeyError where that was not asked for, or
    by a label: another table's column may have the name."""
    values = row if isinstance(row, Mapping) else row._mapping
    return values[column] if isinstance(values, sa.RowMapping) else values[column.name]


def place_of(column: sa.Column[Any], row: Any) -> bytes:
    """Table, column and row of a value, which it is sealed to."""
    where, bound = _binding(column)
    return (where + "\0".join([str(value_in(row, one)) for one in bound])).encode()


@functools.cache
def _binding(column: sa.Column[Any]) -> tuple[str, tuple[sa.Column[Any], ...]]:
    table = _table_of(column)
    return f"{table.name}\0{column.name}\0", bound_columns(table)


def _table_of(column: sa.Column[Any]) -> sa.Table:
    if not isinstance(column.table, sa.Table):
        raise TypeError(f"{column} is of no table")
    return column.table


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970 UTC. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("a stored moment needs a time zone")
    return int(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    """The moment of `value` milliseconds, in Shanghai time."""
    return datetime.fromtimestamp(value / 1000, SHANGHAI)


_ID_EPOCH = 1_600_000_000_000
"""Milliseconds since 1970 at which row ids begin."""

_ID_CHANCE = 20
"""Bits of a row id below its milliseconds."""

_PUT_BACK = 60_000 << _ID_CHANCE
"""A clock that is a minute behind the last id was put back; less is taken for two threads or a small correction."""


class _Ids:
    """63-bit row ids: milliseconds above, chance below; rising within a process, so inserts stay local in the index.

    Only a clock that is put back makes them fall: else all that is written after a wrong hour would seem written in it.
    """

    def __init__(self) -> None:
        self._last = 0
        self._now: Callable[[], int] = _now_ms

    def follow(self, clock: Callable[[], datetime]) -> None:
        """Take the time from this clock from now on."""
        self._now = lambda: to_ms(clock())

    def __call__(self) -> int:
        # chance only keeps processes apart; nothing is guessed from an id
        fresh = (self._now() - _ID_EPOCH) << _ID_CHANCE | random.getrandbits(_ID_CHANCE)
        self._last = fresh if fresh < self._last - _PUT_BACK else max(fresh, self._last + 1)
        return self._last


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


new_id = _Ids()


def first_id_of(moment: datetime) -> int:
    """All ids made from this moment on are greater, or this one."""
    return ids_in(to_ms(moment) - _ID_EPOCH)


def ids_in(milliseconds: int) -> int:
    """How far ids rise in this time."""
    return milliseconds << _ID_CHANCE


def ms_of_id(row_id: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """When the row was made, in milliseconds since 1970 UTC."""
    return row_id // ids_in(1) + _ID_EPOCH


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@functools.lru_cache(maxsize=4096)
def to_base36(value: int) -> str:
    """A row id short enough for a button's 64 bytes."""
    out = ""
    while value:
        value, rest = divmod(value, 36)
        out = _DIGITS[rest] + out
    return out or "0"


def from_base36(text: str) -> int:
    """The id of `to_base36`. Raises ValueError for anything that can be no row's id."""
    return _fitting(int(text[:14], 36))


def from_decimal(text: str) -> int:
    """A row id written in digits. Raises ValueError for anything that can be no row's id."""
    return _fitting(int(text[:20]))


def _fitting(value: int) -> int:
    if not 0 <= value < 1 << 63:
        raise ValueError("no row id")
    return value


def id_column() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)
