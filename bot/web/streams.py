"""The stream of lines that an open page listens to."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.platforms.web import PAGES_AT_ONCE, TooManyPages, WebPlatform
from bot.web.sessions import PageSession, Sessions
from bot.web.visitors import Visitors, source
from handlers.engine.questions.options import YES
from handlers.engine.said import BACK, CANCEL, DONE, LATER, SKIP
from storage.mail.transcripts import TranscriptLine

STREAMS = 200
"""Open at once for strangers behind one address of the net, which a whole village may share; one more takes the place of the
oldest, which comes back in half a minute and misses nothing."""


class Streams:
    """What is said in a chat, sent as it comes."""

    def __init__(self, web: WebPlatform, sessions: Sessions, visitors: Visitors) -> None:
        self._web = web
        self._sessions = sessions
        self._visitors = visitors
        self._listening: dict[str, dict[object, str]] = {}

    @property
    def routes(self) -> list[BaseRoute]:
        return [Route("/events", self._events)]

    async def _events(self, request: Request) -> Response:
        session = await self._visitors.needed(request)
        seen = request.headers.get("Last-Event-ID") or request.query_params.get("after", "")
        after = int(seen) if seen.isdecimal() and len(seen) < 19 else 0
        stranger = not await self._web.strangers.knows(session.address)
        where = source(request)
        return StreamingResponse(
            self._strangers_stream(session, after, where) if stranger else self._stream(session, after),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _strangers_stream(self, session: PageSession, after: int, where: str) -> AsyncIterator[str]:
        """One stream a chat, and so many behind one address of the net."""
        listening, this = self._listening.setdefault(where, {}), object()
        if len(listening) >= STREAMS:
            self._web.make_room(listening.pop(next(iter(listening))))
        listening[this] = session.address
        try:
            async for part in self._stream(session, after, most=1):
                yield part
        finally:
            listening.pop(this, None)
            if not listening and self._listening.get(where) is listening:
                del self._listening[where]

    async def _stream(self, session: PageSession, after: int, *, most: int = PAGES_AT_ONCE) -> AsyncIterator[str]:
        yield "retry: 2000\n\n"
        may_read = functools.partial(self._sessions.holds, session)
        try:
            async for line in self._web.lines(session.address, after, may_read, most=most):
                # The beat is an event and no comment: a page hears it, and so notices a connection that died in silence.
                data = json.dumps(_as_json(line), ensure_ascii=False) if line else ""
                yield f"id: {line.seq}\nevent: line\ndata: {data}\n\n" if line else "event: beat\ndata: \n\n"
        except TooManyPages:  # it calls again, in no hurry
            yield "retry: 30000\n\n"


def _as_json(line: TranscriptLine) -> dict[str, Any]:
    shown = line.shown
    said: dict[str, Any] = {
        "seq": line.seq,
        "mine": line.mine,
        "at": line.at.isoformat(timespec="minutes"),
        "edits": line.edits,
        "text": shown.text,
        "links": shown.links,
        "wants": shown.wants,
        "buttons": [[{"label": one.label, "says": one.says, "look": _look(one.says)} for one in row] for row in shown.buttons],
    }
    if line.mine:
        said["key"] = line.origin.rpartition(":")[2]
    if shown.file:
        kind = (line.content_type or "").partition("/")[0]
        said["file"] = {"url": f"/media/{shown.file}", "kind": kind, "name": shown.file_name}
    return said


def _look(says: str) -> str:
    """Return the style of a button: "main" for going on, "quiet" for leaving, empty for the rest."""
    value = says.rpartition(":")[2]
    return "main" if value in (DONE, YES) else "quiet" if value in (BACK, CANCEL, LATER, SKIP) else ""
