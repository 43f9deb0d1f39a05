"""A PostgreSQL that ends connections, and one that is away for a while."""

from __future__ import annotations

import asyncio
import time

import sqlalchemy as sa

from tests.soak.faults import Fault, Ground

_OTHERS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.3"
)


async def _terminate(ground: Ground) -> None:
    until = time.monotonic() + ground.length
    while time.monotonic() < until:
        async with ground.database.read() as conn:
            await conn.execute(_OTHERS)
        await asyncio.sleep(ground.chance.uniform(0, 2))


async def _restart(ground: Ground) -> None:
    assert ground.server is not None
    await asyncio.to_thread(ground.server.stop)
    await asyncio.sleep(ground.length)
    await asyncio.to_thread(ground.server.ensure_postgres_running)
    ground.absences.append(time.monotonic())


TERMINATE, RESTART = Fault("terminate", _terminate), Fault("restart", _restart)
