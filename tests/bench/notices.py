"""A notice goes to 5,000 people over Telegram's 30 messages a second while others are answered: how long these wait."""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from pathlib import Path

import sqlalchemy as sa

from bot.delivery.caches import Caches
from bot.delivery.intake import Intake
from bot.platforms.telegram.platform import TelegramOptions, TelegramPlatform
from bot.service.clock import system_clock
from handlers.engine.jobs import Transactions
from handlers.engine.world import World
from handlers.notices import job as announce
from storage.database.transaction import transaction
from storage.files.media import MediaStore
from storage.mail.chats import chat_row, chats
from storage.mail.messages import Incoming
from storage.mail.outbox import Letter
from storage.notices.sent import Audience
from storage.people.persons import Role
from storage.store import Store
from tests.bench.county import County, county_plan
from tests.bench.peers import FIRST_CHAT
from tests.bench.steps import STEPS, Script, until_idle
from tests.support.botapi import TOKEN, RemoteBotApi
from tests.support.figures import Figure, at_most

RECEIVERS, CHATS = 5_000, 40
RATE = 30
"""Messages a second that Telegram takes from a bot, over all chats."""
A_SECOND = 8
"""Messages of the people who go on reporting; each is answered, and each sixth pushed on to a colleague."""
SECONDS, ROUNDS = 6, 3
_TICK = 2
"""Seconds between two portions, as in `bot.service.jobs`."""
_UNNOTICED = 25
"""Milliseconds that nobody notices."""


class Timed(TelegramPlatform):
    """Notes how long each answer took since its message was stored, and counts the letters of the notice."""

    def __init__(self, api: str, county: County) -> None:
        media = MediaStore(county.path.parent / "media", county.database.vault)
        super().__init__(TelegramOptions(TOKEN, api, RATE), media, county.database, system_clock)
        self.stored: defaultdict[str, deque[float]] = defaultdict(deque)
        self.waits: list[float] = []
        self.announced = 0

    async def send(self, letter: Letter) -> None:
        await super().send(letter)
        if (letter.message.text or "").startswith("【通知】"):
            self.announced += 1
        elif self.stored[letter.address] and not (letter.message.text or "").startswith("【"):
            self.waits.append(time.perf_counter() - self.stored[letter.address].popleft())


async def figures() -> list[Figure]:
    """The p99 of answers beside a notice, against that without one; the middle of several rounds."""
    rounds = [await _round() for _ in range(ROUNDS)]
    alone, beside, announced = (statistics.median(column) for column in zip(*rounds, strict=True))
    detail = (
        f"p99 beside a notice to {RECEIVERS:,}, of which {announced:.0f} letters/s go out; "
        f"alone {alone * 1000:.0f} ms; bound 1.5 times that and {_UNNOTICED} ms"
    )
    return [at_most("notice_reply", beside * 1000, "ms", round(1.5 * alone * 1000) + _UNNOTICED, detail)]


async def _round() -> tuple[float, float, float]:
    """Seconds of the p99 without and with a notice, and how many of its letters went out a second."""
    with tempfile.TemporaryDirectory() as name:
        county = County(Path(name), CHATS, 2 * A_SECOND * SECONDS // CHATS + STEPS)
        await county.found()
        sender = await _crowd(county)
        async with RemoteBotApi("--no-recording") as api, _at_work(county, api.address) as (platform, intake):
            script = Script(county)
            await _chat(intake, platform, script, 2)  # the worker's process has to start first
            await until_idle(county)
            alone = await _p99(county, intake, platform, script)
            await until_idle(county)
            announcing = asyncio.create_task(_announce(county, sender))
            while not platform.announced:  # noqa: ASYNC110 - the first portion has to be queued
                await asyncio.sleep(0.01)
            before = platform.announced
            beside = await _p99(county, intake, platform, script)
            announced = (platform.announced - before) / SECONDS
            announcing.cancel()
            await asyncio.wait([announcing])
        await county.database.close()
    return alone, beside, announced


@contextlib.asynccontextmanager
async def _at_work(county: County, api: str) -> AsyncIterator[tuple[Timed, Intake]]:
    platform = Timed(api, county)
    intake, sender, worker = county.staff(platform)
    await platform.start()
    tasks = [asyncio.create_task(sender.run()), asyncio.create_task(worker.run())]
    try:
        yield platform, intake
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.wait([task])
        await platform.stop()


async def _p99(county: County, intake: Intake, platform: Timed, script: Script) -> float:
    platform.waits.clear()
    await _chat(intake, platform, script, SECONDS)
    while await _unanswered(county):  # noqa: ASYNC110 - the worker is another process
        await asyncio.sleep(0.05)
    return statistics.quantiles(platform.waits, n=100)[98]


async def _unanswered(county: County) -> bool:
    """Whether anything but the notice is still to be worked on or sent."""
    query = sa.text(
        "select exists (select 1 from inbox where state = 'new')"
        " or exists (select 1 from outbox where state in ('pending', 'sending') and priority < 2)"
    )
    async with county.database.read(brief=True) as conn:
        return bool((await conn.execute(query)).scalar_one())


async def _chat(intake: Intake, platform: Timed, script: Script, seconds: float) -> None:
    """Reports come by chance."""
    chance = random.Random(7)
    begun, due, chat = time.perf_counter(), 0.0, 0
    async with asyncio.TaskGroup() as storing:

        async def bring(number: int, user: int, text: str) -> None:
            message = Incoming(address=f"telegram:{user}", key=f"{begun}:{number}", at=system_clock(), text=text)
            platform.stored[message.address].append(time.perf_counter())
            await intake.put([message])

        while due < seconds:
            await asyncio.sleep(max(0.0, begun + due - time.perf_counter()))
            storing.create_task(bring(chat, *script.line(chat % CHATS)))
            due += chance.expovariate(A_SECOND)
            chat += 1


async def _crowd(county: County) -> int:
    """Voices of households, each with a chat; returns who sends the notice."""
    codes = [village.code for village in county_plan(county.villages).villages]
    async with transaction(county.database, system_clock()) as tx, tx.session("bench", "crowd") as session:
        people = Store(session).people
        for place in range(RECEIVERS):
            person = people.add(f"农户{place}")
            people.appoint(person, Role.HOUSEHOLD, region=codes[place % len(codes)])
            address = f"telegram:{FIRST_CHAT + CHATS + place}"
            session.add(chats, chat_row(address, now=session.now, person_id=person))
        sender = people.add("周镇")
        people.appoint(sender, Role.TOWN, region="220881100")
    return sender


async def _announce(county: County, sender: int) -> None:
    """File the notice and queue it, as `bot.service.jobs` does."""
    world = World(county_plan(county.villages), MediaStore(county.path.parent / "media", county.database.vault))
    async with transaction(county.database, system_clock()) as tx, tx.session("bench", "notice") as session:
        await Caches(world).refresh(tx.conn)
        audience = Audience(roles=(Role.HOUSEHOLD,), regions=("220881",))
        Store(session).notices.file(
            sender,
            Role.TOWN,
            region="220881100",
            audience=audience,
            words="明天有大雨，别下河",
            file=None,
            file_name="",
            expects=True,
        )
    while True:
        await announce.work(Transactions(county.database, system_clock), world)
        await asyncio.sleep(_TICK)
