"""HTTP for the Bot API server. A protocol of our own: the bench needs more requests a second than aiohttp's server gives."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, unquote

from tests.support.botapi.control import controlled
from tests.support.botapi.values import ApiError, Call, Json, Raw, Upload

if TYPE_CHECKING:
    from tests.support.botapi.server import BotApi

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 408: "Request Timeout"}
_REASONS |= {409: "Conflict", 411: "Length Required", 429: "Too Many Requests", 500: "Internal Server Error"}
_REASONS |= {501: "Not Implemented", 502: "Bad Gateway"}
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection: requests one after another, bodies with a Content-Length."""

    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._busy = False
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its base class
        self._api.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._api.connections.discard(self)
        if self._task is not None:
            self._task.cancel()

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._take()

    def _take(self) -> None:
        """Serve the request at the front of the buffer, if it is whole."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        verb, target, _ = lines[0].split(" ", 2)
        length, content_type = 0, ""
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.lower()
            if name == "content-length":
                length = int(value)
            elif name == "content-type":
                content_type = value.strip()
            elif name == "transfer-encoding":
                return self._answer(411, {"ok": False, "description": "chunked bodies are not served here"})
        begin = end + 4
        if len(self._buffer) < begin + length:
            return
        body = self._buffer[begin : begin + length]
        self._buffer = self._buffer[begin + length :]
        self._busy = True
        self._serve(verb, target, content_type, body)

    def _serve(self, verb: str, target: str, content_type: str, body: bytes) -> None:
        path, _, query = target.partition("?")
        api = self._api
        if path.startswith("/bot"):
            token, _, method = path[4:].partition("/")
            if unquote(token) != api.token:
                return self._answer(401, ApiError(401, "Unauthorized").body)
            try:
                params, uploads = _parameters(query, content_type, body)
            except ValueError as error:
                return self._answer(400, ApiError(400, f"Bad Request: can't parse the request: {error}").body)
            self._call(method.lower(), params, uploads)
        elif path.startswith("/file/bot"):
            token, _, name = path[9:].partition("/")
            if unquote(token) != api.token:
                return self._answer(401, ApiError(401, "Unauthorized").body)
            self._call("download", {"file_path": unquote(name)}, {})
        elif path.startswith("/control/"):
            self._task = self._loop.create_task(self._control(path[9:], json.loads(body or b"{}")))
        else:
            self._answer(404, ApiError(404, "Not Found").body)

    def _call(self, method: str, params: Json, uploads: dict[str, Upload]) -> None:
        api = self._api
        handler = api.methods.get(method)
        if handler is None:
            return self._answer(404, ApiError(404, "Not Found").body)
        call = Call(method, params, time.time(), api.draw(method))
        if api.recording:
            api.calls.append(call)
        if call.fault == "drop":
            self._transport.abort()
        elif call.fault == "bad_gateway":
            call.code = 502
            self._write(502, _HTML, "text/html")
        elif call.fault == "error":
            self._reply(call, ApiError(500, "Internal Server Error"))
        elif call.fault == "throttle":
            seconds = api.faults.retry_after
            after = int(seconds) if seconds.is_integer() else seconds
            self._reply(call, ApiError(429, f"Too Many Requests: retry after {after}", retry_after=after))
        elif inspect.iscoroutinefunction(handler):
            api.changed()
            self._task = self._loop.create_task(self._wait(call, handler(params, uploads)))
            return
        else:
            try:
                result = handler(params, uploads)
            except ApiError as error:
                result = error
            except (KeyError, TypeError, ValueError) as error:
                result = ApiError(400, f"Bad Request: invalid parameters: {error!r}")
            self._finish(call, result)
        api.changed()

    async def _wait(self, call: Call, work: Any) -> None:
        try:
            result = await work
        except ApiError as error:
            result = error
        self._task = None
        self._finish(call, result)
        self._api.changed()

    def _finish(self, call: Call, result: Any) -> None:
        call.done = not isinstance(result, ApiError)
        if isinstance(result, dict) and "message_id" in result:
            call.message_id = result["message_id"]
        if call.fault == "lose":
            self._untold(call)
            self._transport.abort()
        elif call.fault == "hang":
            self._untold(call)  # stays busy: never answers, and takes no further request
        else:
            self._after_delay(lambda: self._reply(call, result))

    def _after_delay(self, answer: Callable[[], None]) -> None:
        delay = self._api.faults.delay
        if delay:
            self._loop.call_later(delay, answer)
        else:
            answer()

    def _reply(self, call: Call, result: Any) -> None:
        if self._transport.is_closing():
            return self._untold(call)
        call.answered = True
        if isinstance(result, ApiError):
            call.code = result.code
            self._answer(result.code, result.body)
        elif isinstance(result, bytes):
            call.code = 200
            self._write(200, result, "application/octet-stream")
        else:
            call.code = 200
            text = result.text if isinstance(result, Raw) else json.dumps(result, ensure_ascii=False)
            self._write(200, f'{{"ok":true,"result":{text}}}'.encode())

    def _untold(self, call: Call) -> None:
        if call.message_id is not None and call.method.startswith("send") and call.chat_id is not None:
            self._api.message(call.chat_id, call.message_id).answered = False

    async def _control(self, name: str, arguments: Json) -> None:
        code, body = await controlled(self._api, name, arguments)
        self._task = None
        self._answer(code, body)

    def _answer(self, code: int, body: Json) -> None:
        self._write(code, json.dumps(body, ensure_ascii=False).encode())

    def _write(self, code: int, body: bytes, content_type: str = "application/json") -> None:
        head = f"HTTP/1.1 {code} {_REASONS[code]}\r\nContent-Type: {content_type}\r\n"
        self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self._busy = False
        if self._buffer:
            self._take()


def _parameters(query: str, content_type: str, body: bytes) -> tuple[Json, dict[str, Upload]]:
    params: Json = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    uploads: dict[str, Upload] = {}
    if content_type.startswith("application/json"):
        params.update(json.loads(body or b"{}"))
    elif content_type.startswith("application/x-www-form-urlencoded"):
        params.update(parse_qsl(body.decode(), keep_blank_values=True))
    elif content_type.startswith("multipart/form-data"):
        boundary = b"--" + content_type.partition("boundary=")[2].strip('"').encode()
        for part in (b"\r\n" + body).split(b"\r\n" + boundary)[1:-1]:
            head, _, content = part.partition(b"\r\n\r\n")
            told = head.decode()
            name = _header(r'[; ]name="([^"]*)"', told)
            if "filename=" in told:
                mimetype = _header(r"(?i)content-type: *([^\r\n]+)", told)
                uploads[name] = Upload(_header(r'filename="([^"]*)"', told), content, mimetype)
            else:
                params[name] = content.decode()
    return params, uploads


def _header(pattern: str, head: str) -> str:
    found = re.search(pattern, head)
    return found[1] if found else ""
