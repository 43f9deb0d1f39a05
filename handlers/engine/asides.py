"""Work that takes long and needs no database, such as reading a file: done outside every step, its result kept for a while.

A step that needs it leaves by `SteppedAside`. The worker undoes that step, has the work done while other chats go on, and then
runs the step again, which finds the result here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

_KEPT = 60.0
"""Seconds after its last use that a result is kept: a step may run more than once before it is written."""


@dataclass(frozen=True, slots=True)
class Aside:
    """Work to be done aside. Of equal `key`s the result is the same; `told` is said when it takes more than a moment."""

    key: tuple[Any, ...]
    make: Callable[[], Awaitable[Any]]
    told: Callable[[], str]


class SteppedAside(BaseException):
    """The step needs the result of `work`, which is not there yet."""

    def __init__(self, work: Aside) -> None:
        super().__init__(work.key[0])
        self.work = work


@dataclass(slots=True)
class _Result:
    key: tuple[Any, ...]
    value: Any
    error: Exception | None
    used: float


@dataclass(slots=True)
class Asides:
    """The results at hand, in this process alone: after a restart the work is done again."""

    _results: list[_Result] = field(default_factory=list)

    def result(self, work: Aside) -> Any:
        """What the work has made, or what it raised. Raises SteppedAside where it is still to be done."""
        found = next((one for one in self._results if one.key == work.key), None)
        if found is None:
            raise SteppedAside(work)
        found.used = time.monotonic()
        if found.error is not None:
            raise found.error
        return found.value

    async def do(self, work: Aside) -> None:
        """Do the work and keep what comes of it, be it an error."""
        value, failed = None, None
        try:
            value = await work.make()
        except Exception as error:  # whose step is run again meets it
            failed = error
        result = _Result(work.key, value, failed, time.monotonic())
        self._results.append(result)
        self._expire(result)

    def _expire(self, result: _Result) -> None:
        """Drop it once it has not been used for a while."""
        left = result.used + _KEPT - time.monotonic()
        if left > 0:
            asyncio.get_running_loop().call_later(left, self._expire, result)
        else:
            self._results = [one for one in self._results if one is not result]
