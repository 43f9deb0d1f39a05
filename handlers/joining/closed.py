"""Says why an invitation can't be used any more, and whom to ask."""

from __future__ import annotations

from collections.abc import Iterable

from handlers.engine.chat import Chat
from handlers.engine.notify import tell_chat
from handlers.wording.days import day_in_words
from storage.joining.admissions import Admission
from storage.joining.invites import Invite
from storage.people.persons import Role
from storage.store import Store


async def inviter_of(chat: Chat, invite: Invite) -> str:
    """Who made an invitation; 镇里 for one made on the command line."""
    person = await chat.store.people.get(invite.created_by) if invite.created_by else None
    return person.name if person else "镇里"


async def end_waiting(store: Store, waiting: Iterable[Admission], *, by: int | None) -> None:
    """End requests whose invitation was taken back, and tell who asked. `by` None is the operator."""
    for asked in waiting:
        await store.admissions.decide(asked.id, accepted=False, person_id=by)
        tell_chat(store, asked.address, "这个邀请撤回了，您的申请也结束了。还要加入，请找镇里。")


async def why_closed(chat: Chat, invite: Invite) -> str:
    """For an invitation that is over."""
    if invite.role is Role.HOUSEHOLD:
        return "这个二维码停用了。请扫村里新贴的那张，或找村干部要。"
    who = await inviter_of(chat, invite)
    if invite.revoked_at is not None:
        return f"这个邀请已经撤回了。要加入，请找{who}。"
    if invite.uses_left == 0:
        return f"这个邀请已经用过了，一个邀请只能一个人用。请找{who}再要一个。"
    until = day_in_words(invite.expires_at.date()) if invite.expires_at else ""
    return f"这个邀请{until}到期了。请找{who}再要一个。"
