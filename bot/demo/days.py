"""Moments at which people would have done something, in order of what happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from handlers.calendar.workdays import add_workdays
from storage.database.base import SHANGHAI
from storage.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was done, and when."""

    at: datetime
    do: Callable[[], Awaitable[None]]


async def play(tx: Transaction, happenings: list[Happening]) -> None:
    """Let everything happen in order, each at its own time, so that numbers and the audit chain run as in a real town."""
    now = tx.now
    for happening in sorted(happenings, key=lambda one: one.at):
        tx.now = happening.at
        await happening.do()
    tx.now = now


def at_work(rng: Random, day: date) -> datetime:
    return datetime.combine(day, time(8), SHANGHAI) + timedelta(minutes=rng.randrange(9 * 60))


def at_home(rng: Random, day: date) -> datetime:
    return datetime.combine(day, time(6), SHANGHAI) + timedelta(minutes=rng.randrange(14 * 60))


def workdays_before(today: date, count: int) -> list[date]:
    """The last `count` working days before `today`, in order."""
    return [add_workdays(today, -back) for back in range(count, 0, -1)]
