"""What it costs to claim due reminders, whatever else is pending."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from storage.database.connection import Database, sqlite_url
from storage.database.reading import Damage
from storage.database.tables import all_tables
from storage.database.transaction import Transaction
from storage.reminders import rows as reminders
from tests.bench import pending
from tests.support.town import VAULT

DUE = 1000
_ROUNDS = 9


async def seconds_to_claim(waiting: int) -> float:
    """Seconds to claim a thousand due of `waiting` pending reminders; the middle of several rounds."""
    with tempfile.TemporaryDirectory() as name:
        database = Database(sqlite_url(Path(name) / "claims.db"), VAULT)
        async with database.engine.begin() as conn:
            await conn.run_sync(all_tables().create_all)
        now = await pending.plan(database, waiting, due=DUE)
        taken = []
        for _ in range(_ROUNDS):
            async with database.write() as conn:
                tx = Transaction(conn, VAULT, now, Damage())
                start = time.perf_counter()
                _, claimed = await reminders.claim(tx, DUE, request="bench")
                await tx.finish()
                taken.append(time.perf_counter() - start)
                if len(claimed) != DUE:
                    raise RuntimeError(f"claimed {len(claimed)} of {DUE}")
                await conn.rollback()  # due again for the next round
        await database.close()
    return statistics.median(taken)
