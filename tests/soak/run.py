"""One soak: load, faults and kills; then quiet, and the verdict."""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from pathlib import Path

from storage.database.connection import Database
from tests.soak.founding import found, open_database
from tests.soak.judge import idle, judge
from tests.soak.load import Load
from tests.soak.victim import Victim
from tests.support.botapi import BotApi, Faults
from tests.support.figures import Figure, at_least, at_most

EARLY = 0.1
"""The share of kills that come while the bot is still starting."""

LIFE = (0.2, 2.0)
"""Seconds a bot lives once it is ready, at least and at most."""

SETTLE = 180.0
"""Seconds everything may take to come to rest in the end; a send that failed often waits a minute or two."""

START_BOUND = 8.0
"""Seconds a start may take; kill and restart together must fit two hundred times into the time."""


def faults(seed: int) -> Faults:
    """About every twelfth call goes wrong."""
    return Faults(
        throttle=0.005, error=0.02, bad_gateway=0.005, drop=0.02, lose=0.02, hang=0.005, duplicate=0.1, shuffle=0.3, seed=seed
    )


async def soak(
    folder: Path, *, kills: int, seed: int, minutes: float, cadres: int = 40, households_each: int = 100
) -> list[Figure]:
    """Kill the bot `kills` times, or as often as the minutes allow, and judge. `folder` is to be empty."""
    begun = time.monotonic()
    path = folder / "soak.db"
    database = open_database(path)
    desks = await found(database, cadres, households_each)
    async with BotApi(faults=faults(seed)) as api:
        load = Load(api, desks, seed)
        victim = Victim(path, api.address, folder / "bot.log")
        load.begin()
        try:
            await _torment(victim, load, kills, random.Random(seed), begun + minutes * 60 - SETTLE)
            killed = victim.kills
            injected = ", ".join(f"{kind} {count}" for kind, count in sorted(api.counts.items()))
            api.set_faults()
            await victim.start()
            await victim.ready()
            settling = time.monotonic()
            unanswered = await load.finish(SETTLE)
            await _rest(database, settling + SETTLE)
        finally:
            await victim.kill()
        judged = await judge(database, api, load, unanswered)
    await database.close()
    seconds = time.monotonic() - begun
    return [
        at_least("kills", killed, "kill -9", kills, f"seed {seed}"),
        *judged,
        at_most("crashes", len(victim.crashes), "ends", 0, "; ".join(victim.crashes[:2])),
        Figure("faults", sum(api.counts.values()), "faults", detail=injected),
        at_most("restart", statistics.median(victim.starts), "s", START_BOUND, f"median; longest {max(victim.starts):.1f} s"),
        at_most("seconds", seconds, "s", minutes * 60),
    ]


async def _torment(victim: Victim, load: Load, kills: int, chance: random.Random, until: float) -> None:
    """Start and kill; each bot lives a random time, some do not even come up."""
    while victim.kills < kills and time.monotonic() < until:
        await victim.start()
        if victim.starts and chance.random() < EARLY:
            await asyncio.sleep(chance.uniform(0, victim.starts[-1]))
        else:
            await victim.ready()
            await asyncio.sleep(chance.uniform(*LIFE))
        await victim.kill()
        if victim.kills % 20 == 0:
            sys.stderr.write(f"{victim.kills} kills, {len(load.reports)} reports, {len(load.deliveries)} messages\n")


async def _rest(database: Database, until: float) -> None:
    """Wait until nothing is left to be worked on or sent."""
    while time.monotonic() < until:
        if await idle(database):
            return
        await asyncio.sleep(0.2)
