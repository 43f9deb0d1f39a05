"""The intake: stores what platforms bring, many messages with one commit, and wakes the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from bot.service.clock import Clock
from storage.database.connection import Database
from storage.mail import inbox
from storage.mail.messages import Incoming

_MOST_KNOWN = 100_000
"""Chats remembered as stored already; beyond that all are forgotten and looked up again."""


class Intake:
    """`put` returns when the messages are safe on disk. Calls that come while a commit runs share the next one."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake
        self._waiting: list[Incoming] = []
        self._next: asyncio.Future[None] | None = None
        self._turn = asyncio.Lock()
        self._known: set[str] = set()

    async def put(self, messages: Sequence[Incoming]) -> None:
        """Store the messages. Raises what the database raises; then nothing was stored and nothing may be acknowledged."""
        if not messages:
            return
        self._waiting += messages
        if self._next is None:
            self._next = asyncio.ensure_future(self._store())
        await asyncio.shield(self._next)

    async def _store(self) -> None:
        async with self._turn:
            batch, self._waiting = self._waiting, []
            self._next = None
            now = self._clock()
            rows = inbox.rows_of(self._database.vault, batch, now)
            async with self._database.write(brief=True) as conn:
                await inbox.put(conn, rows, now, self._known)
            self._remember(message.address for message in batch)
        self._wake()

    def _remember(self, addresses: Iterable[str]) -> None:
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(addresses)
