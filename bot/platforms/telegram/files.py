"""Fetching the files of messages from Telegram into the media store."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from weakref import WeakValueDictionary

from telegram import Bot
from telegram.error import BadRequest, RetryAfter, TelegramError

from bot.platforms.telegram.form import seconds_of
from bot.platforms.telegram.updates import UNKNOWN, Attached, too_large
from bot.service.clock import Clock
from bot.web.bodies import TooLarge
from bot.web.uploads import Unknown, examined
from storage.database.connection import Database
from storage.files import media
from storage.files.media import MediaStore
from storage.mail.messages import Incoming, SentFile

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Files under way at most; with the largest file of 10 MB they stay below 100 MB of memory."""

AT_ONCE_OF_ONE = 3
"""Of one sender, so that others need not wait behind all of their files."""

TRIES = 3

LIMIT = 60.0
"""Seconds a download may take, all tries together."""

LOST = "文件没有传过来，请再发一次。"


@dataclass(eq=False)
class Files:
    """`most` is the largest file taken, in bytes; `pause` the seconds before the second try."""

    bot: Bot
    media: MediaStore
    database: Database
    clock: Clock
    most: int
    pause: float = 1.0

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._own: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def fetch(self, message: Incoming, attached: Attached) -> Incoming:
        """The message with its file kept, or with words about why the file can't be taken.

        Raises what the disk and the database raise: then the message has to come again.
        """
        async with self._own.setdefault(message.address, asyncio.Semaphore(AT_ONCE_OF_ONE)), self._slots:
            try:
                async with asyncio.timeout(LIMIT):
                    content = await self._download(attached.file_id)
                return message.model_copy(update={"files": (await self._keep(content, attached, message.address),)})
            except TooLarge as error:
                trouble = too_large(error.most)
            except Unknown as error:
                trouble = str(error) or UNKNOWN
            except (TelegramError, TimeoutError) as error:
                log.warning("a file of %s could not be fetched: %s", message.key, error)
                trouble = LOST
        return message.model_copy(update={"trouble": trouble})

    async def _download(self, file_id: str) -> bytes:
        """Raises TooLarge; TelegramError after the last try."""
        tries = 0
        while True:
            tries += 1
            try:
                file = await self.bot.get_file(file_id)
                if (file.file_size or 0) > self.most:
                    raise TooLarge(self.most)
                return bytes(await file.download_as_bytearray())
            except TelegramError as error:
                if isinstance(error, BadRequest) and "too big" in error.message:
                    raise TooLarge(self.most) from error
                if tries == TRIES:
                    raise
                wait = seconds_of(error) if isinstance(error, RetryAfter) else self.pause * tries
            await asyncio.sleep(wait)

    async def _keep(self, content: bytes, attached: Attached, address: str) -> SentFile:
        """Raises TooLarge, Unknown."""
        if len(content) > self.most:
            raise TooLarge(self.most)
        upload = await examined(content, attached.name, whose=address)
        sha256 = await media.keep(self.database, self.media, upload.content, content_type=upload.content_type, now=self.clock())
        name = attached.name if upload.kind == "document" else ""
        seconds = attached.seconds if upload.kind == "voice" else 0
        return SentFile(sha256=sha256, kind=upload.kind, name=name, seconds=seconds)
