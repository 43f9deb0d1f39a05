"""Taking updates in: in order within a chat, and told to the server only when they are stored."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from prometheus_client import Counter

from bot.delivery.shielding import shielded
from bot.delivery.strangers import ENOUGH, Strangers
from bot.platforms.base import Put, Unstorable
from bot.platforms.telegram.files import Files
from bot.platforms.telegram.updates import UpdateContent
from storage.mail.messages import Incoming

log = logging.getLogger(__name__)

SKIPPED = Counter("cunbao_telegram_skipped", "Telegram updates skipped because they could not be read or stored")

Json = dict[str, Any]
Read = Callable[[Json], UpdateContent | None]

_PAUSE = 0.5
"""Seconds between two looks at what else has come while only files are under way."""


class Reception:
    """Stores what was heard. A slow file holds up its own chat alone.

    `moved` is told which addresses have blocked the bot (True) or opened up again; `answer` gets the id of each
    pressed button once the press is stored.
    """

    def __init__(
        self,
        put: Put,
        files: Files,
        strangers: Strangers,
        moved: Callable[[Mapping[str, bool]], Awaitable[None]],
        answer: Callable[[str], None],
    ) -> None:
        self._put = put
        self._files = files
        self._strangers = strangers
        self._moved = moved
        self._answer = answer
        self._last: dict[str, asyncio.Task[None]] = {}

    def busy(self, address: str) -> bool:
        """Whether something of this chat is under way, so that what comes next has to go behind it."""
        return address in self._last

    async def store(self, heard: Sequence[UpdateContent]) -> None:
        """Store what needs no file, as a whole and even when cancelled meanwhile. Raises what `put` raises."""
        moved = {one.address: one.blocked for one in heard if one.blocked is not None}
        if moved:
            await shielded(self._moved(moved))
        messages = [kept for one in heard if one.message is not None and (kept := await self._within(one.message))]
        if messages:
            try:
                await shielded(self._put(messages))
            except Unstorable as refused:  # offered again, they would be refused again, for ever
                SKIPPED.inc(len(refused.messages))
                log.error("%s updates can't be stored and are skipped", len(refused.messages))
        for one in heard:
            if one.query is not None:
                self._answer(one.query)

    async def _within(self, message: Incoming) -> Incoming | None:
        """The message; of a stranger who has said enough for a day, once a message without words, and then none."""
        size = len((message.text or message.choice or "").encode())
        if await self._strangers.may_say(message.address, size):
            return message
        if not self._strangers.first_refusal(message.address):
            return None
        return Incoming(address=message.address, key=message.key, at=message.at, private=message.private, trouble=ENOUGH)

    def begin(self, heard: UpdateContent) -> asyncio.Task[None]:
        """Fetch the file and store the message, behind what its chat has under way. Fails if that fails."""
        task = asyncio.create_task(self._follow(heard, self._last.get(heard.address)))
        self._last[heard.address] = task
        task.add_done_callback(functools.partial(self._ended, heard.address))
        return task

    async def close(self) -> None:
        """Give up what is under way; its updates come again."""
        tasks = list(self._last.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, heard: UpdateContent, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        if heard.attached is not None and heard.message is not None:
            message = await self._files.fetch(heard.message, heard.attached)
            heard = UpdateContent(heard.update_id, heard.address, message, query=heard.query)
        await self.store([heard])

    def _ended(self, address: str, task: asyncio.Task[None]) -> None:
        if self._last.get(address) is task:
            del self._last[address]


class Window:
    """Which of the updates that polling gives are stored. `offset` is up to where the server may forget them."""

    def __init__(self, reception: Reception, read: Read) -> None:
        self._reception = reception
        self._read = read
        self._next: int | None = None
        self._stored: set[int] = set()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._failed: set[int] = set()
        self._error: BaseException | None = None

    @property
    def open(self) -> bool:
        """Whether files are under way, so that the server should not let us wait."""
        return bool(self._running)

    @property
    def offset(self) -> int | None:
        return min([*self._running, *self._failed], default=self._next)

    def check(self) -> None:
        """Raises what has gone wrong with a file since the last look; its update comes again."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    async def take(self, given: Mapping[int, Json]) -> None:
        """Work on one answer of the server, by update id. Raises what `put` raises; then `offset` stays."""
        self._stored &= given.keys()
        fresh = sorted(given.keys() - self._stored - self._running.keys())
        at_once, slow = [], []
        behind: set[str] = set()
        for heard in filter(None, (self._read(given[update_id]) for update_id in fresh)):
            if heard.attached or heard.address in behind or self._reception.busy(heard.address):
                behind.add(heard.address)
                slow.append(heard)
            else:
                at_once.append(heard)
        troubled = await self._store(at_once)
        for heard in slow:
            self._begin(heard)
        self._stored |= set(fresh) - self._running.keys() - troubled
        self._failed = (self._failed & given.keys()) - set(fresh) | troubled
        if given:
            self._next = max(given) + 1
        if self._running and not fresh:
            await asyncio.wait(self._running.values(), timeout=_PAUSE, return_when=asyncio.FIRST_COMPLETED)

    async def _store(self, heard: Sequence[UpdateContent]) -> set[int]:
        """Store what many chats have sent; returns the updates of those chats where that fails, unless it fails for all."""
        try:
            await self._reception.store(heard)
        except Exception:
            by_chat: dict[str, list[UpdateContent]] = defaultdict(list)
            for one in heard:
                by_chat[one.address].append(one)
            tried = [self._reception.store(one) for one in by_chat.values()]
            outcomes = await asyncio.gather(*tried, return_exceptions=True)
            errors = [outcome for outcome in outcomes if outcome is not None]
            if len(errors) == len(outcomes):
                raise
            self._error = errors[0] if errors else self._error
            failed = (chat for chat, outcome in zip(by_chat.values(), outcomes, strict=True) if outcome is not None)
            return {one.update_id for chat in failed for one in chat}
        return set()

    def _begin(self, heard: UpdateContent) -> None:
        task = self._running[heard.update_id] = self._reception.begin(heard)
        task.add_done_callback(functools.partial(self._ended, heard.update_id))

    def _ended(self, update_id: int, task: asyncio.Task[None]) -> None:
        del self._running[update_id]
        if task.cancelled():
            return
        error = task.exception()
        (self._failed if error else self._stored).add(update_id)
        self._error = error or self._error
