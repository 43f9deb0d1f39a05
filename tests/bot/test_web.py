"""The phone page over real HTTP: who gets in, what is kept, and that nothing is missed."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import shutil
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from PIL import Image
from starlette.requests import Request

from bot.delivery.strangers import Share
from bot.web import streams, uploads, visitors
from bot.web.rate_limiter import RateLimiter
from bot.web.sessions import PageSession, Sessions
from storage.database.base import to_ms
from storage.database.connection import Database
from storage.database.keys import Keys
from storage.database.sealing import Vault
from storage.database.transaction import transaction
from storage.database.troubles import open_troubles
from storage.mail import transcripts
from storage.mail.chats import Chats
from storage.mail.messages import Button, Outgoing, Place
from storage.mail.silence import pass_night
from storage.people.persons import People
from storage.store import Store
from tests.support import sounds
from tests.support.site import HEADERS, Phone, Site
from tests.support.town import START

pytestmark = pytest.mark.sqlite_only

GPS, ORIENTATION = 0x8825, 0x0112


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(database, tmp_path / "media").running() as running:
        yield running


def jpeg(size: tuple[int, int] = (60, 30), turned: bool = False) -> bytes:
    """A red picture; `turned` as a phone held upright takes it, with a place in it."""
    exif = Image.Exif()
    if turned:
        exif[ORIENTATION] = 6
        exif.get_ifd(GPS)[1] = "N"
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


async def test_a_link_opens_a_chat_that_says_the_token_by_itself(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url) as client:
        page = await client.get("/join/QINGCUN1")
        cookie = page.headers["set-cookie"]
        assert 'data-start="QINGCUN1"' in page.text
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert 'data-start=""' in (await client.get("/")).text
    assert await site.mail() == []


async def test_the_same_phone_keeps_its_chat_when_it_scans_again(site: Site) -> None:
    async with site.phone() as phone:
        before = await phone.address()
        await phone.client.get("/join/ANOTHER1")
        await phone.say("other-words", text="又来了")
        assert {mail.address for mail in await site.mail()} == {before}


@pytest.mark.parametrize("token", ["abc", "a" * 65, "x%20y%20z", "../../etc"])
async def test_a_broken_link_is_told(site: Site, token: str) -> None:
    async with httpx.AsyncClient(base_url=site.url) as client:
        page = await client.get(f"/join/{token}")
        assert page.status_code == 404
        assert "set-cookie" not in page.headers


async def test_a_stranger_is_told_how_to_come_in(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url, headers=HEADERS, follow_redirects=True) as client:
        assert "二维码" in (await client.get("/chat")).text
        for refused in (await client.get("/events"), await client.post("/say", json={})):
            assert refused.status_code == 401
            assert "二维码" in refused.json()["error"]


async def test_a_forged_or_old_cookie_is_nobody(site: Site) -> None:
    session = PageSession("web:somebody", 0)
    genuine = Sessions(site.database, site.clock).issue(session)
    forged = Sessions(Database("sqlite+aiosqlite://", Vault(Keys.of(bytes(32)))), site.clock).issue(session)
    async with httpx.AsyncClient(base_url=site.url, headers=HEADERS) as client:
        for token, status in ((genuine, 400), (forged, 401), (genuine[:-2] + "xx", 401), ("", 401)):
            answer = await client.post("/say", json={}, headers={"Cookie": f"cunbao={token}"})
            assert answer.status_code == status
        site.later(days=30)
        answer = await client.post("/say", json={}, headers={"Cookie": f"cunbao={genuine}"})
        assert answer.status_code == 401


async def signed_out(site: Site, address: str) -> None:
    async with transaction(site.database, site.now) as tx, tx.session("test", "out") as session:
        await Chats(session).sign_out(address)


async def test_a_phone_that_was_signed_out_is_told_and_starts_anew_with_the_next_code(site: Site) -> None:
    async with site.phone() as phone:
        before = await phone.address()
        await signed_out(site, before)
        refused = await phone.say("key-00002", text="还在吗")
        assert refused.status_code == 401
        assert "退出了" in refused.json()["error"]
        assert (await phone.client.get("/events")).status_code == 401
        assert "退出了" in (await phone.client.get("/")).text
        await phone.client.get("/join/ANOTHER1")
        await phone.say("key-00003", text="又来了")
        assert (await site.mail())[-1].address != before
        assert [line["text"] for line in await phone.read()] == ["又来了"], "nothing of what was said before"


async def test_an_open_page_shows_nothing_more_once_it_is_signed_out(site: Site) -> None:
    async with site.phone() as phone:
        address = await phone.address()
        async with phone.stream() as stream:
            assert [line["text"] async for line in stream.until_caught_up()] == ["你好"]
            await signed_out(site, address)
            await site.answer(address, Outgoing(text="张三家：医疗"))
            with pytest.raises(StopAsyncIteration):
                await stream.next()


async def test_a_stopped_phone_is_told_where_to_go_and_goes_on_when_it_is_given_back(site: Site) -> None:
    async with site.phone() as phone:
        address = await phone.address()
        async with transaction(site.database, site.now) as tx, tx.session("test", "stop") as session:
            person = People(session).add("何苗")
            await Chats(session).bind(address, person)
            await Chats(session).stop(address, person)
        assert "先停用了" in (await phone.say("key-00002", text="还在吗")).json()["error"]
        assert "先停用了" in (await phone.client.get("/")).text
        async with transaction(site.database, site.now) as tx, tx.session("test", "back") as session:
            await Chats(session).bind(address, person)
        assert (await phone.say("key-00003", text="回来了")).status_code == 200


async def test_thirty_days_of_silence_end_a_session_and_each_look_begins_them_anew(site: Site) -> None:
    async with site.phone() as phone:
        await owned(site, await phone.address())
        for _ in range(4):
            await nights(site, 30)
            await phone.read()  # only looked at, and the cookie stays as it was
        assert (await phone.say("key-00002", text="还在")).status_code == 200
        await nights(site, 31)
        assert (await phone.say("key-00003", text="还在吗")).status_code == 401


async def test_a_silent_browser_joins_as_the_same_chat_and_shows_nothing_of_before(site: Site) -> None:
    async with site.phone() as phone:
        address = await phone.address()
        await owned(site, address)
        await nights(site, 31)
        assert "扫" in (await phone.client.get("/")).text
        (await phone.client.get("/join/QINGCUN1")).raise_for_status()
        assert await phone.read() == [], "whoever holds the phone now has proved nothing yet"
        await phone.say("key-00002", text="回来了")
        assert (await site.mail())[-1].address == address


async def test_a_browser_that_was_signed_out_joins_as_a_new_chat(site: Site) -> None:
    async with site.phone() as phone:
        address = await phone.address()
        await owned(site, address)
        old = phone.client.cookies["cunbao"]
        await nights(site, 31)
        async with transaction(site.database, site.now) as tx, tx.session("test", "out") as session:
            await Chats(session).sign_out(address)
        (await phone.client.get("/join/QINGCUN1")).raise_for_status()
        assert (await phone.say("key-00002", text="新的")).status_code == 200
        assert (await site.mail())[-1].address != address
        phone.client.cookies.set("cunbao", old)
        assert (await phone.say("key-00003", text="旧的")).status_code == 401


async def test_a_clock_that_jumps_a_year_ahead_signs_nobody_out(site: Site) -> None:
    async with site.phone() as phone:
        await owned(site, await phone.address())
        site.later(days=366)
        await nights(site, 1)
        assert (await phone.say("key-00002", text="还在")).status_code == 200


async def owned(site: Site, address: str) -> None:
    async with transaction(site.database, site.now) as tx, tx.session("test", "own") as session:
        await Chats(session).bind(address, People(session).add("何苗"))


async def nights(site: Site, count: int) -> None:
    for _ in range(count):
        site.later(days=1)
        async with transaction(site.database, site.now) as tx, tx.session("test", "night") as session:
            await pass_night(session, "web")


async def test_a_cookie_from_before_there_were_numbers_still_counts(site: Site) -> None:
    old = URLSafeSerializer(site.database.vault.session_secret, salt="phone page").dumps(["web:somebody", to_ms(START)])
    async with httpx.AsyncClient(base_url=site.url, headers=HEADERS) as client:
        assert (await client.post("/say", json={}, headers={"Cookie": f"cunbao={old}"})).status_code == 400


async def test_a_post_of_another_site_is_refused(site: Site) -> None:
    async with site.phone() as phone:
        del phone.client.headers["X-Cunbao"]
        assert (await phone.say("some-words", text="你好")).status_code == 403
    assert await site.mail() == []


async def test_every_answer_forbids_scripts_of_others(site: Site) -> None:
    async with site.phone() as phone:
        for path in ("/", "/static/phone.js", "/nothing"):
            headers = (await phone.client.get(path)).headers
            assert "script-src 'self'" in headers["Content-Security-Policy"]
            assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"


async def test_words_buttons_and_places_arrive(site: Site) -> None:
    async with site.phone() as phone:
        await phone.say("key-00001", text="家里漏雨了")
        await phone.say("key-00002", choice="abc:1:yes", pressed="17")
        await phone.say("key-00003", place={"latitude": 45.25, "longitude": 124.75})
        words, button, place = await site.mail()
        assert (words.text, words.at) == ("家里漏雨了", START)
        assert (button.choice, button.pressed) == ("abc:1:yes", "17")
        assert place.place == Place(latitude=45.25, longitude=124.75)
        assert [line["text"] for line in await phone.read()] == ["家里漏雨了", "已发送定位"]


async def test_a_repeated_post_has_no_second_effect(site: Site) -> None:
    async with site.phone() as phone, site.phone() as other:
        for _ in range(3):
            assert (await phone.say("key-00001", text="家里漏雨了")).status_code == 200
        assert (await other.say("key-00001", text="我家也漏")).status_code == 200
        assert [mail.text for mail in await site.mail()] == ["家里漏雨了", "我家也漏"]
        assert [line["text"] for line in await phone.read()] == ["家里漏雨了"]


async def test_an_invitation_is_not_shown_in_the_chat(site: Site) -> None:
    async with site.phone() as phone:
        await phone.say("key-00001", text="/start QINGCUN1")
        assert (await site.mail())[0].text == "/start QINGCUN1"
        assert await phone.read() == []


@pytest.mark.parametrize(("age", "waited"), [(None, 0), (0, 0), (600.5, 600.5), (-9, 0), (1e300, 0)])
async def test_what_waited_in_the_phone_was_written_then(site: Site, age: float | None, waited: float) -> None:
    async with site.phone() as phone:
        before = site.web.clock()
        await phone.say("key-00001", text="明天请假", age=age)
        at = (await site.mail())[0].at
    assert abs((at - before).total_seconds() + waited) < 60


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"key": "short"}',
        b'{"key": "key-00001", "pressed": "x"}',
        b'{"key": "key-00001", "pressed": "9999999999999999999"}',
        b'{"key": "key-00001", "place": {"latitude": 91, "longitude": 0}}',
        b'{"key": "key-00001", "place": {"latitude": NaN, "longitude": 0}}',
        b'{"key": "key-00001", "text": "' + b"a" * 4001 + b'"}',
    ],
)
async def test_what_is_no_message_gets_a_sentence_and_leaves_nothing(site: Site, body: bytes) -> None:
    async with site.phone() as phone:
        answer = await phone.client.post("/say", content=body)
        assert answer.status_code == 400
        assert answer.json()["error"].endswith("。")
        huge = await phone.client.post("/say", content=b'{"key": "' + b"a" * 100_000)
        assert huge.status_code == 413
    assert await site.mail() == []


async def test_nothing_is_missed_while_the_phone_was_away(site: Site) -> None:
    async with site.phone() as phone:
        address = await phone.address()
        async with phone.stream() as stream:
            assert [line["text"] async for line in stream.until_caught_up()] == ["你好"]
            question = await site.answer(
                address, Outgoing(text="哪里漏？", buttons=((Button(label="房顶", says="t:q:roof"),),))
            )
            live = await stream.next()
        assert live is not None
        assert live["buttons"] == [[{"label": "房顶", "says": "t:q:roof", "look": ""}]]
        await site.answer(address, Outgoing(text="哪里漏？\n✓ 房顶", edits=question))
        await site.answer(address, Outgoing(text="记下了。"))
        missed = await phone.read(after=live["seq"])
        assert [(line["text"], line["edits"]) for line in missed] == [("哪里漏？\n✓ 房顶", int(question)), ("记下了。", None)]
        assert len(await phone.read()) == 4


async def test_a_phone_far_behind_gets_all_of_it_in_order(site: Site) -> None:
    async with site.phone() as phone:
        address = await phone.address()
        first = (await phone.read())[0]["seq"]
        async with site.database.write() as conn:
            for place in range(450):
                said = Outgoing(text=str(place))
                await transcripts.append(conn, site.database.vault, address, f"out:{place}", said, START, mine=False)
        assert [line["text"] for line in await phone.read(after=first)] == [str(n) for n in range(450)]


async def test_a_repeated_letter_is_shown_once(site: Site) -> None:
    async with site.phone() as phone:
        address = await phone.address()
        first = await site.answer(address, Outgoing(text="记下了。"), letter=7)
        assert await site.answer(address, Outgoing(text="记下了。"), letter=7) == first
        assert [line["text"] for line in await phone.read()] == ["你好", "记下了。"]


async def test_an_answer_never_stands_before_what_it_answers(site: Site) -> None:
    """The worker may answer as soon as a message is stored, which is before the page has noted it."""

    async def answer_at_once(address: str) -> None:
        await site.woken.wait()
        await site.answer(address, Outgoing(text="答"))

    async with site.phone() as phone:
        address = await phone.address()
        for turn in range(5):
            site.woken.clear()
            answering = asyncio.create_task(answer_at_once(address))
            await phone.say(f"question-{turn}", text="问")
            await answering
        assert [line["text"] for line in await phone.read()][1:] == ["问", "答"] * 5


async def test_a_photo_loses_its_place_and_stands_upright(site: Site) -> None:
    async with site.phone() as phone:
        assert (await phone.upload("photo-001", jpeg(turned=True))).status_code == 200
        [mail] = await site.mail()
        assert mail.files[0].kind == "photo"
        [line] = await phone.read()
        shown = await phone.client.get(line["file"]["url"])
        kept = Image.open(io.BytesIO(shown.content))
        assert kept.size == (30, 60)
        assert len(kept.getexif()) == 0
        assert shown.headers["Content-Type"] == "image/jpeg"


async def test_a_large_photo_is_made_smaller_and_sending_it_again_changes_nothing(site: Site) -> None:
    async with site.phone() as phone:
        for _ in range(2):
            assert (await phone.upload("photo-001", jpeg((4000, 1000)))).status_code == 200
        [line] = await phone.read()
        kept = Image.open(io.BytesIO((await phone.client.get(line["file"]["url"])).content))
        assert kept.size == (2000, 500)
    assert len(await site.mail()) == 1


def xlsx() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


async def test_a_ledger_is_kept_as_it_is(site: Site) -> None:
    async with site.phone() as phone:
        assert (await phone.upload("file-0001", xlsx(), "问题台账.xlsx")).status_code == 200
        [mail] = await site.mail()
        assert mail.files[0].kind == "document"
        assert site.web.media.read(mail.files[0].sha256) == xlsx()


async def test_a_recording_loses_its_place(site: Site) -> None:
    async with site.phone() as phone:
        assert (await phone.upload("file-0001", sounds.m4a(), "voice")).status_code == 200
        kept = site.web.media.read((await site.mail())[0].files[0].sha256)
        assert [secret for secret in sounds.SECRETS if secret.encode() in kept] == []
        refused = await phone.upload("file-0002", sounds.m4a()[:-500], "voice")
        assert (refused.status_code, "没有传全" in refused.json()["error"]) == (415, True)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"<p>This is a page and no picture.</p>", 415),
        (b"", 415),
        (b"\xff\xd8\xff\xe0 cut off", 415),
        (jpeg()[:-20][:200], 415),
        (b"\0\0\0\x18ftypheic", 415),
        (b"PK\x03\x04 no archive", 415),
        (b"x" * 250_000, 413),
        (b"x" * 2_000_000, 413),
    ],
)
async def test_what_is_no_photo_is_refused_kindly_whatever_its_name(site: Site, content: bytes, status: int) -> None:
    async with site.phone() as phone:
        answer = await phone.upload("photo-001", content)
        assert answer.status_code == status
        assert "请" in answer.json()["error"]
        assert (await phone.client.post("/photo", content=b"junk")).status_code == 400
        assert (await phone.upload("photo-002", jpeg())).status_code == 200
    assert len(await site.mail()) == 1


FILM = b"\0\0\0\x18ftypmp42" + b"\0" * 40 + b"hdlr\0\0\0\0\0\0\0\0vide"


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"PK\x03\x04 half", "台账.xlsx", "请用 Excel 或 WPS 另存为 .xlsx"),
        (b"", "台账.CSV", "请用 Excel 或 WPS 另存为 .xlsx"),
        (b"PK\x03\x04 half", "政策.docx", "请用 Word 或 WPS 另存为 .docx"),
        (jpeg()[:200], "屋顶.jpg", "照片打不开，可能没有传全"),
        (FILM, "屋顶.mp4", "视频收不了"),
        (b"MZ\x00", "程序.exe", "不是照片，也不是录音"),
    ],
)
async def test_a_refused_file_is_called_what_it_is(site: Site, content: bytes, name: str, told: str) -> None:
    async with site.phone() as phone:
        assert told in (await phone.upload("file-0001", content, name)).json()["error"]
    assert await site.mail() == []


async def test_a_picture_that_claims_to_be_enormous_is_refused() -> None:
    out = io.BytesIO()
    Image.new("1", (8000, 8000)).save(out, "PNG")
    with pytest.raises(uploads.Unknown):
        uploads.examine(out.getvalue())


async def test_a_photo_that_was_swapped_on_the_disk_is_not_shown(site: Site) -> None:
    async with site.phone() as phone:
        await phone.upload("photo-001", jpeg())
        url = (await phone.read())[0]["file"]["url"]
        store = site.web.media
        other = store.path(store.write(b"another's photo"))
        shutil.copy(other, store.path(url.rpartition("/")[2]))
        for _ in range(2):
            refused = await phone.client.get(url)
            assert (refused.status_code, "被换过" in refused.json()["error"]) == (410, True)
    async with site.database.read() as conn:
        assert len(await open_troubles(conn)) == 1, "the office is told once"


async def test_another_chats_photo_does_not_exist_here(site: Site) -> None:
    async with site.phone() as phone, site.phone() as other:
        await phone.upload("photo-001", jpeg())
        url = (await phone.read())[0]["file"]["url"]
        assert (await phone.client.get(url)).status_code == 200
        assert (await other.client.get(url)).status_code == 404
        assert (await phone.client.get("/media/" + "0" * 64)).status_code == 404
        other.client.cookies.clear()
        assert (await other.client.get(url)).status_code == 401


@pytest.fixture
async def open_site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    """A site on which nobody is known who is not."""
    async with Site(database, tmp_path / "media", strangers=True).running() as running:
        yield running


async def let_in(site: Site, phone: Phone) -> None:
    """Make the phone somebody's."""
    address = await phone.address()
    async with transaction(site.database, START) as tx, tx.session("test", "let in") as session:
        store = Store(session)
        await store.chats.bind(address, store.people.add("张三"))


