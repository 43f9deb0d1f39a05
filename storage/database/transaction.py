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
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import audit
from storage.database.connection import Database
from storage.database.counters import last_numbers, raise_stamp, set_last_number
from storage.database.inserts import Pending, insert_all
from storage.database.reading import Damage, noting
from storage.database.sealing import Vault
from storage.database.session import Conflict, Find, Session


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
