"""Telegram as a platform, by long polling or webhook, over python-telegram-bot's types and calls."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import BotCommand, BotCommandScopeAllPrivateChats
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import AIORateLimiter, ExtBot

from bot.delivery import lasting
from bot.delivery.strangers import Strangers
from bot.errors import CannotStart
from bot.platforms.base import Away, Platform, Put, SendError
from bot.platforms.standing import Standing
from bot.platforms.telegram.answers import ShortAnswers
from bot.platforms.telegram.files import Files
from bot.platforms.telegram.form import seconds_of
from bot.platforms.telegram.intake import SKIPPED, Json, Reception
from bot.platforms.telegram.request import AiohttpRequest
from bot.platforms.telegram.send import MessageSender
from bot.platforms.telegram.updates import ALLOWED, Reader, UpdateContent
from bot.service.clock import Clock
from bot.setup.installation import Installation
from bot.web import bodies
from handlers.engine.conversation import conversations
from storage.database.connection import Database
from storage.files.media import MediaStore
from storage.mail.chats import mark_blocked, mark_unblocked
from storage.mail.downloads import Downloads
from storage.mail.outbox import Letter

log = logging.getLogger(__name__)

SERVER = "https://api.telegram.org"

LONG_POLL = 30
"""Seconds the server may keep a poll when nothing has come."""

LONGEST_PAUSE = 30.0
"""Seconds between two tries while Telegram is away."""

_ASK_AGAIN = 300.0
"""Seconds between two tries at most while Telegram refuses the token or wants a pause: a mistaken answer silences nobody for
a day."""

_NUMBERS = 1 << 63

_ABANDONED = timedelta(minutes=10)
"""After so long what another service has kept of a webhook is taken over; done twice, it is still stored once."""

LOOK = 60.0
"""Seconds between two looks at a webhook, which is silent also when nobody writes."""

LARGEST_UPDATE = 1024 * 1024
"""Bytes of one update in a webhook's call: many times what the longest message with all its buttons takes."""

CALLS_AT_ONCE = 320
"""More than the sender has under way at once, so that answers to buttons and downloads find a connection."""


_REFUSED = "Telegram 不认这个令牌。请检查 CUNBAO_TELEGRAM_TOKEN 和 CUNBAO_TELEGRAM_BASE_URL。"
_WHY = "the token is not known there; please check CUNBAO_TELEGRAM_TOKEN"
_RIVAL = "another program uses this bot's token to get messages: stop it, or make a token of its own for it (%s)"
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


class _Calls(ShortAnswers, AiohttpRequest):
    """How everything but `getUpdates` is called."""


@dataclass(frozen=True, slots=True)
class TelegramOptions:
    """How to reach Telegram. `base_url` is the Bot API server.

    `rate` is messages a second at most, 0 for a server of one's own without limit. With `webhook_url`, the public address
    under which `webhook_routes` are served, Telegram calls us, else we ask it. `max_upload` is the largest file taken, in
    bytes. `answer_within` is how many seconds a call may stay unanswered; `pause` how many pass before the first retry,
    `look` how many between two looks at the webhook.
    Raises ValueError for a webhook without a secret.
    """

    token: str
    base_url: str = SERVER
    rate: float = 30
    webhook_url: str = ""
    webhook_secret: str = ""
    max_upload: int = 10 * 1024 * 1024
    answer_within: float = 10.0
    pause: float = 1.0
    look: float = LOOK

    def __post_init__(self) -> None:
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("a webhook needs a secret")

    @property
    def webhook_path(self) -> str:
        """Follows from the token and can't be guessed without it."""
        return f"/telegram/{hashlib.sha256(self.token.encode()).hexdigest()[:32]}"


