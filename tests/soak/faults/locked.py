"""Another program that locks the SQLite file: a shell in which somebody forgot a transaction."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time

from tests.soak.faults import Fault, Ground


async def _strike(ground: Ground) -> None:
    path = ground.database.url.database or ""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA busy_timeout=30000")
        await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
        await asyncio.sleep(ground.length)
    ground.absences.append(time.monotonic())


LOCKED = Fault("locked", _strike)
