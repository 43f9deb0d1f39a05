"""The phone page's routes: the page itself, its stream of lines, and what it posts."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from bot.delivery.strangers import ENOUGH, NO_FILES
from bot.platforms.base import Unstorable
from bot.platforms.web import PAGES_AT_ONCE, DemoPage, Heading, NotReady, TooManyPages, WebPlatform
from bot.web import uploads
from bot.web.connections import BodyDeadline
from bot.web.headers import SecurityHeaders
from bot.web.rate_limiter import RateLimiter
from bot.web.sessions import COOKIE, COOKIE_LASTS, Ended, PageSession, Sessions, new_address
from handlers.engine.questions.options import YES
from handlers.engine.said import BACK, CANCEL, DONE, LATER, SKIP
from storage.database.base import Record
from storage.database.reading import noting
from storage.files import media
from storage.mail import transcripts
from storage.mail.messages import Incoming, Outgoing, Place, SentFile
from storage.mail.transcripts import TranscriptLine

LONGEST_TEXT = 4000
_SMALL = 64 * 1024
"""Bytes of a posted message: the longest text, escaped, and room to spare."""

STREAMS = 200
"""Open at once for strangers behind one address of the net, which a whole village may share."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{4,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEY = r"^[A-Za-z0-9_-]{8,40}$"
_HEADER = "X-Cunbao"
"""A header that another site's form cannot send; together with SameSite=Lax it keeps forged posts out."""

_HERE = Path(__file__).parent


_UNKNOWN = "登录已失效。请重新扫村里张贴的二维码，或打开镇里发的链接。"
_SIGNED_OUT = "这部手机退出了，或很久没用。要再用，请重新扫村里张贴的二维码，或打开镇里发的链接。"
_STOPPED = "这部手机先停用了，等镇里核实。着急请直接找镇里。"
_LONGEST_AGE = 366 * 86400.0


class PagePost(Record):
    """What a page posts: words, a pressed button, or a place. `key` makes a repeated post recognisable.

    `age` is for how many seconds it has waited in the phone: no phone's clock has to be right for that.
    """

    key: str = Field(pattern=_KEY)
    text: str | None = Field(None, max_length=LONGEST_TEXT)
    choice: str | None = Field(None, max_length=200)
    pressed: str | None = Field(None, pattern=r"^[0-9]{1,18}$")
    place: Place | None = None
    age: float | None = Field(None, allow_inf_nan=False)

    @property
    def waited(self) -> timedelta:
        """As `age`; a phone whose clock was set meanwhile may say anything."""
        return timedelta(seconds=min(max(self.age or 0, 0), _LONGEST_AGE))

    @field_validator("place")
    @classmethod
    def _on_earth(cls, place: Place | None) -> Place | None:
        if place and not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180):
            raise ValueError("no such place")
        return place


class Refusal(Exception):
    """A request that is not taken, in words for the person."""

    def __init__(self, status: int, words: str, wait: float = 0) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.wait = wait


def build_app(web: WebPlatform, extra_routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The whole site; `extra_routes` are the service's own, such as /healthz."""
    page = _Pages(web)
    routes = [
        Route("/", page.home),
        Route("/join/{token}", page.join),
        Route("/chat", page.chat),
        Route("/events", page.events),
        Route("/say", page.say, methods=["POST"]),
        Route("/photo", page.photo, methods=["POST"]),
        Route("/media/{sha256}", page.media),
        Route("/demo", page.demo),
        Route("/demo/phone/{number:int}", page.demo_phone),
        Mount("/static", StaticFiles(directory=_HERE / "static")),
        *extra_routes,
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(SecurityHeaders), Middleware(BodyDeadline)],
        exception_handlers={Refusal: _refused, NotReady: _not_ready, Unstorable: _unstorable},
    )


