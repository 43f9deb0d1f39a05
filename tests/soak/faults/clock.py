"""A clock that is put forward by a year or back by an hour, and right again after a while."""

from __future__ import annotations

import asyncio

from tests.soak.faults import Fault, Ground

_HOUR, _YEAR = 60 * 60, 365 * 24 * 60 * 60


async def _wrong(ground: Ground, seconds: int) -> None:
    for clock in ground.clocks:
        clock.seconds = seconds
    try:
        await asyncio.sleep(ground.length)
    finally:
        for clock in ground.clocks:
            clock.seconds = 0


async def _forward(ground: Ground) -> None:
    await _wrong(ground, _YEAR)


async def _back(ground: Ground) -> None:
    await _wrong(ground, -_HOUR)


FORWARD, BACK = Fault("clock_forward", _forward), Fault("clock_back", _back)
