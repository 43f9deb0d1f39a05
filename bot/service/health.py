"""`/healthz` for whoever watches the process, `/metrics` for Prometheus."""

from __future__ import annotations

import hmac
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.service.watch import Watch
from bot.web.address import SiteAddress, address_in

_OF_A_WATCHER = frozenset((
    "host", "user-agent", "accept", "accept-encoding", "accept-language", "connection", "cache-control", "pragma", "cookie",
    "dnt", "priority", "referer", "upgrade-insecure-requests", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site",
    "sec-fetch-user", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-gpc", "x-prometheus-scrape-timeout-seconds",
))  # fmt: skip
"""What Prometheus, curl and a browser send of their own; any other header may be a word of some proxy."""

_THIS_MACHINE = SiteAddress()


def routes(watch: Watch, token: str = "", *, local: bool = True) -> list[Route]:
    """`token`: who has it may see what is inside, and nobody else. Without one, who asks on this machine, and where the site is
    not `local`, reached at this machine's own address alone, nobody: a proxy is in front of it."""

    def may_look(request: Request) -> bool:
        if token:
            return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
        return local and _on_this_machine(request)

    async def healthz(request: Request) -> Response:
        """200 while all is well by the watch's last look, else 503. What is wrong is for the office's own watchers."""
        causes = watch.causes
        if not causes:
            return JSONResponse({"ok": True})
        told: dict[str, Any] = {"ok": False}
        if may_look(request):
            told["causes"] = [{"key": cause.key, "words": cause.words} for cause in causes]
        return JSONResponse(told, status_code=503)

    async def metrics(request: Request) -> Response:
        """The counters."""
        if may_look(request):
            return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
        if token:
            return PlainTextResponse("Unauthorized", status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return PlainTextResponse("Not Found", status_code=404)

    return [Route("/healthz", healthz), Route("/metrics", metrics)]


def _on_this_machine(request: Request) -> bool:
    """Whether the peer itself is this machine, and asks by its address: a proxy here passes on who comes from anywhere."""
    peer = address_in(request.client.host) if request.client else None
    if peer is None or not peer.is_loopback or not _OF_A_WATCHER.issuperset(request.headers):
        return False
    if request.scope.get("http_version") != "1.1":  # nginx speaks 1.0 to what it stands before, and adds no header by itself
        return False
    return _THIS_MACHINE.is_ours(request.headers.get("host", ""), "")
