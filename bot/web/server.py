"""Runs the app on uvicorn, in a process that handles signals itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.applications import Starlette

from bot.web.connections import Connections

STOP_WITHIN = 10
"""Seconds for open requests to end when the server stops."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: Starlette,
    host: str,
    *,
    port: int,
    sock: socket.socket | None = None,
    close_streams: Callable[[], None],
    connections: Connections | None = None,
    proxies: Sequence[str] = (),
) -> None:
    """Serve until cancelled, then end the open streams by `close_streams` and finish what is under way.

    Raises OSError when the address can't be had. A given `sock` listens already and is closed at the end. `proxies` are the
    addresses and networks from which it is believed whom they forward for.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = sock or socket.create_server((host, port), family=family, backlog=1024)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, lifespan="off", ws="none",
        timeout_graceful_shutdown=STOP_WITHIN, proxy_headers=bool(proxies), forwarded_allow_ips=list(proxies),
        http=(connections or Connections()).protocol,  # type: ignore[arg-type]  # called like the class it stands for
    )  # fmt: skip
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(running)
    finally:
        close_streams()
        server.should_exit = True
        await running
