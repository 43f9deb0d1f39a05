"""The intake: stores what platforms bring, many messages with one commit, and wakes the worker.

A message that can't be stored is refused alone: the others of its commit are stored, and nobody but who brought it hears of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from bot.platforms.base import Unstorable
from bot.service import metrics
from bot.service.clock import Clock
from storage.database.connection import Database
from storage.database.outages import TROUBLE, lock_in_vain, passes
from storage.mail import inbox
from storage.mail.messages import Incoming

log = logging.getLogger(__name__)

PUT_WITHIN = 8.0
"""Seconds after which a caller is told that its messages are not stored: before a platform or a page gives up by itself."""

_WARY = 60.0
"""Seconds for which the intake looks out for locked chats once it has met one."""

_MOST_KNOWN = 100_000
"""Chats remembered as stored already; beyond that all are forgotten and looked up again."""


_LOCKED = "somebody holds a lock on the chat"

_OF_DATA = ("22", "23")
"""Classes of PostgreSQL's errors: data, and constraints."""


class NotStored(TimeoutError):
    """The database did not take a message in time."""


@dataclass(eq=False, slots=True)
class _Call:
    """Messages that somebody waits for; nobody does any more when `stored` is done."""

    messages: Sequence[Incoming]
    stored: asyncio.Future[None]

    def end(self, error: BaseException | None) -> None:
        if not self.stored.done():
            self.stored.set_exception(error) if error else self.stored.set_result(None)


class Intake:
    """`put` returns when the messages are safe on disk. Calls that come while a commit runs share the next one."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None], put_within: float = PUT_WITHIN) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake
        self._put_within = put_within
        self._waiting: list[_Call] = []
        self._storing: asyncio.Task[None] | None = None
        self._wary_until = 0.0
        self._known: set[str] = set()

    async def put(self, messages: Sequence[Incoming]) -> None:
        """Store the messages.

        Raises NotStored or what the database raises. Then nothing may be acknowledged: the platform brings them again, and
        one that was stored nevertheless is known by its key. Raises Unstorable where no later try would store some of them;
        then the others are stored.
        """
        if not messages:
            return
        call = _Call(messages, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_all())
        try:
            async with asyncio.timeout(self._put_within):
                await call.stored
        except TimeoutError as error:
            raise NotStored(f"not stored within {self._put_within} s") from error

    async def _store_all(self) -> None:
        try:
            while self._waiting:
                calls, self._waiting = self._waiting, []
                await self._store([call for call in calls if not call.stored.done()])
        finally:
            self._storing = None

    async def _store(self, calls: Sequence[_Call]) -> None:
        """Store the messages of several calls together; what goes wrong with one of them is told to that one alone."""
        try:
            locked = await self._write([message for call in calls for message in call.messages])
        except Exception as error:
            if passes(error):
                for call in calls:
                    call.end(error)
                return
            log.warning("messages could not be stored together, storing them one by one", exc_info=True)
            self._known.clear()
            for call in calls:
                await self._store_each(call)
            return
        for call in calls:
            call.end(NotStored(_LOCKED) if any(message.address in locked for message in call.messages) else None)
        self._wake()

    async def _store_each(self, call: _Call) -> None:
        """Store what can be stored of a call's messages."""
        refused = []
        for message in call.messages:
            try:
                if await self._write([message]):
                    call.end(NotStored(_LOCKED))
                    return
            except Exception as error:
                if not _is_of_the_message(error):
                    call.end(error)
                    return
                metrics.MESSAGES_REFUSED.inc()
                log.exception("a message from %s can't be stored and is refused", message.address[:80])
                refused.append(message)
        call.end(Unstorable(refused) if refused else None)
        self._wake()

    async def _write(self, messages: Sequence[Incoming]) -> set[str]:
        """Write messages with one transaction; returns the chats that others have locked, whose messages are not written."""
        rows = inbox.rows_of(self._database.vault, messages, self._clock())
        loop = asyncio.get_running_loop()
        if loop.time() >= self._wary_until:
            try:
                return await self._put(rows, wary=False)
            except TROUBLE as error:
                if not lock_in_vain(error):
                    raise
                self._wary_until = loop.time() + _WARY
        return await self._put(rows, wary=True)

    async def _put(self, rows: Sequence[dict[str, Any]], *, wary: bool) -> set[str]:
        now = self._clock()
        async with self._database.write(brief=True) as conn:
            locked = await inbox.locked_chats(conn, {row["address"] for row in rows}) if wary else set()
            free = [row for row in rows if row["address"] not in locked]
            await inbox.put(conn, free, now, self._known)
        self._remember(row["address"] for row in free)
        return locked

    def _remember(self, addresses: Iterable[str]) -> None:
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(addresses)


def _is_of_the_message(error: Exception) -> bool:
    """Whether a message is at fault for good. In doubt it is not, and comes again."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, ValueError | TypeError | OverflowError)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    refused_by_driver = isinstance(getattr(error.orig, "__cause__", None), ValueError)
    return isinstance(error, DataError | IntegrityError) or state.startswith(_OF_DATA) or refused_by_driver
