"""Events of the invented past, and likely moments for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from handlers.calendar.workdays import add_workdays
from storage.database.base import SHANGHAI
from storage.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done, and when."""

    at: datetime
    do: Callable[[], Awaitable[None]]


async def play(tx: Transaction, events: list[Event]) -> None:
    """Run the events in order, each at its own time, so that numbers and the audit chain run as in a real town."""
    now = tx.now
    for event in sorted(events, key=lambda one: one.at):
        tx.now = event.at
        await event.do()
    tx.now = now


def at_work(rng: Random, day: date) -> datetime:
    return datetime.combine(day, time(8), SHANGHAI) + timedelta(minutes=rng.randrange(9 * 60))


def at_home(rng: Random, day: date) -> datetime:
    return datetime.combine(day, time(6), SHANGHAI) + timedelta(minutes=rng.randrange(14 * 60))


def workdays_before(today: date, count: int) -> list[date]:
    """The last `count` working days before `today`, in order."""
    return [add_workdays(today, -back) for back in range(count, 0, -1)]
