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

_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""What proxies say of a request that they pass on."""

_THIS_MACHINE = SiteAddress()


def routes(watch: Watch, token: str = "") -> list[Route]:
    """`token`: who has it may see what is inside, and nobody else; without one, who asks on this machine."""

    async def healthz(request: Request) -> Response:
        """200 while all is well by the watch's last look, else 503. What is wrong is for the office's own watchers."""
        causes = watch.causes
        if not causes:
            return JSONResponse({"ok": True})
        told: dict[str, Any] = {"ok": False}
        if _may_look(request, token):
            told["causes"] = [{"key": cause.key, "words": cause.words} for cause in causes]
        return JSONResponse(told, status_code=503)

    async def metrics(request: Request) -> Response:
        """The counters."""
        if _may_look(request, token):
            return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
        if token:
            return PlainTextResponse("Unauthorized", status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return PlainTextResponse("Not Found", status_code=404)

    return [Route("/healthz", healthz), Route("/metrics", metrics)]


def _may_look(request: Request, token: str) -> bool:
    if token:
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
    return _on_this_machine(request)


def _on_this_machine(request: Request) -> bool:
    """Whether the peer itself is this machine, and asks by its address: a proxy here passes on who comes from anywhere."""
    peer = address_in(request.client.host) if request.client else None
    if peer is None or not peer.is_loopback or any(name in request.headers for name in _PASSED_ON):
        return False
    return _THIS_MACHINE.is_ours(request.headers.get("host", ""), "")