class TelegramPlatform(Platform):
    """Mail of the addresses "telegram:<chat id>"."""

    name = "telegram"

    def __init__(self, options: TelegramOptions, media: MediaStore, database: Database, clock: Clock) -> None:
        os.environ.setdefault("PTB_TIMEDELTA", "1")  # else python-telegram-bot warns at each RetryAfter
        logging.getLogger("telegram.ext.AIORateLimiter").setLevel(logging.CRITICAL)  # the sender logs and counts them
        server = options.base_url.rstrip("/")
        self._options = options
        self._bot = _Bot(
            options.token,
            f"{server}/bot",
            f"{server}/file/bot",
            request=_Calls(CALLS_AT_ONCE, read_timeout=options.answer_within),
            get_updates_request=AiohttpRequest(1, read_timeout=options.answer_within),
            rate_limiter=AIORateLimiter(overall_max_rate=options.rate) if options.rate else None,
        )
        self._database = database
        self._clock = clock
        self._strangers = Strangers(database, clock)
        self._files = Files(self._bot, media, database, clock, options.max_upload, options.pause)
        self._messages = MessageSender(self._bot, media)
        self._reader = Reader(int(options.token.partition(":")[0]), "", options.max_upload)
        self._reception: Reception | None = None
        self._offset: int | None = None
        """Up to where Telegram may forget what it has brought."""
        self._answering: set[asyncio.Task[None]] = set()
        self._standing = Standing("Telegram")
        self._asking = asyncio.Lock()

    @property
    def rate(self) -> float:
        return self._options.rate

    @property
    def standing(self) -> Standing:
        return self._standing

    @property
    def join_url(self) -> str:
        """Empty until Telegram has told the bot's name."""
        return f"https://t.me/{self._reader.username}?start={{token}}" if self._reader.username else ""

    async def start(self) -> None:
        """Ask Telegram who we are. Raises CannotStart when it refuses the token; while it is away, `receive` asks on."""
        try:
            await self._introduce()
        except InvalidToken:
            raise CannotStart(_REFUSED) from None  # the cause's words hold the token
        except TelegramError as error:
            self._standing.miss(error)

    async def stop(self) -> None:
        """Finish the answers to buttons and close all connections."""
        if self._answering:
            await asyncio.wait(self._answering)
        await self._bot.shutdown()

    async def receive(self, put: Put) -> None:
        """Bring messages in until cancelled. While Telegram is away or refuses the token, ask on."""
        reception = self._receiving(put)
        try:
            if self._options.webhook_url:
                self._reception = reception
                await self._begin(reception)
                while True:
                    await asyncio.sleep(self._options.look)
                    await self._until_done(self._look)
                    await self._until_done(lambda: reception.resume(self._clock() - _ABANDONED))
            await self._begin(reception)
            while True:
                await self._until_done(lambda: self._poll(reception))
        finally:
            self._reception = None
            await reception.close()

    async def send(self, letter: Letter) -> None:
        """Deliver one message. Raises SendError."""
        try:
            await self._messages.send(letter)
        except SendError as error:
            if isinstance(error.__cause__, InvalidToken) and await self._refuses():
                raise Away("Telegram refuses the bot's token", 1) from None
            raise

    def webhook_routes(self) -> list[Route]:
        """Where Telegram calls us; empty where we ask it."""
        return [Route(self._options.webhook_path, self._called, methods=["POST"])] if self._options.webhook_url else []

    async def _introduce(self) -> None:
        await self._bot.initialize()
        self._reader = Reader(self._reader.bot_id, self._bot.username, self._reader.most)

    async def _announce(self) -> None:
        """Tell Telegram the command menu and how we want to get our messages."""
        await self._introduce()
        menu = [
            BotCommand(talk.name, talk.title)
            for talk in conversations().values()
            if talk.menu and _COMMAND.fullmatch(talk.name)
        ]
        try:
            await self._bot.set_my_commands(menu, BotCommandScopeAllPrivateChats())
        except BadRequest as error:  # without a menu everything else still works
            log.error("Telegram does not take the command menu: %s", error)
        if self._options.webhook_url:
            url = self._options.webhook_url.rstrip("/") + self._options.webhook_path
            await self._bot.set_webhook(url, secret_token=self._options.webhook_secret, allowed_updates=ALLOWED)
        else:
            await self._bot.delete_webhook()

    def _receiving(self, put: Put) -> Reception:
        downloads = Downloads(self._database, self._clock, f"{self.name}:{self._reader.bot_id}:")
        return Reception(
            put,
            self._read,
            self._files,
            downloads,
            self._strangers,
            self._moved,
            self._answer_soon,
            self._clock,
            self._options.pause,
        )

    async def _begin(self, reception: Reception) -> None:
        """Once Telegram answers, go on with what the last run has left."""
        await self._until_done(self._announce)
        await self._until_done(reception.resume)

    async def _poll(self, reception: Reception) -> None:
        at_once = not self._standing.well  # letters wait until it is known to answer
        updates = await self._bot.updates(self._offset, 0 if at_once else LONG_POLL)
        numbered = {number: update for update in updates if (number := _number_of(update)) is not None}
        if updates and not numbered:
            raise NetworkError("updates that are not the Bot API's")
        self._standing.hear()
        if len(numbered) < len(updates):  # the others confirm it along with themselves
            SKIPPED.inc(len(updates) - len(numbered))
            log.error("%s updates without a number are skipped", len(updates) - len(numbered))
        await reception.take([numbered[number] for number in sorted(numbered)])
        if numbered:
            self._offset = max(numbered) + 1

    async def _look(self) -> None:
        """Set the webhook anew where somebody has taken it away."""
        info = await self._bot.get_webhook_info()
        if not info.url.endswith(self._options.webhook_path):
            log.warning("the webhook is gone, and is set anew")
            await self._announce()

    async def _refuses(self) -> bool:
        """Whether Telegram refuses the token, and not only the call that was made."""
        async with self._asking:
            if not self._standing.refused:
                try:
                    await self._bot.get_me()
                except InvalidToken:
                    self._standing.refuse(_WHY)
                except TelegramError as error:
                    log.debug("whether the token is refused could not be asked: %s", error)
            return self._standing.refused

    async def _until_done(self, step: Callable[[], Awaitable[None]]) -> None:
        """Take a step, again and again, until Telegram and the database let it succeed."""
        pause = self._options.pause
        while True:
            longest = LONGEST_PAUSE
            try:
                await step()
            except InvalidToken:
                self._standing.refuse(_WHY)
                longest = _ASK_AGAIN
            except RetryAfter as error:
                self._standing.hear()
                pause = longest = min(max(seconds_of(error), self._options.pause), _ASK_AGAIN)
            except Conflict as error:
                self._standing.hear()
                log.error(_RIVAL, error)
            except TelegramError as error:
                self._standing.miss(error)
            except Exception:
                longest = lasting.LONGEST_PAUSE
                log.exception("messages from Telegram could not be stored; they come again")
            else:
                self._standing.hear()
                return
            pause = min(pause, longest)
            await asyncio.sleep(pause)
            pause *= 2

    def _read(self, raw: Json) -> UpdateContent | None:
        """What an update says. One that can't be read would come back for ever: it is counted and passed over."""
        try:
            return self._reader.read(raw, self._clock())
        except Exception:
            SKIPPED.inc()
            log.exception("update %s could not be read and is skipped", raw.get("update_id"))
            return None

    async def _called(self, request: Request) -> Response:
        """Telegram brings one update; 200 tells it that the update is stored, all else to bring it again. Of who does not know
        the secret nothing is read."""
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(secret.encode(), self._options.webhook_secret.encode()):
            return Response(status_code=403)
        if self._reception is None:
            return Response(status_code=503)
        try:
            update = await bodies.json_object(request, LARGEST_UPDATE)
        except bodies.TooLarge:
            log.error("a call of the webhook with more than %s bytes is refused", LARGEST_UPDATE)
            return Response(status_code=413)
        except ValueError as error:
            log.error("a call of the webhook is no update: %s", error)
            return Response(status_code=400)
        if _number_of(update) is None:
            log.error("a call of the webhook is no update: it has no number")
            return Response(status_code=400)
        try:
            await self._reception.take([update])
        except Exception:
            log.exception("an update could not be stored; it comes again")
            return Response(status_code=503)
        return Response()

    async def _moved(self, blocked: Mapping[str, bool]) -> None:
        gone = [address for address, is_gone in blocked.items() if is_gone]
        back = [address for address, is_gone in blocked.items() if not is_gone]
        async with self._database.write() as conn:
            await mark_blocked(conn, gone, now=self._clock())
            await mark_unblocked(conn, back)

    def _answer_soon(self, query: str) -> None:
        """Stop the button's clock on the phone; Telegram allows some 15 seconds for it."""
        task = asyncio.create_task(self._answer(query))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, query: str) -> None:
        try:
            await self._bot.answer_callback_query(query)
        except TelegramError as error:  # too late, most likely; the press itself is stored and is worked on
            log.debug("a button could not be answered: %s", error)


