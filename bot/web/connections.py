"""Connections that cost us something and give nothing: half-open ones, slow ones, too many of them.

uvicorn bounds none of this. Behind a proxy every phone has the proxy's address, so no limit here goes by address: where there
are too many, those that have waited longest without a request make room.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Callable
from typing import Any

from prometheus_client import Counter
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

log = logging.getLogger(__name__)

HEAD_WITHIN = 20.0
"""Seconds for the head of a request, from the first moment of the connection."""

BODY_STARTS_WITH, BODY_A_SECOND, BODY_SILENT = 30.0, 1024, 30.0
"""A body has this many seconds and one more for each so many bytes that have come; it is silent for so many at most."""

STALLED_AFTER = 60.0
"""Seconds in which whoever is sent something has to take at least some of it."""

_KEPT_FREE = 256
"""Open files beside connections: database, photos, the worker process, calls to platforms."""

_MOST = 20_000
"""Connections at once: more than a county's phones."""

CLOSED = Counter("cunbao_connections_closed", "Connections that were closed because they cost too much", ["why"])


def raise_file_limit() -> int:
    """Let this process open as many files as it may be allowed; returns how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError) as error:  # macOS names a limit that it does not grant
            log.warning("the limit of open files stays at %s: %s", soft, error)
        else:
            log.info("up to %s files may be open, instead of %s", hard, soft)
            return hard
    return soft


def most_connections(files: int) -> int:
    """How many connections fit among so many open files. Pure."""
    return max(32, min(files - _KEPT_FREE, _MOST))


class Connections:
    """All connections of a site; `most` is how many there may be."""

    def __init__(self, most: int | None = None, head_within: float = HEAD_WITHIN) -> None:
        self._most = most or most_connections(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self.head_within = head_within
        self._open: set[GuardedProtocol] = set()
        self._waiting: dict[GuardedProtocol, None] = {}

    def protocol(self, **options: Any) -> GuardedProtocol:
        """A new connection: for uvicorn, in place of its protocol's class."""
        made = GuardedProtocol(**options)
        made.others = self
        return made

    def opened(self, one: GuardedProtocol) -> None:
        """Count it; where there are too many, the one that has waited longest goes, or this one if all are at work."""
        self._open.add(one)
        if len(self._open) > self._most:
            CLOSED.labels("crowded").inc()
            log.warning("more than %s connections are open: the one that has waited longest is closed", self._most)
            next(iter(self._waiting), one).abort()

    def waits(self, one: GuardedProtocol) -> None:
        """It has no request that is being worked on."""
        self._waiting.setdefault(one)

    def works(self, one: GuardedProtocol) -> None:
        self._waiting.pop(one, None)

    def closed(self, one: GuardedProtocol) -> None:
        self._open.discard(one)
        self._waiting.pop(one, None)


class GuardedProtocol(H11Protocol):
    """A connection with a deadline for each head, and one for whoever does not take what is sent."""

    others: Connections
    _head: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._look()
        self.others.opened(self)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        self._end_stall()
        self.others.closed(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        self._end_stall()
        super().resume_writing()

    def abort(self) -> None:
        """Close it at once."""
        self.transport.abort()

    def _look(self) -> None:
        """Begin or end the wait for a head."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._end_wait()
            self.others.works(self)
        elif self._head is None and not self.transport.is_closing():
            self._head = self.loop.call_later(self.others.head_within, self._give_up, "head", self.others.head_within)
            self.others.waits(self)

    def _watch_writing(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._stall = self.loop.call_later(STALLED_AFTER, self._look_at_writing, left)

    def _look_at_writing(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._watch_writing()
        else:
            self._give_up("stalled", STALLED_AFTER)

    def _end_wait(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _end_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _give_up(self, why: str, seconds: float) -> None:
        CLOSED.labels(why).inc()
        log.warning("a connection is closed (%s): nothing for %.0f s", why, seconds)
        self.abort()


class TooSlow(Exception):
    """The body of a request does not come."""


class BodyDeadline:
    """Middleware: the body of a request has to come, at no less than some bytes a second. `now` is a steady clock."""

    def __init__(self, app: ASGIApp, silent: float = BODY_SILENT, now: Callable[[], float] | None = None) -> None:
        self._app = app
        self._silent = silent
        self._now = now or (lambda: asyncio.get_running_loop().time())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, taken, whole, answered = self._now(), 0, False, False

        async def timely() -> Message:
            nonlocal taken, whole
            if whole:  # what comes now is that the phone has gone
                return await receive()
            left = began + BODY_STARTS_WITH + taken / BODY_A_SECOND - self._now()
            try:
                async with asyncio.timeout(min(self._silent, left)):
                    message = await receive()
            except TimeoutError:
                raise TooSlow from None
            taken += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, timely, noted)
        except ClientDisconnect:
            log.debug("a phone has gone before its request was whole")
        except TooSlow:
            CLOSED.labels("body").inc()
            log.warning("a request is given up: its body does not come")
            if not answered:
                words = {"error": "网络太慢，没有传完，会自动再试。"}
                answer = JSONResponse(words, 503, {"Retry-After": "5", "Connection": "close"})
                await answer(scope, receive, send)
