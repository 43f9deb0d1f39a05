"""What a page posts: words, a pressed button, a place, a file."""

from __future__ import annotations

import math
import re
from datetime import timedelta

from pydantic import Field, ValidationError, field_validator
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.delivery.strangers import NO_FILES, TooLong, Wait
from bot.platforms.web import WebPlatform
from bot.web import bodies, uploads
from bot.web.refusals import Refusal
from bot.web.visitors import Visitors, source
from storage.database.base import Record
from storage.files import media
from storage.mail.messages import Incoming, Outgoing, Place, SentFile

LONGEST_TEXT = 4000
_SMALL = 64 * 1024
"""Bytes of a posted message: the longest text, escaped, and room to spare."""

_AROUND = 1024
"""Bytes of a posted message beside its words: names, key, place, age."""
_ESCAPED = 6
"""Bytes that a page may need for one byte of words, as in `\\u0001`."""

_KEY = r"^[A-Za-z0-9_-]{8,40}$"
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
    def size(self) -> int:
        """Bytes of its words."""
        return len(f"{self.text or ''}{self.choice or ''}".encode())

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


class Posts:
    """Takes what is posted into the chat of whoever posts it."""

    def __init__(self, web: WebPlatform, visitors: Visitors) -> None:
        self._web = web
        self._visitors = visitors

    @property
    def routes(self) -> list[BaseRoute]:
        return [Route("/say", self._say, methods=["POST"]), Route("/photo", self._photo, methods=["POST"])]

    async def _say(self, request: Request) -> Response:
        address = await self._visitors.poster(request)
        try:
            body = await bodies.whole(request, _SMALL)
            said = PagePost.model_validate_json(body)
        except bodies.TooLarge:
            raise Refusal(413, f"一次最多 {LONGEST_TEXT} 字，请分几条发。") from None
        except ValidationError as error:
            too_long = any(one["type"] == "string_too_long" for one in error.errors())
            words = f"一次最多 {LONGEST_TEXT} 字，请分几条发。" if too_long else "这条没有看懂，请重新发一次。"
            raise Refusal(400, words) from None
        if len(body) > _AROUND + _ESCAPED * said.size:  # no page sends so much around so few words
            raise Refusal(400, "这条没有看懂，请重新发一次。")
        try:
            await self._web.strangers.count(address, said.size, source(request))
        except TooLong as long:
            raise Refusal(413, long.words) from None
        except Wait as wait:
            raise Refusal(429, wait.words, 0 if math.isinf(wait.seconds) else wait.seconds) from None
        message = Incoming(
            address=address, key=f"{address}:{said.key}", at=self._web.clock() - said.waited, text=said.text,
            choice=said.choice, pressed=said.pressed, place=said.place,
        )  # fmt: skip
        await self._web.take(message, _shown(said))
        return JSONResponse({})

    async def _photo(self, request: Request) -> Response:
        """Take one file, with the field `key`; answers when it is stored."""
        address = await self._visitors.poster(request)
        if not await self._web.strangers.knows(address):
            raise Refusal(403, NO_FILES)
        try:
            key, content, name, seconds = await self._form(request)
            upload = await uploads.examined(content, name, whose=address)
        except bodies.TooLarge as error:
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
            stream = bodies.limited(request.stream(), room)
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


def _shown(said: PagePost) -> Outgoing | None:
    """Return how a message looks in the sender's own chat; None for a button, which shows in the message it belongs to."""
    if said.place is not None:
        return Outgoing(text="已发送定位")
    if said.text is None or said.text.startswith("/start "):  # an invitation is a secret, and no sentence
        return None
    return Outgoing(text=said.text)
