"""How a message looks on Telegram, and what its errors mean to the sender."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from telegram.constants import MessageLimit
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.platforms.base import Away, Blocked, Busy, Refused, SendError, Unsure
from bot.platforms.telegram.links import typed
from bot.platforms.telegram.request import NotSentError
from storage.mail.messages import Button, Outgoing

MAX_TEXT = int(MessageLimit.MAX_TEXT_LENGTH)
MAX_CAPTION = int(MessageLimit.CAPTION_LENGTH)
MAX_SAYS = 64
"""Bytes of what a button says (Bot API, InlineKeyboardButton)."""

Rows = Sequence[Sequence[Button]]
Step = tuple[Literal["edit", "file", "text"], str]
"""One call and its words."""

_PLACE_HINT = "\n📎 里选「位置」，可以发定位。"

_NOBODY = ("chat not found", "peer_id_invalid", "user not found", "user is deactivated")
_NOTHING_LEFT_TO_EDIT = ("message is not modified", "message to edit not found", "message can't be edited")

_LONGEST_WAIT = 3600.0
"""Seconds."""


def shown_text(message: Outgoing) -> str:
    """The words of a message.

    A place is shared with Telegram's own attachment menu, and a hint tells so. The one-tap keyboards of Telegram would
    push out the message's buttons, as both can't be in one message, and they stay open after a typed answer.
    """
    text = message.text or ""
    return text + _PLACE_HINT if message.wants == "place" and text else text


def steps_of(message: Outgoing, text: str) -> list[Step]:
    """The calls that a message takes, one after the other; the last one carries its buttons."""
    texts = split(text)
    if message.edits is not None:
        return [("edit", "".join(texts[:1])), *(("text", part) for part in texts[1:])]
    if message.file is not None:
        return [("file", text)] if fits(text, MAX_CAPTION) else [("file", ""), *(("text", part) for part in texts)]
    return [("text", part) for part in texts]


def extras(buttons: Rows, text: str, own: Sequence[str] = (), *, beside_file: bool = False) -> dict[str, Any]:
    """Further parameters of the call: the buttons, never a preview of a link, and nothing to be tapped in the words but the
    bot's `own` links. `beside_file`: the words stand below a file. Raises Refused.

    For a preview Telegram's servers would open the link, and a link may hold an invitation.
    """
    wanted: dict[str, Any] = {} if beside_file else {"link_preview_options": {"is_disabled": True}}
    if buttons:
        wanted["reply_markup"] = keyboard(buttons)
    spans = typed(text, own)
    if spans:
        wanted["caption_entities" if beside_file else "entities"] = [
            {"type": "code", "offset": _units(text[:begin]), "length": _units(text[begin:end])} for begin, end in spans
        ]
    return wanted


def keyboard(rows: Rows) -> dict[str, Any]:
    """An inline keyboard as JSON: `telegram`'s own objects for it cost as much as the rest of a send. Raises Refused."""
    for row in rows:
        for button in row:
            if len(button.says.encode()) > MAX_SAYS:
                raise Refused(f"the button {button.label!r} says more than {MAX_SAYS} bytes")
    return {"inline_keyboard": [[{"text": one.label, "callback_data": one.says} for one in row] for row in rows]}


def fits(text: str, most: int) -> bool:
    """Whether Telegram takes it as one text; counted in UTF-16 units, the strictest way to read its limits."""
    return len(text) <= most // 2 or (len(text) <= most and _units(text) <= most)


def split(text: str, most: int = MAX_TEXT) -> list[str]:
    """The text in parts that fit, cut at line breaks where there are any in the second half of a part."""
    parts: list[str] = []
    while not fits(text, most):
        end = len(text.encode("utf-16-le", "surrogatepass")[: 2 * most].decode("utf-16-le", "ignore"))
        cut = text.rfind("\n", end // 2, end + 1)
        cut = end if cut < 0 else cut
        parts.append(text[:cut])
        text = text[cut:].removeprefix("\n")
    return [part for part in [*parts, text] if part.strip()]


def file_kind(content: bytes) -> Literal["photo", "voice", "document"]:
    """What to send a kept file as, judged by its content."""
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8")) or content[8:12] == b"WEBP":
        return "photo"
    if content.startswith((b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")) or content[4:11] == b"ftypM4A":
        return "voice"
    return "document"


def sound_name(content: bytes) -> str:
    """A file name by which a phone knows how to play it; empty for what is no recording."""
    if content.startswith(b"\x1a\x45\xdf\xa3"):
        return "语音.webm"
    if content.startswith(b"RIFF"):
        return "语音.wav"
    return "语音.ogg" if content.startswith(b"OggS") else "语音.m4a" if content[4:8] == b"ftyp" else ""


def judged(error: TelegramError) -> SendError:
    """What follows from an error of a send."""
    words = f"{type(error).__name__}: {error}"
    if isinstance(error, RetryAfter):
        return Away(words, seconds_of(error))  # it says nothing against the message, however often it says so
    if isinstance(error, NotSentError):
        return Away(words, 1)
    if isinstance(error, InvalidToken):  # refused before anything was done
        return Busy("Telegram does not know the bot, or not this call", 60)
    if isinstance(error, Forbidden | ChatMigrated):
        return Blocked(words)
    if isinstance(error, BadRequest):
        return Blocked(words) if nobody_there(error) else Refused(words)
    return Unsure(words)


def nobody_there(error: BadRequest) -> bool:
    """The account is gone, or has never written to the bot."""
    return _says(error, _NOBODY)


def nothing_left_to_edit(error: BadRequest) -> bool:
    """The message looks as wanted already, or its owner has deleted it: either way there is nothing to do."""
    return _says(error, _NOTHING_LEFT_TO_EDIT)


def seconds_of(error: RetryAfter) -> float:
    """What Telegram wants to be waited for, within reason: a mistaken answer shall silence nobody for a day."""
    wait = error.retry_after
    seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
    return min(seconds, _LONGEST_WAIT) if seconds > 0 else 1.0


def _says(error: TelegramError, words: Sequence[str]) -> bool:
    told = error.message.lower()
    return any(one in told for one in words)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
