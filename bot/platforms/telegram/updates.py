"""What a Telegram update says to us, read as Telegram sends it (https://core.telegram.org/bots/api#update).

python-telegram-bot would make objects of hundreds of attributes from it first: more work than all that follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telegram.constants import ChatMemberStatus, ChatType, MessageAttachmentType, MessageEntityType, UpdateType

from storage.database.base import SHANGHAI
from storage.mail.messages import Incoming, Place

Json = Mapping[str, Any]

ALLOWED = [UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER]
"""The kinds of updates we ask for; edits of what was said before are not among them."""

TOO_LARGE = "文件太大，最大 {most} MB。请换一个小一点的再发。"
UNKNOWN = "这种文件收不了。请发照片、语音、.xlsx 表格，或 Word、PDF 文件。"
UNREADABLE = "这种消息我看不了。请发文字、照片、语音或定位。"

_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that waits at Telegram; `size` in bytes, 0 when Telegram does not tell; `seconds` of a recording."""

    file_id: str
    size: int
    name: str = ""
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class UpdateContent:
    """One update: a message, a pressed button that wants to be answered, or a chat that blocked or unblocked us."""

    update_id: int
    address: str
    message: Incoming | None = None
    attached: Attached | None = None
    query: str | None = None
    blocked: bool | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads updates for the bot of this id and user name; `most` is the largest file taken, in bytes."""

    bot_id: int
    username: str
    most: int

    def read(self, update: Json, now: datetime) -> UpdateContent | None:
        """What the update says; None when it is nothing for us, such as talk of others in a group.

        Raises LookupError, TypeError or ValueError for one that is not made as Telegram says.
        """
        if (query := update.get(UpdateType.CALLBACK_QUERY)) is not None:
            return self._pressed(update["update_id"], query, now)
        if (message := update.get(UpdateType.MESSAGE)) is not None:
            return self._said(update["update_id"], message)
        if (change := update.get(UpdateType.MY_CHAT_MEMBER)) is not None:
            return _membership(update["update_id"], change)
        return None

    def _pressed(self, update_id: int, query: Json, now: datetime) -> UpdateContent | None:
        message, choice = query.get("message"), query.get("data")
        if message is None or choice is None or not _is_chat(message["chat"]):
            return None
        incoming = Incoming(
            address=address_of(message["chat"]["id"]), key=self._key(update_id), at=now, choice=choice,
            pressed=str(message["message_id"]), private=message["chat"]["type"] == ChatType.PRIVATE,
        )  # fmt: skip
        return UpdateContent(update_id, incoming.address, incoming, query=query["id"])

    def _said(self, update_id: int, message: Json) -> UpdateContent | None:
        chat, sender = message["chat"], message.get("from")
        if sender is None or not _is_chat(chat):
            return None
        private = chat["type"] == ChatType.PRIVATE
        if not private and (sender["is_bot"] or not self._addressed(message)):
            return None
        attached, trouble = self._attached(message) if private else (None, None)
        phone, card = _phone(message, sender)
        incoming = Incoming(
            address=address_of(chat["id"]), key=self._key(update_id),
            at=datetime.fromtimestamp(message["date"], SHANGHAI),
            text=message.get("text") or message.get("caption") or card, place=_place(message), contact_phone=phone,
            private=private, trouble=trouble,
        )  # fmt: skip
        says_something = incoming.text or incoming.place or incoming.contact_phone or attached or trouble
        return UpdateContent(update_id, incoming.address, incoming, attached) if says_something or not private else None

    def _attached(self, message: Json) -> tuple[Attached | None, str | None]:
        """The file to fetch, or why it can't be taken."""
        found: Attached | None = None
        if photo := message.get("photo"):
            found = self._largest(photo)
        elif file := message.get("document") or message.get("voice") or message.get("audio"):
            name = str(file.get("file_name") or "")[:100]
            seconds = 0 if "document" in message else int(file["duration"])
            found = Attached(file["file_id"], file.get("file_size") or 0, name, seconds)
        elif message.get("text") or "location" in message or "contact" in message:
            return None, None
        elif any(kind in message for kind in MessageAttachmentType):
            return None, UNREADABLE
        if found is not None and found.size > self.most:
            return None, too_large(self.most)
        return found, None

    def _largest(self, sizes: Sequence[Json]) -> Attached:
        """The largest size that may be taken; the smallest of all when even that is too large."""
        by_area = sorted(sizes, key=lambda size: size["width"] * size["height"], reverse=True)
        fitting = [size for size in by_area if (size.get("file_size") or 0) <= self.most]
        chosen = (fitting or by_area[-1:])[0]
        return Attached(chosen["file_id"], chosen.get("file_size") or 0)

    def _addressed(self, message: Json) -> bool:
        """Whether somebody in a group speaks to us: by a command, by our name, or in reply."""
        replied = message.get("reply_to_message") or {}
        if "from" in replied and replied["from"]["id"] == self.bot_id:
            return True
        text = message.get("text") or message.get("caption") or ""
        entities = message.get("entities") or message.get("caption_entities") or ()
        return any(self._is_ours(entity, _part(text, entity)) for entity in entities)

    def _is_ours(self, entity: Json, said: str) -> bool:
        if entity["type"] not in (MessageEntityType.MENTION, MessageEntityType.BOT_COMMAND):
            return False
        _, _, name = said.partition("@")
        if entity["type"] == MessageEntityType.BOT_COMMAND and not name:
            return bool(entity["offset"] == 0)
        return name.lower() == self.username.lower()

    def _key(self, update_id: int) -> str:
        return f"telegram:{self.bot_id}:{update_id}"


def address_of(chat_id: int) -> str:
    return f"telegram:{chat_id}"


def chat_of(address: str) -> int:
    return int(address.removeprefix("telegram:"))


def too_large(most: int) -> str:
    """`most` in bytes."""
    return TOO_LARGE.format(most=most // 1024 // 1024)


def _is_chat(chat: Json) -> bool:
    """People talk in private chats and groups; a channel is a notice board."""
    return chat["type"] == ChatType.PRIVATE or chat["type"] in _GROUPS


def _part(text: str, entity: Json) -> str:
    """The words of an entity; Telegram counts in units of UTF-16."""
    first, length = 2 * entity["offset"], 2 * entity["length"]
    return text.encode("utf-16-le")[first : first + length].decode("utf-16-le")


def _place(message: Json) -> Place | None:
    spot = message.get("location")
    return Place(latitude=spot["latitude"], longitude=spot["longitude"]) if spot else None


def _phone(message: Json, sender: Json) -> tuple[str | None, str | None]:
    """The sender's own number, which Telegram vouches for; or somebody else's, which is as good as typed."""
    card = message.get("contact")
    if card is None:
        return None, None
    return (card["phone_number"], None) if card.get("user_id") == sender["id"] else (None, card["phone_number"])


def _membership(update_id: int, change: Json) -> UpdateContent | None:
    if change["chat"]["type"] != ChatType.PRIVATE:
        return None
    blocked = change["new_chat_member"]["status"] == ChatMemberStatus.BANNED
    return UpdateContent(update_id, address_of(change["chat"]["id"]), blocked=bool(blocked))
