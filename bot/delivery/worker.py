"""The worker: takes the mail of many chats, runs each a step, and writes everything with one transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from bot.delivery.caches import Caches
from bot.delivery.shielding import shielded
from bot.service.clock import Clock
from handlers.engine.desk import Desk
from handlers.engine.world import World
from storage.database.connection import Database
from storage.database.transaction import Conflict, PutOff, Transaction, reading_first, transaction
from storage.mail import inbox, outbox, talks
from storage.mail.inbox import Mail
from storage.mail.messages import Outgoing
from storage.mail.talks import Talk
from storage.store import Store

log = logging.getLogger(__name__)

MAX_TRIES = 3
"""How often a message is worked on before it is parked as a dead letter."""

APOLOGY = "对不起，刚才这条消息我没能处理好，已记下并报给镇里。之前填的都在，请再发一次，或回复：稍后"


class Count(NamedTuple):
    """What became of the messages of a batch: worked on, failed (to be tried again, or dead), and parked as dead."""

    done: int
    failed: int
    dead: int


@dataclass(slots=True)
class _Batch:
    """What is to be written at the end: the mail worked on, and the talks that went on or ended."""

    done: list[int] = field(default_factory=list)
    failed: list[tuple[Mail, Exception]] = field(default_factory=list)
    changed: dict[int, Talk] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    @property
    def kept(self) -> list[Talk]:
        return [talk for talk in self.changed.values() if talk.id not in self.ended]


_Waiting = list[tuple[Desk, list[Mail]]]
_Opening = Callable[..., AbstractAsyncContextManager[Transaction]]


@dataclass(eq=False)
class Worker:
    """Works for the chats of the named platforms. Any number of workers can share a PostgreSQL database.

    `tell` hears of every batch, which is of up to `batch` messages. `dedicated`: this process has nothing else to do, so
    that even a long statement holds up nobody.
    """

    database: Database
    world: World
    platforms: Sequence[str]
    clock: Clock
    tell: Callable[[Count], None]
    batch: int = field(default=256, kw_only=True)
    dedicated: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        self._caches = Caches(self.world)
        self._count = Count(0, 0, 0)
        self._mail_came = asyncio.Event()
        self._current: Mail | None = None

    def wake(self) -> None:
        self._mail_came.set()

    async def run(self, idle_seconds: float = 1.0) -> None:
        """Work until cancelled; a batch under way is finished first or not begun."""
        while True:
            self._mail_came.clear()
            worked = await shielded(self.work())
            if not worked:
                try:
                    await asyncio.wait_for(self._mail_came.wait(), idle_seconds)
                except TimeoutError:
                    continue  # look again: mail held back after a failure, or stored by another process

    async def work(self) -> int:
        """Work on one batch; returns how many messages it had."""
        try:
            worked = await self._batch_or_retry()
        except Exception:  # whatever the drivers raise for a row that they don't take
            if self._current is None:  # not even the mail could be read: the database itself is in trouble
                raise
            self._count = Count(0, 0, 0)
            log.warning("batch undone, running its messages one by one", exc_info=True)
            worked = await self._one_by_one()
        if worked:
            self.tell(self._count)
            self._count = Count(0, 0, 0)
        return worked

    async def _batch_or_retry(self) -> int:
        """Work on a batch without the write lock, or with it where others have written meanwhile."""
        try:
            return await self._work(self.batch)
        except Conflict:
            self._count = Count(0, 0, 0)
            return await self._work(self.batch, transaction)

    async def _one_by_one(self) -> int:
        """Work on the messages of a batch that could not be written one by one, to find the one that fails."""
        for worked in range(self.batch):
            try:
                if not await self._work(1, transaction):
                    return worked
            except Exception as error:
                if self._current is None:  # the database itself is in trouble
                    raise
                log.exception("message %s failed", self._current.id)
                async with transaction(self.database, self.clock()) as tx:
                    await self._failed(tx, self._current, error)
        return self.batch

    async def _work(self, most: int, opening: _Opening = reading_first) -> int:
        self._current = None
        vault = self.database.vault
        async with opening(self.database, self.clock(), brief=self.dedicated) as tx:
            claimed, unreadable = await inbox.claim(tx.conn, vault, list(self.platforms), tx.now, most)
            if not claimed and not unreadable:
                return 0
            batch = _Batch()
            waiting = await self._desks(tx, claimed)
            # First without any statement of their own; then with the look-ups that were put off, made with one statement
            # for all; then those that must change what is there already.
            tx.gathering = True
            waiting = await self._run_all(tx, batch, waiting)
            await tx.gather()
            waiting = await self._run_all(tx, batch, waiting)
            rows = [] if waiting else talks.rows_of(vault, batch.kept)
            await tx.begin_writing()
            await self._run_all(tx, batch, waiting)
            await talks.save(tx.conn, rows or talks.rows_of(vault, batch.kept))
            await talks.end(tx.conn, list(batch.ended))
            for mail, error in batch.failed:
                await self._failed(tx, mail, error)
            if unreadable:
                await inbox.mark_unreadable(tx.conn, unreadable)
            if batch.done and await inbox.mark_done(tx.conn, batch.done) != len(batch.done):
                raise Conflict("mail that somebody else has worked on")
        self._count = self._count._replace(done=self._count.done + len(batch.done))
        return sum(len(mails) for mails in claimed.values()) + len(unreadable)

    async def _desks(self, tx: Transaction, claimed: Mapping[str, list[Mail]]) -> _Waiting:
        """Load each chat's owner and open talks, in a few statements for all."""
        addresses = list(claimed)
        await self._caches.refresh(tx.conn)
        owners = await self._caches.owners(tx.conn, addresses)
        open_talks = await talks.open_talks(tx.conn, self.database.vault, addresses)
        return [
            (Desk(self.world, owners[address], address, open_talks.get(address, [])), mails)
            for address, mails in claimed.items()
        ]

    async def _run_all(self, tx: Transaction, batch: _Batch, waiting: _Waiting) -> _Waiting:
        """Run every chat; returns those in which a step was put off."""
        return [left for desk, mails in waiting if (left := await self._run(tx, batch, desk, mails))]

    async def _run(self, tx: Transaction, batch: _Batch, desk: Desk, mails: list[Mail]) -> tuple[Desk, list[Mail]] | None:
        """Work on one chat's mail, in order; returns what is left of it when a step is put off."""
        for place, mail in enumerate(mails):
            self._current = mail
            before, desk = desk, Desk(self.world, desk.person, desk.address, desk.talks)
            try:
                async with tx.session(self._actor(desk), f"inbox:{mail.id}") as session:
                    await desk.receive(Store(session), mail.message)
            except PutOff:
                return before, mails[place:]
            except (DBAPIError, Conflict):
                raise
            except Exception as error:
                log.exception("message %s failed", mail.id)
                batch.failed.append((mail, error))
                return None
            batch.done.append(mail.id)
            batch.changed |= desk.changed
            batch.ended |= desk.ended
            if session.touched:  # who this chat belongs to may have changed; read it anew first
                return None
        return None

    @staticmethod
    def _actor(desk: Desk) -> str:
        return f"person:{desk.person.id}" if desk.person else desk.address

    async def _failed(self, tx: Transaction, mail: Mail, error: Exception) -> None:
        """Count the failure; at the last try park the message and say sorry."""
        dead = mail.attempts + 1 >= MAX_TRIES
        await inbox.mark_failed(tx.conn, mail, f"{type(error).__name__}: {error}", dead=dead, now=tx.now)
        self._count = self._count._replace(failed=self._count.failed + 1, dead=self._count.dead + dead)
        if dead:
            async with tx.session(request=f"inbox:{mail.id}") as session:
                outbox.post(session, mail.message.address, Outgoing(text=APOLOGY), intent=f"sorry:{mail.id}")