def _number_of(update: Any) -> int | None:
    """None for what is no number of an update: asking from a negative one on makes Telegram forget others."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) and 0 < number < _NUMBERS else None


def telegram_of(installation: Installation, clock: Clock) -> TelegramPlatform | None:
    """Telegram as the settings want it; None without a token."""
    settings = installation.settings
    if settings.telegram_token is None:
        return None
    secret = settings.telegram_webhook_secret
    options = TelegramOptions(
        settings.telegram_token.get_secret_value(),
        base_url=settings.telegram_base_url,
        rate=settings.telegram_rate,
        webhook_url=settings.telegram_webhook_url or "",
        webhook_secret=secret.get_secret_value() if secret else "",
        max_upload=settings.max_upload,
    )
    return TelegramPlatform(options, installation.world.media, installation.database, clock)


class _Bot(ExtBot[int]):
    """PTB's bot, with updates as Telegram sends them: one that can't be read must not take the others with it."""

    async def updates(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        """Up to 100 updates from `offset` on, waited for up to `seconds`. Raises TelegramError."""
        wanted = {"offset": offset, "timeout": seconds, "limit": 100, "allowed_updates": ALLOWED}
        silence = (self._request[0].read_timeout or 0) + seconds
        found = await self._post("getUpdates", wanted, read_timeout=silence)
        if not isinstance(found, list):
            raise NetworkError("an answer that is not the Bot API's")
        return found
