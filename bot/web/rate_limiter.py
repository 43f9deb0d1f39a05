"""A rate limit for each sender: a bucket of tokens that fills again with time."""

from __future__ import annotations

import time
from collections.abc import Callable


class RateLimiter:
    """`burst` at once, then `per_second`; for each key on its own."""

    def __init__(self, burst: int, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_second = per_second
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, key: str) -> float:
        """Take a token: 0 when there was one, otherwise the seconds until there is."""
        now = self._now()
        self._forget_full(now)
        left, at = self._buckets.get(key, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._per_second)
        if left < 1:
            self._buckets[key] = (left, now)
            return (1 - left) / self._per_second
        self._buckets[key] = (left - 1, now)
        return 0.0

    def _forget_full(self, now: float) -> None:
        """Buckets stand in the order of their last use: drop those in front that have filled up since."""
        full_after = self._burst / self._per_second
        while self._buckets:
            oldest = next(iter(self._buckets))
            if now - self._buckets[oldest][1] < full_after:
                return
            del self._buckets[oldest]
