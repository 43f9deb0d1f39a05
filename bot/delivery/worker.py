"""The worker: takes the mail of many chats, runs each a step, and writes everything with one transaction."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from bot.delivery.asides import LEASE, PATIENCE, Beside
from bot.delivery.caches import Caches
from bot.delivery.shielding import shielded
from bot.service.clock import Clock
from handlers.engine.asides import Aside, SteppedAside
from handlers.engine.desk import Desk
from handlers.engine.putting_aside import UNREADABLE, apology, lost
from handlers.engine.world import World
from storage.database.connection import Database
from storage.database.outages import passes
from storage.database.reading import DamagedRow
from storage.database.session import Conflict, PutOff
from storage.database.transaction import Transaction, reading_first, transaction
from storage.mail import chats, inbox, outbox, talks
from storage.mail.inbox import Mail, UnreadableMail
from storage.mail.messages import Outgoing
from storage.mail.talks import DamagedTalk, Talk
from storage.people.persons import ChatAccount
from storage.store import Store

log = logging.getLogger(__name__)

MAX_TRIES = 3
"""How often a message is worked on before it is parked as a dead letter."""

_MOST_MARKED = 100_000
"""Chats remembered as used today; beyond that all are forgotten and marked again."""

HELD = timedelta(seconds=5)
"""How long a chat is left alone whose message could not be worked on and is not to blame for it."""


class Count(NamedTuple):
    """What became of the messages of a batch: worked on, failed (to be tried again, or dead), and parked as dead."""

    done: int
    failed: int
    dead: int


@dataclass(slots=True)
class _Batch:
    """What is to be written at the end: the mail worked on, that which waits for an aside, the talks that went on or ended."""

    done: list[int] = field(default_factory=list)
    failed: list[tuple[Mail, Exception]] = field(default_factory=list)
    aside: list[tuple[Mail, Aside]] = field(default_factory=list)
    changed: dict[int, Talk] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    damaged: list[DamagedTalk] = field(default_factory=list)
    unreadable: list[UnreadableMail] = field(default_factory=list)

    @property
    def kept(self) -> list[Talk]:
        return [talk for talk in self.changed.values() if talk.id not in self.ended]


_Waiting = list[tuple[Desk, list[Mail]]]
_Opening = Callable[..., AbstractAsyncContextManager[Transaction]]


@dataclass(eq=False)
class Worker:
    """Works for the chats of the named platforms. Any number of workers can share a PostgreSQL database.

    `tell` hears of every batch, which is of up to `batch` messages. `dedicated`: this process has nothing else to do, so
    that even a long statement holds up nobody. `patience`: seconds after which somebody is told that a file takes a moment.
    """

    database: Database
    world: World
    platforms: Sequence[str]
    clock: Clock
    tell: Callable[[Count], None]
    batch: int = field(default=256, kw_only=True)
    dedicated: bool = field(default=False, kw_only=True)
    patience: float = field(default=PATIENCE, kw_only=True)

    def __post_init__(self) -> None:
        self._caches = Caches(self.world)
        self._count = Count(0, 0, 0)
        self._mail_came = asyncio.Event()
        said = functools.partial(self.tell, Count(0, 0, 0))
        self._beside = Beside(self.database, self.world.asides, self.clock, patience=self.patience, done=self.wake, said=said)
        self._current: Mail | None = None
        self._used: dict[str, date] = {}

    def wake(self) -> None:
        self._mail_came.set()

    async def run(self, idle_seconds: float = 1.0) -> None:
        """Work until cancelled; a batch under way is finished first or not begun."""
        try:
            while True:
                self._mail_came.clear()
                worked = await shielded(self.work())
                if not worked:
                    try:
                        await asyncio.wait_for(self._mail_came.wait(), idle_seconds)
                    except TimeoutError:
                        continue  # look again: mail held back after a failure, or stored by another process
        finally:
            await self._beside.stop()

    async def settled(self) -> bool:
        """Wait for what is done beside the batches; returns whether there was any, so that there is mail to work on."""
        return await self._beside.settled()

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
        in_vain = 0
        for worked in range(self.batch):
            try:
                if not await self._work(1, transaction):
                    return worked
                in_vain = 0
            except Exception as error:
                if self._current is None:  # the database itself is in trouble
                    raise
                blameless = passes(error)  # it waited for somebody who has locked what it needs, say
                in_vain += blameless
                if in_vain > 1:  # not only what this one needs is locked
                    raise
                log.exception("message %s failed", self._current.id)
                if blameless:
                    async with transaction(self.database, self.clock()) as tx:
                        await inbox.hold(tx.conn, self._current.message.address, until=tx.now + HELD)
                else:
                    await self._failed_alone(self._current, error)
        return self.batch

    async def _failed_alone(self, mail: Mail, error: Exception) -> None:
        """As `_failed`, in a transaction of its own; where not even that can be written, the message is parked in silence."""
        before = self._count
        try:
            async with transaction(self.database, self.clock()) as tx:
                await self._failed(tx, mail, error)
        except Exception as second:  # an apology that can't be written must not bring the message back for ever
            log.exception("the failure of message %s could not be noted", mail.id)
            self._count = before._replace(failed=before.failed + 1, dead=before.dead + 1)
            async with transaction(self.database, self.clock()) as tx:
                await inbox.mark_failed(tx.conn, mail, type(second).__name__, dead=True, now=tx.now)

    async def _work(self, most: int, opening: _Opening = reading_first) -> int:
        self._current = None
        vault = self.database.vault
        async with opening(self.database, self.clock(), brief=self.dedicated) as tx:
            claimed, unreadable = await inbox.claim(tx.conn, vault, list(self.platforms), tx.now, most, tx.damage)
            if not claimed and not unreadable:
                return 0
            batch = _Batch(unreadable=unreadable)
            waiting = await self._desks(tx, batch, claimed)
            await self._tell_of_damage(tx, batch)
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
            unmarked = [address for address in claimed if self._used.get(address) != tx.now.date()]
            if unmarked:
                await chats.mark_used(tx.conn, unmarked, now=tx.now)
            for mail, error in batch.failed:
                await self._failed(tx, mail, error)
            if batch.damaged:
                await talks.set_aside(tx.conn, batch.damaged)
            for mail, _ in batch.aside:
                await inbox.hold(tx.conn, mail.message.address, until=tx.now + LEASE)
            if unreadable:
                await inbox.mark_unreadable(tx.conn, [one.id for one in unreadable])
            if batch.done and await inbox.mark_done(tx.conn, batch.done) != len(batch.done):
                raise Conflict("mail that somebody else has worked on")
        self._remember(unmarked, tx.now.date())
        for mail, work in batch.aside:
            self._beside.begin(mail, work, tx.now + LEASE)
        self._count = self._count._replace(done=self._count.done + len(batch.done))
        return sum(len(mails) for mails in claimed.values()) + len(unreadable)

    def _remember(self, marked: Iterable[str], today: date) -> None:
        """Chats whose use today is noted need no second statement."""
        if len(self._used) > _MOST_MARKED:
            self._used.clear()
        self._used |= dict.fromkeys(marked, today)

    async def _desks(self, tx: Transaction, batch: _Batch, claimed: Mapping[str, list[Mail]]) -> _Waiting:
        """Load each chat's owner and open talks, in a few statements for all."""
        addresses = list(claimed)
        await self._caches.refresh_in(tx)
        owners = await self._caches.owners(tx.conn, addresses)
        tx.damage.take(self._caches.damage)
        open_talks, batch.damaged = await talks.open_talks(tx.conn, self.database.vault, addresses, tx.damage)
        return [(self._desk(owners[address], open_talks.get(address, [])), mails) for address, mails in claimed.items()]

    def _desk(self, owner: ChatAccount, kept: list[Talk]) -> Desk:
        """A chat may have had another owner before: what that person has begun is not for this one."""
        whose = owner.person.id if owner.person else None
        mine = [talk for talk in kept if talk.person_id in (None, whose)]
        return Desk(self.world, owner.person, owner.address, mine, stopped=owner.stopped)

    @staticmethod
    async def _tell_of_damage(tx: Transaction, batch: _Batch) -> None:
        """Tell whose talk or message can't be read, once; before any answer, so that it is heard first."""
        if not batch.damaged and not batch.unreadable:
            return
        async with tx.session(request="damaged") as session:
            for talk in batch.damaged:
                outbox.post(session, talk.address, lost(talk.name))
            for mail in batch.unreadable:
                outbox.post(session, mail.address, Outgoing(text=UNREADABLE))

    async def _run_all(self, tx: Transaction, batch: _Batch, waiting: _Waiting) -> _Waiting:
        """Run every chat; returns those in which a step was put off."""
        return [left for desk, mails in waiting if (left := await self._run(tx, batch, desk, mails))]

    async def _run(self, tx: Transaction, batch: _Batch, desk: Desk, mails: list[Mail]) -> tuple[Desk, list[Mail]] | None:
        """Work on one chat's mail, in order; returns what is left of it when a step is put off."""
        for place, mail in enumerate(mails):
            self._current = mail
            before, desk = desk, Desk(self.world, desk.person, desk.address, desk.talks, desk.stopped)
            try:
                async with tx.session(self._actor(desk), f"inbox:{mail.id}") as session:
                    await desk.receive(Store(session), mail.message)
            except PutOff:
                return before, mails[place:]
            except SteppedAside as step:
                batch.aside.append((mail, step.work))
                return None
            except (DBAPIError, NoConnection, TimeoutError, Conflict):
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
        """Count the failure; at the last try park the message and say sorry.

        A talk that can't go on becomes a draft, else it would catch all that its owner says: one whose row can't be read, or
        in which this is the second message to die without a step between.
        """
        dead = mail.attempts + 1 >= MAX_TRIES
        await inbox.mark_failed(tx.conn, mail, f"{type(error).__name__}: {error}", dead=dead, now=tx.now)
        self._count = self._count._replace(failed=self._count.failed + 1, dead=self._count.dead + dead)
        if dead:
            address = mail.message.address
            talk = await talks.active_talk(tx.conn, address)
            if talk and (isinstance(error, DamagedRow) or await inbox.died_since(tx.conn, address, talk.touched_at) > 1):
                await talks.put_aside(tx.conn, talk.id)
            else:
                talk = None
            async with tx.session(request=f"inbox:{mail.id}") as session:
                outbox.post(session, address, apology(talk))
