"""`/healthz` for whoever watches the process, `/metrics` for Prometheus."""

from __future__ import annotations

import asyncio
import ipaddress

import sqlalchemy as sa
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from storage.database.connection import Database

_PATIENCE = 5.0
"""Seconds the database may take to answer."""


def routes(database: Database) -> list[Route]:
    async def healthz(_: Request) -> Response:
        """200 while the database answers, 503 otherwise."""
        try:
            async with asyncio.timeout(_PATIENCE), database.read() as conn:
                await conn.execute(sa.select(1))
        except (SQLAlchemyError, OSError) as error:  # TimeoutError is an OSError
            return JSONResponse({"ok": False, "database": type(error).__name__}, status_code=503)
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
