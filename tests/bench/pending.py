"""Pending reminders in the numbers that a county has after a year."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.service.clock import system_clock
from storage.database.base import new_id
from storage.database.connection import Database
from storage.reminders.rows import PENDING, reminders

_AT_ONCE = 50_000


async def plan(database: Database, count: int, due: int = 0) -> datetime:
    """Write `count` pending reminders, the first `due` of them due now, the others in a month and later; returns now."""
    now = system_clock()
    for first in range(0, count, _AT_ONCE):
        async with database.write() as conn:
            await _insert(conn, range(first, min(first + _AT_ONCE, count)), due, now)
    return now


async def _insert(conn: AsyncConnection, places: range, due: int, now: datetime) -> None:
    rows = [
        {
            "id": new_id(),
            "key": f"problem:{place}:due",
            "due_at": now - timedelta(minutes=5) if place < due else now + timedelta(days=30, seconds=place % 86_400),
            "state": PENDING,
            "subject": "problem",
            "subject_id": str(place),
            "stage": "due",
            "level": 0,
            "deadline": now.date(),
        }
        for place in places
    ]
    await conn.execute(reminders.insert(), rows)
