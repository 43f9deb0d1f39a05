"""The parts of the service: none of them ends because it has failed, and none ends the others."""

from __future__ import annotations

import asyncio
import functools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from bot.delivery.lasting import lasting
from bot.service import metrics
from bot.service.watch import Cause

_OFTEN, _WITHIN = 3, 60.0
"""So many failures within so many seconds are a trouble; a single one is over before anybody notices."""


class Parts:
    """Runs parts and knows which of them fail. `now` is a steady clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failed: dict[str, deque[float]] = {}

    async def run(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Run a part until it is cancelled or ends by itself, again after whatever error."""
        await lasting(name, part, against=(Exception,), failed=functools.partial(self._note, name))

    def start(self, group: asyncio.TaskGroup, name: str, part: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """`run` as a task of the group."""
        return group.create_task(self.run(name, part), name=name)

    async def check(self) -> Sequence[Cause]:
        """What the watch finds wrong with them."""
        wrong = [
            name for name, failures in self._failed.items() if len(failures) == _OFTEN and self._now() - failures[0] < _WITHIN
        ]
        return [Cause(f"part:{name}", "服务的一部分一再出错，正在反复重试。") for name in wrong]

    def _note(self, name: str) -> None:
        metrics.PART_FAILED.labels(name).inc()
        self._failed.setdefault(name, deque(maxlen=_OFTEN)).append(self._now())
