"""The transport under a real `telegram.Bot`, against the loopback Bot API server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from bot.platforms.telegram.request import AiohttpRequest, NotSentError, NotSentTimedOutError
from tests.support.botapi import TOKEN, BotApi

CADRE = 42


@pytest.fixture(autouse=True)
def retry_after_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """PTB warns of the integer it gives otherwise."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as api:
        yield api


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    async with bot_for(api) as bot:
        yield bot


def bot_for(api: BotApi, **options: Any) -> Bot:
    request, updates = AiohttpRequest(**options), AiohttpRequest(**options)
    return Bot(TOKEN, api.base_url, api.base_file_url, request=request, get_updates_request=updates)


async def test_a_message_with_buttons_arrives_as_written(api: BotApi, bot: Bot) -> None:
    button = InlineKeyboardButton("对 & 错=?", callback_data="a&b=c")
    sent = await bot.send_message(CADRE, "白塔村 张三\n“漏雨” 😀 100% +1", reply_markup=InlineKeyboardMarkup([[button]]))
    [message] = api.truth()
    assert message.text == sent.text == "白塔村 张三\n“漏雨” 😀 100% +1"
    assert message.buttons() == [{"text": "对 & 错=?", "callback_data": "a&b=c"}]


async def test_a_photo_is_uploaded_with_its_caption_and_comes_back_unchanged(api: BotApi, bot: Bot) -> None:
    content = bytes(range(256)) * 1000 + b"\r\n--"
    sent = await bot.send_photo(CADRE, content, caption="东墙裂缝")
    assert sent.caption == "东墙裂缝"
    file = await bot.get_file(sent.photo[-1].file_id)
    assert await file.download_as_bytearray() == content


async def test_a_document_keeps_its_name(api: BotApi, bot: Bot) -> None:
    sent = await bot.send_document(CADRE, b"1,2", filename="问题台账.csv")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.mime_type) == ("问题台账.csv", "text/csv")


async def test_updates_are_polled(api: BotApi, bot: Bot) -> None:
    api.say(CADRE, "你好")
    [update] = await bot.get_updates(timeout=1)
    assert update.message is not None
    assert update.message.text == "你好"


@pytest.mark.parametrize(
    ("fault", "error"),
    [("throttle", RetryAfter), ("error", NetworkError), ("bad_gateway", NetworkError), ("drop", NetworkError)],
)
async def test_a_server_fault_is_told_as_ptb_tells_it(api: BotApi, bot: Bot, fault: str, error: type[Exception]) -> None:
    api.set_faults(**{fault: 1.0})
    with pytest.raises(error) as caught:
        await bot.send_message(CADRE, "好")
    assert not isinstance(caught.value, NotSentError)
    assert api.truth() == []


async def test_refusals_of_the_server_keep_their_kind(api: BotApi, bot: Bot) -> None:
    with pytest.raises(BadRequest, match=r"(?i)message text is empty"):
        await bot.send_message(CADRE, " ")
    api.block(CADRE)
    with pytest.raises(Forbidden, match=r"(?i)bot was blocked by the user"):
        await bot.send_message(CADRE, "好")
    stranger = Bot("7:wrong", api.base_url, request=AiohttpRequest(), get_updates_request=AiohttpRequest())
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()


async def test_no_answer_in_time_is_timed_out_with_unknown_outcome(api: BotApi, bot: Bot) -> None:
    api.set_faults(hang=1.0)
    with pytest.raises(TimedOut) as caught:
        await bot.send_message(CADRE, "好", read_timeout=0.05)
    assert not isinstance(caught.value, NotSentError)
    assert [message.answered for message in api.truth()] == [False]


async def test_a_stalled_upload_is_timed_out() -> None:
    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone.append(writer)

    gone: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(deaf, "127.0.0.1", 0, limit=1024)
    port = server.sockets[0].getsockname()[1]
    request = AiohttpRequest(connect_timeout=0.1, read_timeout=0.1, media_write_timeout=0.1)
    bot = Bot(TOKEN, f"http://127.0.0.1:{port}/bot", request=request)
    async with request:
        with pytest.raises(TimedOut):
            await bot.send_photo(CADRE, b"\0" * 20_000_000)
    for writer in gone:
        writer.transport.abort()
    server.close()
    await server.wait_closed()


async def test_a_refused_connection_is_certainly_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    async with AiohttpRequest() as request:
        with pytest.raises(NotSentError) as caught:
            await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe")
    assert isinstance(caught.value, NetworkError)
    assert TOKEN not in str(caught.value)


async def test_a_full_pool_is_certainly_not_sent(api: BotApi) -> None:
    async with bot_for(api, connection_pool_size=1, pool_timeout=0.01) as bot:
        api.set_faults(hang=1.0, methods=["sendmessage"])
        first = asyncio.create_task(bot.send_message(CADRE, "一", read_timeout=None))
        await api.wait_sent(1)
        with pytest.raises(NotSentTimedOutError) as caught:
            await bot.send_message(CADRE, "二")
        assert isinstance(caught.value, TimedOut)
        first.cancel()
        await asyncio.wait([first])
        await bot.send_chat_action(CADRE, "typing")  # the cancelled call gave its place back
    assert [message.text for message in api.truth()] == ["一"]


async def test_calls_share_connections(api: BotApi, bot: Bot) -> None:
    for number in range(20):
        await bot.send_message(CADRE, str(number))
    assert len(api.connections) == 1
    await asyncio.gather(*(bot.send_message(CADRE + n, "好") for n in range(50)))
    assert len(api.truth()) == 70


async def test_a_proxy_carries_the_calls() -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{"ok":true,"result":true}')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with AiohttpRequest(proxy=f"http://127.0.0.1:{port}") as request:
        assert await request.post("http://127.0.0.2:9/bot7:x/close") is True
    server.close()
    await server.wait_closed()
    assert asked == [b"POST http://127.0.0.2:9/bot7:x/close HTTP/1.1"]


async def test_it_can_be_opened_again_after_shutdown(api: BotApi) -> None:
    request = AiohttpRequest()
    for _ in range(2):
        async with request:
            await request.post(f"{api.base_url}{TOKEN}/getMe")
    await request.shutdown()
    with pytest.raises(NetworkError, match="not initialized"):
        await request.post(f"{api.base_url}{TOKEN}/getMe")


@pytest.mark.parametrize(("status", "certain"), [(403, True), (404, True), (302, True), (400, False), (502, False)])
async def test_an_error_page_of_a_firewall_blames_neither_chat_nor_token_nor_message(status: int, *, certain: bool) -> None:
    async def firewall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 15\r\n\r\n<html>no</html>" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(firewall, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with AiohttpRequest() as request:
        with pytest.raises(NetworkError) as caught:
            await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/sendMessage")
    server.close()
    await server.wait_closed()
    assert not isinstance(caught.value, BadRequest)
    assert isinstance(caught.value, NotSentError) == certain
