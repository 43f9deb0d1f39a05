"""What a Telegram update says to us, without any call to Telegram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from telegram import (
    Audio,
    CallbackQuery,
    Chat,
    ChatMemberUpdated,
    Message,
    MessageEntity,
    PhotoSize,
    Update,
    User,
    Voice,
)
from telegram.constants import ChatMemberStatus, ChatType

from storage.database.base import SHANGHAI
from storage.mail.messages import Incoming, Place

ALLOWED = [Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER]
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

    def read(self, update: Update, now: datetime) -> UpdateContent | None:
        """What the update says; None when it is nothing for us, such as talk of others in a group."""
        if update.callback_query is not None:
            return self._pressed(update.update_id, update.callback_query, now)
        if update.message is not None:
            return self._said(update.update_id, update.message)
        if update.my_chat_member is not None:
            return _membership(update.update_id, update.my_chat_member)
        return None

    def _pressed(self, update_id: int, query: CallbackQuery, now: datetime) -> UpdateContent | None:
        message = query.message
        if message is None or query.data is None or not _is_chat(message.chat):
            return None
        incoming = Incoming(
            address=address_of(message.chat.id), key=self._key(update_id), at=now, choice=query.data,
            pressed=str(message.message_id), private=message.chat.type == ChatType.PRIVATE,
        )  # fmt: skip
        return UpdateContent(update_id, incoming.address, incoming, query=query.id)

    def _said(self, update_id: int, message: Message) -> UpdateContent | None:
        chat, sender = message.chat, message.from_user
        if sender is None or not _is_chat(chat):
            return None
        private = chat.type == ChatType.PRIVATE
        if not private and (sender.is_bot or not self._addressed(message)):
            return None
        attached, trouble = self._attached(message) if private else (None, None)
        phone, card = _phone(message, sender)
        incoming = Incoming(
            address=address_of(chat.id), key=self._key(update_id), at=message.date.astimezone(SHANGHAI),
            text=message.text or message.caption or card, place=_place(message), contact_phone=phone,
            private=private, trouble=trouble,
        )  # fmt: skip
        says_something = incoming.text or incoming.place or incoming.contact_phone or attached or trouble
        return UpdateContent(update_id, incoming.address, incoming, attached) if says_something or not private else None

    def _attached(self, message: Message) -> tuple[Attached | None, str | None]:
        """The file to fetch, or why it can't be taken."""
        found: Attached | None = None
        if message.photo:
            found = self._largest(message.photo)
        elif file := message.document or message.voice or message.audio:
            name = str(getattr(file, "file_name", None) or "")[:100]
            found = Attached(file.file_id, file.file_size or 0, name, _seconds(message.voice or message.audio))
        elif message.text or message.location or message.contact:  # nearly all, and cheap to tell
            return None, None
        elif message.effective_attachment is not None:
            return None, UNREADABLE
        if found is not None and found.size > self.most:
            return None, too_large(self.most)
        return found, None

    def _largest(self, sizes: Sequence[PhotoSize]) -> Attached:
        """The largest size that may be taken; the smallest of all when even that is too large."""
        by_area = sorted(sizes, key=lambda size: size.width * size.height, reverse=True)
        fitting = [size for size in by_area if (size.file_size or 0) <= self.most]
        chosen = (fitting or by_area[-1:])[0]
        return Attached(chosen.file_id, chosen.file_size or 0)

    def _addressed(self, message: Message) -> bool:
        """Whether somebody in a group speaks to us: by a command, by our name, or in reply."""
        replied = message.reply_to_message
        if replied is not None and replied.from_user is not None and replied.from_user.id == self.bot_id:
            return True
        kinds: list[str | None] = [MessageEntity.MENTION, MessageEntity.BOT_COMMAND]
        entities = message.parse_entities(kinds) if message.text else message.parse_caption_entities(kinds)
        return any(self._is_ours(entity, said) for entity, said in entities.items())

    def _is_ours(self, entity: MessageEntity, said: str) -> bool:
        _, _, name = said.partition("@")
        if entity.type == MessageEntity.BOT_COMMAND and not name:
            return entity.offset == 0
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


def _is_chat(chat: Chat) -> bool:
    """People talk in private chats and groups; a channel is a notice board."""
    return chat.type == ChatType.PRIVATE or chat.type in _GROUPS


def _place(message: Message) -> Place | None:
    spot = message.location
    return Place(latitude=spot.latitude, longitude=spot.longitude) if spot else None


def _seconds(recording: Voice | Audio | None) -> int:
    """How long it lasts."""
    length = recording.duration if recording else 0
    return int(length.total_seconds() if isinstance(length, timedelta) else length)


def _phone(message: Message, sender: User) -> tuple[str | None, str | None]:
    """The sender's own number, which Telegram vouches for; or somebody else's, which is as good as typed."""
    card = message.contact
    if card is None:
        return None, None
    return (card.phone_number, None) if card.user_id == sender.id else (None, card.phone_number)


def _membership(update_id: int, change: ChatMemberUpdated) -> UpdateContent | None:
    if change.chat.type != ChatType.PRIVATE:
        return None
    blocked = change.new_chat_member.status == ChatMemberStatus.BANNED
    return UpdateContent(update_id, address_of(change.chat.id), blocked=blocked)
