"""Connections that cost us something and give nothing are closed, and people are served meanwhile. Real sockets on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import httpx
import pytest

from bot.web import connections
from bot.web.connections import CLOSED, BodyDeadline, Connections, most_connections
from storage.database.connection import Database
from storage.mail.messages import Outgoing
from tests.support.site import Site, Stream

pytestmark = pytest.mark.sqlite_only

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path / "media")


async def line_to(site: Site, *, says: bytes = b"") -> Line:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(site.url.rpartition(":")[2]))
    writer.write(says)
    await writer.drain()
    return reader, writer


async def ended(line: Line) -> bytes:
    """What comes until the other side closes."""
    async with asyncio.timeout(20):
        try:
            return await line[0].read()
        except ConnectionError:
            return b""
        finally:
            line[1].close()


def closed(why: str) -> float:
    return float(CLOSED.labels(why)._value.get())


async def shows(stream: Stream, text: str) -> None:
    """Read until it shows this."""
    while (line := await stream.next()) is None or line["text"] != text:
        pass


async def at_end(stream: Stream) -> None:
    """Read to the end."""
    with contextlib.suppress(StopAsyncIteration):
        while True:
            await stream.next()


async def test_half_open_connections_are_closed_and_others_served(site: Site) -> None:
    before = closed("head")
    async with site.running(guard=Connections(head_within=0.2)):
        lines = [await line_to(site) for _ in range(20)]
        slow = await line_to(site, says=b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        async with httpx.AsyncClient() as client:
            assert (await client.get(site.url)).status_code == 200
        assert [await ended(line) for line in (*lines, slow)] == [b""] * 21
    assert closed("head") == before + 21


async def test_a_second_head_on_the_same_connection_has_a_deadline_too(site: Site) -> None:
    async with site.running(guard=Connections(head_within=0.2)):
        line = await line_to(site, says=b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in await line[0].readline()
        line[1].write(b"GET /")
        assert b"</svg>" in await ended(line)


async def test_an_open_stream_is_no_half_open_connection(site: Site) -> None:
    async with site.running(guard=Connections(head_within=0.05)), site.phone() as phone, phone.stream() as stream:
        while await stream.next() is not None:
            pass
        await asyncio.sleep(0.2)  # longer than a head may take
        await site.answer(await phone.address(), Outgoing(text="好"))
        async with asyncio.timeout(10):
            await shows(stream, "好")


async def test_too_many_connections_cost_those_that_have_waited_longest(site: Site) -> None:
    before = closed("crowded")
    async with site.running(guard=Connections(most=10)):
        lines = [await line_to(site) for _ in range(14)]
        assert await ended(lines[0]) == b""
        async with httpx.AsyncClient() as client:
            assert (await client.get(site.url)).status_code == 200
        for line in lines:
            line[1].close()
    assert closed("crowded") >= before + 5


def test_some_files_stay_free_for_the_rest_of_the_service() -> None:
    assert most_connections(1024) == 768
    assert most_connections(1_000_000) == 20_000
    assert most_connections(100) == 32


async def test_a_body_that_does_not_come_is_given_up_in_words(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_STARTS_WITH", 0.2)
    before = closed("body")
    async with site.running(guard=Connections()), site.phone() as phone:
        cookie = "; ".join(f"{name}={value}" for name, value in phone.client.cookies.items())
        head = f"POST /say HTTP/1.1\r\nHost: localhost\r\nX-Cunbao: 1\r\nCookie: {cookie}\r\nContent-Length: 100\r\n\r\n"
        answer = await ended(await line_to(site, says=head.encode() + b'{"key":'))
    assert b"503" in answer
    assert "没有传完" in answer.decode()
    assert closed("body") == before + 1


async def test_a_slow_body_that_keeps_coming_has_time() -> None:
    """A photo over a village's mobile network may take minutes."""
    now = 0.0
    parts = [b"x" * 20_000] * 40
    got = []

    async def receive() -> dict[str, object]:
        nonlocal now
        now += 15
        return {"type": "http.request", "body": parts.pop(), "more_body": bool(parts)}

    async def app(scope: object, receive: object, send: object) -> None:
        while True:
            message = await receive()  # type: ignore[operator]
            got.append(message)
            if not message["more_body"]:
                return

    await BodyDeadline(app, now=lambda: now)({"type": "http"}, receive, receive)  # type: ignore[arg-type]
    assert len(got) == 40


async def test_a_chat_keeps_its_five_newest_pages(site: Site) -> None:
    async with site.running(), site.phone() as phone, contextlib.AsyncExitStack() as stack:
        address = await phone.address()
        streams = [await stack.enter_async_context(phone.stream()) for _ in range(6)]
        async with asyncio.timeout(10):
            await at_end(streams[0])
            await site.answer(address, Outgoing(text="好"))
            for stream in streams[1:]:
                await shows(stream, "好")
