"""Sending one message to Telegram, in as many calls as it takes."""

from __future__ import annotations

from typing import Any

from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot

from bot.platforms.base import Blocked, Refused
from bot.platforms.telegram.form import (
    MAX_TEXT,
    Step,
    extras,
    file_kind,
    fits,
    judged,
    nobody_there,
    nothing_left_to_edit,
    shown_text,
    sound_name,
    steps_of,
)
from bot.platforms.telegram.updates import chat_of
from storage.database.sealing import SealError
from storage.files.media import AlteredFile, MediaStore
from storage.mail.messages import Outgoing
from storage.mail.outbox import Letter

Extra = dict[str, Any] | None

_FILE_NAME = "附件"
_ALTERED = "（附的文件被换过或改过，没有发给您，已告诉镇里。）"


class MessageSender:
    """Sends letters through `bot`; files come from `media`."""

    def __init__(self, bot: ExtBot[Any], media: MediaStore) -> None:
        self._bot = bot
        self._media = media
        self._steps_done: dict[int, int] = {}

    async def send(self, letter: Letter) -> None:
        """Deliver one message. Raises SendError."""
        message = letter.message
        chat_id = chat_of(letter.address)
        text = shown_text(message)
        try:
            if message.edits is None and message.file is None and fits(text, MAX_TEXT):
                await self._bot.send_message(chat_id, text, api_kwargs=extras(message.buttons, text, message.links))
            else:
                await self._in_steps(letter, chat_id, text)
        except TelegramError as error:
            meaning = judged(error)
            if isinstance(meaning, Blocked | Refused):
                self._steps_done.pop(letter.id, None)
            raise meaning from error

    async def _in_steps(self, letter: Letter, chat_id: int, text: str) -> None:
        """A further try goes on where the last one ended, so that nothing arrives twice."""
        message = letter.message
        steps = steps_of(message, text)
        for number in range(self._steps_done.get(letter.id, 0), len(steps)):
            (kind, words), is_last = steps[number], number == len(steps) - 1
            extra = extras(message.buttons if is_last else (), words, message.links, beside_file=kind == "file")
            await self._step(chat_id, message, steps[number], extra)
            self._steps_done[letter.id] = number + 1
        self._steps_done.pop(letter.id, None)

    async def _step(self, chat_id: int, message: Outgoing, step: Step, extra: Extra) -> None:
        kind, words = step
        if kind == "edit":
            await self._edit(chat_id, message.edits or "", words, extra)
        elif kind == "file":
            await self._file(chat_id, message, words, extra)
        else:
            await self._bot.send_message(chat_id, words, api_kwargs=extra)

    async def _edit(self, chat_id: int, reference: str, words: str, extra: Extra) -> None:
        """Change words and buttons, or the buttons alone."""
        if not reference.isdecimal():
            raise Refused(f"no message of Telegram: {reference!r}")
        try:
            if words:
                await self._bot.edit_message_text(words, chat_id, int(reference), api_kwargs=extra)
            else:
                await self._bot.edit_message_reply_markup(chat_id, int(reference), api_kwargs=extra)
        except BadRequest as error:
            if not nothing_left_to_edit(error):
                raise

    async def _file(self, chat_id: int, message: Outgoing, caption: str, extra: Extra) -> None:
        try:
            content = await self._media.fetch(message.file or "")
        except AlteredFile:
            words = f"{caption}\n{_ALTERED}" if caption else _ALTERED
            await self._bot.send_message(chat_id, words, api_kwargs=extra)
            return
        except (FileNotFoundError, SealError) as error:
            raise Refused(f"the file can't be read: {type(error).__name__}") from error
        name = message.file_name or sound_name(content) or _FILE_NAME
        await self._content(chat_id, content, name, caption or None, extra)

    async def _content(self, chat_id: int, content: bytes, name: str, caption: str | None, extra: Extra) -> None:
        """As what it is, but a picture that has a name of its own as a document: it is to be printed, and Telegram makes
        photos smaller. Also as a document if Telegram does not take it as that: a photo too long and narrow, a recording of
        another make, or somebody who takes no voice messages."""
        kind = file_kind(content)
        try:
            if kind == "voice":
                await self._bot.send_voice(chat_id, content, caption=caption, api_kwargs=extra)
                return
            if kind == "photo" and name == _FILE_NAME:
                await self._bot.send_photo(chat_id, content, caption=caption, api_kwargs=extra)
                return
        except BadRequest as error:
            if nobody_there(error):
                raise
        await self._bot.send_document(chat_id, content, caption=caption, filename=name, api_kwargs=extra)
