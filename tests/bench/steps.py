"""Our six-step report without a network: from updates as Telegram sends them to calls of python-telegram-bot's own bot."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from telegram.ext import ExtBot

from bot.platforms.base import Platform, Put
from bot.platforms.telegram.answers import ShortAnswers
from bot.platforms.telegram.send import MessageSender
from bot.platforms.telegram.updates import Reader
from bot.service.clock import system_clock
from bot.service.garbage_collection import rare_garbage_collection
from storage.files.media import MediaStore
from storage.mail.messages import Incoming
from storage.mail.outbox import Letter
from tests.bench import pending
from tests.bench.county import County
from tests.bench.peers import FIRST_CHAT, NoNetwork, update_json
from tests.support.botapi import TOKEN
from tests.support.town import VAULT

DETAIL = "东边房子漏雨,老人腿脚不便,没人照料"
STEPS = 6

DELIVERY, DELIVERIES = 20, 32
"""Updates that come together, and how many such deliveries are under way at most."""


class _Calls(ShortAnswers, NoNetwork):
    """No network, with answers read as in production."""


class NoNetworkTelegram(Platform):
    """Telegram as a platform without its network: updates are handed in, sends are answered at once."""

    name = "telegram"

    def __init__(self, folder: Path) -> None:
        self.bot: ExtBot[Any] = ExtBot(TOKEN, request=_Calls(), get_updates_request=NoNetwork())
        self._messages = MessageSender(self.bot, MediaStore(folder / "media", VAULT))
        self._reader = Reader(int(TOKEN.partition(":")[0]), "cunbao_bot", 10_000_000)

    async def receive(self, put: Put) -> None:
        """Updates are handed in by the benchmark."""

    async def send(self, letter: Letter) -> None:
        await self._messages.send(letter)

    def read(self, update: dict[str, Any]) -> Incoming:
        heard = self._reader.read(update, system_clock())
        if heard is None or heard.message is None:
            raise ValueError("the script has only messages")
        return heard.message


class Script:
    """Gives each chat's next message: reports of its own households, one after the other."""

    def __init__(self, county: County) -> None:
        self._county = county
        self._said = [0] * county.chats
        self._update = 0

    def next(self, chat: int) -> dict[str, Any]:
        """The next message as an update."""
        user, text = self.line(chat)
        self._update += 1
        return update_json(self._update, user, self._update, text)

    def line(self, chat: int) -> tuple[int, str]:
        """The next message as user id and text."""
        report, step = divmod(self._said[chat], STEPS)
        self._said[chat] += 1
        number = chat * self._county.reports + report % self._county.reports + 1
        text = ("/report", str(number), "1 4", DETAIL, "跳过", "1")[step]
        return FIRST_CHAT + chat, text


@contextlib.asynccontextmanager
async def at_work(county: County, platform: NoNetworkTelegram) -> AsyncIterator[Put]:
    """Delivery running; yields what takes messages in."""
    await platform.bot.initialize()
    intake, sender, worker = county.staff(platform)
    tasks = [asyncio.create_task(sender.run()), asyncio.create_task(worker.run())]
    try:
        with rare_garbage_collection():
            yield intake.put
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.wait([task])


async def rate(updates: int, chats: int, known_chats: int = 0, reminders: int = 0) -> float:
    """Updates a second, from the first taken in to the last answer and push sent, every row written."""
    with tempfile.TemporaryDirectory() as name:
        county = County(Path(name), chats, updates // chats // STEPS + 3)
        await county.found(known_chats)
        await pending.plan(county.database, reminders)
        platform = NoNetworkTelegram(Path(name))
        script = Script(county)
        async with at_work(county, platform) as put:
            await _feed(put, platform, script, chats, 2 * STEPS * chats if chats <= 400 else STEPS * chats)
            await until_idle(county)
            start = time.perf_counter()
            await _feed(put, platform, script, chats, updates)
            await until_idle(county)
            seconds = time.perf_counter() - start
        await county.database.close()
    return updates / seconds


async def _feed(put: Put, platform: NoNetworkTelegram, script: Script, chats: int, updates: int) -> None:
    """As a webhook brings them: a few deliveries under way at a time, each waiting until it is stored."""
    room = asyncio.Semaphore(DELIVERIES)

    async def deliver(messages: list[Incoming]) -> None:
        async with room:
            await put(messages)

    async with asyncio.TaskGroup() as deliveries:
        for first in range(0, updates, DELIVERY):
            batch = [script.next(number % chats) for number in range(first, min(first + DELIVERY, updates))]
            deliveries.create_task(deliver([platform.read(update) for update in batch]))
            async with room:  # no more is read than can be taken in
                pass


async def until_idle(county: County) -> None:
    """Until everything is worked on and sent."""
    while await county.busy():  # noqa: ASYNC110 - the worker is another process
        await asyncio.sleep(0.01)
