"""Who gets what from the site: every route times every persona. A new route needs a line."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.service.clock import system_clock
from bot.service.service import Service
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import load_settings
from bot.web.server import serve
from bot.web.sessions import PageSession, Sessions
from storage.database.base import new_id
from storage.database.transaction import transaction
from storage.mail.chats import chat_row, chats
from storage.mail.messages import Outgoing
from storage.mail.outbox import Letter
from storage.people.persons import Role
from storage.store import Store
from tests.support.browser import photo
from tests.support.plan import BAITA, COUNTY, TOWN
from tests.support.site import HEADERS

pytestmark = pytest.mark.sqlite_only

PERSONAS = ("nobody", "ended", "stranger", "unconfirmed", "household", "village", "unit", "town", "county")
"""`nobody` has no session; `ended` had one and was signed out; `stranger` has one that belongs to nobody yet; no cadre has
confirmed `unconfirmed`."""
POSTS = {
    "unconfirmed": (Role.HOUSEHOLD, BAITA, None),
    "household": (Role.HOUSEHOLD, BAITA, None),
    "village": (Role.VILLAGE, BAITA, None),
    "unit": (Role.UNIT, TOWN, "housing"),
    "town": (Role.TOWN, TOWN, None),
    "county": (Role.COUNTY, COUNTY, None),
}


def all_of_them(what: str, **others: str) -> dict[str, str]:
    """The same for everybody, but for those who are named."""
    return dict.fromkeys(PERSONAS, what) | others


TABLE = {
    "GET /": all_of_them("200 chat", nobody="200 welcome", ended="200 welcome"),
    "GET /join/{token}": all_of_them("200 chat"),
    "GET /chat": all_of_them("200 chat", nobody="307 /", ended="307 /"),
    "GET /events": all_of_them("200", nobody="401", ended="401"),
    "POST /say": all_of_them("200", nobody="401", ended="401"),
    "POST /photo": all_of_them("200", nobody="401", ended="401", stranger="403"),
    "GET /media/{sha256}": all_of_them("404", nobody="401", ended="401", household="200"),
    "GET /demo": all_of_them("404"),
    "GET /demo/phone/{number:int}": all_of_them("404"),
    "GET /static": all_of_them("200"),
    "GET /healthz": all_of_them("200"),
    "GET /metrics": all_of_them("404"),
    "POST /telegram": all_of_them("403"),
}
"""What each gets who comes through the proxy. The file of `/media` is one in the chat of `household`."""

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "GET /join/{token}": ("/join/QINGCUN1", {}),
    "POST /say": ("/say", {"json": {"key": "words-0001", "text": "你好"}}),
    "POST /photo": ("/photo", {"data": {"key": "photo-0001"}, "files": {"file": ("a.jpg", photo())}}),
    "GET /demo/phone/{number:int}": ("/demo/phone/1", {}),
    "GET /static": ("/static/phone.js", {}),
}
"""How a route is called, where it is not as it is named."""


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    settings = load_settings(
        data_dir=tmp_path, worker_process=False, telegram_token="123:a-token", telegram_webhook_url="http://127.0.0.1:9",
        telegram_webhook_secret="secret_1",
    )  # fmt: skip
    async with open_installation(settings, lambda _: None) as made:
        yield made


def named(service: Service) -> list[str]:
    """The routes of the site; the webhook's is a secret, and is named by its first part."""
    names = []
    for route in service.site().routes:
        path = getattr(route, "path", "")
        verbs = {"POST"} if "POST" in (getattr(route, "methods", None) or ()) else {"GET"}
        names += [f"{verb} {'/telegram' if path.startswith('/telegram/') else path}" for verb in verbs]
    return sorted(names)


async def test_every_route_gives_each_persona_what_is_theirs(installation: Installation) -> None:
    service = Service(installation)
    assert named(service) == sorted(TABLE), f"add each route to TABLE in {__name__}, with what everybody gets"
    sessions = await _people(installation)
    got: dict[str, dict[str, str]] = {name: {} for name in TABLE}
    async with _running(service) as url:
        sent = await _file_for_the_household(service)
        calls = CALLS | {"GET /media/{sha256}": (f"/media/{sent}", {}), "POST /telegram": (_webhook(service), {"json": {}})}
        for who in PERSONAS:
            cookies = {"cunbao": sessions[who]} if who in sessions else {}
            headers = HEADERS | {"X-Forwarded-For": "203.0.113.7"}
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
                for name in TABLE:
                    path, body = calls.get(name, (name.partition(" ")[2], {}))
                    client.cookies = httpx.Cookies(cookies)
                    async with client.stream(name.partition(" ")[0], path, **body) as answer:
                        got[name][who] = await _told(answer)
    assert got == TABLE


async def _people(installation: Installation) -> dict[str, str]:
    """A session's token of everybody who has, or had, one."""
    database = installation.database
    async with transaction(database, system_clock()) as tx, tx.session("test", "people") as session:
        store = Store(session)
        witness = store.people.add("证人")
        for who in ("ended", *POSTS):
            person = store.people.add(who)
            session.add(chats, chat_row(f"web:{who}", now=session.now))
            await store.chats.bind(f"web:{who}", person)
            if who in POSTS:
                role, region, unit = POSTS[who]
                known = witness if who == "household" else None
                store.people.appoint(person, role, region=region, unit=unit, confirmed_by=known)
    made = Sessions(database, system_clock)
    tokens = {who: made.issue(await made.current(f"web:{who}")) for who in ("ended", *POSTS)}
    async with transaction(database, system_clock()) as tx, tx.session("test", "out") as session:
        await Store(session).chats.sign_out("web:ended")
    return tokens | {"stranger": made.issue(PageSession("web:stranger", 0))}


@contextlib.asynccontextmanager
async def _running(service: Service) -> AsyncIterator[str]:
    sock = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    serving = serve(service.site(), "", port=0, sock=sock, close_streams=service.web.close_streams, proxies=["127.0.0.1"])
    tasks = [asyncio.create_task(service.web.receive(service.intake.put)), asyncio.create_task(serving)]
    try:
        yield url
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.wait([task])


async def _file_for_the_household(service: Service) -> str:
    """The name of a picture that was sent to the household's chat alone."""
    async with transaction(service.web.database, system_clock()) as tx, tx.session("test", "file") as session:
        sha256 = service.web.media.write(b"\xff\xd8\xff a picture")
        Store(session).media.keep(sha256, 1, content_type="image/jpeg")
    message = Outgoing(text="您看看", file=sha256)
    await service.web.send(Letter(id=new_id(), address="web:household", attempts=1, must_arrive=True, message=message))
    return sha256


def _webhook(service: Service) -> str:
    assert service.telegram is not None
    return service.telegram.webhook_routes()[0].path


async def _told(answer: httpx.Response) -> str:
    """The status, and which page it is or where it leads."""
    if answer.is_redirect:
        return f"{answer.status_code} {answer.headers['location']}"
    if "event-stream" in answer.headers.get("content-type", ""):
        return str(answer.status_code)
    text = (await answer.aread()).decode(errors="replace")
    page = "chat" if 'id="composer"' in text else "welcome" if "怎么进来" in text else ""
    return f"{answer.status_code} {page}".strip()
