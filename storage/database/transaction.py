"""One transaction shared by many chats: inserts wait for its end, updates compare and set at once.

A batch of chats is written with a few bulk statements (one `executemany` a table), because a statement costs far more
than a row. Each chat works in a `Session` of its own. What a chat inserts is held in memory and joins the transaction
when the chat ends well; a chat that fails takes nothing with it. As soon as a chat must touch the database before the
end (an update, or a read of what it just inserted), it gets a savepoint of its own.

To each other the chats of one batch are concurrent: none sees the others' inserts. Updates name the version they saw,
so a second one to change the same row fails with `Conflict` and is run again on what the first left.
"""

from __future__ import annotations

import contextlib
import functools
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from storage.database import audit
from storage.database.base import metadata, sealed_columns
from storage.database.bulk import BulkInsert
from storage.database.connection import Database
from storage.database.counters import last_numbers, raise_stamp, set_last_number
from storage.database.reading import Damage, noting
from storage.database.sealing import SealError, Vault

T = TypeVar("T")
AnyRow = TypeVar("AnyRow", sa.Row[Any], Mapping[Any, Any])

Pending = dict[sa.Table, list[dict[str, Any]]]

_AT_ONCE = 500
"""Rows named in one statement."""


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


class Transaction:
    """What all sessions of one transaction share. Made by `transaction()`."""

    def __init__(
        self,
        conn: AsyncConnection,
        vault: Vault,
        now: datetime,
        damage: Damage,
        begin: Callable[[], Awaitable[AsyncConnection]] | None = None,
    ) -> None:
        """`begin`, where given, ends a first part that only reads, and opens the connection to write on."""
        self.conn = conn
        self.damage = damage
        """The rows that could not be read; they are noted when this has ended, also where it is undone."""
        self._begin = begin
        self.vault = vault
        self.now = now
        self.pending: Pending = defaultdict(list)
        self.changes: list[audit.AuditEntry] = []
        self.numbers: dict[str, int] = {}
        self._numbers_read: dict[str, int] | None = None
        self.touched: set[str] = set()
        self.sought: dict[Find, list[int]] = defaultdict(list)
        self.found: dict[tuple[Find, int], Any] = {}
        self.careful = False
        """Whether each session writes what it adds behind a savepoint of its own, so that a row that no database takes
        undoes that session alone."""
        self.gathering = False
        """Whether look-ups are collected (and steps put off) rather than made one by one."""

    @property
    def only_reads(self) -> bool:
        return self._begin is not None

    async def begin_writing(self) -> None:
        """End the part that only reads. Raises Conflict when somebody else has taken the numbers given out in it."""
        if self._begin is None:
            return
        self.conn, self._begin = await self._begin(), None
        if self._numbers_read is not None and self._numbers_read != await last_numbers(self.conn):
            raise Conflict("numbers")

    async def gather(self) -> None:
        """Make the look-ups that were sought, one statement for all of a kind."""
        self.gathering = False
        async with self.session() as session:
            for find, keys in self.sought.items():
                found = await find(session, list(dict.fromkeys(keys)))
                self.found |= {(find, key): found.get(key) for key in keys}
        self.sought.clear()

    def session(self, actor: str = "system", request: str = "") -> Session:
        """A chat's share, as a context manager. Leaving with an exception undoes this share alone."""
        return Session(self, actor, request)

    async def next_number(self, name: str, beyond: int = 0) -> int:
        """The next of a series, such as clue numbers; held for the others until this transaction ends.

        The series has no gaps, except where `beyond` makes it jump over numbers that were given elsewhere.
        """
        if self._numbers_read is None:
            self._numbers_read = await last_numbers(self.conn)
        self.numbers[name] = max(self.numbers.get(name, self._numbers_read.get(name, 0)), beyond) + 1
        return self.numbers[name]

    async def settle(self) -> None:
        """Write what sessions have added so far, so that those that follow see it."""
        for table, rows in (await insert_all(self.conn, self.pending)).items():
            self.shift(table, came=rows)
        self.pending = defaultdict(list)

    def shift(
        self, table: sa.Table, *, came: Sequence[Mapping[Any, Any]] = (), went: Sequence[Mapping[Any, Any]] = (),
        actor: str = "system", request: str = "batch",
    ) -> None:  # fmt: skip
        """Leave one audit row for the rows of a `SUMMED` table that have come and gone; of one that was changed, both."""
        self.changes += self.shifts(table, came=came, went=went, actor=actor, request=request)

    def shifts(
        self, table: sa.Table, *, came: Sequence[Mapping[Any, Any]], went: Sequence[Mapping[Any, Any]], actor: str, request: str
    ) -> list[audit.AuditEntry]:
        """The audit row for that, if it takes one."""
        if not came and not went:
            return []
        entry = audit.AuditEntry(
            at=self.now, actor=actor, request=request, action=f"{table.name}.sum", subject=audit.sum_of(table),
            after=audit.shift(self.vault, table, came=came, went=went), note=f"+{len(came)} -{len(went)}",
        )  # fmt: skip
        return [entry]

    async def finish(self) -> None:
        """Write what all sessions have added."""
        await self.settle()
        for name in sorted(self.touched):
            await raise_stamp(self.conn, name)
        for name, value in self.numbers.items():
            await set_last_number(self.conn, name, value)
        if self.changes:
            await audit.append(self.conn, self.vault, self.changes)


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
        for start in range(0, len(found), _AT_ONCE):
            rows = found[start : start + _AT_ONCE]
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


