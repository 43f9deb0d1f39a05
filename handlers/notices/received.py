"""收到： one tap by whoever got a notice 通知, and its file for those who want it."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.words import NOT_YOURS
from handlers.notices.wording import FILE, buttons, file_name
from storage.database.base import from_base36

_THANKS = "✓ 收到了，谢谢。"
_KNOWN = "✓ 您已经点过「收到」了，谢谢。"


@conversation("received", "收到")
async def receive_notice(chat: Chat) -> None:
    """Args: the notice, and "file" for what came with it; without any, the newest that waits for this person."""
    receipts, me = chat.store.broadcast_receipts, chat.person.id
    said, _, wants = chat.args.partition(" ")
    broadcast_id = _id(said) if said else await receipts.newest_for(me)
    if broadcast_id is None:
        await chat.say(NOT_YOURS if said else "没有等您点「收到」的通知。")
        return
    confirmed = await receipts.received_by(broadcast_id, me)
    if confirmed is None:
        await chat.say(NOT_YOURS)
    elif wants == FILE:
        await _send_file(chat, broadcast_id)
    elif confirmed:
        await chat.say(_KNOWN)
    else:
        await receipts.confirm(broadcast_id, me)
        await _thank(chat, broadcast_id)


async def _thank(chat: Chat, broadcast_id: int) -> None:
    """The button that was tapped shows that it was; whoever typed gets a word."""
    broadcast = await chat.store.broadcasts.get(broadcast_id)
    if chat.pressed and broadcast is not None:
        chat.turn(buttons(broadcast, with_file=True, confirmed=True))
    else:
        await chat.say(_THANKS)


async def _send_file(chat: Chat, broadcast_id: int) -> None:
    broadcast = await chat.store.broadcasts.get(broadcast_id)
    if broadcast is None or broadcast.file is None:
        await chat.say(NOT_YOURS)
        return
    await chat.say(broadcast.file_name, file=broadcast.file, file_name=file_name(broadcast))


def _id(said: str) -> int | None:
    try:
        return from_base36(said)
    except ValueError:
        return None
