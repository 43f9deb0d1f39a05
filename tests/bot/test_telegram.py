"""The Telegram platform over real HTTP, against the loopback Bot API server."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from telegram.error import RetryAfter

from bot.delivery.intake import Intake
from bot.delivery.sender import MAX_ATTEMPTS, Sender
from bot.delivery.strangers import ENOUGH, NO_FILES, Share
from bot.errors import CannotStart
from bot.platforms.base import Away, Blocked, Busy, Refused, SendError, Unsure
from bot.platforms.telegram.form import MAX_TEXT, fits, seconds_of, split
from bot.platforms.telegram.platform import LARGEST_UPDATE, TelegramOptions, TelegramPlatform
from bot.web.server import serve
from storage.database.base import new_id
from storage.database.connection import Database
from storage.database.sealing import Unsealed, Vault
from storage.database.transaction import transaction
from storage.files.media import MediaStore, media
from storage.mail import outbox
from storage.mail.chats import chats
from storage.mail.downloads import downloads
from storage.mail.inbox import inbox
from storage.mail.messages import Button, Incoming, Outgoing
from storage.mail.outbox import Letter
from storage.store import Store
from tests.support.botapi import TOKEN, BotApi
from tests.support.botapi.values import Raw
from tests.support.town import START, VAULT

pytestmark = pytest.mark.sqlite_only

CADRE, OTHER, GROUP = 42, 43, -100500
CHOICE = ((Button(label="住房", says="t:q:1"), Button(label="饮水", says="t:q:2")), (Button(label="取消", says="t:q:~"),))
_ids = itertools.count(1)


class Api(BotApi):
    """Also takes voice messages, as the real server does. `hold_files` keeps downloads waiting until it is set."""

    hold_files: asyncio.Event | None = None

    def _api_sendvoice(self, params: dict[str, Any], uploads: dict[str, Any]) -> dict[str, Any]:
        voice = self._store(self._content(params, uploads, "voice").content, "voice.ogg") | {"duration": 3}
        return self._deliver(self._writable(params), "voice", "", params, voice=voice)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.methods["download"] = self._held_download

    async def _held_download(self, params: dict[str, Any], uploads: dict[str, Any]) -> bytes:
        if self.hold_files is not None:
            await self.hold_files.wait()
        return self._api_download(params, uploads)

    def _confirm(self, offset: int) -> None:
        super()._confirm(offset)
        self.changed()

    def update(self, kind: str, body: dict[str, Any]) -> None:
        """Any update as the server would make it."""
        self._enqueue(kind, body)


class Phone:
    """Collects what the platform puts; `fails` is what the next puts raise instead."""

    def __init__(self) -> None:
        self.got: list[Incoming] = []
        self.fails: list[Exception] = []
        self._came = asyncio.Event()

    async def put(self, messages: Sequence[Incoming]) -> None:
        if self.fails:
            raise self.fails.pop()
        self.got += messages
        self._came.set()

    async def next(self, count: int = 1) -> list[Incoming]:
        """The messages so far, once there are `count`."""
        async with asyncio.timeout(5):
            while len(self.got) < count:
                self._came.clear()
                await self._came.wait()
        return self.got

    async def one(self) -> Incoming:
        [message] = await self.next()
        return message


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with Api() as api:
        yield api


@pytest.fixture
async def platform(api: Api, database: Database, tmp_path: Path) -> AsyncIterator[TelegramPlatform]:
    platform = made(api, database, tmp_path)
    await platform.start()
    yield platform
    await platform.stop()


@pytest.fixture
async def phone(platform: TelegramPlatform) -> AsyncIterator[Phone]:
    """The platform at work, and what it brings in."""
    phone = Phone()
    async with receiving(platform, phone):
        yield phone


@pytest.fixture
async def known(database: Database) -> None:
    """The two whose phones these are have joined."""
    async with transaction(database, START) as tx, tx.session("test", "known") as session:
        store = Store(session)
        for chat in (CADRE, OTHER):
            row = {"address": f"telegram:{chat}", "platform": "telegram", "last_seen": START}
            await session.change(chats.insert(), row)
            await store.chats.bind(f"telegram:{chat}", store.people.add(f"某{chat}"))


def made(api: Api, database: Database, folder: Path, **options: Any) -> TelegramPlatform:
    usual = {"base_url": api.address, "rate": 0, "pause": 0.001, "max_upload": 1024 * 1024}
    media = MediaStore(folder / "media", VAULT)
    return TelegramPlatform(TelegramOptions(TOKEN, **{**usual, **options}), media, database, lambda: START)


@contextlib.asynccontextmanager
async def receiving(platform: TelegramPlatform, phone: Phone) -> AsyncIterator[None]:
    task = asyncio.create_task(platform.receive(phone.put))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def letter(to: int = CADRE, **message: Any) -> Letter:
    return Letter(id=next(_ids), address=f"telegram:{to}", attempts=1, must_arrive=False, message=Outgoing(**message))


def picture(size: int = 40) -> bytes:
    kept = io.BytesIO()
    Image.effect_noise((size, size), 80).save(kept, "PNG")
    return kept.getvalue()


# What comes in


async def test_a_text_comes_with_its_chat_and_its_sender(api: Api, phone: Phone) -> None:
    api.name_user(CADRE, "李", "村")
    api.say(CADRE, "东边房子漏雨")
    message = await phone.one()
    assert (message.address, message.text, message.private) == (f"telegram:{CADRE}", "东边房子漏雨", True)


async def test_the_token_of_a_deep_link_comes_as_start(api: Api, phone: Phone) -> None:
    api.say(CADRE, "/start abc-DEF_1")
    assert (await phone.one()).text == "/start abc-DEF_1"


async def test_a_pressed_button_comes_with_its_message_and_is_answered(
    api: Api, platform: TelegramPlatform, phone: Phone
) -> None:
    reference = await sent(api, platform, letter(text="哪方面？", buttons=CHOICE))
    query = api.press(CADRE, int(reference), "饮水")
    message = await phone.one()
    assert (message.choice, message.pressed, message.text) == ("t:q:2", reference, None)
    await api.wait_until(lambda: query in api.answers)


async def test_a_press_too_old_to_be_answered_still_counts(api: Api, platform: TelegramPlatform, phone: Phone) -> None:
    reference = await sent(api, platform, letter(text="哪方面？", buttons=CHOICE))
    api.press(CADRE, int(reference), "饮水")
    api.expire_queries()
    assert (await phone.one()).choice == "t:q:2"


async def test_a_place_and_the_own_number_come_as_such(api: Api, phone: Phone) -> None:
    api.share_location(CADRE, 45.6, 122.8)
    api.share_contact(CADRE, "13812345678")
    api.share_contact(CADRE, "13900000000", owner_id=OTHER)
    place, own, other = await phone.next(3)
    assert place.place is not None
    assert (place.place.latitude, place.place.longitude) == (45.6, 122.8)
    assert own.contact_phone == "13812345678"
    assert (other.contact_phone, other.text) == (None, "13900000000")


@pytest.mark.usefixtures("known")
async def test_a_photo_is_kept_before_it_comes(api: Api, phone: Phone, database: Database, tmp_path: Path) -> None:
    api.send_photo(CADRE, picture(), "东墙裂缝")
    message = await phone.one()
    [file] = message.files
    assert (file.kind, message.text, message.trouble) == ("photo", "东墙裂缝", None)
    with Image.open(io.BytesIO(MediaStore(tmp_path / "media", VAULT).read(file.sha256))) as kept:
        assert kept.size == (40, 40)
    async with database.read() as conn:
        assert (await conn.execute(sa.select(media.c.content_type))).scalars().all() == ["image/jpeg"]


async def test_a_strangers_file_stays_where_it_is(api: Api, phone: Phone, tmp_path: Path) -> None:
    api.send_photo(CADRE, picture(), "/start token")
    message = await phone.one()
    assert (message.text, message.files, message.trouble) == ("/start token", (), NO_FILES)
    assert not api.calls_of("getfile")
    assert not list((tmp_path / "media").rglob("*"))


async def test_a_stranger_who_has_said_enough_hears_so_once(api: Api, platform: TelegramPlatform, phone: Phone) -> None:
    platform._strangers.chat = Share(2, 1000)
    for place in range(5):
        api.say(CADRE, f"第{place}句")
        await api.wait_until(lambda: api.pending() == 0)
    api.say(OTHER, "我也来")
    got = await phone.next(4)
    assert [(one.text, one.trouble) for one in got] == [
        ("第0句", None), ("第1句", None), (None, ENOUGH), ("我也来", None)
    ]  # fmt: skip


@pytest.mark.usefixtures("known")
async def test_what_is_no_photo_or_too_large_comes_with_words_about_it(api: Api, phone: Phone) -> None:
    api.send_document(CADRE, b"\x7fELF", "方案.pdf", "application/pdf")
    api.send_document(CADRE, bytes(2 * 1024 * 1024), "大.xlsx")
    api.update(
        "message",
        {
            "message_id": 9, "date": 1, "chat": {"id": CADRE, "type": "private"}, "from": api._user(CADRE),
            "sticker": {
                "file_id": "s", "file_unique_id": "s", "width": 1, "height": 1, "is_animated": False,
                "is_video": False, "type": "regular",
            },
        },
    )  # fmt: skip
    program, large, sticker = sorted(await phone.next(3), key=lambda message: message.key)
    assert program.trouble == "这种文件收不了。请发照片、语音、.xlsx 表格，或 Word、PDF 文件。"
    assert large.trouble == "文件太大，最大 1 MB。请换一个小一点的再发。"
    assert sticker.trouble == "这种消息我看不了。请发文字、照片、语音或定位。"


@pytest.mark.usefixtures("known")
async def test_a_file_is_fetched_again_after_a_failure_and_given_up_with_words(api: Api, phone: Phone) -> None:
    api.set_faults(error=1.0, methods=["getfile"])
    api.send_photo(CADRE, picture(), "东墙裂缝")
    message = await phone.one()
    assert (message.text, message.files, message.trouble) == ("东墙裂缝", (), "文件没有传过来，请再发一次。")
    assert len(api.calls_of("getfile")) == 3


@pytest.mark.usefixtures("known")
async def test_a_slow_file_holds_up_only_its_own_chat_and_keeps_the_order_there(api: Api, phone: Phone) -> None:
    api.hold_files = asyncio.Event()
    api.send_photo(CADRE, picture())
    api.say(CADRE, "就这一张")
    api.say(OTHER, "我没照片")
    assert [message.text for message in await phone.next(1)] == ["我没照片"]
    api.say(OTHER, "再说一句")
    assert [message.text for message in await phone.next(2)] == ["我没照片", "再说一句"]
    api.hold_files.set()
    photo, text = (await phone.next(4))[2:]
    assert (len(photo.files), text.text) == (1, "就这一张")
    await api.wait_until(lambda: api.pending() == 0)
    assert len(phone.got) == 4


@pytest.mark.usefixtures("known")
async def test_a_slow_file_is_confirmed_and_keeps_nobodys_updates_at_the_server(api: Api, phone: Phone) -> None:
    """The server offers a hundred updates at a time until the first of them is confirmed."""
    api.hold_files = asyncio.Event()
    api.send_photo(CADRE, picture(), "半个字\udc00")
    api.say_many([(OTHER, str(number)) for number in range(150)])
    assert [message.text for message in await phone.next(150)] == [str(number) for number in range(150)]
    await api.wait_until(lambda: api.pending() == 0)
    api.hold_files.set()
    photo = (await phone.next(151))[150]
    assert (photo.text, len(photo.files)) == ("半个字", 1)


@pytest.mark.usefixtures("known")
async def test_an_update_that_cannot_be_kept_is_passed_over_alone(
    api: Api, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seal(vault: Vault, text: str | None) -> Unsealed | None:
        if text and "poison" in text:
            raise ValueError("no value")
        return real(vault, text)

    real = Vault.seal_text
    monkeypatch.setattr(Vault, "seal_text", seal)
    api.send_photo(CADRE, picture(), "poison")
    api.send_photo(OTHER, picture(), "东墙裂缝")
    assert [message.text for message in await phone.next(1)] == ["东墙裂缝"]
    await api.wait_until(lambda: api.pending() == 0)


@pytest.mark.usefixtures("known")
async def test_a_file_under_way_is_fetched_after_a_restart(api: Api, database: Database, tmp_path: Path) -> None:
    api.hold_files = asyncio.Event()
    first, second = made(api, database, tmp_path), made(api, database, tmp_path)
    async with receiving(first, Phone()):
        api.send_photo(CADRE, picture(), "东墙裂缝")
        api.say(CADRE, "就这一张")
        await api.wait_until(lambda: api.pending() == 0)
    await first.stop()
    api.hold_files.set()
    phone = Phone()
    async with receiving(second, phone):
        photo, text = await phone.next(2)
        assert (photo.text, len(photo.files), text.text) == ("东墙裂缝", 1, "就这一张")
        await until_none_waits(database)
    await second.stop()


@pytest.mark.usefixtures("known")
async def test_a_kept_update_that_cannot_be_read_is_told_and_gone(
    api: Api, platform: TelegramPlatform, database: Database
) -> None:
    for number, value in enumerate((b"damaged", VAULT.seal_text("[]"), VAULT.seal_text('{"update_id": 7}'))):
        key = f"telegram:{TOKEN.partition(':')[0]}:{number}"
        row = {"id": new_id(), "key": key, "address": f"telegram:{CADRE}", "update": value, "kept_at": START}
        async with database.write() as conn:
            await conn.execute(downloads.insert(), VAULT.bind(downloads, row, row))
    phone = Phone()
    async with receiving(platform, phone):
        assert [message.trouble for message in await phone.next(3)] == ["文件没有传过来，请再发一次。"] * 3
        await until_none_waits(database)


@pytest.mark.usefixtures("known")
async def test_a_file_under_way_of_somebody_forgotten_or_signed_out_is_not_stored(
    api: Api, platform: TelegramPlatform, database: Database
) -> None:
    phone, api.hold_files = Phone(), asyncio.Event()
    async with receiving(platform, phone):
        for chat in (CADRE, OTHER):
            api.send_photo(chat, picture(), "东墙裂缝")
        await api.wait_until(lambda: api.pending() == 0)
        async with database.write() as conn:
            await conn.execute(downloads.delete().where(downloads.c.address == f"telegram:{CADRE}"))
            await conn.execute(chats.update().where(chats.c.address == f"telegram:{OTHER}").values(person_id=None))
        api.hold_files.set()
        [message] = await phone.next(1)
        assert (message.address, message.files, message.trouble) == (f"telegram:{OTHER}", (), NO_FILES)
        api.say(CADRE, "还在")
        assert [one.text for one in await phone.next(2)] == ["东墙裂缝", "还在"]


async def until_none_waits(database: Database) -> None:
    async with asyncio.timeout(5):
        while True:
            async with database.read() as conn:
                if not (await conn.execute(sa.select(downloads))).all():
                    return
            await asyncio.sleep(0)


@pytest.mark.usefixtures("known")
async def test_a_file_whose_message_can_never_be_stored_is_given_up_and_its_chat_goes_on(
    api: Api, platform: TelegramPlatform, database: Database
) -> None:
    phone, broken = Phone(), True

    async def put(messages: Sequence[Incoming]) -> None:
        if broken and any(message.files or message.trouble for message in messages):
            raise ValueError("no row")
        await phone.put(messages)

    api.send_photo(CADRE, picture())
    api.say(CADRE, "还在吗")
    task = asyncio.create_task(platform.receive(put))
    assert [message.text for message in await phone.next(1)] == ["还在吗"]
    await until_none_waits(database)
    broken = False
    api.send_photo(CADRE, picture())
    assert len((await phone.next(2))[1].files) == 1
    task.cancel()
    await asyncio.wait([task])


async def test_what_could_not_be_stored_comes_again(api: Api, phone: Phone) -> None:
    phone.fails = [OSError("disk full")]
    api.say(CADRE, "一")
    api.say(CADRE, "二")
    assert [message.text for message in await phone.next(2)] == ["一", "二"]
    assert not phone.fails
    await api.wait_until(lambda: api.pending() == 0)


async def test_a_chat_that_cannot_be_stored_comes_again_and_holds_up_no_other(api: Api, platform: TelegramPlatform) -> None:
    phone, locked = Phone(), {f"telegram:{CADRE}"}

    async def put(messages: Sequence[Incoming]) -> None:
        if locked & {message.address for message in messages}:
            raise TimeoutError("somebody holds a lock on the chat")
        await phone.put(messages)

    for text in ("一", "二"):
        api.say(CADRE, text)
        api.say(OTHER, text)
    task = asyncio.create_task(platform.receive(put))
    assert [message.address for message in await phone.next(2)] == [f"telegram:{OTHER}"] * 2
    api.say(OTHER, "三")
    await phone.next(3)
    locked.clear()
    await phone.next(5)
    assert [message.text for message in phone.got if message.address == f"telegram:{CADRE}"] == ["一", "二"]
    await api.wait_until(lambda: api.pending() == 0)
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.usefixtures("known")
async def test_a_photo_that_could_not_be_stored_comes_again_before_what_followed_it(api: Api, phone: Phone) -> None:
    phone.fails = [OSError("disk full")]
    api.send_photo(CADRE, picture())
    api.say(CADRE, "就这一张")
    photo, text = await phone.next(2)
    assert (len(photo.files), text.text) == (1, "就这一张")
    await api.wait_until(lambda: api.pending() == 0)


async def test_an_update_is_confirmed_only_after_it_is_stored(api: Api, platform: TelegramPlatform, phone: Phone) -> None:
    first = api.say(CADRE, "一")
    await phone.one()
    await api.wait_until(lambda: api.pending() == 0)
    offsets = [call.params.get("offset") for call in api.calls_of("getupdates")]
    assert offsets == [None, first + 1]


@pytest.mark.usefixtures("known")
async def test_repeated_and_shuffled_updates_are_stored_once_and_in_order(
    api: Api, platform: TelegramPlatform, database: Database
) -> None:
    intake = Intake(database, lambda: START, lambda: None)
    api.set_faults(duplicate=0.5, shuffle=1.0, seed=3)
    phone = Phone()

    async def put(messages: Sequence[Incoming]) -> None:
        await intake.put(messages)
        await phone.put(messages)

    api.say_many([(CADRE, str(number)) for number in range(250)])
    task = asyncio.create_task(platform.receive(put))
    await api.wait_until(lambda: api.pending() == 0)
    task.cancel()
    await asyncio.wait([task])
    async with database.read() as conn:
        rows = await conn.execute(sa.select(inbox).order_by(inbox.c.id))
        texts = [Incoming.model_validate_json(VAULT.open_cell(inbox.c.payload, row)).text for row in rows]
    assert texts == [str(number) for number in range(250)]


async def test_an_update_nobody_can_read_is_passed_over(api: Api, phone: Phone) -> None:
    api.update("message", {"message_id": 1, "date": "gestern", "chat": {}})
    api.say(CADRE, "我还在")
    assert (await phone.one()).text == "我还在"
    await api.wait_until(lambda: api.pending() == 0)


async def test_being_cancelled_finishes_the_put_under_way(api: Api, platform: TelegramPlatform) -> None:
    began, goes_on = asyncio.Event(), asyncio.Event()
    stored: list[Incoming] = []

    async def put(messages: Sequence[Incoming]) -> None:
        began.set()
        await goes_on.wait()
        stored.extend(messages)

    task = asyncio.create_task(platform.receive(put))
    api.say(CADRE, "最后一句")
    await began.wait()
    task.cancel()
    goes_on.set()
    await asyncio.wait([task])
    assert [message.text for message in stored] == ["最后一句"]


async def test_a_group_is_heard_only_when_it_speaks_to_the_bot(api: Api, phone: Phone) -> None:
    api.say(CADRE, "今天开会", chat_id=GROUP)
    api.say(CADRE, "/report@other_bot", chat_id=GROUP)
    api.say(CADRE, "/report@Test_Bot", chat_id=GROUP)
    message = await phone.one()
    assert (message.private, message.text, message.address) == (False, "/report@Test_Bot", f"telegram:{GROUP}")


async def test_a_mention_or_a_reply_in_a_group_is_heard_and_its_photo_left_there(api: Api, phone: Phone) -> None:
    common = {"message_id": 1, "date": 1, "chat": api._chat(GROUP), "from": api._user(CADRE)}
    mention = {"text": "😀 @test_bot 在吗", "entities": [{"type": "mention", "offset": 3, "length": 9}]}
    answered = {"message_id": 2, "date": 1, "chat": api._chat(GROUP), "from": api.bot, "text": "…"}
    api.update("message", common | mention)
    api.update("message", common | {"photo": api._sizes(picture()), "reply_to_message": answered})
    mentioned, replied = await phone.next(2)
    assert (mentioned.private, replied.private, replied.files) == (False, False, ())
    assert not api.calls_of("getfile")


async def test_who_blocks_the_bot_is_not_written_to_until_they_come_back(api: Api, phone: Phone, database: Database) -> None:
    async with database.write() as conn:
        row = {"address": f"telegram:{CADRE}", "platform": "telegram", "last_seen": START}
        await conn.execute(chats.insert(), row)

    async def blocked(status: str) -> bool:
        api.update("my_chat_member", membership(api, status))
        await api.wait_until(lambda: api.pending() == 0)
        async with database.read() as conn:
            return (await conn.execute(sa.select(chats.c.blocked_at))).scalar_one() is not None

    assert await blocked("kicked")
    assert not await blocked("member")


def membership(api: Api, status: str) -> dict[str, Any]:
    member = {"user": api.bot, "status": "member"}
    changed = {"user": api.bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})
    return {
        "chat": api._chat(CADRE), "from": api._user(CADRE), "date": 1,
        "old_chat_member": member, "new_chat_member": changed,
    }  # fmt: skip


# The start


async def test_the_menu_and_the_name_are_known_after_the_start(api: Api, platform: TelegramPlatform, phone: Phone) -> None:
    api.say(CADRE, "好")
    await phone.one()
    assert platform.join_url == "https://t.me/test_bot?start={token}"
    menu = {command["command"]: command["description"] for command in api.commands}
    assert menu["report"]
    assert "start" not in menu


async def test_a_refused_token_stops_the_start_in_plain_words_without_the_token(
    api: Api, database: Database, tmp_path: Path
) -> None:
    platform = made(api, database, tmp_path)
    api.token = "1:changed"
    with pytest.raises(CannotStart, match="CUNBAO_TELEGRAM_TOKEN") as refused:
        await platform.start()
    assert TOKEN not in str(refused.value)
    await platform.stop()


async def until(condition: Callable[[], bool]) -> None:
    """Returns when it holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.01)


