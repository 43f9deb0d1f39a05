"""The soak on SQLite: load, faults and kills; faults one by one; then quiet, and the verdict."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from tests.soak.clock import Offset
from tests.soak.course import HURRY, SETTLE, faults_at_random, network, one_by_one, rest, said, seeded
from tests.soak.faults import Fault, Ground
from tests.soak.faults.clock import BACK, FORWARD
from tests.soak.faults.files import FILES
from tests.soak.faults.locked import LOCKED
from tests.soak.faults.poison import POISON
from tests.soak.faults.sockets import SOCKETS
from tests.soak.faults.updates import UPDATES
from tests.soak.founding import Setup, database_of, found, free_port
from tests.soak.judge import judge, waiting
from tests.soak.load import Load
from tests.soak.victim import Victim
from tests.support.botapi import BotApi
from tests.support.figures import Figure, at_least, at_most

FAULTS = (POISON, FILES, UPDATES, FORWARD, BACK, SOCKETS)

CULPRITS = 6
"""Cadres through whom faults come; they are not judged."""

EARLY = 0.1
"""The share of kills that come while the bot is still starting."""

LIFE = (0.2, 2.0)
"""Seconds a bot lives once it is ready, at least and at most."""

START_BOUND = 8.0
"""Seconds a start may take; kill and restart together must fit often into the time."""


async def soak(
    folder: Path,
    *,
    kills: int,
    seed: int,
    minutes: float,
    cadres: int = 40,
    households_each: int = 110,
    faults: Sequence[Fault] = FAULTS,
    each: float = 14.0,
) -> list[Figure]:
    """Kill the bot `kills` times, or as often as the minutes allow, among all `faults`; then strike each of them alone for
    `each` seconds. `folder` is to be empty.
    """
    begun = time.monotonic()
    async with BotApi(faults=network(seed)) as api:
        setup = Setup(str(folder / "data"), api.address, free_port())
        database = database_of(setup.settings())
        desks = await found(setup.settings(), cadres + CULPRITS, households_each)
        load = Load(api, desks[:cadres], seed)
        clock = Offset(folder / "data" / "clock")
        ground = Ground(api, database, desks[cadres:], [setup.port], seeded(seed, "faults"), [clock])
        victim = Victim(setup, folder / "bot.log")
        load.slow_down(HURRY)
        load.begin()
        try:
            until = begun + minutes * 60 - SETTLE - each * (len(faults) + 2)
            async with faults_at_random(ground, faults):
                await _torment(victim, load, kills, seeded(seed, "kills"), until)
            killed, injected = victim.kills, dict(api.counts)
            api.set_faults()
            await victim.start()
            await victim.ready()
            windows, pages = await one_by_one(ground, load, faults, [LOCKED], each)
            unanswered = await rest(ground, load)
            waited = waiting(ground, load, windows, pages)
        finally:
            await victim.kill()
        judged = await judge(ground, load, unanswered)
        await database.close()
    seconds = time.monotonic() - begun
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(injected.items()))
    return [
        at_least("kills", killed, "kill -9", kills, f"seed {seed}"),
        *judged,
        *waited,
        at_most("crashes", len(victim.crashes), "ends", 0, "; ".join(victim.crashes[:2])),
        Figure("faults", sum(injected.values()), "faults", detail=told),
        Figure("damaged", len(ground.damaged), "rows"),
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
            said(f"{victim.kills} kills, {len(load.reports)} reports, {len(load.deliveries)} messages")
