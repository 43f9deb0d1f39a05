"""Kept files, sent to the chats that may look at them."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.platforms.web import WebPlatform
from bot.web.refusals import Refusal
from bot.web.visitors import Visitors
from storage.database.reading import noting
from storage.files import media
from storage.mail import transcripts

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Files:
    """Photos, recordings and documents of a person's own chat."""

    def __init__(self, web: WebPlatform, visitors: Visitors) -> None:
        self._web = web
        self._visitors = visitors

    @property
    def routes(self) -> list[BaseRoute]:
        return [Route("/media/{sha256}", self._media)]

    async def _media(self, request: Request) -> Response:
        """Send a file of the person's own chat; 404 for another chat's."""
        address, sha256 = (await self._visitors.needed(request)).address, request.path_params["sha256"]
        if not _SHA256.fullmatch(sha256):
            raise HTTPException(404)
        database = self._web.database
        async with noting(database, self._web.clock()) as damage, database.read() as conn:
            kept = await transcripts.kept_for(conn, database.vault, address, sha256, damage)
        if kept is None or kept.content_type in ("", media.ERASED):
            raise HTTPException(404)
        try:
            content = await self._web.media.fetch(sha256)
        except media.AlteredFile:
            raise Refusal(410, "这个文件被换过或改过，没有打开，已告诉镇里。") from None
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
