"""Where the site is reached, as the settings say: no header of a client decides about cookies, links and redirects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.service import health
from bot.service.watch import Cause
from bot.setup.settings import load_settings
from bot.web import streams
from bot.web.address import SiteAddress, address_of, is_local
from storage.database.connection import Database
from tests.support.site import HEADERS, Site, Stream

pytestmark = pytest.mark.sqlite_only

NAME = "cunbao.example.cn"
ELSEWHERE = "evil.example"


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    """Behind a proxy with a certificate on the same machine."""
    made = Site(database, tmp_path / "media")
    made.address = address_of(load_settings(data_dir=tmp_path, web_base_url=f"https://{NAME}"))
    made.proxies = ("127.0.0.1",)
    async with made.running() as running:
        yield running


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        (NAME, True), (f"{NAME}:8443", True), (NAME.upper(), True), (f"{NAME}.", True), ("hook.example.cn", True),
        ("localhost:8080", True), ("127.0.0.1:8080", True), ("127.9.9.9", True), ("[::1]:8080", True), ("10.1.2.3:8080", True),
        ("[::ffff:10.1.2.3]", True), ("10.1.2.4", False), (ELSEWHERE, False), (f"{NAME}.{ELSEWHERE}", False),
        (f"{ELSEWHERE}.{NAME}", False), (f"{ELSEWHERE}/{NAME}", False), (f"{ELSEWHERE}@{NAME}", False), ("", False),
        (f"{NAME}:x", False), (f"{NAME}, {ELSEWHERE}", False), ("[::1", False), ("localhost.evil.example", False),
    ],
)  # fmt: skip
def test_a_request_is_for_us_by_our_names_and_by_the_address_it_came_to(host: str, ours: bool, tmp_path: Path) -> None:
    settings = load_settings(
        data_dir=tmp_path, web_host="10.9.9.9", web_base_url=f"https://{NAME}",
        telegram_webhook_url="https://hook.example.cn", telegram_webhook_secret="s",
    )  # fmt: skip
    assert address_of(settings).is_ours(host, "10.1.2.3") is ours


def test_a_chinese_name_is_ours_as_browsers_send_it(tmp_path: Path) -> None:
    address = address_of(load_settings(data_dir=tmp_path, web_base_url="http://村报.中国:8080"))
    assert address == SiteAddress(False, frozenset({"127.0.0.1", "xn--4ruw7h.xn--fiqs8s"}))


async def test_a_foreign_host_gets_a_sentence_and_never_a_way_elsewhere(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url, headers=HEADERS | {"Host": ELSEWHERE}) as client:
        answers = [
            await client.get(path) for path in ("/", "/chat", "/chat/", "/static", "/join/QINGCUN1", "/events", "/nothing")
        ]
        answers.append(await client.post("/say", json={}))
    for answer in answers:
        assert (answer.status_code, "请重新扫" in answer.text) == (421, True)
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert ELSEWHERE not in answer.text


async def test_no_answer_repeats_what_a_client_says_of_the_host(site: Site) -> None:
    claims = {"X-Forwarded-Host": ELSEWHERE, "X-Forwarded-Proto": "http", "Forwarded": f"host={ELSEWHERE}"}
    async with httpx.AsyncClient(base_url=site.url, headers=HEADERS | {"Host": NAME} | claims) as client:
        for path in ("/", "/chat", "/chat/", "/static", "/join/QINGCUN1/"):
            answer = await client.get(path)
            assert ELSEWHERE not in answer.text
            assert answer.headers.get("location", "/") == "/"


@pytest.mark.parametrize("claimed", ["http", "https"])
@pytest.mark.parametrize("base", [f"https://{NAME}", f"http://{NAME}"])
async def test_cookies_and_hsts_follow_the_settings(database: Database, tmp_path: Path, base: str, claimed: str) -> None:
    site = Site(database, tmp_path / "media")
    site.address, site.proxies = address_of(load_settings(data_dir=tmp_path, web_base_url=base)), ("127.0.0.1",)
    headers = {"X-Forwarded-Proto": claimed, "Host": NAME}
    async with site.running(), httpx.AsyncClient(base_url=site.url, headers=headers) as client:
        page = await client.get("/join/QINGCUN1")
        picture = await client.get("/static/icon.svg")
    secure = base.startswith("https")
    assert ("Secure" in page.headers["set-cookie"]) is secure
    assert all(("strict-transport-security" in answer.headers) is secure for answer in (page, picture))


@pytest.mark.parametrize(("proxies", "believed"), [(["127.0.0.1"], True), (["10.0.0.9"], False), ([], False)])
async def test_whom_a_proxy_forwards_for_is_believed_of_configured_proxies_alone(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxies: list[str], believed: bool
) -> None:
    """Who is taken for the same comes in another one's place."""
    monkeypatch.setattr(streams, "STREAMS", 1)
    site = Site(database, tmp_path / "media", strangers=True)
    site.proxies = proxies
    async with site.running(), site.phone() as phone, site.phone() as other:
        phone.client.headers["X-Forwarded-For"] = "203.0.113.7"
        async with phone.stream() as listening:
            assert await listening.next() is None
            other.client.headers["X-Forwarded-For"] = "127.0.0.1, 203.0.113.8"
            async with other.stream() as second:
                assert await second.next() is None
                if believed:
                    await phone.say("words-0001", text="在")
                assert [line["text"] async for line in _first(listening)] == (["在"] if believed else [])


