"""Joins an office by a link: a new person, a further post, or a further phone of somebody known."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.questions import Choice
from handlers.engine.questions.introduction import NameAndPhone
from handlers.joining.admit import DEAD, WAITING, admit_to_office, welcome
from handlers.posts.transfer import expect_successor, take_over
from handlers.reading.introductions import Introduction
from handlers.wording.people import post_in_words
from storage.database.base import to_base36
from storage.joining.invites import Invite
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role

_AGREE, _DECLINE = "agree", "decline"


async def join_office(chat: Chat, invite: Invite) -> None:
    """At most three messages by hand: the link, name and phone in one, a tap."""
    post = post_in_words(chat.world.plan, invite.role, region=invite.region, unit=invite.unit)
    invited = f"{await chat.recall('inviter', lambda: _inviter(chat, invite))}邀请您：{post}。"
    if not chat.stranger:
        agreed = await chat.ask("agreed", Choice(f"{invited}\n您原来的身份不变。", [(_AGREE, "加入"), (_DECLINE, "不加入")]))
        if agreed == _DECLINE:
            await chat.say("没有加入。")
        elif not await chat.store.invites.take(invite.id):
            await chat.say(DEAD)
        else:
            await expect_successor(chat, invite, person_id=chat.person.id)
            await admit_to_office(chat, chat.address, chat.person.id, invite.role, invite.region, invite.unit)
            await welcome(chat, chat.address, chat.person.id, f"好了，您现在也是：{post}。")
            await take_over(chat, chat.person.id, address=chat.address)
        return
    who = await chat.ask("who", NameAndPhone(_introduce(invite, invited), invite.person_name))
    as_invited = who == Introduction(invite.person_name or "", "")
    if not as_invited and not await chat.confirm(f"{post}\n{_who_in_words(who)}\n对的话点「提交」就加入。"):
        await chat.say("没有加入。")
    elif not await chat.store.invites.take(invite.id):
        await chat.say(DEAD)
    else:
        await _enter(chat, invite, who, post)


def _introduce(invite: Invite, invited: str) -> str:
    ask = (
        f"您是{invite.person_name}吗？点下面确认；也可以发手机号一起登记。"
        if invite.person_name
        else "请发您的姓名和手机号（手机号可不发），例如：李明 13812345678"
    )
    return f"{invited}\n{ask}\n我们记：姓名、手机号（加密）、您经办的事。/me 可查看。"


def _who_in_words(who: Introduction) -> str:
    return NameAndPhone("").in_words(who)


async def _inviter(chat: Chat, invite: Invite) -> str:
    person = await chat.store.people.get(invite.created_by) if invite.created_by else None
    return person.name if person else "镇里"


async def _enter(chat: Chat, invite: Invite, who: Introduction, post: str) -> None:
    """A new person, or a further phone of one we know: then their first phone has to agree, as a phone number is no proof."""
    known = await chat.store.admissions.known_as(who.name, who.number) if who.number else None
    if known is None:
        person_id = chat.store.people.add(who.name, who.number or None)
        await expect_successor(chat, invite, person_id=person_id)
        await admit_to_office(chat, chat.address, person_id, invite.role, invite.region, invite.unit)
        await welcome(chat, chat.address, person_id, f"{who.name}，欢迎！您是：{post}。\n点一个开始，或发「菜单」。")
        await take_over(chat, person_id, address=chat.address)
        return
    await expect_successor(chat, invite, person_id=known)
    asked = chat.store.admissions.ask(
        chat.address, who.name, role=invite.role, region=invite.region, unit=invite.unit, person_id=known
    )
    own = await chat.store.chats.reachable([known])
    town = [] if own else chat.world.directory.ids(Role.TOWN, invite.region)
    await chat.push(
        [known] if own else town,
        f"有人用{who.name}的姓名和手机号在一部新手机上加入：{post}。请核实是不是本人。",
        intent=Intent(Cause.ADMIT, f"{asked.id}"),
        buttons=[[Button(label="去核实", says=f"/admit {to_base36(asked.id)}")]],
        personal=True,
    )
    await chat.say(
        "这个姓名和手机号登记过。请在原来的手机上点「去核实」。\n原来的手机不在了，请找镇里核实。" if own else WAITING
    )
