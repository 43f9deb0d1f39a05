"""A computer whose clock can be set."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.service.clock import GuardedClock
from tests.support.town import START

MINUTE, HOUR, DAY, YEAR = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=365)


class Computer:
    """What it shows, and how long it has been on."""

    def __init__(self) -> None:
        self.shows = START
        self.gone = timedelta()
        self.clock = GuardedClock(lambda: self.shows, lambda: self.gone.total_seconds())

    def passes(self, time: timedelta) -> datetime:
        """Returns what time it is by the guarded clock afterwards."""
        self.shows += time
        self.gone += time
        return self.clock()
