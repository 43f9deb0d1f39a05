"""What both soaks have in common: faults among kills, faults one by one, and coming to rest."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from storage.database.outages import TROUBLE
from tests.soak.faults import Fault, Ground
from tests.soak.judge import Window, idle, settled
from tests.soak.load import Load, Wait
from tests.soak.page import look
from tests.support.botapi import Faults

SETTLE = 180.0
"""Seconds everything may take to come to rest in the end; a send that failed often waits a minute or two."""

THOUGHT = 0.5
"""Seconds people think before each step while waits are measured: the computer has time for all."""

HURRY = 0.2
"""Seconds people think before each step among kills."""

_SHORT = (1.0, 4.0)
"""Seconds a fault lasts among kills, at least and at most."""


def network(seed: int) -> Faults:
    """About every twelfth call to Telegram goes wrong."""
    return Faults(
        throttle=0.005, error=0.02, bad_gateway=0.005, drop=0.02, lose=0.02, hang=0.005, duplicate=0.1, shuffle=0.3, seed=seed
    )


@contextlib.asynccontextmanager
async def faults_at_random(ground: Ground, faults: Sequence[Fault]) -> AsyncIterator[None]:
    """Inside, one short fault follows the other."""
    task = asyncio.create_task(_at_random(ground, faults))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def _at_random(ground: Ground, faults: Sequence[Fault]) -> None:
    while faults:
        ground.length = ground.chance.uniform(*_SHORT)
        with contextlib.suppress(*TROUBLE):  # the one who strikes may be hit too
            await ground.chance.choice(faults).strike(ground)
        await asyncio.sleep(0.1)


async def one_by_one(
    ground: Ground, load: Load, faults: Sequence[Fault], absences: Sequence[Fault], seconds: float
) -> tuple[list[Window], list[Wait]]:
    """Each fault alone, for so many seconds, and then the absences of the database; returns when each fault lasted, and
    how long the phone pages took to answer meanwhile.
    """
    load.slow_down(THOUGHT)
    begun = time.monotonic()
    await _until(lambda: _calm(ground, load, begun), SETTLE)
    windows, seen = [], list[Wait]()
    looking = [asyncio.create_task(look(port, seen)) for port in ground.ports]
    try:
        for fault in faults:
            said(f"{fault.name} ...")
            ground.length = seconds
            begin = time.monotonic()
            await fault.strike(ground)
            windows.append(Window(fault.name, begin, time.monotonic()))
            await asyncio.sleep(2)
        for absence in absences:
            said(f"{absence.name} ...")
            ground.length = seconds / 2
            await absence.strike(ground)
            await asyncio.sleep(seconds)
    finally:
        for task in looking:
            task.cancel()
        await asyncio.wait([*looking, asyncio.create_task(asyncio.sleep(0))])
    return windows, seen


async def _calm(ground: Ground, load: Load, begun: float) -> bool:
    """Whether the bot has warmed up and answered everybody since then, and nobody waits for a send to be tried again."""
    heard = {wait.chat for wait in load.waits if wait.since > begun and wait.until is not None}
    return all(cadre.chat in heard or cadre.finished for cadre in load.cadres) and await settled(ground.database, load)


async def rest(ground: Ground, load: Load) -> set[int]:
    """Let everybody end what they are at, and wait until all is sent; returns the chats of those who got no answer."""
    load.slow_down(0)
    settling = time.monotonic()
    unanswered = await load.finish(SETTLE)
    await _until(lambda: idle(ground.database, load), settling + SETTLE - time.monotonic())
    return unanswered


async def _until(done: Callable[[], Awaitable[bool]], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if await done():
            return
        await asyncio.sleep(0.2)


def said(words: str) -> None:
    """To whoever waits for the soak."""
    sys.stderr.write(f"{words}\n")


def seeded(seed: int, what: str) -> random.Random:
    return random.Random(f"{seed} {what}")
