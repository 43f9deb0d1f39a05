"""The clock. Every part of the bot is given one, so that tests can be at any date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from storage.database.base import SHANGHAI

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's time, in Shanghai."""
    return datetime.now(SHANGHAI)
