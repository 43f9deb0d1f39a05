"""Whoever watches the phone page of a service: is it there?"""

from __future__ import annotations

import asyncio
import time

import aiohttp

from tests.soak.load import Wait

_NOBODY = 0
"""The chat of those who have none."""


async def look(port: int, waits: list[Wait]) -> None:
    """Ask for /healthz again and again, each time until there is an answer, and note how long that took."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while True:
            since = time.monotonic()
            place = len(waits)
            waits.append(Wait(_NOBODY, since, None))
            while waits[place].until is None:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/healthz") as response:
                        await response.read()
                    waits[place] = Wait(_NOBODY, since, time.monotonic())
                except (aiohttp.ClientError, OSError):
                    await asyncio.sleep(0.5)
            await asyncio.sleep(1)
