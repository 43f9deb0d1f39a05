"""How a platform stands to us: whether it answers, and whether it takes what we send."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal

log = logging.getLogger(__name__)

SAID_AGAIN_AFTER = 3600.0
"""Seconds until the log says once more that nothing has changed."""

_FAILURES = 2
"""So many contacts that fail one after the other are no accident."""


class Standing:
    """The platform tells it of each contact; the sender and the watch ask it. `now` is a steady clock, in seconds."""

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._now = now
        self._heard_at = now()
        self._state: Literal["well", "away", "refused"] = "well"
        self._since = self._said_at = now()
        self._failures = 0

    @property
    def refused(self) -> bool:
        """Whether the platform does not know us any more, which only a person can mend."""
        return self._state == "refused"

    @property
    def open(self) -> bool:
        """Whether letters can be handed over now."""
        return self._state == "well" or (self._state == "away" and self._failures < _FAILURES)

    @property
    def well(self) -> bool:
        """Whether it has answered the last time."""
        return self._state == "well"

    @property
    def silence(self) -> float:
        """Seconds since the platform was last heard."""
        return self._now() - self._heard_at

    def hear(self) -> None:
        """It has answered, and knows us."""
        if self._state != "well":
            log.warning("%s works again, after %.0f s", self._name, self._now() - self._since)
        self._state = "well"
        self._failures = 0
        self._heard_at = self._now()

    def miss(self, why: object) -> None:
        """It could not be reached, or its answer made no sense."""
        self._failures += 1
        if self._turns("away"):
            log.warning("%s is out of reach, and is tried again: %s", self._name, why)

    def refuse(self, why: object) -> None:
        """It has answered that it does not know us."""
        if self._turns("refused"):
            log.error("%s refuses us: all else goes on without it, and it is tried again: %s", self._name, why)

    def _turns(self, state: Literal["away", "refused"]) -> bool:
        """Take the state; returns whether it is time to say so."""
        now = self._now()
        new = self._state != state
        if self._state == "well":
            self._since = now
        self._state = state
        if not new and now - self._said_at < SAID_AGAIN_AFTER:
            return False
        self._said_at = now
        return True
