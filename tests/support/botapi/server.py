"""One bot's server with the phones of all its users: what each method does, and who hears of it."""

import asyncio
import dataclasses
import itertools
import json
import random
import re
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.support.botapi.connection import Connection
from tests.support.botapi.values import (
    MAX_BUTTONS,
    MAX_CALLBACK_DATA,
    MAX_CAPTION,
    MAX_DOWNLOAD,
    MAX_TEXT,
    TOKEN,
    ApiError,
    Call,
    Faults,
    Json,
    Message,
    Raw,
    Upload,
    decoded,
)


class BotApi:
    """One bot's server and all its users' phones. User ids are positive and equal their private chat's id.

    `known_only` makes sends to users who never wrote fail as on the real server. `recording` off keeps no
    `calls`, for load tests. `on_message`, when set, is called with each message of the bot, once delivered.
    """

    def __init__(
        self, *, token: str = TOKEN, faults: Faults | None = None, known_only: bool = False, recording: bool = True
    ) -> None:
        self.token = token
        self.known_only = known_only
        self.recording = recording
        self.on_message: Callable[[Message], None] | None = None
        self.calls: list[Call] = []
        self.chats: dict[int, dict[int, Message]] = {}
        self.sent: list[Message] = []  # the bot's deliveries, in order: the truth a soak compares with
        self.answers: dict[str, Json] = {}  # parameters of answerCallbackQuery by query id
        self.commands: list[Json] = []
        self.counts: dict[str, int] = {}  # injected faults by kind
        self.bot: Json = {"id": int(token.split(":")[0]), "is_bot": True, "first_name": "测试", "username": "test_bot"}
        self._names: dict[int, Json] = {}
        self._blocked: set[int] = set()
        self._files: dict[str, tuple[str, bytes]] = {}
        self._queries: set[str] = set()
        self._next_id: dict[int, int] = {}
        self._unread: dict[int, deque[Message]] = {}
        self._waiters: dict[int, deque[asyncio.Future[Message]]] = {}
        self._watchers: set[asyncio.Event] = set()
        self._update_ids = itertools.count(100_001)
        self._serial = itertools.count(1)
        self._pending: dict[int, str] = {}
        self._given: deque[str] = deque(maxlen=64)  # confirmed updates, to give again
        self._allowed: set[str] = set()
        self._poll: asyncio.Future[None] | None = None
        self._webhook: Json = {}
        self._pusher: asyncio.Task[None] | None = None
        self._arrival = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.connections: set[Connection] = set()
        self.address = ""
        self.methods: dict[str, Callable[[Json, dict[str, Upload]], Any]] = {
            name.removeprefix("_api_"): getattr(self, name) for name in dir(self) if name.startswith("_api_")
        }
        self.set_faults(**dataclasses.asdict(faults or Faults()))

    # The server

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=1024)
        self.address = "http://{}:{}".format(*self._server.sockets[0].getsockname()[:2])

    async def stop(self) -> None:
        """Stop pushing, cut every connection, close the port."""
        await self._stop_pushing()
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.abort()
        if self._server is not None:
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """For `Bot(base_url=...)`."""
        return self.address + "/bot"

    @property
    def base_file_url(self) -> str:
        """For `Bot(base_file_url=...)`."""
        return self.address + "/file/bot"

    def set_faults(self, **changes: Any) -> None:
        """Set fields of `Faults` by name; others fall back to none. The sequence of draws starts anew."""
        self.faults = Faults(**changes)
        self._table = self.faults.table()
        self._random = random.Random(self.faults.seed)

    def draw(self, method: str) -> str | None:
        """The fault that the next call of `method` meets, or None."""
        if not self._table[-1][1] or (self.faults.methods and method not in self.faults.methods):
            return None
        share = self._random.random()
        fault = next((kind for kind, bound in self._table if share < bound), None)
        if fault:
            self._count(fault)
        return fault

    # The phones

    def name_user(self, user_id: int, first_name: str, last_name: str | None = None) -> None:
        """Give a user a name; without one it is `User <id>`."""
        self._names[user_id] = {"first_name": first_name} | ({"last_name": last_name} if last_name else {})

    def block(self, user_id: int) -> None:
        """The user blocks the bot."""
        self._blocked.add(user_id)

    def unblock(self, user_id: int) -> None:
        """The user allows the bot again."""
        self._blocked.discard(user_id)

    def say(self, user_id: int, text: str, chat_id: int | None = None) -> int:
        """The user writes `text`, in a group if `chat_id` is negative; return the update's id."""
        extra: Json = {"text": text}
        if command := re.match(r"/[A-Za-z0-9_]{1,32}(@\w+)?", text):
            extra["entities"] = [{"type": "bot_command", "offset": 0, "length": command.end()}]
        return self._receive(user_id, "text", text, extra, chat_id)

    def say_many(self, lines: list[tuple[int, str]]) -> list[int]:
        """`say` for each pair of user id and text, in order."""
        return [self.say(user_id, text) for user_id, text in lines]

    def press(self, user_id: int, message_id: int, button: str, chat_id: int | None = None) -> str:
        """The user taps an inline button, by label or callback data; return the query's id.

        Buttons that an edit has since removed can be tapped too, as on a phone that has not got the edit yet.
        Raises LookupError if the message never had such a button.
        """
        message = self.message(chat_id or user_id, message_id)
        for markup in [message.reply_markup or {}, *reversed(message.markups)]:
            for known in itertools.chain.from_iterable(markup.get("inline_keyboard", [])):
                if "callback_data" in known and button in (known["text"], known["callback_data"]):
                    query_id = str(10**15 + next(self._serial))
                    self._queries.add(query_id)
                    query = {
                        "id": query_id,
                        "from": self._user(user_id),
                        "message": self._message_json(message),
                        "chat_instance": str(message.chat_id),
                        "data": known["callback_data"],
                    }
                    self._enqueue("callback_query", query)
                    return query_id
        raise LookupError(f"message {message_id} has no button {button!r}")

    def odd(self, kind: str, body: Any) -> int:
        """Any update, well made or not, with everything but ASCII as escapes; return its id."""
        update_id = next(self._update_ids)
        return self._queue(update_id, json.dumps({"update_id": update_id, kind: body}))

    def expire_queries(self) -> None:
        """Make every open callback query too old to be answered."""
        self._queries.clear()

    def send_photo(self, user_id: int, content: bytes, caption: str = "") -> int:
        """The user sends a photo; return the update's id."""
        return self._receive(user_id, "photo", caption, {"photo": self._sizes(content)})

    def send_document(self, user_id: int, content: bytes, filename: str, mimetype: str = "text/plain") -> int:
        """The user sends a file; return the update's id."""
        document = self._store(content, filename) | {"file_name": filename, "mime_type": mimetype}
        return self._receive(user_id, "document", "", {"document": document})

    def share_location(self, user_id: int, latitude: float, longitude: float) -> int:
        """The user shares a place in degrees; return the update's id."""
        return self._receive(user_id, "location", "", {"location": {"latitude": latitude, "longitude": longitude}})

    def share_contact(self, user_id: int, phone_number: str, owner_id: int | None = None) -> int:
        """The user shares a contact, their own unless `owner_id` says whose; return the update's id."""
        owner = owner_id or user_id
        contact = {"phone_number": phone_number, "first_name": self._user(owner)["first_name"], "user_id": owner}
        return self._receive(user_id, "contact", "", {"contact": contact})

    def message(self, chat_id: int, message_id: int) -> Message:
        """A message of a chat. Raises LookupError."""
        try:
            return self.chats[chat_id][message_id]
        except KeyError:
            raise LookupError(f"chat {chat_id} has no message {message_id}") from None

    def messages(self, chat_id: int, from_bot: bool | None = None) -> list[Message]:
        """A chat's messages in order, all or only those of one side."""
        return [m for m in self.chats.get(chat_id, {}).values() if from_bot in (None, m.from_bot)]

    def truth(self) -> list[Message]:
        """Every message of the bot that was really delivered, in order."""
        return self.sent

    def calls_of(self, method: str = "", chat_id: int | None = None) -> list[Call]:
        """Recorded calls in order, of one method (lower case) and chat if given."""
        return [c for c in self.calls if method in ("", c.method) and chat_id in (None, c.chat_id)]

    def pending(self) -> int:
        """How many updates the bot has not confirmed."""
        return len(self._pending)

    async def next_message(self, chat_id: int, seconds: float = 5.0) -> Message:
        """The bot's next message in a chat that no earlier call returned, awaited. Raises TimeoutError."""
        unread = self._unread.get(chat_id)
        if unread:
            return unread.popleft()
        waiter: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(chat_id, deque()).append(waiter)
        async with asyncio.timeout(seconds):
            return await waiter

    async def wait_until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait for `condition`, looked at again after every call of the bot. Raises TimeoutError."""
        changed = asyncio.Event()
        self._watchers.add(changed)
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    changed.clear()
                    await changed.wait()
        finally:
            self._watchers.discard(changed)

    async def wait_sent(self, total: int, seconds: float = 5.0) -> None:
        """Wait until the bot has sent `total` messages since the start. Raises TimeoutError."""
        await self.wait_until(lambda: len(self.sent) >= total, seconds)

    def changed(self) -> None:
        """Let `wait_until` look again."""
        for event in self._watchers:
            event.set()

    # Updates

    def _user(self, user_id: int) -> Json:
        return {"id": user_id, "is_bot": False, **self._names.get(user_id, {"first_name": f"User {user_id}"})}

    def _chat(self, chat_id: int) -> Json:
        if chat_id < 0:
            return {"id": chat_id, "type": "supergroup", "title": f"Group {-chat_id}"}
        return {"id": chat_id, "type": "private", **self._names.get(chat_id, {"first_name": f"User {chat_id}"})}

    def _new_message(self, chat_id: int, kind: str, text: str, *, from_bot: bool) -> Message:
        message_id = self._next_id.get(chat_id, 1)
        self._next_id[chat_id] = message_id + 1
        message = Message(chat_id, message_id, from_bot, kind, text, time=time.time())
        self.chats.setdefault(chat_id, {})[message_id] = message
        return message

    def _receive(self, user_id: int, kind: str, text: str, extra: Json, chat_id: int | None = None) -> int:
        message = self._new_message(chat_id or user_id, kind, text, from_bot=False)
        body = {
            "message_id": message.message_id,
            "from": self._user(user_id),
            "chat": self._chat(message.chat_id),
            "date": int(message.time),
            **({"caption": text} if text and kind != "text" else {}),
            **extra,
        }
        return self._enqueue("message", body)

    def _enqueue(self, kind: str, body: Json) -> int:
        update_id = next(self._update_ids)
        if not self._allowed or kind in self._allowed:
            return self._queue(update_id, json.dumps({"update_id": update_id, kind: body}))
        return update_id

    def _queue(self, update_id: int, update: str) -> int:
        self._pending[update_id] = update
        self._arrival.set()
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        return update_id

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = next(itertools.islice(reversed(self._pending), -offset - 1, None), 0)
        # Ids only grow, so what is confirmed stands in front.
        for update_id in list(itertools.takewhile(lambda known: known < offset, self._pending)):
            self._given.append(self._pending.pop(update_id))

    async def _api_getupdates(self, params: Json, _: dict[str, Upload]) -> Raw:
        if self._webhook:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            )
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(
                ApiError(
                    409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
                )
            )
        if "allowed_updates" in params:
            self._allowed = set(decoded(params["allowed_updates"]))
        self._confirm(int(params.get("offset") or 0))
        limit = min(max(int(params.get("limit") or 100), 1), 100)
        seconds = float(params.get("timeout") or 0)
        if not self._pending and seconds > 0:
            poll = self._poll = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait([poll], timeout=seconds)
            finally:
                superseded = poll.done() and poll.exception()
                poll.cancel()
            if superseded:
                raise superseded
        updates = list(itertools.islice(self._pending.values(), limit))
        if updates and self._given and self._random.random() < self.faults.duplicate:
            self._count("duplicate")
            updates.insert(0, self._random.choice(self._given))
        if len(updates) > 1 and self._random.random() < self.faults.shuffle:
            self._count("shuffle")
            self._random.shuffle(updates)
        return Raw(f"[{','.join(updates)}]")

    def _count(self, kind: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1

    # Webhook

    async def _api_setwebhook(self, params: Json, _: dict[str, Upload]) -> bool:
        secret = str(params.get("secret_token") or "")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise ApiError(400, "Bad Request: secret token contains unallowed characters")
        await self._stop_pushing()
        if "allowed_updates" in params:
            self._allowed = set(decoded(params["allowed_updates"]))
        if _true(params.get("drop_pending_updates")):
            self._pending.clear()
        if url := str(params.get("url") or ""):
            self._webhook = {"url": url, "secret": secret, "max_connections": int(params.get("max_connections") or 40)}
            self._pusher = asyncio.create_task(self._push())
        return True

    async def _api_deletewebhook(self, params: Json, uploads: dict[str, Upload]) -> bool:
        kept = {"drop_pending_updates": params.get("drop_pending_updates", False)}
        return await self._api_setwebhook(kept, uploads)

    def _api_getwebhookinfo(self, params: Json, _: dict[str, Upload]) -> Json:
        shown = {key: value for key, value in self._webhook.items() if key != "secret"} or {"url": ""}
        return {"has_custom_certificate": False, "pending_update_count": len(self._pending), **shown}

    async def _stop_pushing(self) -> None:
        pusher, self._pusher = self._pusher, None
        self._webhook = {}
        if pusher is not None:
            pusher.cancel()
            await asyncio.wait([pusher])

    async def _push(self) -> None:
        """Post pending updates, up to max_connections at once, each again until the webhook takes it."""
        under_way: set[int] = set()
        slots = asyncio.Semaphore(self._webhook["max_connections"])
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            while True:
                self._arrival.clear()
                for update_id in [known for known in self._pending if known not in under_way]:
                    await slots.acquire()
                    under_way.add(update_id)
                    task = tasks.create_task(self._push_one(session, update_id))
                    task.add_done_callback(lambda _: slots.release())
                await self._arrival.wait()

    async def _push_one(self, session: aiohttp.ClientSession, update_id: int) -> None:
        hook = self._webhook
        headers = {"Content-Type": "application/json"}
        if hook["secret"]:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook["secret"]
        pause = 0.05
        while update_id in self._pending:
            body = self._pending[update_id]
            repeats = 1 + (self._random.random() < self.faults.duplicate)
            try:
                for _ in range(repeats):
                    async with session.post(hook["url"], data=body.encode(), headers=headers) as response:
                        status = response.status
                    if not 200 <= status < 300:
                        raise OSError(f"Wrong response from the webhook: {status} {response.reason}")
                self._pending.pop(update_id, None)
                self.changed()
            except (aiohttp.ClientError, OSError) as error:
                hook["last_error_date"] = int(time.time())
                hook["last_error_message"] = str(error)
                self.changed()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    # Methods of the bot

    def _api_getme(self, params: Json, _: dict[str, Upload]) -> Json:
        return self.bot | {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    def _api_sendmessage(self, params: Json, _: dict[str, Upload]) -> Json:
        chat_id = self._writable(params)
        text = _text(params, "text", MAX_TEXT)
        return self._deliver(chat_id, "text", text, params)

    def _api_sendphoto(self, params: Json, uploads: dict[str, Upload]) -> Json:
        chat_id = self._writable(params)
        content = self._content(params, uploads, "photo")
        caption = _text(params, "caption", MAX_CAPTION)
        return self._deliver(chat_id, "photo", caption, params, photo=self._sizes(content.content))

    def _api_senddocument(self, params: Json, uploads: dict[str, Upload]) -> Json:
        chat_id = self._writable(params)
        content = self._content(params, uploads, "document")
        caption = _text(params, "caption", MAX_CAPTION)
        document = self._store(content.content, content.filename)
        document |= {"file_name": content.filename, "mime_type": content.mimetype}
        return self._deliver(chat_id, "document", caption, params, document=document)

    def _api_sendchataction(self, params: Json, _: dict[str, Upload]) -> bool:
        self._writable(params)
        return True

    def _api_editmessagetext(self, params: Json, _: dict[str, Upload]) -> Json:
        message = self._editable(params)
        if message.kind != "text":
            raise ApiError(400, "Bad Request: there is no text in the message to edit")
        return self._edit(message, _text(params, "text", MAX_TEXT), _markup(params))

    def _api_editmessagereplymarkup(self, params: Json, _: dict[str, Upload]) -> Json:
        message = self._editable(params)
        return self._edit(message, message.text, _markup(params))

    def _api_answercallbackquery(self, params: Json, _: dict[str, Upload]) -> bool:
        query_id = str(params.get("callback_query_id", ""))
        if query_id not in self._queries:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.answers[query_id] = params
        return True

    def _api_setmycommands(self, params: Json, _: dict[str, Upload]) -> bool:
        commands = decoded(params["commands"])
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands = commands
        return True

    def _api_getmycommands(self, params: Json, _: dict[str, Upload]) -> list[Json]:
        return self.commands

    def _api_getfile(self, params: Json, _: dict[str, Upload]) -> Json:
        file_id = str(params.get("file_id", ""))
        if file_id not in self._files:
            raise ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, content = self._files[file_id]
        if len(content) > MAX_DOWNLOAD:
            raise ApiError(400, "Bad Request: file is too big")
        return _file_json(file_id, content) | {"file_path": path}

    def _api_download(self, params: Json, _: dict[str, Upload]) -> bytes:
        """Not a method of the Bot API but its file address, which faults hit under this name."""
        for path, content in self._files.values():
            if path == params["file_path"]:
                return content
        raise ApiError(404, "Not Found")

    def _writable(self, params: Json) -> int:
        try:
            chat_id = int(params["chat_id"])
        except (KeyError, ValueError):
            raise ApiError(400, "Bad Request: chat_id is empty" if not params.get("chat_id") else CHAT_NOT_FOUND) from None
        if chat_id in self._blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat_id == 0 or (self.known_only and chat_id not in self.chats):
            raise ApiError(400, CHAT_NOT_FOUND)
        return chat_id

    def _deliver(self, chat_id: int, kind: str, text: str, params: Json, **media: Any) -> Json:
        markup = _markup(params)
        message = self._new_message(chat_id, kind, text, from_bot=True)
        message.reply_markup = markup
        if media:
            attached = next(iter(media.values()))
            message.file_id = (attached[-1] if isinstance(attached, list) else attached)["file_id"]
        self.sent.append(message)
        waiters = self._waiters.get(chat_id)
        while waiters:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(message)
                break
        else:
            self._unread.setdefault(chat_id, deque()).append(message)
        if self.on_message is not None:
            self.on_message(message)
        return self._message_json(message) | media

    def _editable(self, params: Json) -> Message:
        chat_id = self._writable(params)
        message = self.chats.get(chat_id, {}).get(int(params.get("message_id") or 0))
        if message is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        if not message.from_bot:
            raise ApiError(400, "Bad Request: message can't be edited")
        return message

    def _edit(self, message: Message, text: str, markup: Json | None) -> Json:
        if text == message.text and (markup or None) == message.reply_markup:
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup "
                "are exactly the same as a current content and reply markup of the message",
            )
        if message.reply_markup:
            message.markups.append(message.reply_markup)
        message.text, message.reply_markup = text, markup
        message.edits += 1
        return self._message_json(message) | {"edit_date": int(time.time())}

    def _message_json(self, message: Message) -> Json:
        body: Json = {
            "message_id": message.message_id,
            "from": self.bot if message.from_bot else self._user(message.chat_id),
            "chat": self._chat(message.chat_id),
            "date": int(message.time),
        }
        if message.text:
            body["text" if message.kind == "text" else "caption"] = message.text
        if message.reply_markup and "inline_keyboard" in message.reply_markup:
            body["reply_markup"] = message.reply_markup
        return body

    def _content(self, params: Json, uploads: dict[str, Upload], name: str) -> Upload:
        value = str(params.get(name) or "")
        part = value.removeprefix("attach://") if value.startswith("attach://") else name
        if part in uploads:
            if not uploads[part].content:
                raise ApiError(400, "Bad Request: file must be non-empty")
            return uploads[part]
        if value in self._files:
            path, content = self._files[value]
            return Upload(path.rsplit("/", 1)[-1], content, "application/octet-stream")
        if value:
            raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
        raise ApiError(400, f"Bad Request: there is no {name} in the request")

    def _store(self, content: bytes, filename: str) -> Json:
        number = next(self._serial)
        file_id = f"file-{number}"
        self._files[file_id] = (f"files/{number}/{filename}", content)
        return _file_json(file_id, content)

    def _sizes(self, content: bytes) -> list[Json]:
        sizes = ((90, 67), (1280, 960))
        return [self._store(content, "photo.jpg") | {"width": w, "height": h} for w, h in sizes]


CHAT_NOT_FOUND = "Bad Request: chat not found"


def _file_json(file_id: str, content: bytes) -> Json:
    return {"file_id": file_id, "file_unique_id": "u" + file_id, "file_size": len(content)}


def _true(value: object) -> bool:
    return str(value).lower() in ("true", "1")


def _text(params: Json, name: str, most: int) -> str:
    if params.get("parse_mode"):
        raise ApiError(501, "parse_mode is not emulated here")
    text = str(params.get(name) or "").strip()
    if not text and name == "text":
        raise ApiError(400, "Bad Request: message text is empty")
    if len(text) > most:
        what = "message is too long" if name == "text" else "message caption is too long"
        raise ApiError(400, f"Bad Request: {what}")
    return text


def _markup(params: Json) -> Json | None:
    try:
        markup: Json | None = decoded(params.get("reply_markup"))
    except ValueError:
        raise ApiError(400, "Bad Request: can't parse reply keyboard markup JSON object") from None
    buttons = [button for row in (markup or {}).get("inline_keyboard", []) for button in row]
    if not buttons:
        return None if markup and "inline_keyboard" in markup else markup
    if len(buttons) > MAX_BUTTONS:
        raise ApiError(400, "Bad Request: reply markup is too long")
    for button in buttons:
        if len(button) < 2:
            raise ApiError(
                400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
            )
        if len(str(button.get("callback_data", "x")).encode()) not in range(1, MAX_CALLBACK_DATA + 1):
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return markup
