"""What python-telegram-bot does alone, to measure ourselves against: updates handled a second.

`plain_conversation_handler` keeps a six-step report in memory, `flushed_conversation_handler` pickles it to
disk after every update, and `polling_echo` answers over real HTTP. The first two have no network at all:
`NoNetwork` answers each call at once, so they show the cost of the conversation and of PTB's own objects.

`python -m tests.bench.peers [--uvloop]` prints all figures.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import uvloop
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram._utils.types import ODVInput
from telegram.ext import (
    ApplicationBuilder,
    BasePersistence,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    PicklePersistence,
    filters,
)
from telegram.request import BaseRequest, RequestData

from tests.support.botapi import TOKEN, RemoteBotApi

SCRIPT = ("/report", "白塔村 张三", "1 4", "东边房子漏雨，老人腿脚不便，没人照料", "跳过", "1")
"""A whole report, one text a step; the bot answers each with one message."""

FIRST_CHAT = 1_000_000
_KINDS = ("住房", "饮水", "教育", "医疗", "收入", "其他")
HOUSEHOLD, KINDS, DETAIL, PHOTOS, CONFIRM = range(5)


class NoNetwork(BaseRequest):
    """Answers every Bot API call at once, as the server would, and counts the calls by method.

    `on_send`, when given, is called with chat id and text of each message sent.
    """

    def __init__(self, on_send: Callable[[int, str], None] | None = None) -> None:
        self.calls: Counter[str] = Counter()
        self.on_send = on_send

    @property
    def read_timeout(self) -> float | None:
        """No answer is ever waited for."""
        return None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

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
        """The answer to one call."""
        name = url.rpartition("/")[2]
        self.calls[name] += 1
        result: Any = True
        if name == "getMe":
            result = _BOT
        elif name in ("sendMessage", "editMessageText"):
            assert request_data is not None
            asked = request_data.parameters
            chat_id, text = int(str(asked["chat_id"])), str(asked["text"])
            result = {
                "message_id": sum(self.calls.values()),
                "from": _BOT,
                "chat": {"id": chat_id, "type": "private", "first_name": "示例"},
                "date": 1_669_000_000,
                "text": text,
            }
            if "reply_markup" in asked:
                result["reply_markup"] = asked["reply_markup"]
            if self.on_send is not None and name == "sendMessage":
                self.on_send(chat_id, text)
        return 200, json.dumps({"ok": True, "result": result}, ensure_ascii=False).encode()


_BOT = {"id": 1234567, "is_bot": True, "first_name": "村报", "username": "cunbao_bot"}


def update_json(update_id: int, chat_id: int, message_id: int, text: str) -> dict[str, Any]:
    """An update as getUpdates gives it: a private message of the user whose id is `chat_id`."""
    person = {"id": chat_id, "first_name": "示例"}
    message: dict[str, Any] = {
        "message_id": message_id,
        "from": {**person, "is_bot": False, "language_code": "zh-hans"},
        "chat": {**person, "type": "private"},
        "date": 1_669_000_000,
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return {"update_id": update_id, "message": message}


def script_updates(n_chats: int) -> Iterator[dict[str, Any]]:
    """Updates without end, chat after chat, each chat repeating the script.

    The first `script_lead(n_chats)` bring the chats to different steps, so that any later stretch mixes all.
    """
    steps = [0] * n_chats
    ahead = [chat for chat in range(n_chats) for _ in range(chat % len(SCRIPT))]
    for update_id, chat in enumerate(chain(ahead, cycle(range(n_chats))), start=1):
        step = steps[chat]
        steps[chat] += 1
        yield update_json(update_id, FIRST_CHAT + chat, 2 * step + 1, SCRIPT[step % len(SCRIPT)])


def script_lead(n_chats: int) -> int:
    """How many updates of `script_updates` come before its steps are mixed."""
    return sum(chat % len(SCRIPT) for chat in range(n_chats))


async def plain_conversation_handler(n_updates: int, n_chats: int) -> float:
    """Updates a second through a ConversationHandler that keeps nothing beyond the process."""
    return await _conversation(n_updates, n_chats, None)


async def flushed_conversation_handler(n_updates: int, n_chats: int) -> float:
    """The same with a PicklePersistence written after every update, once, in PTB's cheapest way.

    PTB writes its pickle without fsync, so this peer still promises less than a synchronous commit.
    """
    with tempfile.TemporaryDirectory() as folder:
        keeper = PicklePersistence(Path(folder) / "state.pickle", on_flush=True, update_interval=3600)
        return await _conversation(n_updates, n_chats, keeper)


async def _conversation(n_updates: int, n_chats: int, keeper: BasePersistence[Any, Any, Any] | None) -> float:
    request = NoNetwork()
    builder = ApplicationBuilder().token(TOKEN).updater(None).request(request).get_updates_request(NoNetwork())
    if keeper is not None:
        builder = builder.persistence(keeper)
    application = builder.build()
    application.add_handler(_report_handler(persistent=keeper is not None))
    updates = script_updates(n_chats)
    async with application:
        for data in islice(updates, script_lead(n_chats)):
            await application.process_update(Update.de_json(data, application.bot))
        before = request.calls["sendMessage"]
        start = time.perf_counter()
        for data in islice(updates, n_updates):
            await application.process_update(Update.de_json(data, application.bot))
            if keeper is not None:
                await application.update_persistence()
                await keeper.flush()
        seconds = time.perf_counter() - start
        answered = request.calls["sendMessage"] - before
    if answered != n_updates:
        raise RuntimeError(f"{n_updates} updates got {answered} answers")
    return n_updates / seconds


def _report_handler(*, persistent: bool) -> ConversationHandler[ContextTypes.DEFAULT_TYPE]:
    text = filters.TEXT & ~filters.COMMAND
    return ConversationHandler(
        entry_points=[CommandHandler("report", _start)],
        states={
            HOUSEHOLD: [MessageHandler(text, _household)],
            KINDS: [MessageHandler(text, _kinds)],
            DETAIL: [MessageHandler(text, _detail)],
            PHOTOS: [MessageHandler(text, _photos)],
            CONFIRM: [MessageHandler(text, _confirm)],
        },
        fallbacks=[],
        name="report",
        persistent=persistent,
    )


async def _start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    await _answer(update, "是哪一户？请写村名和户主姓名。")
    return HOUSEHOLD


async def _household(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    village, _, name = _heard(update).partition(" ")
    _draft(context).update(village=village, household=name)
    await _answer(update, f"{village}{name}家有什么困难？可选几项，例如：1 4", *_KINDS)
    return KINDS


async def _kinds(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    _draft(context)["kinds"] = [_KINDS[int(number) - 1] for number in _heard(update).split()]
    await _answer(update, "请说说情况。")
    return DETAIL


async def _detail(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    _draft(context)["detail"] = _heard(update)
    await _answer(update, "请拍照，没有就点“跳过”。", "跳过")
    return PHOTOS


async def _photos(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    draft = _draft(context)
    kinds = "、".join(draft["kinds"])
    await _answer(update, f"{draft['village']}{draft['household']}:{kinds}。{draft['detail']}。对吗？", "对", "修改")
    return CONFIRM


async def _confirm(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    _draft(context).clear()
    await _answer(update, "已上报，编号 20221101-001。2 个工作日内入户核实。")
    return ConversationHandler.END


def _heard(update: Update) -> str:
    assert update.message is not None
    assert update.message.text is not None
    return update.message.text


def _draft(context: ContextTypes.DEFAULT_TYPE) -> dict[Any, Any]:
    assert context.user_data is not None
    return context.user_data


async def _answer(update: Update, text: str, *labels: str) -> None:
    assert update.message is not None
    keyboard = [[InlineKeyboardButton(label, callback_data=label)] for label in labels]
    await update.message.reply_text(text, reply_markup=InlineKeyboardMarkup(keyboard) if labels else None)


async def polling_echo(
    n_updates: int,
    n_chats: int,
    *,
    concurrent_updates: int = 1,
    delay: float = 0.0,
    request: Callable[[], BaseRequest] | None = None,
) -> float:
    """Echoes a second of PTB's own polling over loopback HTTP, the server being another process.

    `concurrent_updates` 1 handles one after another; `delay` is in seconds for every call; `request` makes
    another transport than PTB's default.
    """
    faults = json.dumps({"delay": delay})
    async with RemoteBotApi("--no-recording", "--faults", faults) as api:
        builder = ApplicationBuilder().token(TOKEN).base_url(api.base_url).concurrent_updates(concurrent_updates)
        if request is not None:
            builder = builder.request(request()).get_updates_request(request())
        application = builder.build()
        application.add_handler(MessageHandler(filters.TEXT, _echo))
        await api("say_many", lines=[(FIRST_CHAT + n % n_chats, f"第{n}句") for n in range(n_updates)])
        async with application:
            await application.start()
            start = time.perf_counter()
            assert application.updater is not None
            await application.updater.start_polling()
            await api("wait_sent", total=n_updates, seconds=30 + n_updates / 10)
            seconds = time.perf_counter() - start
            await application.updater.stop()
            await application.stop()
    return n_updates / seconds


async def _echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await _answer(update, _heard(update))


async def _print_all() -> None:
    print(f"plain conversation, 200 chats      {await plain_conversation_handler(5000, 200):8.0f}/s")
    print(f"flushed conversation, 200 chats    {await flushed_conversation_handler(600, 200):8.0f}/s")
    print(f"flushed conversation, 2000 chats   {await flushed_conversation_handler(200, 2000):8.0f}/s")
    for concurrent, updates in ((1, 2000), (32, 1500), (256, 800)):
        rate = await polling_echo(updates, 100, concurrent_updates=concurrent)
        print(f"polling echo, {concurrent:3} concurrent       {rate:8.0f}/s")
    print(f"polling echo, 40 ms, one by one    {await polling_echo(100, 100, delay=0.04):8.0f}/s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure python-telegram-bot alone.")
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop instead of asyncio's own loop")
    (uvloop.run if parser.parse_args().uvloop else asyncio.run)(_print_all())