async def test_a_stranger_sends_no_files_and_a_known_person_does(open_site: Site, tmp_path: Path) -> None:
    async with open_site.phone() as phone:
        refused = await phone.upload("photo-0001", jpeg())
        assert (refused.status_code, "先加入" in refused.json()["error"]) == (403, True)
        assert not list((tmp_path / "media").rglob("*"))
        await let_in(open_site, phone)
        assert (await phone.upload("photo-0001", jpeg())).status_code == 200


async def test_a_strangers_file_is_refused_before_it_is_read(open_site: Site) -> None:
    async with open_site.phone() as phone:
        host, _, port = open_site.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        cookies = "; ".join(f"{name}={value}" for name, value in phone.client.cookies.items())
        head = f"POST /photo HTTP/1.1\r\nHost: {host}\r\nX-Cunbao: 1\r\nCookie: {cookies}\r\nContent-Length: 9000000\r\n\r\n"
        writer.write(head.encode())  # and not a byte of the file
        answer = await reader.readuntil(b"\r\n")
        assert b"403" in answer
        writer.close()


async def test_a_strangers_second_stream_ends_the_first(open_site: Site) -> None:
    async with open_site.phone() as phone, phone.stream() as first:
        assert await first.next() is None
        async with phone.stream() as second:
            assert await second.next() is None
            assert [line async for line in first.to_its_end()] == []


