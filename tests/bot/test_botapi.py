"""The loopback Bot API server keeps the promises that tests, soak and bench build on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Conflict, NetworkError, RetryAfter, TelegramError
from telegram.ext import ApplicationBuilder, CommandHandler, ContextTypes

from bot.platforms.telegram.request import AiohttpRequest
from tests.support.botapi import TOKEN, BotApi, RemoteBotApi

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
    async with new_bot(api) as bot:
        yield bot


def new_bot(api: BotApi | RemoteBotApi) -> Bot:
    return Bot(TOKEN, api.base_url, api.base_file_url, request=AiohttpRequest(), get_updates_request=AiohttpRequest())


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=f"go:{label}")] for label in labels])


async def texts(bot: Bot, offset: int = 0, limit: int = 100) -> list[str | None]:
    updates = await bot.get_updates(offset=offset, limit=limit, timeout=0)
    return [update.message.text for update in updates if update.message]


async def test_updates_come_again_until_confirmed(api: BotApi, bot: Bot) -> None:
    first, second, third = (api.say(CADRE, text) for text in "甲乙丙")
    assert await texts(bot) == ["甲", "乙", "丙"]
    assert await texts(bot, limit=2) == ["甲", "乙"]
    assert await texts(bot, second) == ["乙", "丙"]
    assert await texts(bot, -1) == ["丙"]
    assert await texts(bot) == ["丙"]
    assert await texts(bot, third + 1) == []
    assert (api.pending(), first) == (0, third - 2)


async def test_a_long_poll_ends_with_the_first_update(api: BotApi, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await api.wait_until(lambda: bool(api.calls_of("getupdates")))
    api.say(CADRE, "你好")
    assert len(await poll) == 1


async def test_a_second_poll_ends_the_first(api: BotApi, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await api.wait_until(lambda: bool(api.calls_of("getupdates")))
    await bot.get_updates(timeout=0)
    with pytest.raises(Conflict):
        await poll


async def test_only_the_asked_kinds_of_update_come(api: BotApi, bot: Bot) -> None:
    message = await bot.send_message(CADRE, "去吗？", reply_markup=keyboard("去"))
    await bot.get_updates(timeout=0, allowed_updates=["callback_query"])
    api.say(CADRE, "好")
    api.press(CADRE, message.message_id, "去")
    [update] = await bot.get_updates(timeout=0)
    assert update.callback_query is not None
    assert update.callback_query.data == "go:去"


async def test_every_kind_of_message_is_readable_by_ptb(api: BotApi, bot: Bot) -> None:
    api.name_user(CADRE, "三", "张")
    api.say(CADRE, "/start abc")
    api.send_photo(CADRE, b"jpeg", caption="东墙")
    api.send_document(CADRE, b"x", "台账.xlsx")
    api.share_location(CADRE, 43.5, 123.2)
    api.share_contact(CADRE, "13800005678")
    api.say(CADRE, "大家好", chat_id=-100)
    messages = [update.message for update in await bot.get_updates(timeout=0)]
    start, photo, document, location, contact, group = (message for message in messages if message)
    assert start.from_user is not None
    assert start.from_user.full_name == "三 张"
    assert start.entities[0].type == "bot_command"
    assert photo.caption == "东墙"
    assert await (await bot.get_file(photo.photo[-1].file_id)).download_as_bytearray() == b"jpeg"
    assert document.document is not None
    assert document.document.file_name == "台账.xlsx"
    assert location.location is not None
    assert location.location.latitude == 43.5
    assert contact.contact is not None
    assert contact.contact.user_id == CADRE
    assert group.chat.type == "supergroup"


async def test_the_limits_are_telegrams(api: BotApi, bot: Bot) -> None:
    await bot.send_message(CADRE, "长" * 4096)
    with pytest.raises(BadRequest, match=r"(?i)message is too long"):
        await bot.send_message(CADRE, "长" * 4097)
    with pytest.raises(BadRequest, match=r"(?i)message caption is too long"):
        await bot.send_photo(CADRE, b"x", caption="长" * 1025)
    long = InlineKeyboardButton("好", callback_data="x" * 65)
    with pytest.raises(BadRequest, match=r"(?i)BUTTON_DATA_INVALID"):
        await bot.send_message(CADRE, "好", reply_markup=InlineKeyboardMarkup([[long]]))
    assert len(api.truth()) == 1


async def test_edits(api: BotApi, bot: Bot) -> None:
    message = await bot.send_message(CADRE, "去吗？", reply_markup=keyboard("去", "不去"))
    with pytest.raises(BadRequest, match=r"(?i)message is not modified"):
        await bot.edit_message_text("去吗？", CADRE, message.message_id, reply_markup=keyboard("去", "不去"))
    await bot.edit_message_reply_markup(CADRE, message.message_id)
    assert api.message(CADRE, message.message_id).buttons() == []
    api.press(CADRE, message.message_id, "不去")  # a phone that has not got the edit
    await bot.edit_message_text("已答：不去", CADRE, message.message_id)
    assert api.message(CADRE, message.message_id).text == "已答：不去"
    with pytest.raises(BadRequest, match=r"(?i)message to edit not found"):
        await bot.edit_message_text("?", CADRE, 999)
    with pytest.raises(LookupError):
        api.press(CADRE, message.message_id, "从来没有")


async def test_a_query_can_be_answered_while_it_is_fresh(api: BotApi, bot: Bot) -> None:
    message = await bot.send_message(CADRE, "去吗？", reply_markup=keyboard("去"))
    query = api.press(CADRE, message.message_id, "去")
    assert await bot.answer_callback_query(query, "好")
    assert api.answers[query]["text"] == "好"
    api.expire_queries()
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await bot.answer_callback_query(query)


async def test_a_phone_waits_for_the_next_message_of_its_chat(api: BotApi, bot: Bot) -> None:
    waiting = asyncio.create_task(api.next_message(CADRE))
    await bot.send_message(7, "别人的")
    await bot.send_message(CADRE, "一")
    await bot.send_message(CADRE, "二")
    assert (await waiting).text == "一"
    assert (await api.next_message(CADRE)).text == "二"
    with pytest.raises(TimeoutError):
        await api.next_message(CADRE, seconds=0.01)
    assert [m.message_id for m in api.messages(CADRE)] == [1, 2]  # ids count within a chat


@pytest.mark.parametrize("form", ["json", "urlencoded", "multipart", "query"])
async def test_all_encodings_of_a_call(api: BotApi, form: str) -> None:
    fields = {"chat_id": "42", "text": "你好 & 再见=+%"}
    data = aiohttp.FormData(fields)
    if form == "multipart":
        data.add_field("unused", b"\0", filename="x.bin")
    sent = {"json": {"json": fields}, "query": {"params": fields}}.get(form, {"data": data})
    async with aiohttp.ClientSession() as session, session.post(f"{api.base_url}{TOKEN}/sendMessage", **sent) as response:
        body = await response.json()
    assert body["result"]["text"] == api.truth()[0].text == fields["text"]


@pytest.mark.parametrize(
    ("method", "body"),
    [("sendMessage", "{"), ("sendMessage", "{}"), ("sendMessage", '{"chat_id": "x"}'), ("setMyCommands", "{}")],
)
async def test_a_malformed_call_gets_a_400_and_the_connection_lives(api: BotApi, method: str, body: str) -> None:
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:
        for _ in range(2):
            async with session.post(f"{api.base_url}{TOKEN}/{method}", data=body) as response:
                assert response.status == 400
                assert (await response.json())["description"].startswith("Bad Request")
        assert len(api.connections) == 1


async def test_truth_is_kept_apart_from_what_the_bot_was_told(api: BotApi, bot: Bot) -> None:
    api.set_faults(lose=1.0)
    with pytest.raises(NetworkError):
        await bot.send_message(CADRE, "到了")
    api.set_faults(drop=1.0)
    with pytest.raises(NetworkError):
        await bot.send_message(CADRE, "没到")
    api.set_faults()
    await bot.send_message(CADRE, "都知道")
    assert [(m.text, m.answered) for m in api.truth()] == [("到了", False), ("都知道", True)]
    calls = api.calls_of("sendmessage", CADRE)
    assert [(c.text, c.fault, c.done, c.answered) for c in calls] == [
        ("到了", "lose", True, False),
        ("没到", "drop", False, False),
        ("都知道", None, True, True),
    ]


async def test_throttling_says_how_long(api: BotApi, bot: Bot) -> None:
    api.set_faults(throttle=1.0, retry_after=3.0, methods=["sendmessage"])
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(CADRE, "好")
    assert caught.value.retry_after == timedelta(seconds=3)
    assert await bot.send_chat_action(CADRE, "typing")


async def test_downloads_fail_too(api: BotApi, bot: Bot) -> None:
    sent = await bot.send_document(CADRE, b"abc", filename="a.txt")
    assert sent.document is not None
    file = await sent.document.get_file()
    api.set_faults(bad_gateway=1.0, methods=["download"])
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()


async def test_confirmed_updates_are_given_again_on_request(api: BotApi, bot: Bot) -> None:
    first = api.say(CADRE, "甲")
    await bot.get_updates(timeout=0)
    await bot.get_updates(offset=first + 1, timeout=0)
    api.set_faults(duplicate=1.0)
    api.say(CADRE, "乙")
    assert await texts(bot, first + 1) == ["甲", "乙"]


async def test_updates_are_shuffled_on_request(api: BotApi, bot: Bot) -> None:
    api.say_many([(CADRE, str(number)) for number in range(20)])
    api.set_faults(shuffle=1.0)
    mixed = await texts(bot)
    assert mixed != sorted(mixed, key=str)
    assert {str(number) for number in range(20)} == set(mixed)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_same_seed_draws_the_same_faults(seed: int) -> None:
    odds = {"throttle": 0.1, "error": 0.1, "drop": 0.1, "lose": 0.1, "hang": 0.1}
    runs = []
    for _ in range(2):
        api = BotApi()
        api.set_faults(seed=seed, **odds)
        runs.append([api.draw("sendmessage") for _ in range(100)])
    assert runs[0] == runs[1]
    assert set(runs[0]) <= {None, *odds}


async def test_a_webhook_is_pushed_until_it_takes_the_update(api: BotApi, bot: Bot) -> None:
    seen: list[tuple[str, str]] = []

    async def hook(request: web.Request) -> web.Response:
        body = await request.json()
        seen.append((request.headers["X-Telegram-Bot-Api-Secret-Token"], body["message"]["text"]))
        return web.Response(status=500 if len(seen) == 1 else 200)

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token="s3cret")
    with pytest.raises(Conflict):
        await bot.get_updates()
    api.say(CADRE, "你好")
    await api.wait_until(lambda: api.pending() == 0)
    assert seen == [("s3cret", "你好")] * 2
    info = await bot.get_webhook_info()
    assert info.last_error_message is not None
    assert "500" in info.last_error_message
    await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""
    await runner.cleanup()


async def test_ptbs_own_polling_runs_on_it(api: BotApi) -> None:
    async def start(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        await context.bot.send_message(CADRE, "欢迎")

    application = ApplicationBuilder().token(TOKEN).base_url(api.base_url).build()
    application.add_handler(CommandHandler("start", start))
    assert application.updater is not None
    async with application:
        await application.start()
        await application.updater.start_polling()
        api.say(CADRE, "/start")
        assert (await api.next_message(CADRE)).text == "欢迎"
        await application.updater.stop()
        await application.stop()
    assert api.pending() == 0


async def test_unknown_methods_and_wrong_tokens(api: BotApi, bot: Bot) -> None:
    with pytest.raises(TelegramError, match="not found"):
        await bot.do_api_request("sendNothing")


async def test_a_process_of_its_own_is_driven_by_control_calls() -> None:
    async with RemoteBotApi("--faults", '{"delay": 0.001}') as api, new_bot(api) as bot:
        await api("say_many", lines=[[CADRE, "甲"], [CADRE, "乙"]])
        assert await texts(bot) == ["甲", "乙"]
        await api("send_photo", user_id=CADRE, content=b"jpeg")
        message = await bot.send_message(CADRE, "去吗？", reply_markup=keyboard("去"))
        await api("press", user_id=CADRE, message_id=message.message_id, button="去")
        assert await api("pending") == 4
        assert (await api("next_message", chat_id=CADRE))["text"] == "去吗？"
        assert [told["text"] for told in await api("truth")] == ["去吗？"]
        with pytest.raises(TimeoutError):
            await api("next_message", chat_id=CADRE, seconds=0.01)
        with pytest.raises(LookupError, match="no button"):
            await api("press", user_id=CADRE, message_id=message.message_id, button="?")


async def test_under_mixed_faults_truth_and_what_was_told_agree(api: BotApi, bot: Bot) -> None:
    odds = dict.fromkeys(("throttle", "error", "bad_gateway", "drop", "lose"), 0.1)
    api.set_faults(seed=7, **odds)
    told: set[str] = set()
    refused: set[str] = set()
    for text in map(str, range(200)):
        try:
            await bot.send_message(CADRE, text)
            told.add(text)
        except RetryAfter:
            refused.add(text)
        except NetworkError as error:
            if "Internal Server Error" in str(error) or "Bad Gateway" in str(error):
                refused.add(text)
    assert set(api.counts) == set(odds)
    answered = {message.text for message in api.truth() if message.answered}
    unanswered = {message.text for message in api.truth() if not message.answered}
    assert answered == told
    assert len(unanswered) == api.counts["lose"]
    assert not refused & (answered | unanswered)
