"""Telegram calls over aiohttp: a `BaseRequest` for python-telegram-bot that keeps many calls in flight."""

import asyncio
import io
import json
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
from telegram._utils.defaultvalue import DefaultValue
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

_T = TypeVar("_T")
_JSON = {"Content-Type": "application/json"}

_NOT_PASSED_ON = frozenset((301, 302, 303, 307, 308, 401, 403, 404, 407, 429, 451))
"""With these a proxy or a firewall says that it has not handed the call on, whatever the call says."""


class NotSentError(NetworkError):
    """No byte of the call reached the server, so trying again cannot make it happen twice."""

    __slots__ = ()


class NotSentTimedOutError(NotSentError, TimedOut):
    """`NotSentError` because no connection was free, or none could be opened, in time."""

    __slots__ = ()


class AiohttpRequest(BaseRequest):
    """Carries Bot API calls for `telegram.Bot` over one keep-alive aiohttp session.

    Parameters have the names, units (seconds, None for no limit) and defaults of PTB's `HTTPXRequest`:

    * `connection_pool_size`: calls in flight at once; more wait for at most `pool_timeout`.
    * `connect_timeout`, `read_timeout`: opening a connection; silence from the server.
    * `write_timeout`, `media_write_timeout`: sending the whole body of a call without and with files.
    * `proxy`: `http://` or `https://` address of a proxy. Proxy variables of the environment are not read.

    A timeout raises `telegram.error.TimedOut`, any other transport failure `telegram.error.NetworkError`.
    Where the call certainly never left, they are the subclasses `NotSentTimedOutError` and `NotSentError`;
    otherwise its outcome is unknown.
    """

    __slots__ = (
        "_connect_timeout",
        "_free",
        "_media_write_timeout",
        "_pool_size",
        "_pool_timeout",
        "_proxy",
        "_read_timeout",
        "_session",
        "_usual_timeout",
        "_write_timeout",
    )

    def __init__(
        self,
        connection_pool_size: int = 256,
        read_timeout: float | None = 5.0,
        write_timeout: float | None = 5.0,
        connect_timeout: float | None = 5.0,
        pool_timeout: float | None = 1.0,
        media_write_timeout: float | None = 20.0,
        proxy: str | None = None,
    ) -> None:
        self._pool_size = connection_pool_size
        self._read_timeout = read_timeout
        self._write_timeout = write_timeout
        self._connect_timeout = connect_timeout
        self._pool_timeout = pool_timeout
        self._media_write_timeout = media_write_timeout
        self._proxy = URL(proxy) if proxy else None
        self._usual_timeout = aiohttp.ClientTimeout(total=None, connect=connect_timeout, sock_read=read_timeout)
        self._session: aiohttp.ClientSession | None = None
        self._free = asyncio.Semaphore(connection_pool_size)

    @property
    def read_timeout(self) -> float | None:
        """Seconds of silence allowed when a call names none; None for no limit."""
        return self._read_timeout

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As `read_answer`."""
        return read_answer(payload)

    async def initialize(self) -> None:
        """Open the session; a second call does nothing."""
        if self._session is None:
            self._free = asyncio.Semaphore(self._pool_size)
            self._session = aiohttp.ClientSession(
                # The semaphore counts: the connector's own limit shares its timeout with connecting.
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        """Close every connection; a second call does nothing."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one call; return the HTTP status and the body. Raises as told at the class."""
        session = self._session
        if session is None:
            raise RuntimeError("This AiohttpRequest is not initialized!")
        body, headers = _encode(request_data)
        with_files = isinstance(body, aiohttp.FormData)
        timeout = self._usual_timeout
        if with_files or not (read_timeout is connect_timeout is write_timeout is self.DEFAULT_NONE):
            usual_write = self._media_write_timeout if with_files else self._write_timeout
            timeout = _timeout(
                connect=_given(connect_timeout, self._connect_timeout),
                write=_given(write_timeout, usual_write),
                read=_given(read_timeout, self._read_timeout),
                large=with_files,
            )
        await self._wait_for_connection(_given(pool_timeout, self._pool_timeout))
        try:
            async with session.request(
                method, url, data=body, headers=headers, timeout=timeout, proxy=self._proxy, allow_redirects=False
            ) as response:
                return response.status, _of_the_api(response.status, await response.read())
        # Causes are cut off: aiohttp names the address in its messages, and that holds the bot's token.
        except aiohttp.ConnectionTimeoutError:
            raise NotSentTimedOutError("Timed out while connecting") from None
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:
            raise NotSentError(_told(error, url)) from None
        except aiohttp.ClientError as error:
            raise NetworkError(_told(error, url)) from None
        finally:
            self._free.release()

    async def _wait_for_connection(self, seconds: float | None) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError:
            raise NotSentTimedOutError("All connections are busy: raise connection_pool_size or pool_timeout") from None


def read_answer(payload: bytes) -> dict[str, Any]:
    """What the Bot API answers. Raises NetworkError for what is none of its answers, such as the page of a proxy."""
    try:
        answer = json.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NetworkError("an answer that is not the Bot API's")
    return answer


def _of_the_api(status: int, payload: bytes) -> bytes:
    """The body of an answer.

    Raises NetworkError for an error that the Bot API has not told: the page of a proxy or a firewall on the way says nothing
    of the chat, the token or the message, whatever its status.
    """
    if status < HTTPStatus.MULTIPLE_CHOICES or payload.lstrip().startswith(b"{"):
        return payload
    if status in _NOT_PASSED_ON:
        raise NotSentError(f"HTTP status {status}, and not from the Bot API")
    raise NetworkError(f"HTTP status {status}, and not from the Bot API")


def _given(value: ODVInput[_T], usual: _T | None) -> _T | None:
    return usual if isinstance(value, DefaultValue) else value


def _told(error: aiohttp.ClientError, url: str) -> str:
    return f"aiohttp.{type(error).__name__}: {error}".replace(url, "the Bot API")


def _timeout(*, connect: float | None, write: float | None, read: float | None, large: bool) -> aiohttp.ClientTimeout:
    # aiohttp has no write limit and starts the read clock after the last byte. A body without files fits the
    # socket's buffer and cannot stall; one with files is bounded as a whole.
    parts = (connect, write, read)
    total = sum(part for part in parts if part is not None) if large and None not in parts else None
    return aiohttp.ClientTimeout(total=total, connect=connect, sock_read=read)


def _encode(data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str] | None]:
    """Body and headers. JSON where no file goes along: Chinese text is a third of its form-encoded size."""
    if data is None:
        return None, None
    if not data.contains_files:
        parameters: dict[str, Any] = data.parameters
        return json.dumps(parameters, ensure_ascii=False).encode(), _JSON
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mimetype) in data.multipart_data.items():
        # aiohttp writes bytes at one go, which holds up everything else, but reads a stream piece by piece.
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=filename, content_type=mimetype)
    return form, None