async def test_one_stream_more_of_strangers_from_one_address_takes_the_place_of_the_oldest(
    open_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds streams open keeps nobody out; who is known makes no room."""
    monkeypatch.setattr(streams, "STREAMS", 1)
    async with open_site.phone() as phone, phone.stream() as first, open_site.phone() as other:
        assert await first.next() is None
        async with other.stream() as second:
            assert await second.next() is None
            assert [line async for line in first.to_its_end()] == []
            await let_in(open_site, phone)
            async with phone.stream() as known:
                assert await known.next() is not None
                await other.say("words-0001", text="在")
                assert await second.next() is not None


async def test_a_stranger_says_so_much_a_day_and_who_is_known_anything(open_site: Site) -> None:
    open_site.web.strangers.chat = Share(3, 1000)
    async with open_site.phone() as phone, open_site.phone() as other:
        for place in range(3):
            assert (await phone.say(f"words-000{place}", text="在吗")).status_code == 200
        refused = await phone.say("words-0004", text="在吗")
        assert (refused.status_code, "明天再来" in refused.json()["error"]) == (429, True)
        assert (await other.say("words-0001", text="长" * 400)).status_code == 429
        open_site.later(days=1)
        await let_in(open_site, phone)
        for place in range(5):
            assert (await phone.say(f"more-000{place}", text="在吗")).status_code == 200


async def test_strangers_behind_one_address_share_what_they_may_say_and_then_wait_their_turn(open_site: Site) -> None:
    """However much others there say: who is new waits a little, each time, and gets in."""
    open_site.web.strangers.source = Share(8, 1000)
    async with open_site.phone() as phone, open_site.phone() as other, open_site.phone() as new:
        for place in range(8):
            assert (await phone.say(f"words-{place:04}", text="在吗")).status_code == 200
        refused = await phone.say("words-0009", text="长" * 300)
        assert (refused.status_code, "200 字" in refused.json()["error"]) == (413, True)
        waits = []
        for place in range(12):
            for one in (phone, other):
                await one.say(f"flood-{place:04}", text="在吗")
            told = await new.say(f"steps-{place:04}", text="/start QINGCUN1")
            assert (told.status_code, "等一会儿" in told.json()["error"]) == (429, True)
            waits.append(int(told.headers["Retry-After"]))
            open_site.later(days=waits[-1] / 86400)
            for one in (phone, other):
                await one.say(f"flood-{place:04}", text="在吗")
            assert (await new.say(f"steps-{place:04}", text="/start QINGCUN1")).status_code == 200
        assert waits[0] <= 5
        assert waits == sorted(waits)
        assert waits[-1] <= 61


async def test_only_words_are_counted_and_a_padded_message_is_refused_by_itself(open_site: Site) -> None:
    open_site.web.strangers.source = Share(100, 100)
    async with open_site.phone() as phone, open_site.phone() as other:
        padded = json.dumps({"key": "padded-001", "text": "x"}) + " " * 19_000
        assert (await phone.client.post("/say", content=padded)).status_code == 400
        assert (await phone.say("words-0001", text="\x01" * 60)).status_code == 200
        assert (await other.say("words-0001", text="在吗")).status_code == 200


@pytest.mark.parametrize(
    ("client", "source"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8::1:2:3:4", "2001:db8::/64"), ("::ffff:203.0.113.7", "::ffff:203.0.113.7")],
)
def test_one_subscriber_is_one_source(client: str, source: str) -> None:
    assert visitors.source(Request({"type": "http", "client": (client, 1)})) == source


async def test_who_sends_too_fast_is_asked_to_wait(site: Site) -> None:
    async with site.phone() as phone, site.phone() as other:
        for _ in range(60):
            refused = await phone.say("same-key-1", text="快")
            if refused.is_error:
                break
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert "稍等" in refused.json()["error"]
        assert (await other.say("same-key-1", text="慢")).status_code == 200


@given(st.lists(st.floats(0, 10), max_size=60))
def test_pace_lets_through_the_burst_and_the_rate_and_no_more(pauses: list[float]) -> None:
    now = 0.0
    pace = RateLimiter(burst=5, per_second=0.5, now=lambda: now)
    through = 0
    for pause in pauses:
        now += pause
        wait = pace.wait("one")
        through += wait == 0
        assert 0 <= wait <= 2
    assert through <= 5 + now * 0.5 + 1e-6
    now += 10
    assert pace.wait("one") == 0


async def test_the_bot_that_is_not_ready_asks_to_send_again(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path / "media")
    async with site.running(receiving=False), site.phone() as phone:
        answer = await phone.say("key-00001", text="你好")
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers


async def test_stopping_ends_open_streams(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path / "media")
    async with contextlib.AsyncExitStack() as running:
        await running.enter_async_context(site.running())
        async with site.phone() as phone, phone.stream() as stream:
            assert await stream.next() is None
            await running.aclose()
            with pytest.raises(StopAsyncIteration):
                await stream.next()


async def test_three_phones_of_a_demo_share_one_browser(database: Database, tmp_path: Path) -> None:
    demo = {"农户": "web:demo-1", "村干部": "web:demo-2", "镇村办": "web:demo-3"}
    site = Site(database, tmp_path / "media", demo)
    async with site.running(), httpx.AsyncClient(base_url=site.url, headers=HEADERS, follow_redirects=True) as client:
        page = (await client.get("/")).text
        assert page.count("<iframe") == 3
        assert "计划日期已移到今天。" in page
        for number, address in enumerate(demo.values(), 1):
            phone = (await client.get(f"/demo/phone/{number}")).text
            assert f'data-phone="{number}"' in phone
            said = {"key": "key-00001", "text": "你好"}
            assert (await client.post("/say", params={"phone": number}, json=said)).status_code == 200
            assert (await site.mail())[-1].address == address
        assert (await client.get("/demo/phone/4")).status_code == 404


async def test_a_link_never_carries_a_session(site: Site) -> None:
    token = Sessions(site.database, site.clock).issue(PageSession("web:somebody", 0))
    async with httpx.AsyncClient(base_url=site.url, headers=HEADERS) as client:
        for name in ("session", "phone", "cunbao"):
            assert (await client.get("/events", params={name: token})).status_code == 401
        assert (await client.get("/events", headers={"X-Session": token})).status_code == 401
        assert (await client.get("/demo")).status_code == 404


@pytest.mark.parametrize("number", ["4", "0", "9" * 30, "٣", "-1", "x"])
async def test_a_phone_that_a_demo_has_not_is_nobody(database: Database, tmp_path: Path, number: str) -> None:
    site = Site(database, tmp_path / "media", {"农户": "web:demo-1"})
    async with site.running(), httpx.AsyncClient(base_url=site.url, headers=HEADERS) as client:
        assert (await client.post("/say", params={"phone": number}, json={})).status_code == 401


async def test_a_transcript_is_erased_with_age(site: Site) -> None:
    async with site.phone() as phone:
        await phone.address()
        site.later(days=20)
        await phone.say("key-00002", text="还在")
        async with site.database.write() as conn:
            assert await transcripts.purge(conn, START + timedelta(days=1)) == 1
        assert [line["text"] for line in await phone.read()] == ["还在"]


async def test_the_transcript_is_sealed_on_disk(site: Site) -> None:
    async with site.phone() as phone:
        await phone.say("key-00001", text="身份证号保密")
        async with site.database.read() as conn:
            rows = await conn.execute(transcripts.web_messages.select())
            assert all("保密".encode() not in row.payload for row in rows)
