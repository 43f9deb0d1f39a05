"""What the clock runs: a job is declared in a module that its subject names in `JOBS`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

import handlers
from handlers.engine.world import World
from storage.database.connection import Database
from storage.database.transaction import Transaction, reading_first, transaction


@dataclass(frozen=True, slots=True)
class Every:
    """At every multiple of so many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day, at this time in Shanghai."""

    hour: int
    minute: int


Schedule = Every | Daily

Begin = Callable[[], AbstractAsyncContextManager[Transaction]]
"""Opens a transaction."""


@dataclass(frozen=True)
class Transactions:
    """How a long job opens its transactions."""

    database: Database
    clock: Callable[[], datetime]

    def reading_first(self) -> AbstractAsyncContextManager[Transaction]:
        """Others write until it begins to write itself; see `storage.database.transaction.reading_first`."""
        return reading_first(self.database, self.clock())

    def writing(self) -> AbstractAsyncContextManager[Transaction]:
        """Nobody else writes until it ends."""
        return transaction(self.database, self.clock())


@dataclass(frozen=True, slots=True)
class Job:
    """Work of one transaction. Run again at any time, it has no second effect."""

    name: str
    schedule: Schedule
    run: Callable[[Transaction, World], Awaitable[int]]
    """Returns how much it did; 0 means that it leaves nothing to send."""
    at_start: bool = False
    """Whether it runs also when the bot starts."""


@dataclass(frozen=True, slots=True)
class LongJob:
    """Work that takes long, in transactions of its own, so that chats go on meanwhile."""

    name: str
    schedule: Schedule
    run: Callable[[Transactions, World], Awaitable[int]]
    """As for `Job`."""


def jobs() -> list[Job | LongJob]:
    """All jobs, of the subjects that `handlers` lists."""
    return [
        one
        for subject in handlers.SUBJECTS
        for module in getattr(import_module(f"handlers.{subject}"), "JOBS", ())
        for one in vars(import_module(f"handlers.{subject}.{module}")).values()
        if isinstance(one, Job | LongJob)
    ]
