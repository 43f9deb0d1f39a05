"""The phone page on a real uvicorn on loopback, with a real intake behind it and nobody who answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.routing import BaseRoute

from bot.delivery.intake import Intake
from bot.delivery.strangers import Strangers
from bot.platforms.web import DemoPage, WebPlatform
from bot.web.address import SiteAddress
from bot.web.app import build_app
from bot.web.connections import Connections
from bot.web.server import serve
from storage.database.base import new_id
from storage.database.connection import Database
from storage.database.reading import Damage
from storage.files.media import MediaStore
from storage.mail import inbox
from storage.mail.messages import Incoming, Outgoing
from storage.mail.outbox import Letter
from tests.support.town import START

HEADERS = {"X-Cunbao": "1"}


class Site:
    """One running site. `now` can be moved; `address`, `proxies` and `routes` can be changed before it runs."""

    def __init__(
        self, database: Database, folder: Path, demo: Mapping[str, str] | None = None, *, strangers: bool = False
    ) -> None:
        """Everybody counts as known, unless with `strangers`: then those who are."""
        self.now = START
        self.database = database
        self.woken = asyncio.Event()
        media = MediaStore(folder, database.vault, database)
        page = DemoPage(demo, "计划日期已移到今天。") if demo else None
        self.web = WebPlatform(database, media, self.clock, max_upload=200_000, demo=page)
        if not strangers:
            self.web.strangers = _Everybody(database, self.clock)
        self.url = ""
        self.address = SiteAddress()
        self.proxies: Sequence[str] = ()
        self.routes: Sequence[BaseRoute] = ()

    def clock(self) -> datetime:
        return self.now

    def later(self, days: float) -> None:
        self.now += timedelta(days=days)

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0, receiving: bool = True, guard: Connections | None = None) -> AsyncIterator[Site]:
        """Serve until the block ends, and receive; without, as a bot that is still starting."""
        sock = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        intake = Intake(self.database, self.clock, self.woken.set)
        tasks = [asyncio.create_task(self.web.receive(intake.put))] if receiving else []
        app, close = build_app(self.web, self.address, self.routes), self.web.close_streams
        serving = serve(app, "", port=0, sock=sock, close_streams=close, connections=guard, proxies=self.proxies)
        tasks.append(asyncio.create_task(serving))
        try:
            yield self
        finally:
            for task in reversed(tasks):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    @contextlib.asynccontextmanager
    async def phone(self, code: str = "QINGCUN1") -> AsyncIterator[Phone]:
        """A browser that has opened the link of a QR code."""
        async with httpx.AsyncClient(base_url=self.url, headers=HEADERS, timeout=20) as client:
            (await client.get(f"/join/{code}")).raise_for_status()
            yield Phone(self, client)

    async def mail(self) -> list[Incoming]:
        """Everything stored and not yet worked on, in order."""
        async with self.database.write() as conn:
            waiting, _ = await inbox.claim(conn, self.database.vault, ["web"], self.now, 1000, Damage())
        letters = sorted((mail for chat in waiting.values() for mail in chat), key=lambda mail: mail.id)
        return [mail.message for mail in letters]

    async def answer(self, address: str, message: Outgoing, letter: int | None = None) -> str:
        """What the sender does with a letter."""
        wrapped = Letter(id=letter or new_id(), address=address, attempts=1, must_arrive=True, message=message)
        return await self.web.send(wrapped) or ""


class _Everybody(Strangers):
    """Knows everybody."""

    async def knows(self, address: str) -> bool:
        return True


class Phone:
    """One browser's requests."""

    def __init__(self, site: Site, client: httpx.AsyncClient) -> None:
        self._site = site
        self.client = client

    async def say(self, key: str, **what: Any) -> httpx.Response:
        return await self.client.post("/say", json={"key": key, **what})

    async def upload(self, key: str, content: bytes, name: str = "photo.jpg") -> httpx.Response:
        return await self.client.post("/photo", data={"key": key}, files={"file": (name, content)})

    async def address(self) -> str:
        """Where this browser's chat is; known once it has said something."""
        (await self.say("first-words", text="你好")).raise_for_status()
        return (await self._site.mail())[-1].address

    async def read(self, after: int = 0) -> list[dict[str, Any]]:
        """The lines behind `after`, until the stream says that this is all."""
        async with self.stream(after) as lines:
            return [line async for line in lines.until_caught_up()]

    @contextlib.asynccontextmanager
    async def stream(self, after: int = 0) -> AsyncIterator[Stream]:
        headers = {"Last-Event-ID": str(after)} if after else {}
        async with self.client.stream("GET", "/events", headers=headers) as response:
            response.raise_for_status()
            yield Stream(response)


class Stream:
    """An open event stream."""

    def __init__(self, response: httpx.Response) -> None:
        self._rows = response.aiter_lines()

    async def next(self) -> dict[str, Any] | None:
        """The next line; None for a beat. Raises StopAsyncIteration at the end of the stream."""
        event = ""
        while True:
            row = await anext(self._rows)
            if row.startswith("event: "):
                event = row.removeprefix("event: ")
            elif row.startswith("data:") and event == "beat":
                return None
            elif row.startswith("data:"):
                line: dict[str, Any] = json.loads(row.removeprefix("data: "))
                return line

    async def to_its_end(self) -> AsyncIterator[dict[str, Any]]:
        """What comes until the server ends the stream."""
        with contextlib.suppress(StopAsyncIteration):
            while True:
                if (line := await self.next()) is not None:
                    yield line

    async def until_caught_up(self) -> AsyncIterator[dict[str, Any]]:
        while (line := await self.next()) is not None:
            yield line
