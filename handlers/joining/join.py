"""Joining by an invitation: a link for people in office, a village's QR for households."""

from __future__ import annotations

from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import STRANGERS, conversation
from handlers.engine.menu import menu_buttons
from handlers.engine.words import JOIN
from handlers.joining.admit import DEAD
from handlers.joining.closed import why_closed
from handlers.joining.door import join_by_door
from handlers.joining.household import join_household
from handlers.joining.office import join_office
from storage.joining.door_codes import DoorCode
from storage.joining.invites import Invite
from storage.people.persons import Role


@conversation("start", "加入", for_roles=STRANGERS)
async def join(chat: Chat) -> None:
    """Args: the invitation's token."""
    if not chat.args:
        await chat.say(JOIN if chat.stranger else "您已经加入了。发「菜单」看能办什么。")
        return
    kept = await chat.recall("invite", lambda: _invite(chat))
    invite = Invite.model_validate(kept) if kept else None
    door = None if invite else await chat.recall("door", lambda: _door(chat))
    if door and not _at_home(chat):
        await join_by_door(chat, DoorCode.model_validate(door))
    elif invite is not None and _has(chat, invite):
        await chat.say("您已经加入了，直接用就行。", menu_buttons(chat.person))
    elif invite is None:
        await chat.say(DEAD)
    elif not invite.open_at(chat.now) and not _for_further_phone(chat, invite):
        await chat.say(await why_closed(chat, invite))
    elif invite.role is Role.HOUSEHOLD:
        await join_household(chat, invite)
    else:
        await join_office(chat, invite)


async def _door(chat: Chat) -> dict[str, Any] | None:
    code = await chat.store.door_codes.of_token(chat.args)
    return code.model_dump(mode="json") if code and code.open_at(chat.now) else None


def _at_home(chat: Chat) -> bool:
    return not chat.stranger and chat.person.household_id is not None


async def _invite(chat: Chat) -> dict[str, Any] | None:
    invite = await chat.store.invites.find(chat.args)
    return invite.model_dump(mode="json") if invite else None


def _for_further_phone(chat: Chat, invite: Invite) -> bool:
    """Whether somebody may ask to come in by an invitation that was used already: another phone of who is named in it."""
    named = invite.person_name is not None and invite.role is not Role.HOUSEHOLD
    return named and chat.stranger and invite.holds_at(chat.now)


def _has(chat: Chat, invite: Invite) -> bool:
    if chat.stranger:
        return False
    if invite.role is Role.HOUSEHOLD:
        return _at_home(chat)
    return chat.person.holds(invite.role, invite.region, invite.unit)