async def _first(listening: Stream) -> AsyncIterator[dict[str, Any]]:
    """The next line, unless the stream ends."""
    async for line in listening.to_its_end():
        yield line
        return


def test_a_proxy_is_named_by_its_address() -> None:
    assert load_settings(web_proxies="10.0.0.2, 192.168.1.0/24").proxies == ["10.0.0.2/32", "192.168.1.0/24"]
    assert load_settings().proxies == ["127.0.0.1/32", "::1/128"]


async def test_the_address_and_a_health_check_without_a_name_still_work(site: Site) -> None:
    host, _, port = site.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    assert b"421" in await reader.readuntil(b"\r\n")
    writer.close()
    async with httpx.AsyncClient(base_url=site.url) as client:
        assert (await client.get("/")).status_code == 200


# What is inside is for those who keep the service


class _Red:
    """A watch that has found something."""

    causes: Sequence[Cause] = (Cause("platform:refused", "Telegram 不认这个令牌。"),)


LOCAL: dict[str, Any] = {"base_url": "http://127.0.0.1:8080", "client": ("127.0.0.1", 1)}
TOKEN = "a-token-of-the-office"


@pytest.mark.parametrize(
    ("how", "headers", "token", "status"),
    [
        (LOCAL, {}, "", 200),
        ({"base_url": "http://[::1]:8080", "client": ("::1", 1)}, {}, "", 200),
        ({**LOCAL, "client": ("192.168.1.7", 1)}, {}, "", 404),
        ({**LOCAL, "client": ("testclient", 1)}, {}, "", 404),
        (LOCAL, {"X-Forwarded-For": "127.0.0.1"}, "", 404),
        (LOCAL, {"X-Real-IP": "203.0.113.7"}, "", 404),
        (LOCAL, {"Forwarded": "for=127.0.0.1"}, "", 404),
        (LOCAL, {"Via": "1.1 proxy"}, "", 404),
        *(
            (LOCAL, {name: "203.0.113.7"}, "", 404)
            for name in (
                "CF-Connecting-IP",
                "X-Client-IP",
                "True-Client-IP",
                "X-Forwarded",
                "X-Forwarded-Port",
                "X-Original-Host",
                "X-Envoy-External-Address",
                "X-Request-Id",
                "Forwarded-For",
                "X-Cluster-Client-IP",
                "Of-A-Proxy-To-Come",
            )
        ),
        (LOCAL, {"X-Prometheus-Scrape-Timeout-Seconds": "10", "User-Agent": "Prometheus/3.0"}, "", 200),
        (LOCAL, {"Host": NAME}, "", 404),
        (LOCAL, {}, TOKEN, 401),
        (LOCAL, {"Authorization": f"Bearer {TOKEN}x"}, TOKEN, 401),
        (LOCAL, {"Authorization": "Bearer "}, TOKEN, 401),
        ({"client": ("203.0.113.7", 1)}, {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "203.0.113.7"}, TOKEN, 200),
        ({"client": ("203.0.113.7", 1)}, {"Authorization": "Bearer "}, "", 404),
    ],
)
def test_metrics_are_for_this_machine_or_for_whoever_has_the_token(
    how: dict[str, Any], headers: dict[str, str], token: str, status: int
) -> None:
    watch: Any = _Red()
    client = TestClient(Starlette(routes=health.routes(watch, token)), headers=headers, **how)
    assert client.get("/metrics").status_code == status
    seen = client.get("/healthz")
    assert (seen.status_code, seen.json()["ok"]) == (503, False)
    assert ("causes" in seen.json()) is (status == 200), "strangers see red or green, and no more"


@pytest.mark.parametrize(
    ("settings", "local"),
    [
        ({}, True),
        ({"web_base_url": "http://127.0.0.1:9000"}, True),
        ({"web_base_url": "http://localhost:9000"}, True),
        ({"web_base_url": "http://[::1]:9000"}, True),
        ({"web_base_url": f"https://{NAME}"}, False),
        ({"web_base_url": "http://192.168.1.7:8080"}, False),
    ],
)
def test_behind_a_proxy_the_token_is_the_only_way_to_the_metrics(settings: dict[str, str], local: bool) -> None:
    """One that forwards bytes alone leaves no trace of itself, and its client says any Host."""
    watch: Any = _Red()
    known = is_local(load_settings(**settings))
    assert known is local
    client = TestClient(Starlette(routes=health.routes(watch, local=known)), **LOCAL)
    assert (client.get("/metrics").status_code, "causes" in client.get("/healthz").json()) == (200 if local else 404, local)
    token = {"Authorization": f"Bearer {TOKEN}"}
    client = TestClient(Starlette(routes=health.routes(watch, TOKEN, local=known)), headers=token, **LOCAL)
    assert client.get("/metrics").status_code == 200


def test_what_nginx_forwards_as_it_comes_is_not_this_machine() -> None:
    scope = {"type": "http", "method": "GET", "path": "/metrics", "query_string": b"", "client": ("127.0.0.1", 1)}
    watch: Any = _Red()
    app = Starlette(routes=health.routes(watch))
    for version, status in (("1.0", 404), ("1.1", 200)):
        answers: list[Any] = []

        async def answer(message: Any, to: list[Any] = answers) -> None:
            to.append(message)

        headers = [(b"host", b"127.0.0.1:8080")]
        asyncio.run(app({**scope, "http_version": version, "headers": headers}, _nothing, answer))
        assert answers[0]["status"] == status


async def _nothing() -> Any:
    return {"type": "http.request"}
