"""Ours over real loopback HTTP: the Telegram platform, polling a Bot API server that is a process of its own."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

from bot.platforms.telegram.platform import TelegramOptions, TelegramPlatform
from bot.service.clock import system_clock
from storage.files.media import MediaStore
from tests.bench.county import County
from tests.bench.steps import STEPS, Script
from tests.support.botapi import TOKEN, RemoteBotApi
from tests.support.town import VAULT


async def rate(each: int, chats: int, delay: float = 0.0) -> float:
    """Updates of the six-step report a second, `each` a chat; `delay` is in seconds for every call.

    Each report is answered six times and pushed once; the time is up when all of that has arrived.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        county = County(folder, chats, each // STEPS + 2)
        await county.found()
        async with RemoteBotApi("--no-recording", "--faults", json.dumps({"delay": delay})) as api:
            media = MediaStore(folder / "media", VAULT)
            platform = TelegramPlatform(TelegramOptions(TOKEN, api.address, rate=0), media, county.database, system_clock)
            intake, sender, worker = county.staff(platform)
            script = Script(county)
            await platform.start()
            tasks = [asyncio.create_task(sender.run()), asyncio.create_task(worker.run())]
            await api("say_many", lines=[script.line(number % chats) for number in range(STEPS * chats)])
            tasks.append(asyncio.create_task(platform.receive(intake.put)))
            await api("wait_sent", total=_messages(STEPS, chats), seconds=60)
            start = time.perf_counter()
            await api("say_many", lines=[script.line(number % chats) for number in range(each * chats)])
            await api("wait_sent", total=_messages(STEPS + each, chats), seconds=150)
            seconds = time.perf_counter() - start
            for task in reversed(tasks):
                task.cancel()
                await asyncio.wait([task])
            await platform.stop()
        await county.database.close()
    return each * chats / seconds


def _messages(each: int, chats: int) -> int:
    """Answers when each chat has said `each` lines, and a push for each whole report."""
    return chats * (each + each // STEPS)
