"""The bot under test: a service with all its parts. Only its worker has no process of its own, and it gives up calls sooner.

`python -m tests.soak.child SETUP` (a `Setup` as JSON) prints "ready" once it works, and works until it is killed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from unittest import mock

import uvloop

from bot.platforms.base import Platform, Put
from bot.platforms.telegram.platform import TelegramOptions, TelegramPlatform
from bot.service import service
from bot.service.clock import Clock
from bot.setup.installation import Installation, open_installation
from storage.database.limits import SERVICE
from storage.mail.outbox import Letter
from tests.soak.clock import Offset, go_by
from tests.soak.founding import SECRET, Setup
from tests.support.botapi import TOKEN

RATE = 200
"""Messages a second at most: the loopback takes more than Telegram's 30, and more load makes a kill hurt more."""

ANSWER_WITHIN = 1.0
"""Seconds a call may stay unanswered: less than the child lives, so that time-outs are lived through too."""

READY = "ready"


class _Announcer(Platform):
    """Brings nothing in but the news that everything else does."""

    name = "soak"

    async def receive(self, put: Put) -> None:
        print(READY, flush=True)
        await asyncio.Event().wait()

    async def send(self, letter: Letter) -> None:
        raise NotImplementedError


def _telegram(installation: Installation, clock: Clock) -> TelegramPlatform:
    settings = installation.settings
    options = TelegramOptions(
        TOKEN, settings.telegram_base_url, RATE, answer_within=ANSWER_WITHIN, pause=0.1,
        webhook_url=settings.telegram_webhook_url or "", webhook_secret=SECRET,
    )  # fmt: skip
    return TelegramPlatform(options, installation.world.media, installation.database, clock)


async def _work(setup: Setup) -> None:
    settings = setup.settings()
    go_by(Offset(Path(setup.folder) / "clock"))
    async with open_installation(settings, lambda _: None, limits=SERVICE) as installation:
        with mock.patch.object(service, "telegram_of", _telegram):
            made = service.Service(installation, others=[_Announcer()])
        await made.run(asyncio.Event(), service.listen(settings.web_host, settings.web_port))


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    uvloop.run(_work(Setup(**json.loads(sys.argv[1]))))


if __name__ == "__main__":
    main()
