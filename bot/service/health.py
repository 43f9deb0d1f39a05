"""`/healthz` for whoever watches the process, `/metrics` for Prometheus."""

from __future__ import annotations

import ipaddress

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.service.watch import Watch


def routes(watch: Watch) -> list[Route]:
    async def healthz(_: Request) -> Response:
        """200 while all is well by the watch's last look; else 503 and what is wrong."""
        causes = [{"key": cause.key, "words": cause.words} for cause in watch.causes]
        if causes:
            return JSONResponse({"ok": False, "causes": causes}, status_code=503)
        return JSONResponse({"ok": True})

    async def metrics(request: Request) -> Response:
        """The counters, for callers from inside only."""
        if not _from_inside(request):
            return PlainTextResponse("Not Found", status_code=404)
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [Route("/healthz", healthz), Route("/metrics", metrics)]


def _from_inside(request: Request) -> bool:
    """Whether the caller is on this machine or its private network, and did not come through the phones' proxy."""
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_private
    except ValueError:
        return False
