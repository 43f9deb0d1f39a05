"""发出的邀请: what is still open, and taking it back with a tap."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.joining.closed import end_waiting
from handlers.joining.invite import code_until, is_code
from handlers.rights.sight import may_invite
from handlers.wording.days import day_in_words
from handlers.wording.paging import is_page, page_named, page_of
from handlers.wording.people import post_in_words, region_in_words
from storage.database.base import to_base36
from storage.joining.invites import Invite
from storage.mail.messages import Button
from storage.people.persons import Role

NONE = "没有还能用的邀请。要请人，发「邀请」。"


@conversation("invites", "发出的邀请", for_roles={Role.TOWN, Role.COUNTY}, words=("邀请记录", "撤回邀请"))
async def invitations(chat: Chat) -> None:
    """Args: a page; or the id of the one to take back."""
    if is_page(chat.args):
        await _list(chat)
        return
    found = await chat.store.invites.get(chat.row_id(chat.args))
    if found is None or not may_invite(chat.person, found.region):
        chat.refuse()
    title = _title(chat, found)
    waiting = await chat.store.admissions.by_invites(invite_id=found.id)
    await end_waiting(chat.store, waiting, by=chat.person.id)
    if await chat.store.invites.revoke(found.id, chat.person.id) or waiting:
        await chat.say(f"撤回了：{title}。要再请，发「邀请」。")
    else:
        await chat.say(f"{title}的邀请已经不能用了，不用撤回。")


async def _list(chat: Chat) -> None:
    regions = {post.region for post in chat.person.posts_as(Role.TOWN, Role.COUNTY)}
    found = await chat.store.invites.open_in(*sorted(regions))
    if not found:
        await chat.say(NONE)
        return
    shown, turn = page_of(found, page_named(chat.args), command="/invites")
    lines = [f"{place} {_title(chat, one)}，{_until(one)}" for place, one in enumerate(shown, 1)]
    buttons = [Button(label=f"撤回第 {place} 个", says=f"/invites {to_base36(one.id)}") for place, one in enumerate(shown, 1)]
    rows = [buttons[start : start + 2] for start in range(0, len(buttons), 2)]
    await chat.say("\n".join(["还能用的邀请：", *lines]), [*rows, *turn])


def _title(chat: Chat, one: Invite) -> str:
    if is_code(one):
        return f"{region_in_words(chat.world.plan, one.region)}的二维码"
    return f"{post_in_words(chat.world.plan, one)} {one.person_name or '没写名字'}"


def _until(one: Invite) -> str:
    if is_code(one) or one.expires_at is None:
        return code_until(one)
    return f"{day_in_words(one.expires_at.date())}前有效"
