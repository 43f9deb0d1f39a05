"""Taking updates in: in order within a chat, and told to the server only when they are stored."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from prometheus_client import Counter

from bot.delivery.shielding import shielded
from bot.delivery.strangers import NO_FILES, Strangers, Wait
from bot.platforms.base import Put, Unstorable
from bot.platforms.telegram.files import LOST, Files
from bot.platforms.telegram.updates import UpdateContent
from bot.service.clock import Clock
from storage.database.outages import passes
from storage.mail.downloads import Downloads, Waiting
from storage.mail.messages import Incoming

log = logging.getLogger(__name__)

SKIPPED = Counter("cunbao_telegram_skipped", "Telegram updates skipped because they could not be read or stored")

Json = dict[str, Any]

TRIES = 5
"""At a file whose message can't be stored, where that is neither the disk's nor the database's trouble."""

_LONGEST_PAUSE = 30.0
"""Seconds between two tries."""


@dataclass(eq=False)
class Reception:
    """Stores what was heard. What waits for a file, or behind one in its chat, is kept and stored in its own time.

    `read` makes of an update what it says; `moved` is told which addresses have blocked the bot (True) or opened up again;
    `answer` gets the id of each pressed button once the press is kept; `pause`: seconds before the second try at a file.
    """

    put: Put
    read: Callable[[Json], UpdateContent | None]
    files: Files
    downloads: Downloads
    strangers: Strangers
    moved: Callable[[Mapping[str, bool]], Awaitable[None]]
    answer: Callable[[str], None]
    clock: Clock
    pause: float = 1.0
    _last: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """The newest task of each chat that has any."""
    _under_way: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """All tasks, by the key of what they store."""

    async def resume(self, before: datetime | None = None) -> None:
        """Go on with what the last run has kept, or with what another service, now gone, has kept before that moment."""
        for kept in await self.downloads.waiting(before):
            heard = self.read(kept.update) if isinstance(kept.update, dict) else None
            if heard is None or _key(heard) != kept.key:
                heard = UpdateContent(
                    0, kept.address, Incoming(address=kept.address, key=kept.key, at=self.clock(), trouble=LOST)
                )
            self._begin(heard)

    async def take(self, updates: Sequence[Json]) -> None:
        """Store or keep updates, in this order: then the server may forget them. Raises what `put` and the database raise."""
        at_once, later, busy = [], [], set(self._last)
        for update in updates:
            heard = await self._heard(update)
            if heard is None:
                continue
            if heard.message is not None and (heard.attached is not None or heard.address in busy):
                busy.add(heard.address)
                later.append((heard, update))
            else:
                at_once.append((heard, update))
        failed = await self._store_most([heard for heard, _ in at_once])
        later = [one for one in at_once if one[0].address in failed] + later
        for heard in await self._keep(later):
            if heard.query is not None:
                self.answer(heard.query)
            self._begin(replace(heard, query=None))

    async def _keep(self, later: Sequence[tuple[UpdateContent, Json]]) -> list[UpdateContent]:
        """Returns what is kept. What no database takes is passed over alone: offered again, it would come for ever."""
        waiting = [Waiting(_key(heard), heard.address, update) for heard, update in later]
        try:
            await shielded(self.downloads.keep(waiting))
        except Exception as error:
            if passes(error):
                raise
            if len(later) > 1:
                return [kept for one in later for kept in await self._keep([one])]
            SKIPPED.inc()
            log.exception("an update with a file can't be kept and is skipped")
            return []
        return [heard for heard, _ in later]

    async def _heard(self, update: Json) -> UpdateContent | None:
        """What an update says; a stranger's file stays where it is."""
        heard = self.read(update)
        if heard is None or heard.message is None or heard.attached is None or await self.strangers.knows(heard.address):
            return heard
        return replace(heard, message=heard.message.model_copy(update={"trouble": NO_FILES}), attached=None)

    async def store(self, heard: Sequence[UpdateContent]) -> None:
        """Store what needs no file, as a whole and even when cancelled meanwhile. Raises what `put` raises."""
        moved = {one.address: one.blocked for one in heard if one.blocked is not None}
        if moved:
            await shielded(self.moved(moved))
        messages = [kept for one in heard if one.message is not None and (kept := await self._within(one.message))]
        if messages:
            try:
                await shielded(self.put(messages))
            except Unstorable as refused:  # offered again, they would be refused again, for ever
                SKIPPED.inc(len(refused.messages))
                log.error("%s updates can't be stored and are skipped", len(refused.messages))
        for one in heard:
            if one.query is not None:
                self.answer(one.query)

    async def close(self) -> None:
        """Leave what is under way; `resume` goes on with it."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _store_most(self, heard: Sequence[UpdateContent]) -> set[str]:
        """Store what many chats have sent; returns the addresses of those chats where that fails, unless it fails for all."""
        try:
            await self.store(heard)
        except Exception:
            by_chat: dict[str, list[UpdateContent]] = defaultdict(list)
            for one in heard:
                by_chat[one.address].append(one)
            outcomes = await asyncio.gather(*map(self.store, by_chat.values()), return_exceptions=True)
            failed = {address for address, outcome in zip(by_chat, outcomes, strict=True) if outcome is not None}
            if len(failed) == len(by_chat) or any(one.message is None for one in heard if one.address in failed):
                raise
            log.exception("what %s chats have sent could not be stored, and is tried again", len(failed))
            return failed
        return set()

    async def _within(self, message: Incoming) -> Incoming | None:
        """The message; of a stranger who has said enough for a day, once a message without words, and then none."""
        size = len((message.text or message.choice or "").encode())
        try:
            await self.strangers.count(message.address, size)
        except Wait as wait:
            if not self.strangers.first_refusal(message.address):
                return None
            return Incoming(
                address=message.address, key=message.key, at=message.at, private=message.private, trouble=wait.words
            )
        return message

    def _begin(self, heard: UpdateContent) -> None:
        """Download and store, behind what its chat has under way."""
        key = _key(heard)
        if key in self._under_way:
            return
        task = asyncio.create_task(self._follow(heard, self._last.get(heard.address)))
        self._last[heard.address] = self._under_way[key] = task
        task.add_done_callback(functools.partial(self._ended, heard.address, key))

    async def _follow(self, heard: UpdateContent, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        tries = 0
        while True:
            tries += 1
            try:
                await self._download(heard, lost=tries > TRIES)
                return
            except Exception as error:
                if tries > TRIES and not passes(error):
                    SKIPPED.inc()
                    log.exception("%s can't be stored and is given up", _key(heard))
                    await self.downloads.drop(_key(heard))
                    return
                log.exception("%s could not be stored, and is tried again", _key(heard))
            await asyncio.sleep(min(self.pause * 2**tries, _LONGEST_PAUSE))

    async def _download(self, heard: UpdateContent, *, lost: bool) -> None:
        """Store the message with its file; where that was `lost`, with words about it."""
        message = heard.message
        if message is not None and heard.attached is not None:
            fetched = message.model_copy(update={"trouble": LOST}) if lost else await self.files.fetch(message, heard.attached)
            if not await self.strangers.knows(heard.address):  # signed out meanwhile
                fetched = message.model_copy(update={"trouble": NO_FILES})
            heard = replace(heard, message=fetched)
        if not await self.downloads.is_kept(_key(heard)):  # forgotten meanwhile
            return
        await self.store([heard])
        await self.downloads.drop(_key(heard))

    def _ended(self, address: str, key: str, task: asyncio.Task[None]) -> None:
        del self._under_way[key]
        if self._last.get(address) is task:
            del self._last[address]


def _key(heard: UpdateContent) -> str:
    return heard.message.key if heard.message is not None else ""
