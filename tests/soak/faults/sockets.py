"""Connections to the phone page that send half a request and then nothing."""

from __future__ import annotations

import asyncio
import contextlib

from tests.soak.faults import Fault, Ground

_CONNECTIONS = 1200
"""More than the thousand files that a process may have open by default."""


async def _strike(ground: Ground) -> None:
    """Meanwhile whoever watches looks at /healthz."""
    opened: list[asyncio.StreamWriter] = []
    port = ground.chance.choice(ground.ports)
    try:
        for place in range(_CONNECTIONS):
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    opened.append(writer)
                    writer.write(
                        b"GET / HTTP/1.1\r\nHost: localhost"
                        if place % 2
                        else b"POST /say HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"
                    )
        await asyncio.sleep(ground.length)
    finally:
        for writer in opened:
            writer.transport.abort()


SOCKETS = Fault("sockets", _strike)
