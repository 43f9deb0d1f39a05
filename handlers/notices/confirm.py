"""收到： one tap by whoever got a notice 通知, and its file for those who want it."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.notices.wording import FILE, file_name, notice_buttons

_THANKS = "✓ 收到了，谢谢。"
_KNOWN = "✓ 您已经点过「收到」了，谢谢。"


@conversation("received", "收到")
async def receive_notice(chat: Chat) -> None:
    """Args: the notice, and "file" for what came with it; without any, the newest that waits for this person."""
    receipts, me = chat.store.notice_receipts, chat.person.id
    said, _, wants = chat.args.partition(" ")
    notice_id = chat.row_id(said) if said else await receipts.newest_for(me)
    if notice_id is None:
        await chat.say("没有等您点「收到」的通知。")
        return
    confirmed = await receipts.received_by(notice_id, me)
    if confirmed is None:
        chat.refuse()
    elif wants == FILE:
        await _send_file(chat, notice_id)
    elif confirmed:
        await chat.say(_KNOWN)
    else:
        await receipts.confirm(notice_id, me)
        await _thank(chat, notice_id)


async def _thank(chat: Chat, notice_id: int) -> None:
    """The button that was tapped shows that it was; whoever typed gets a word."""
    notice = await chat.store.notices.get(notice_id)
    if chat.pressed and notice is not None:
        chat.turn(notice_buttons(notice, with_file=True, confirmed=True))
    else:
        await chat.say(_THANKS)


async def _send_file(chat: Chat, notice_id: int) -> None:
    notice = await chat.store.notices.get(notice_id)
    if notice is None or notice.file is None:
        chat.refuse()
    await chat.say(notice.file_name, file=notice.file, file_name=file_name(notice))
