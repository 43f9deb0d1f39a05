"""The work of one chat in a transaction: what it inserts is held until it ends well, updates name the version they saw."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncTransaction

from storage.database import audit
from storage.database.base import sealed_columns
from storage.database.inserts import AT_ONCE, Pending, insert_all
from storage.database.sealing import SealError, Vault

if TYPE_CHECKING:
    from storage.database.transaction import Transaction

T = TypeVar("T")
AnyRow = TypeVar("AnyRow", sa.Row[Any], Mapping[Any, Any])


class Conflict(Exception):
    """Somebody else changed the row first; run the step again on what they left."""


class Versioned(Protocol):
    """A record of a row that many may change."""

    @property
    def id(self) -> int: ...

    @property
    def version(self) -> int: ...


class PutOff(BaseException):
    """A step must run again later: when a look-up is made for the whole batch, or when writing has begun."""


Find = Callable[["Session", Sequence[int]], Awaitable[Mapping[int, Any]]]
"""Reads what belongs to several keys with one statement."""


class Session:
    """How conversations and jobs use the database: read, add, amend, note."""

    def __init__(self, tx: Transaction, actor: str, request: str) -> None:
        self._tx = tx
        self.actor = actor
        self.request = request
        self._pending: Pending = defaultdict(list)
        self._audit: list[audit.AuditEntry] = []
        self._touched: set[str] = set()
        self._numbers_before: dict[str, int] = {}
        self._savepoint: AsyncTransaction | None = None

    async def __aenter__(self) -> Session:
        if self._tx.careful:
            await self._settle()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._tx.careful and self._pending:
            try:
                await self._settle()
            except BaseException:
                await self._undo()
                raise
        if kind is not None:
            await self._undo()
        else:
            await self._join()

    @property
    def now(self) -> datetime:
        return self._tx.now

    @property
    def dialect(self) -> str:
        """ "sqlite" or "postgresql", for what they have not in common."""
        return self._tx.conn.dialect.name

    @property
    def touched(self) -> bool:
        """Whether caches will have to be built again after this session."""
        return bool(self._touched)

    @property
    def vault(self) -> Vault:
        return self._tx.vault

    async def read(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Sequence[sa.Row[Any]]:
        """Rows of a select; sees what this session has added."""
        if self._pending:
            await self._settle()
        return (await self._tx.conn.execute(statement, values)).all()

    def records(self, table: sa.Table, rows: Iterable[AnyRow], read: Callable[[AnyRow], T]) -> list[T]:
        """What `read` makes of rows of `table`. A row that can't be read is left out and noted; the office is told."""
        return self._tx.damage.read(table, rows, read)

    def record(self, table: sa.Table, rows: Sequence[AnyRow], read: Callable[[AnyRow], T]) -> T | None:
        """What `read` makes of the first row; None where there is none. Raises DamagedRow where it can't be read, which is
        noted too."""
        return self._tx.damage.one(table, rows, read)

    async def look_up(self, find: Find, key: int) -> Any:
        """What `find` knows of `key`; None for nothing. In a batch, look-ups of one kind share a statement.

        Raises PutOff where this one is still to be made.
        """
        if not self._pending and (find, key) in self._tx.found:
            return self._tx.found.pop((find, key))  # once: the next may come after a change
        if self._tx.gathering and not self._pending:
            self._tx.sought[find].append(key)
            raise PutOff
        return (await find(self, [key])).get(key)

    def add(self, table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
        """Insert a row at the end of the transaction. Missing columns become None; returns the whole row."""
        row = {**_blank(table), **values}
        if sealed_columns(table):
            row = self._tx.vault.bind(table, row, row)
        self._pending[table].append(row)
        if audit.is_covered(table) and not audit.is_summed(table):
            self._changed(table, None, row)
        return row

    async def current(self, table: sa.Table, seen: Versioned) -> dict[str, Any]:
        """The whole row that `seen` was read from. Raises Conflict when somebody changed or removed it since."""
        rows = await self.read(sa.select(table).where(table.c.id == seen.id))
        if not rows or rows[0].version != seen.version:
            raise Conflict(f"{table.name}:{seen.id}")
        return dict(rows[0]._mapping)

    async def amend(self, table: sa.Table, before: Mapping[Any, Any], **changes: Any) -> dict[str, Any]:
        """Change one row of a table with a `version` column; returns the whole new row.

        `before` is the row as it was read, of an audited table the whole of it. Raises Conflict when somebody changed it
        since.
        """
        if audit.is_covered(table) and len(before) < len(table.c):
            raise ValueError(f"a part of a row of {table.name} cannot be signed")
        if sealed_columns(table):
            anew = self._tx.vault.bound_anew(table, before) if len(before) >= len(table.c) else {}
            changes = self._tx.vault.bind(table, before, {**anew, **changes})
        after = {**before, **changes, "version": before["version"] + 1}
        keys = [column == before[column.name] for column in table.primary_key]
        statement = table.update().where(*keys, table.c.version == before["version"])
        if await self._run(statement.values(**changes, version=after["version"])) == 0:
            raise Conflict(audit.subject_of(table, before))
        if audit.is_covered(table):
            self._changed(table, before, after)
        return after

    async def remove(self, table: sa.Table, before: Mapping[Any, Any]) -> None:
        """Delete one row. Raises Conflict when it is gone already."""
        keys = [column == before[column.name] for column in table.primary_key]
        if await self._run(table.delete().where(*keys)) == 0:
            raise Conflict(audit.subject_of(table, before))
        if audit.is_covered(table):
            self._changed(table, before, None)

    async def change(self, statement: sa.Executable, values: Any = None) -> int:
        """Run an update or delete of unaudited rows at once; returns how many rows it met."""
        table = statement.table if isinstance(statement, sa.Update | sa.Delete) else None
        if isinstance(table, sa.Table) and audit.is_covered(table) and "covered" not in table.info:
            raise ValueError(f"{table.name} is audited: change_all and remove_all leave the audit rows")
        return await self._run(statement, values)

    async def change_all(self, table: sa.Table, which: sa.ColumnElement[bool], **changes: Any) -> int:
        """Change all rows of an audited table that `which` meets, whatever their versions; returns how many they were.

        `changes` name no part of the key.
        """
        keys = list(table.primary_key)
        await self._settle()
        found = await self.read(sa.select(table).where(which).order_by(*keys).with_for_update())
        for start in range(0, len(found), AT_ONCE):
            rows = found[start : start + AT_ONCE]
            these = _named(keys, rows)
            await self._run(table.update().where(these).values(**changes))
            now = {_key(keys, row): row._mapping for row in await self.read(sa.select(table).where(these))}
            if audit.is_summed(table):
                self.shift(table, came=list(now.values()), went=[row._mapping for row in rows])
            else:
                for row in rows:
                    self._changed(table, row._mapping, now[_key(keys, row)])
        return len(found)

    async def remove_all(self, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
        """Delete all rows of an audited table that `which` meets; returns how many they were."""
        await self._settle()
        rows = (await self._tx.conn.execute(table.delete().where(which).returning(*table.c))).all()
        if audit.is_summed(table):
            self.shift(table, went=[row._mapping for row in rows])
        else:
            for row in rows:
                self._changed(table, row._mapping, None)
        return len(rows)

    def shift(self, table: sa.Table, *, came: Sequence[Mapping[Any, Any]] = (), went: Sequence[Mapping[Any, Any]] = ()) -> None:
        """As `Transaction.shift`."""
        self._audit += self._tx.shifts(table, came=came, went=went, actor=self.actor, request=self.request)

    async def _run(self, statement: sa.Executable, values: Any = None) -> int:
        await self._settle()
        return (await self._tx.conn.execute(statement, values)).rowcount

    def note(self, action: str, subject: str, *, text: str) -> None:
        """Leave an audit row for something that changes no row, such as an unmasked export."""
        self._record(action, subject, None, None, text)

    def touch(self, name: str) -> None:
        """Raise the stamp `name` when this transaction ends, so that caches built on it are built again."""
        self._touched.add(name)

    async def next_number(self, name: str, beyond: int = 0) -> int:
        """As `Transaction.next_number`, taken back when this session is undone."""
        number = await self._tx.next_number(name, beyond)
        self._numbers_before.setdefault(name, number - 1)
        return number

    def _changed(self, table: sa.Table, before: Mapping[Any, Any] | None, after: Mapping[Any, Any] | None) -> None:
        """Leave the audit row for a row that was added, changed or removed, if the chain covers what is new."""
        was = None if before is None else self._hash_before(table, before)
        now = None if after is None else audit.row_hash(self._tx.vault, table, after)
        row = before if after is None else after
        if row is not None and was != now:
            did = "add" if before is None else "remove" if after is None else "change"
            self._record(f"{table.name}.{did}", audit.subject_of(table, row), was, now)

    def _hash_before(self, table: sa.Table, row: Mapping[Any, Any]) -> str | None:
        """Of a row that can't be opened what is stored is signed: to write it anew or remove it is how it is mended."""
        try:
            return audit.row_hash(self._tx.vault, table, row)
        except SealError:
            return audit.stored_hash(self._tx.vault, table, row)

    def _record(self, action: str, subject: str, before: str | None, after: str | None, note: str | None = None) -> None:
        self._audit.append(
            audit.AuditEntry(
                at=self._tx.now, actor=self.actor, request=self.request, action=action,
                subject=subject, before=before, after=after, note=note,
            )
        )  # fmt: skip

    async def _settle(self) -> None:
        """Write what this session has added, behind a savepoint, so that it can still be undone alone."""
        if self._tx.only_reads:
            raise PutOff
        if self._savepoint is None:
            self._savepoint = await self._tx.conn.begin_nested()
        if self._pending:
            for table, rows in (await insert_all(self._tx.conn, self._pending)).items():
                self.shift(table, came=rows)
            self._pending = defaultdict(list)

    async def _undo(self) -> None:
        self._tx.numbers |= self._numbers_before  # sessions follow one another, so nobody has taken a later one
        if self._savepoint is not None:
            await self._savepoint.rollback()

    async def _join(self) -> None:
        if self._savepoint is not None:
            await self._savepoint.commit()
        for table, rows in self._pending.items():
            self._tx.pending[table] += rows
        self._tx.changes += self._audit
        self._tx.touched |= self._touched


def _named(keys: Sequence[sa.Column[Any]], rows: Sequence[sa.Row[Any]]) -> sa.ColumnElement[bool]:
    """These rows, by their keys."""
    wanted = [_key(keys, row) for row in rows]
    return keys[0].in_([one for (one,) in wanted]) if len(keys) == 1 else sa.tuple_(*keys).in_(wanted)


def _key(keys: Sequence[sa.Column[Any]], row: sa.Row[Any]) -> tuple[Any, ...]:
    return tuple(row._mapping[key] for key in keys)


@functools.cache
def _blank(table: sa.Table) -> dict[str, Any]:
    return dict.fromkeys(table.c.keys())
