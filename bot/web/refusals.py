"""Requests that are not taken, and what their sender is told."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.platforms.base import Unstorable
from bot.platforms.web import NotReady


class Refusal(Exception):
    """A request that is not taken, in words for the person. `wait`: seconds until it may be sent again; 0 for never."""

    def __init__(self, status: int, words: str, wait: float = 0) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.wait = wait


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


HANDLERS = {Refusal: _refused, NotReady: _not_ready, Unstorable: _unstorable}
"""What answers when one of these is raised."""
