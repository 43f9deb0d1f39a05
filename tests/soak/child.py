"""The bot under test: a process of its own with the real parts, from Telegram's polling to the SQLite file.

`python -m tests.soak.child --db FILE --base-url ADDRESS` prints "ready" once it works, and works until it is killed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path

import uvloop

from bot.delivery.intake import Intake
from bot.delivery.sender import Sender
from bot.delivery.worker import Worker
from bot.platforms.telegram.platform import TelegramOptions, TelegramPlatform
from bot.service.clock import system_clock
from handlers.engine.world import World
from storage.files.media import MediaStore
from tests.soak.founding import open_database, plan
from tests.support.botapi import TOKEN
from tests.support.town import VAULT

RATE = 200
"""Messages a second at most: the loopback takes more than Telegram's 30, and more load makes a kill hurt more."""

ANSWER_WITHIN = 1.0
"""Seconds a call may stay unanswered: less than the child lives, so that time-outs are lived through too."""

READY = "ready"


async def _work(path: Path, base_url: str) -> None:
    database = open_database(path)
    media = MediaStore(path.parent / "media", VAULT)
    options = TelegramOptions(TOKEN, base_url, RATE, answer_within=ANSWER_WITHIN, pause=0.1)
    platform = TelegramPlatform(options, media, database, system_clock)
    sender = Sender(database, [platform], system_clock, "soak")
    worker = Worker(database, World(plan(), media), [platform.name], system_clock, lambda _: sender.wake())
    intake = Intake(database, system_clock, worker.wake)
    await sender.adopt()
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run())
        group.create_task(worker.run())
        print(READY, flush=True)
        await platform.start()
        group.create_task(platform.receive(intake.put))


def main() -> None:
    parser = argparse.ArgumentParser(description="The bot under test of the soak.")
    parser.add_argument("--db", type=Path, required=True)
    parser.add_argument("--base-url", required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    uvloop.run(_work(options.db, options.base_url))


if __name__ == "__main__":
    main()
