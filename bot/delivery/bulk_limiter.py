"""How much of a platform's rate notices may take, so that no answer waits behind them."""

from __future__ import annotations

from math import inf

AT_ONCE = 8
"""Letters of notices under way at most on one platform."""

TOGETHER = 4
"""Letters that are worth a claim of their own."""

_SHARE = 0.8
"""Of what a platform takes a second; the other fifth stays free, so that its limiter lets a reply pass at once."""

_OVERDRAWN = 5.0
"""Seconds that notices pause at most after a rush of other messages."""

_LOOK = 0.5
"""Seconds between two looks for a notice when there was none."""


class BulkLimiter:
    """A leaky bucket that every message to the platform fills; notices only take what room is left in it.

    `a_second` is how many messages the platform takes, 0 where it does not matter. All moments are of one steady clock,
    in seconds.
    """

    def __init__(self, a_second: float) -> None:
        self._leak = a_second * _SHARE
        self._level = 0.0
        self._leaked_at = 0.0
        self._looked_at = -inf
        self._held_until = -inf
        self._under_way = 0
        self.more = False
        """Whether more letters of notices wait than could be taken."""

    def passed(self, count: int, now: float) -> None:
        """Count messages other than broadcasts that have gone to the platform."""
        if self._leak:
            self._level = min(self._drained(now) + count, AT_ONCE + self._leak * _OVERDRAWN)

    def hold_back(self, seconds: float, now: float) -> None:
        """Let no notice through for so many seconds, because the platform has asked for a pause."""
        self._held_until = max(self._held_until, now + seconds)

    def room(self, now: float, *, look: bool = False) -> int:
        """Return how many letters of notices to take now; 0 in a pause and too soon after the last look, unless `look`."""
        early = now < self._held_until or (not self.more and now - self._looked_at < _LOOK)
        if early and not look:
            return 0
        room = min(AT_ONCE - self._under_way, int(AT_ONCE - self._drained(now)))
        return room if room >= TOGETHER else 0

    def took(self, room: int, count: int, now: float) -> None:
        """Count the letters that were there when `room` were asked for."""
        self._under_way += count
        self.more = count == room
        self._looked_at = now
        self.passed(count, now)

    def ended(self) -> None:
        """Count one letter less under way."""
        self._under_way -= 1

    def pause(self, now: float) -> float:
        """Return the seconds until the next look; infinite when nothing waits or the end of a send comes first."""
        if not self.more or AT_ONCE - self._under_way < TOGETHER:
            return inf
        too_full = self._drained(now) - (AT_ONCE - TOGETHER)
        fits_in = too_full / self._leak + 0.001 if self._leak else 0.0
        return max(0.0, fits_in, self._held_until - now)

    def _drained(self, now: float) -> float:
        self._level = max(0.0, self._level - (now - self._leaked_at) * self._leak)
        self._leaked_at = now
        return self._level
