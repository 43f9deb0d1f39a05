"""How long a person waits: from the message stored to the answer sent, at a given load."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections import defaultdict, deque
from pathlib import Path

from storage.mail.outbox import Letter
from tests.bench.county import County
from tests.bench.steps import STEPS, NoNetworkTelegram, Script, at_work, until_idle


class Timed(NoNetworkTelegram):
    """Notes when each reply is sent, by address; pushes are no replies."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.stored: defaultdict[str, deque[float]] = defaultdict(deque)
        self.waits: list[float] = []

    async def send(self, letter: Letter) -> None:
        await super().send(letter)
        if self.stored[letter.address] and not (letter.message.text or "").startswith("【"):
            self.waits.append(time.perf_counter() - self.stored[letter.address].popleft())


async def reply_p99(a_second: float, chats: int, seconds: float) -> float:
    """Milliseconds within which 99 of 100 answers are sent, with messages coming by chance, `a_second` on average."""
    with tempfile.TemporaryDirectory() as name:
        county = County(Path(name), chats, int(a_second * seconds / chats / STEPS) + 4)
        await county.found()
        platform = Timed(Path(name))
        script = Script(county)
        chance = random.Random(7)
        async with at_work(county, platform) as put:
            for chat in range(chats):  # the worker process has to start before it can be quick
                for _ in range(chat % STEPS + 1):  # and people are not all at the same step
                    await put([platform.read(script.next(chat))])
            await until_idle(county)
            begun = time.perf_counter()
            due, chat = 0.0, 0
            storing: set[asyncio.Task[None]] = set()

            async def bring(chat: int) -> None:
                message = platform.read(script.next(chat))
                await put([message])
                platform.stored[message.address].append(time.perf_counter())

            while due < seconds:
                await asyncio.sleep(max(0.0, begun + due - time.perf_counter()))
                task = asyncio.create_task(bring(chat))
                storing.add(task)
                task.add_done_callback(storing.discard)
                due += chance.expovariate(a_second)
                chat = (chat + 1) % chats
            await asyncio.gather(*storing)
            await until_idle(county)
        await county.database.close()
    return statistics.quantiles(platform.waits, n=100)[98] * 1000
