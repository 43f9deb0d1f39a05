"""The pages themselves: a chat, how to get one, and the demo's several phones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from bot.platforms.web import DemoPage, Heading, WebPlatform
from bot.web.posts import LONGEST_TEXT
from bot.web.rate_limiter import RateLimiter
from bot.web.sessions import Ended, PageSession, Sessions, new_address
from bot.web.visitors import Visitors, source

_TOKEN = re.compile(r"[A-Za-z0-9_-]{4,64}")
_HERE = Path(__file__).parent


class Pages:
    """What a browser opens."""

    def __init__(self, web: WebPlatform, sessions: Sessions, visitors: Visitors) -> None:
        self._web = web
        self._sessions = sessions
        self._visitors = visitors
        self._templates = Jinja2Templates(directory=_HERE / "templates")
        self._newcomers = RateLimiter(burst=200, per_second=2)  # a whole village may share one address of its provider

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self._home),
            Route("/join/{token}", self._join),
            Route("/chat", self._chat),
            Route("/demo", self._several_phones),
            Route("/demo/phone/{number:int}", self._one_of_several),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ]

    async def _home(self, request: Request) -> Response:
        """Show the person's chat, or how to get one."""
        try:
            session = await self._visitors.known(request)
        except Ended as ended:
            return self._welcome(request, stopped=ended.stopped, signed_out=not ended.stopped)
        if session:
            return await self._chat_page(request, session)
        if self._web.demo:
            return RedirectResponse("/demo")
        return self._welcome(request)

    async def _chat(self, request: Request) -> Response:
        try:
            session = await self._visitors.known(request)
        except Ended:
            session = None
        return await self._chat_page(request, session) if session else RedirectResponse("/")

    async def _join(self, request: Request) -> Response:
        """A chat that says "/start TOKEN" by itself. The page says it, so that a link preview uses no invitation up."""
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token):
            return self._welcome(request, 404, broken=True)
        try:
            session = await self._visitors.known(request)
        except Ended as ended:
            session = ended.joins_as
        if session is None:
            if self._newcomers.wait(source(request)):
                return self._welcome(request, 429, crowded=True)
            session = PageSession(new_address(), 0)
        return await self._chat_page(request, session, start=token)

    async def _several_phones(self, request: Request) -> Response:
        context = {"phones": list(enumerate(self._demo.phones, 1)), "note": self._demo.note}
        return self._templates.TemplateResponse(request, "demo.html", context)

    async def _one_of_several(self, request: Request) -> Response:
        """One of several phones in one browser: each has a cookie of its own, and its page says by its number which."""
        phones = list(self._demo.phones.items())
        number = request.path_params["number"]
        if not 1 <= number <= len(phones):
            raise HTTPException(404)
        label, address = phones[number - 1]
        heading = await self._web.heading(address)
        context = self._context(heading) | {"phone": str(number)}
        context["title"] = heading.title or label
        response = self._templates.TemplateResponse(request, "chat.html", context)
        self._visitors.remember(response, await self._sessions.current(address), number)
        return response

    @property
    def _demo(self) -> DemoPage:
        if self._web.demo is None:
            raise HTTPException(404)
        return self._web.demo

    def _welcome(self, request: Request, status: int = 200, **why: bool) -> Response:
        """How to come in; `why` are the sentences of the template to be shown."""
        return self._templates.TemplateResponse(request, "welcome.html", why, status_code=status)

    async def _chat_page(self, request: Request, session: PageSession, start: str = "") -> Response:
        heading = await self._web.heading(session.address)
        response = self._templates.TemplateResponse(request, "chat.html", self._context(heading) | {"start": start})
        self._visitors.remember(response, session)
        return response

    def _context(self, heading: Heading) -> dict[str, Any]:
        return {
            "title": heading.title, "at_home": not heading.in_office, "phone": "", "start": "",
            "longest_text": LONGEST_TEXT, "max_upload": self._web.max_upload,
        }  # fmt: skip