async def test_a_token_refused_at_run_time_is_asked_about_again_until_it_is_known(
    api: Api, platform: TelegramPlatform, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    """Phone page and reminders go on meanwhile: nothing is raised."""
    await api.wait_until(lambda: bool(api.calls_of("getupdates")))
    api.token = "1:changed"
    api.say(CADRE, "一")  # ends the poll under way
    await until(lambda: platform.standing.refused)
    with pytest.raises(Away):
        await platform.send(letter(text="好"))
    api.token = TOKEN
    api.say(CADRE, "二")
    assert [message.text for message in await phone.next(2)] == ["一", "二"]
    assert platform.standing.open
    assert len([record for record in caplog.records if "refuses us" in record.message]) == 1
    assert TOKEN not in caplog.text


async def write(database: Database, *texts: str) -> None:
    async with transaction(database, START) as tx, tx.session() as session:
        for text in texts:
            outbox.post(session, f"telegram:{CADRE}", Outgoing(text=text))


async def test_letters_lose_no_attempt_while_telegram_refuses_us_and_go_out_in_order_afterwards(
    api: Api, platform: TelegramPlatform, database: Database, known: None
) -> None:
    sender = Sender(database, [platform], lambda: START, "main")
    api.token = "1:changed"
    await write(database, "一", "二")
    await sender.drain()
    for _ in range(2 * MAX_ATTEMPTS):
        await sender.drain()
    await write(database, "三")
    api.token = TOKEN
    platform.standing.hear()
    sender = Sender(database, [platform], lambda: START + timedelta(minutes=5), "main")
    await sender.drain()
    assert [message.text for message in api.truth()] == ["一", "二", "三"]
    async with database.read() as conn:
        assert set((await conn.execute(sa.select(outbox.outbox.c.state))).scalars()) == {outbox.SENT}


async def test_letters_lose_no_attempt_while_telegram_wants_pauses(
    api: Api, platform: TelegramPlatform, database: Database, known: None
) -> None:
    now = START
    sender = Sender(database, [platform], lambda: now, "main")
    await write(database, "一", "二")
    api.set_faults(throttle=1.0, retry_after=600.0)
    for _ in range(2 * MAX_ATTEMPTS):
        await sender.drain()
        now += timedelta(minutes=10)
    api.set_faults()
    await sender.drain()
    assert [message.text for message in api.truth()] == ["一", "二"]


@pytest.mark.parametrize(("asked", "waits"), [(7, 7), (86_400, 3600), (-5, 1)])
def test_a_pause_that_makes_no_sense_silences_nobody_for_long(asked: int, waits: float) -> None:
    assert seconds_of(RetryAfter(timedelta(seconds=asked))) == waits


async def test_letters_go_out_as_soon_as_telegram_answers_again(api: Api, platform: TelegramPlatform, phone: Phone) -> None:
    """Nobody writes then, so that a long poll would end only half a minute later."""
    await api.wait_until(lambda: bool(api.calls_of("getupdates")))
    api.say(CADRE, "一")
    await phone.one()
    await api.wait_until(lambda: api.pending() == 0)
    platform.standing.miss("test")
    platform.standing.miss("test")
    assert not platform.standing.open
    for connection in list(api.connections):
        connection.abort()  # ends the poll under way
    await until(lambda: platform.standing.open)


async def test_a_call_that_telegram_does_not_know_is_the_letters_own_trouble(api: Api, platform: TelegramPlatform) -> None:
    """A server of one's own may lack a method; everybody else's letters still go out."""
    del api.methods["sendvoice"]
    kept = platform._messages._media.write(b"OggS voice")
    with pytest.raises(Busy) as busy:
        await platform.send(letter(file=kept))
    assert not isinstance(busy.value, Away)
    assert platform.standing.open


@pytest.mark.parametrize("fault", [{"bad_gateway": 1.0}, {"drop": 1.0}, {"error": 1.0}])
async def test_a_long_trouble_with_telegram_is_one_line_in_the_log(
    api: Api, platform: TelegramPlatform, phone: Phone, caplog: pytest.LogCaptureFixture, fault: dict[str, float]
) -> None:
    await api.wait_until(lambda: bool(api.calls_of("getupdates")))
    api.set_faults(**fault)
    api.say(CADRE, "一")  # ends the poll under way
    await api.wait_until(lambda: len(api.calls_of("getupdates")) > 6)
    with contextlib.suppress(SendError):
        await platform.send(letter(text="好"))
    await until(lambda: not platform.standing.open)
    api.set_faults()
    api.say(CADRE, "终于")
    assert [message.text for message in await phone.next(2)] == ["一", "终于"]
    assert platform.standing.open
    away, back = [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert "out of reach" in away.getMessage()
    assert "works again" in back.getMessage()
    assert not away.exc_info
    assert "<html" not in caplog.text


async def test_a_page_of_a_proxy_in_place_of_an_answer_is_no_traceback(
    api: Api, platform: TelegramPlatform, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    """A portal answers 200 with a page of its own to whatever is asked."""
    api.methods["getupdates"] = lambda _, __: b"<html>log in</html>"
    api.methods["sendmessage"] = lambda _, __: b"<html>log in</html>"
    api.say(CADRE, "一")  # ends the poll under way
    await until(lambda: not platform.standing.open)
    with pytest.raises(Unsure):
        await platform.send(letter(text="好"))
    assert "Traceback" not in caplog.text
    assert "<html" not in caplog.text


async def test_an_update_without_a_number_keeps_no_other_back(api: Api, platform: TelegramPlatform, phone: Phone) -> None:
    assert platform.standing.open
    await api.wait_until(lambda: bool(api.calls_of("getupdates")))
    asked, odd = api.methods["getupdates"], ['[null, 5, {}, {"update_id": "7"}, {"update_id": -5}]', '{"update_id": 7}', "null"]

    async def answer(params: Any, uploads: Any) -> Any:
        return Raw(odd.pop()) if odd else await asked(params, uploads)

    api.methods["getupdates"] = answer
    api.say(CADRE, "一")
    await api.wait_until(lambda: not odd)
    api.say(CADRE, "二")
    assert [message.text for message in await phone.next(2)] == ["一", "二"]


async def test_a_webhook_that_somebody_took_away_is_set_again(api: Api, database: Database, tmp_path: Path) -> None:
    platform = made(api, database, tmp_path, webhook_url="http://127.0.0.1:9/", webhook_secret="secret_1", look=0.001)
    async with receiving(platform, Phone()):
        await api.wait_until(lambda: bool(api.calls_of("getwebhookinfo")))
        async with aiohttp.ClientSession() as rival, rival.get(f"{api.base_url}{TOKEN}/deleteWebhook") as answer:
            assert answer.status == 200
        await api.wait_until(lambda: len(api.calls_of("setwebhook")) > 1)
    await platform.stop()


async def test_telegram_away_at_the_start_is_waited_for(api: Api, database: Database, tmp_path: Path) -> None:
    api.set_faults(drop=1.0)
    platform = made(api, database, tmp_path)
    await platform.start()
    assert platform.join_url == ""
    phone = Phone()
    async with receiving(platform, phone):
        await api.wait_until(lambda: len(api.calls_of("getme")) >= 3)
        api.set_faults()
        api.say(CADRE, "终于")
        assert (await phone.one()).text == "终于"
    await platform.stop()


async def test_a_second_program_on_the_same_token_is_named_in_the_log(
    api: Api, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    await api.wait_until(lambda: bool(api.calls_of("getupdates")))
    async with aiohttp.ClientSession() as rival, rival.get(f"{api.base_url}{TOKEN}/getUpdates") as answer:
        assert answer.status == 200
    api.say(CADRE, "还在")
    assert (await phone.one()).text == "还在"
    assert "another program uses this bot's token" in caplog.text


# The webhook


async def test_the_webhook_takes_only_what_telegram_signs_and_answers_when_it_is_stored(
    api: Api, database: Database, tmp_path: Path
) -> None:
    platform = made(api, database, tmp_path, webhook_url="http://127.0.0.1:9/", webhook_secret="secret_1")
    [route] = platform.webhook_routes()
    client = TestClient(Starlette(routes=[route]))
    person = {"id": CADRE, "is_bot": False, "first_name": "李"}
    chat = {"id": CADRE, "type": "private"}
    update = {"update_id": 7, "message": {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": "好"}}
    assert TOKEN not in route.path
    assert _post(client, route.path, update, "wrong") == 403
    assert _post(client, route.path, update, "secret_1") == 503  # nobody stores yet


async def test_telegram_brings_a_webhook_update_again_until_it_is_stored(api: Api, database: Database, tmp_path: Path) -> None:
    phone = Phone()
    phone.fails = [OSError("disk full")]
    listening, address = _port()
    platform = made(api, database, tmp_path, webhook_url=address, webhook_secret="secret_1")
    site = asyncio.create_task(
        serve(Starlette(routes=platform.webhook_routes()), "127.0.0.1", port=0, sock=listening, close_streams=lambda: None)
    )
    async with receiving(platform, phone):
        await api.wait_until(lambda: bool(api.calls_of("setwebhook")))
        api.say(CADRE, "好")
        assert (await phone.one()).text == "好"
        await api.wait_until(lambda: api.pending() == 0)
    assert not phone.fails
    site.cancel()
    await asyncio.wait([site])
    await platform.stop()


async def test_of_who_does_not_know_the_secret_nothing_is_read(api: Api, database: Database, tmp_path: Path) -> None:
    platform = made(api, database, tmp_path, webhook_url="http://127.0.0.1:9/", webhook_secret="secret_1")
    [route] = platform.webhook_routes()
    answers: list[Any] = []

    async def body() -> Any:
        pytest.fail("the body is asked for")

    async def send(answer: Any) -> None:
        answers.append(answer)

    for headers in ([], [(b"x-telegram-bot-api-secret-token", b"secret_2")]):
        scope = {"type": "http", "method": "POST", "path": route.path, "headers": headers, "query_string": b""}
        await Starlette(routes=[route])(scope, body, send)
    assert [answer["status"] for answer in answers if "status" in answer] == [403, 403]


async def test_a_call_that_is_no_update_is_refused_and_leaves_nothing(api: Api, database: Database, tmp_path: Path) -> None:
    phone = Phone()
    platform = made(api, database, tmp_path, webhook_url="http://127.0.0.1:9/", webhook_secret="secret_1")
    [route] = platform.webhook_routes()
    transport = httpx.ASGITransport(Starlette(routes=[route]))
    headers = {"X-Telegram-Bot-Api-Secret-Token": "secret_1"}
    wrong = [b"", b"no json", b"\xff\xfe", b"[]", b"7", b"[" * 100_000, b"{}", b'{"update_id": "7"}', b'{"update_id": -1}']
    async with (
        receiving(platform, phone),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client,
    ):
        await api.wait_until(lambda: bool(api.calls_of("setwebhook")))
        statuses = [(await client.post(route.path, content=content)).status_code for content in wrong]
        assert statuses == [400] * len(wrong)
        assert (await client.post(route.path, content=b'{"update_id": 7}' + b" " * LARGEST_UPDATE)).status_code == 413
        assert (await client.post(route.path, content=b'{"update_id": 7}')).status_code == 200, "of a kind we do not know"
    assert phone.got == []
    await platform.stop()


def _port() -> tuple[socket.socket, str]:
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


def _post(client: TestClient, path: str, update: dict[str, Any], secret: str) -> int:
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
    return int(client.post(path, content=json.dumps(update), headers=headers).status_code)


# What goes out


async def sent(api: Api, platform: TelegramPlatform, one: Letter) -> str:
    """Send a letter; returns the id of the message with which it arrived."""
    await platform.send(one)
    return str(api.truth()[-1].message_id)


async def test_a_message_carries_its_buttons_in_rows(api: Api, platform: TelegramPlatform) -> None:
    reference = await sent(api, platform, letter(text="哪方面？", buttons=CHOICE))
    [message] = api.truth()
    assert str(message.message_id) == reference
    assert message.reply_markup == {
        "inline_keyboard": [
            [{"text": "住房", "callback_data": "t:q:1"}, {"text": "饮水", "callback_data": "t:q:2"}],
            [{"text": "取消", "callback_data": "t:q:~"}],
        ]
    }


async def test_a_link_is_not_opened_for_a_preview(api: Api, platform: TelegramPlatform) -> None:
    await platform.send(letter(text="邀请：https://cunbao.example/join/abc"))
    [call] = api.calls_of("sendmessage")
    assert call.params["link_preview_options"] == {"is_disabled": True}


async def test_a_typed_link_is_marked_below_a_file_in_parts_and_in_edits_too(
    api: Api, platform: TelegramPlatform, tmp_path: Path
) -> None:
    kept = MediaStore(tmp_path / "media", VAULT).write(picture())
    reference = await sent(api, platform, letter(text="看 evil.com"))
    await platform.send(letter(text="又看 evil.com", edits=reference))
    await platform.send(letter(text="看 evil.com", file=kept))
    await platform.send(letter(text="长" * 4090 + "\n看 evil.com", links=("https://ours.example",)))
    calls = [api.calls_of(name)[-1].params for name in ("editmessagetext", "sendphoto", "sendmessage")]
    marks = [call.get("entities") or json.loads(call["caption_entities"]) for call in calls]
    assert marks == [[{"type": "code", "offset": at, "length": 8}] for at in (3, 2, 2)]
    assert "entities" not in api.calls_of("sendmessage")[-2].params


async def test_a_question_for_a_place_says_how_to_send_one(api: Api, platform: TelegramPlatform) -> None:
    await platform.send(letter(text="在哪儿？", wants="place", buttons=CHOICE))
    [message] = api.truth()
    assert message.text == "在哪儿？\n📎 里选「位置」，可以发定位。"
    assert len(message.buttons()) == 3


async def test_a_long_text_comes_in_parts_and_the_last_has_the_buttons(api: Api, platform: TelegramPlatform) -> None:
    lines = [f"{number} 白塔村户号一千零一" for number in range(500)]
    reference = await sent(api, platform, letter(text="\n".join(lines), buttons=CHOICE))
    parts = api.truth()
    assert "\n".join(part.text for part in parts).split("\n") == lines
    assert [bool(part.buttons()) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert reference == str(parts[-1].message_id)


async def test_a_long_text_goes_on_where_it_was_held_up(api: Api, platform: TelegramPlatform) -> None:
    long = letter(text="一" * 4000 + "\n" + "二" * 4000)
    api.on_message = lambda _: api.set_faults(throttle=1.0)
    with pytest.raises(Busy):
        await platform.send(long)
    api.on_message = None
    api.set_faults()
    await platform.send(long)
    assert [part.text[0] for part in api.truth()] == ["一", "二"]


async def test_files_go_as_what_they_are(api: Api, platform: TelegramPlatform, tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media", VAULT)
    photo, sheet, voice = (store.write(content) for content in (picture(), b"PK\x03\x04 sheet", b"OggS voice"))
    await platform.send(letter(text="东墙裂缝", file=photo, buttons=CHOICE))
    await platform.send(letter(text="台账", file=sheet, file_name="问题台账.xlsx"))
    await platform.send(letter(file=voice))
    await platform.send(letter(text="长" * 2000, file=photo, buttons=CHOICE))
    sent = api.truth()
    assert [(message.kind, len(message.text)) for message in sent] == [
        ("photo", 4), ("document", 2), ("voice", 0), ("photo", 0), ("text", 2000),
    ]  # fmt: skip
    assert [len(message.buttons()) for message in sent] == [3, 0, 0, 0, 3]
    assert api._files[sent[1].file_id or ""][0].endswith("问题台账.xlsx")


async def test_a_picture_with_a_name_is_a_file_to_print(api: Api, platform: TelegramPlatform, tmp_path: Path) -> None:
    """Telegram makes photos smaller."""
    kept = MediaStore(tmp_path / "media", VAULT).write(picture())
    await platform.send(letter(text="问题分布", file=kept))
    await platform.send(letter(text="问题分布，A3 纸横放打印。", file=kept, file_name="瓦房镇-问题分布-A3.png"))
    assert [message.kind for message in api.truth()] == ["photo", "document"]
    assert api._files[api.truth()[1].file_id or ""][0].endswith("瓦房镇-问题分布-A3.png")


async def test_a_swapped_photo_is_never_sent(api: Api, platform: TelegramPlatform, tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media", VAULT)
    photo, other = store.write(picture()), store.write(b"another's photo")
    store.path(photo).write_bytes(store.path(other).read_bytes())
    await platform.send(letter(text="东墙裂缝", file=photo))
    [message] = api.truth()
    assert message.kind == "text"
    assert message.text.startswith("东墙裂缝\n（附的文件被换过")


async def test_a_lost_file_is_refused(platform: TelegramPlatform) -> None:
    with pytest.raises(Refused):
        await platform.send(letter(file="0" * 64))


async def test_an_edit_retires_the_buttons(api: Api, platform: TelegramPlatform) -> None:
    reference = await sent(api, platform, letter(text="哪方面？", buttons=CHOICE))
    await platform.send(letter(edits=reference))
    [message] = api.truth()
    assert (message.text, message.buttons()) == ("哪方面？", [])
    await platform.send(letter(edits=reference, text="哪方面？\n✓ 饮水", buttons=CHOICE[1:]))
    assert (message.text, [button["text"] for button in message.buttons()]) == ("哪方面？\n✓ 饮水", ["取消"])


async def test_an_edit_that_changes_nothing_or_finds_nothing_is_done(api: Api, platform: TelegramPlatform) -> None:
    reference = await sent(api, platform, letter(text="好"))
    for message_id, text in ((reference, "好"), (reference, None), ("999", "好"), ("999", None)):
        await platform.send(letter(edits=message_id, text=text))


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ({"throttle": 1.0, "retry_after": 7.0}, Busy),
        ({"error": 1.0}, Unsure),
        ({"bad_gateway": 1.0}, Unsure),
        ({"drop": 1.0}, Unsure),
        ({"lose": 1.0}, Unsure),
        ({"hang": 1.0}, Unsure),
    ],
)
async def test_what_a_failed_send_means(
    api: Api, database: Database, tmp_path: Path, fault: dict[str, float], meaning: type[SendError]
) -> None:
    platform = made(api, database, tmp_path, answer_within=0.2)
    await platform.start()
    api.set_faults(**fault)
    with pytest.raises(meaning) as error:
        await platform.send(letter(text="好"))
    await platform.stop()
    if isinstance(error.value, Busy):
        assert error.value.seconds == 7
    assert TOKEN not in str(error.value)


async def test_the_limiter_leaves_waiting_for_telegram_to_the_sender(
    api: Api, database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    platform = made(api, database, tmp_path, rate=30)
    await platform.start()
    await platform.send(letter(text="好"))
    api.set_faults(throttle=1.0, retry_after=7.0)
    with pytest.raises(Busy):
        await platform.send(letter(text="好"))
    await platform.stop()
    assert len(api.truth()) == 1
    assert not caplog.records


async def test_a_server_that_cannot_be_reached_is_busy(api: Api, database: Database, tmp_path: Path) -> None:
    await api.stop()
    platform = made(api, database, tmp_path)
    await platform.start()
    with pytest.raises(Busy):
        await platform.send(letter(text="好"))
    await platform.stop()


async def test_who_is_gone_is_blocked_and_what_is_wrong_is_refused(api: Api, platform: TelegramPlatform) -> None:
    api.block(CADRE)
    api.known_only = True
    with pytest.raises(Blocked):
        await platform.send(letter(text="好"))
    with pytest.raises(Blocked):
        await platform.send(letter(OTHER, text="好"))
    api.known_only = False
    for wrong in ({"text": " "}, {"text": "好", "buttons": ((Button(label="", says="x" * 65),),)}, {"edits": "x"}):
        with pytest.raises(Refused):
            await platform.send(letter(OTHER, **wrong))


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(2, 40))
def test_parts_fit_and_lose_nothing_but_line_breaks_and_blanks(text: str, most: int) -> None:
    parts = split(text, most)
    assert all(fits(part, most) and part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_emoji_count_twice_as_telegram_counts_them() -> None:
    assert [len(part) for part in split("😀" * 3000)] == [MAX_TEXT // 2, 3000 - MAX_TEXT // 2]