class _Pages:
    def __init__(self, web: WebPlatform) -> None:
        self._web = web
        self._sessions = Sessions(web.database, web.clock)
        self._templates = Jinja2Templates(directory=_HERE / "templates")
        self._posts = RateLimiter(burst=30, per_second=1)
        self._newcomers = RateLimiter(burst=200, per_second=2)  # a whole village may share one address of its provider
        self._listening: Counter[str] = Counter()

    async def home(self, request: Request) -> Response:
        """Show the person's chat, or how to get one."""
        try:
            session = await self._sessions.read(request.cookies.get(COOKIE))
        except Ended as ended:
            context = {"stopped": ended.stopped, "signed_out": not ended.stopped}
            return self._templates.TemplateResponse(request, "welcome.html", context)
        if session:
            return await self._chat_page(request, session)
        if self._web.demo:
            return RedirectResponse("/demo")
        return self._templates.TemplateResponse(request, "welcome.html")

    async def chat(self, request: Request) -> Response:
        try:
            session = await self._sessions.read(request.cookies.get(COOKIE))
        except Ended:
            session = None
        return await self._chat_page(request, session) if session else RedirectResponse("/")

    async def join(self, request: Request) -> Response:
        """A chat that says "/start TOKEN" by itself. The page says it, so that a link preview uses no invitation up."""
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token):
            return self._templates.TemplateResponse(request, "welcome.html", {"broken": True}, status_code=404)
        try:
            session = await self._sessions.read(request.cookies.get(COOKIE))
        except Ended as ended:
            session = ended.joins_as
        if session is None:
            if self._newcomers.wait(_source(request)):
                return self._templates.TemplateResponse(request, "welcome.html", {"crowded": True}, status_code=429)
            session = PageSession(new_address(), 0)
        return await self._chat_page(request, session, start=token)

    @property
    def _demo(self) -> DemoPage:
        if self._web.demo is None:
            raise HTTPException(404)
        return self._web.demo

    async def demo(self, request: Request) -> Response:
        context = {"phones": list(enumerate(self._demo.phones, 1)), "note": self._demo.note}
        return self._templates.TemplateResponse(request, "demo.html", context)

    async def demo_phone(self, request: Request) -> Response:
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
        self._give_cookie(request, response, await self._sessions.current(address), _demo_cookie(number))
        return response

    async def events(self, request: Request) -> Response:
        session = await self._session(request)
        seen = request.headers.get("Last-Event-ID") or request.query_params.get("after", "")
        after = int(seen) if seen.isdecimal() and len(seen) < 19 else 0
        stranger = not await self._web.strangers.knows(session.address)
        source = _source(request)
        if stranger and self._listening[source] >= STREAMS:
            raise Refusal(429, "现在来的人多，请过几分钟再打开。", 60)
        return StreamingResponse(
            self._strangers_stream(session, after, source) if stranger else self._stream(session, after),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _strangers_stream(self, session: PageSession, after: int, source: str) -> AsyncIterator[str]:
        """One stream a chat, and so many behind one address of the net."""
        self._listening[source] += 1
        try:
            async for part in self._stream(session, after, most=1):
                yield part
        finally:
            self._listening[source] -= 1
            if not self._listening[source]:
                del self._listening[source]

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

    async def say(self, request: Request) -> Response:
        address = await self._poster(request)
        try:
            body = b"".join([chunk async for chunk in uploads.limited(request.stream(), _SMALL)])
            said = PagePost.model_validate_json(body)
        except uploads.TooLarge:
            raise Refusal(413, f"一次最多 {LONGEST_TEXT} 字，请分几条发。") from None
        except ValidationError as error:
            too_long = any(one["type"] == "string_too_long" for one in error.errors())
            words = f"一次最多 {LONGEST_TEXT} 字，请分几条发。" if too_long else "这条没有看懂，请重新发一次。"
            raise Refusal(400, words) from None
        if not await self._web.strangers.may_say(address, len(body), _source(request)):
            raise Refusal(429, ENOUGH)
        message = Incoming(
            address=address, key=f"{address}:{said.key}", at=self._web.clock() - said.waited, text=said.text,
            choice=said.choice, pressed=said.pressed, place=said.place,
        )  # fmt: skip
        await self._web.take(message, _shown(said))
        return JSONResponse({})

    async def photo(self, request: Request) -> Response:
        """Take one file, with the field `key`; answers when it is stored."""
        address = await self._poster(request)
        if not await self._web.strangers.knows(address):
            raise Refusal(403, NO_FILES)
        try:
            key, content, name, seconds = await self._form(request)
            upload = await uploads.examined(content, name, whose=address)
        except uploads.TooLarge as error:
            raise Refusal(413, f"文件太大，最大 {error.most // 1024 // 1024} MB。请换个小一点的。") from None
        except uploads.Unknown as error:
            raise Refusal(415, str(error) or "这个文件不是照片，也不是录音。请用手机拍一张，或从相册里选一张发来。") from None
        now, web = self._web.clock(), self._web
        sha256 = await media.keep(web.database, web.media, upload.content, content_type=upload.content_type, now=now)
        file = SentFile(
            sha256=sha256, kind=upload.kind, name=name if upload.kind == "document" else "",
            seconds=seconds if upload.kind == "voice" else 0,
        )  # fmt: skip
        await self._web.take(
            Incoming(address=address, key=f"{address}:{key}", at=now, files=(file,)),
            Outgoing(text=f"语音 {file.seconds} 秒" if file.seconds else None, file=sha256, file_name=file.name),
        )
        return JSONResponse({})

    async def _form(self, request: Request) -> tuple[str, bytes, str, int]:
        """Return key, content and name of the one file, and the seconds of a recording. Raises TooLarge, Refusal."""
        room = self._web.max_upload + 4096  # what surrounds a file in a form
        if not request.headers.get("Content-Type", "").startswith("multipart/form-data"):
            raise Refusal(400, "没有收到照片，请重新选一张。")
        try:
            stream = uploads.limited(request.stream(), room)
            form = await MultiPartParser(request.headers, stream, max_files=1, max_fields=2).parse()
        except MultiPartException:
            raise Refusal(400, "照片没有传完整，请重新发一次。") from None
        try:
            key, file = form.get("key"), form.get("file")
            if not isinstance(file, UploadFile) or not isinstance(key, str) or not re.match(_KEY, key):
                raise Refusal(400, "没有收到照片，请重新选一张。")
            seconds = form.get("seconds")
            length = int(seconds) if isinstance(seconds, str) and re.fullmatch(r"[0-9]{1,4}", seconds) else 0
            return key, await file.read(), (file.filename or "")[:100], length
        finally:
            await form.close()

    async def media(self, request: Request) -> Response:
        """Send a file of the person's own chat; 404 for another chat's."""
        address, sha256 = (await self._session(request)).address, request.path_params["sha256"]
        if not _SHA256.fullmatch(sha256):
            raise HTTPException(404)
        database = self._web.database
        async with noting(database, self._web.clock()) as damage, database.read() as conn:
            kept = await transcripts.kept_for(conn, database.vault, address, sha256, damage)
        if kept is None or kept.content_type in ("", media.ERASED):
            raise HTTPException(404)
        content = await asyncio.to_thread(self._web.media.read, sha256)
        inline = kept.content_type.startswith(("image/", "audio/"))
        headers = {
            "Content-Disposition": "inline" if inline else "attachment",
            "Cache-Control": "private, max-age=86400",
            "Accept-Ranges": "bytes",
        }
        wanted = re.fullmatch(r"bytes=([0-9]{1,12})-([0-9]{0,12})", request.headers.get("Range", ""))
        if wanted is None:
            return Response(content, media_type=kept.content_type, headers=headers)
        if int(wanted[1]) >= len(content):
            return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}"})
        # an iPhone plays only what it can ask for in parts
        start, end = int(wanted[1]), min(int(wanted[2] or len(content) - 1), len(content) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        return Response(content[start : end + 1], 206, media_type=kept.content_type, headers=headers)

    async def _chat_page(self, request: Request, session: PageSession, start: str = "") -> Response:
        heading = await self._web.heading(session.address)
        response = self._templates.TemplateResponse(request, "chat.html", self._context(heading) | {"start": start})
        self._give_cookie(request, response, session, COOKIE)
        return response

    def _give_cookie(self, request: Request, response: Response, session: PageSession, name: str) -> None:
        response.set_cookie(
            name, self._sessions.issue(session), max_age=int(COOKIE_LASTS.total_seconds()), httponly=True,
            samesite="lax", secure=request.url.scheme == "https",
        )  # fmt: skip

    def _context(self, heading: Heading) -> dict[str, Any]:
        return {
            "title": heading.title, "at_home": not heading.in_office, "phone": "", "start": "",
            "longest_text": LONGEST_TEXT, "max_upload": self._web.max_upload,
        }  # fmt: skip

    async def _session(self, request: Request) -> PageSession:
        """Return whose request it is. Raises Refusal without a session."""
        phone = request.query_params.get("phone", "") if self._web.demo else ""
        try:
            session = await self._sessions.read(request.cookies.get(_demo_cookie(int(phone)) if phone.isdecimal() else COOKIE))
        except Ended as ended:
            raise Refusal(401, _STOPPED if ended.stopped else _SIGNED_OUT) from None
        if session is None:
            raise Refusal(401, _UNKNOWN)
        return session

    async def _poster(self, request: Request) -> str:
        if _HEADER not in request.headers:
            raise Refusal(403, "请从聊天页面里发送。")
        address = (await self._session(request)).address
        wait = self._posts.wait(address)
        if wait:
            raise Refusal(429, "发得太快了，请稍等几秒。", wait)
        return address


def _demo_cookie(number: int) -> str:
    return f"{COOKIE}-demo-{number}"


def _source(request: Request) -> str:
    """The address of the net that a request comes from."""
    return request.client.host if request.client else ""


def _shown(said: PagePost) -> Outgoing | None:
    """Return how a message looks in the sender's own chat; None for a button, which shows in the message it belongs to."""
    if said.place is not None:
        return Outgoing(text="已发送定位")
    if said.text is None or said.text.startswith("/start "):  # an invitation is a secret, and no sentence
        return None
    return Outgoing(text=said.text)


def _as_json(line: TranscriptLine) -> dict[str, Any]:
    shown = line.shown
    said: dict[str, Any] = {
        "seq": line.seq,
        "mine": line.mine,
        "at": line.at.isoformat(timespec="minutes"),
        "edits": line.edits,
        "text": shown.text,
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


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    headers = {"Retry-After": str(int(error.wait) + 1)} if error.wait else {}
    return JSONResponse({"error": error.words}, status_code=error.status, headers=headers)


async def _not_ready(request: Request, error: Exception) -> Response:
    words = "系统正在启动，消息会自动重发，不用管它。"
    return JSONResponse({"error": words}, status_code=503, headers={"Retry-After": "2"})


async def _unstorable(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "这条存不下来，请换个说法再发一次。"}, status_code=400)