@contextlib.asynccontextmanager
async def transaction(database: Database, now: datetime, *, brief: bool = False) -> AsyncIterator[Transaction]:
    """A write transaction that commits when the block ends well; `brief` as for `Database.write`."""
    async with noting(database, now) as damage, database.write(brief=brief) as conn:
        tx = Transaction(conn, database.vault, now, damage)
        yield tx
        await tx.finish()


@contextlib.asynccontextmanager
async def reading_first(database: Database, now: datetime, *, brief: bool = False) -> AsyncIterator[Transaction]:
    """As `transaction`, but on SQLite without the write lock until `begin_writing`: others write while this one thinks.

    What was read may have changed by then. That is what updates that name a version, `begin_writing` and the caller's own
    checks are for. PostgreSQL has no such lock to spare.
    """
    if not database.is_sqlite:
        async with transaction(database, now, brief=brief) as tx:
            yield tx
        return
    async with noting(database, now) as damage, contextlib.AsyncExitStack() as writing, contextlib.AsyncExitStack() as reading:

        async def begin() -> AsyncConnection:
            await reading.aclose()
            return await writing.enter_async_context(database.write(brief=brief))

        conn = await reading.enter_async_context(database.read(brief=brief))
        tx = Transaction(conn, database.vault, now, damage, begin)
        yield tx
        if not tx.only_reads:
            await tx.finish()


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


def _named(keys: Sequence[sa.Column[Any]], rows: Sequence[sa.Row[Any]]) -> sa.ColumnElement[bool]:
    """These rows, by their keys."""
    wanted = [_key(keys, row) for row in rows]
    return keys[0].in_([one for (one,) in wanted]) if len(keys) == 1 else sa.tuple_(*keys).in_(wanted)


def _key(keys: Sequence[sa.Column[Any]], row: sa.Row[Any]) -> tuple[Any, ...]:
    return tuple(row._mapping[key] for key in keys)


async def _there(conn: AsyncConnection, table: sa.Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the rows that were written, and not left out because what they say was there."""
    (key,) = table.primary_key
    there = set[Any]()
    for start in range(0, len(rows), _AT_ONCE):
        wanted = [row[key.name] for row in rows[start : start + _AT_ONCE]]
        there |= set((await conn.execute(sa.select(key).where(key.in_(wanted)))).scalars())
    return [row for row in rows if row[key.name] in there]


@functools.cache
def _insert(table: sa.Table) -> BulkInsert:
    conflict = (lambda insert: insert.on_conflict_do_nothing()) if table.info.get("once") else None
    return BulkInsert(table, table.c.keys(), conflict)


@functools.cache
def _blank(table: sa.Table) -> dict[str, Any]:
    return dict.fromkeys(table.c.keys())


@functools.cache
def _table_order() -> dict[sa.Table, int]:
    return {table: place for place, table in enumerate(metadata.sorted_tables)}
