"""The address that Telegram calls where several services share the work: passes each call on to one that lives."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Sequence

import aiohttp
from aiohttp import web

_WITHIN = aiohttp.ClientTimeout(total=15)
_DROPPED = ("Host", "Content-Length", "Transfer-Encoding")


@contextlib.asynccontextmanager
async def relay(port: int, services: Sequence[int], chance: random.Random) -> AsyncIterator[None]:
    """Serve on `port` for the services that listen on those ports."""
    async with aiohttp.ClientSession(timeout=_WITHIN, auto_decompress=False) as session:

        async def passed(request: web.Request) -> web.Response:
            body = await request.read()
            headers = {name: value for name, value in request.headers.items() if name not in _DROPPED}
            for service in chance.sample(services, len(services)):
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    url = f"http://127.0.0.1:{service}{request.path}"
                    async with session.post(url, data=body, headers=headers) as answer:
                        return web.Response(status=answer.status)
            return web.Response(status=503)

        app = web.Application()
        app.router.add_post("/{path:.*}", passed)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield
        finally:
            await runner.cleanup()
