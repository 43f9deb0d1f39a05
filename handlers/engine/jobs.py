"""What the clock runs: a job is declared in a module that its subject names in `JOBS`.

A job goes matter by matter: a household, a person, a problem. The fault of one is undone alone and told to the office; the
others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import NamedTuple, TypeVar

import handlers
from handlers.engine.world import World
from storage.database.connection import Database
from storage.database.outages import is_away, is_refusal
from storage.database.reading import matter_key, noting
from storage.database.session import Conflict
from storage.database.transaction import Transaction, reading_first, transaction
from storage.store import Store

log = logging.getLogger(__name__)

M = TypeVar("M")


class JobName(str):
    """The name of a job in the log, in the audit and in troubles. `called` is what people call what it does."""

    __slots__ = ("called",)
    called: str

    def __new__(cls, name: str, called: str) -> JobName:
        self = super().__new__(cls, name)
        self.called = called
        return self


@dataclass(frozen=True, slots=True)
class Every:
    """At every multiple of so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day from this time on, in Shanghai: at once where the bot was down at it, and once however many days it was.

    `when_open`: only while people may be called; a day on which that is never so is left out.
    """

    hour: int
    minute: int
    when_open: bool = field(default=False, kw_only=True)


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

    name: JobName
    schedule: Schedule
    run: Callable[[Transaction, World], Awaitable[int]]
    """Returns how much it did; 0 means that it leaves nothing to send."""
    waits: bool = True
    """Whether it waits while nobody knows if the computer's time is right: it acts on the time."""


@dataclass(frozen=True, slots=True)
class LongJob:
    """Work that takes long, in transactions of its own, so that chats go on meanwhile."""

    name: JobName
    schedule: Schedule
    run: Callable[[Transactions, World], Awaitable[int]]
    """As for `Job`."""
    waits: bool = True
    """As for `Job`."""


class Dealt(NamedTuple):
    """How much was done, and the keys of the matters that failed."""

    done: int
    failed: list[str]


async def each(tx: Transaction, job: JobName, matters: Mapping[str, M], work: Callable[[Store, M], Awaitable[int]]) -> Dealt:
    """Deal with each matter, named by its key, in a session of its own. What is wrong with one undoes and tells of it alone.

    Raises Conflict, and what the database raises: then all is undone, and `run_job` tries again more carefully.
    """
    done, failed = 0, []
    for key, matter in matters.items():
        try:
            async with tx.session(request=f"job:{job}") as session:
                count = await work(Store(session), matter)
        except Conflict:
            raise
        except Exception as error:
            if is_away(error) or (is_refusal(error) and not tx.careful):
                raise
            tx.damage.fail(job, key, words_of_matter(job), error)
            failed.append(key)
        else:
            done += count
            tx.damage.succeeded(matter_key(job, key))
    return Dealt(done, failed)


async def each_alone(
    transactions: Transactions, job: JobName, matters: Mapping[str, M], work: Callable[[M], Awaitable[int]]
) -> int:
    """As `each` for a long job, whose matters open transactions of their own. One that failed rests for ten minutes.

    Returns how much was done. A matter that another process was quicker with is left.
    """
    done, now = 0, transactions.clock()
    async with noting(transactions.database, now) as damage:
        for key, matter in matters.items():
            if damage.rests(job, key, now):
                continue
            try:
                done += await work(matter)
            except Conflict:
                continue
            except Exception as error:
                if is_away(error):
                    raise
                damage.fail(job, key, words_of_matter(job), error)
            else:
                damage.succeeded(matter_key(job, key))
    return done


def words_of_matter(job: JobName) -> str:
    """The trouble of a matter that a job could not deal with."""
    return f"{job.called}：有一件没做成，已先放在一边，其他照常。"


def words_of_job(job: JobName) -> str:
    """The trouble of a job that failed as a whole."""
    return f"{job.called}没做成，到时候再试。"


async def run_job(job: Job, begin: Callable[[], AbstractAsyncContextManager[Transaction]], world: World) -> int:
    """Run a job. Where a row of one matter is none that the database takes, which shows only when all is written, it is run
    once more with each matter written by itself."""
    try:
        async with begin() as tx:
            return await job.run(tx, world)
    except Conflict:
        raise
    except Exception as error:
        if is_away(error):
            raise
        log.warning("job %s is run again, each matter by itself", job.name, exc_info=True)
    async with begin() as tx:
        tx.careful = True
        return await job.run(tx, world)


def jobs() -> list[Job | LongJob]:
    """All jobs, of the subjects that `handlers` lists."""
    return [
        one
        for subject in handlers.SUBJECTS
        for module in getattr(import_module(f"handlers.{subject}"), "JOBS", ())
        for one in vars(import_module(f"handlers.{subject}.{module}")).values()
        if isinstance(one, Job | LongJob)
    ]
