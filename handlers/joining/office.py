"""Joins an office by a link: a new person, a further post, or a further phone of somebody known.

Who comes in at once, and who waits for a tap:

| the link                              | opened by                           | then                                      |
|---------------------------------------|-------------------------------------|-------------------------------------------|
| carries a name, or is made on the     | that person's first phone           | at once; their office is told             |
| command line for one use              |                                     |                                           |
| carries a name                        | anybody who gives another name      | waits for the office                      |
| carries none                          | anybody                             | waits for the office                      |
| any                                   | a further phone of somebody known   | waits for their first phone or the office |
"""

from __future__ import annotations

from datetime import timedelta

from handlers.engine.chat import Chat
from handlers.engine.notify import notify, tell_chat
from handlers.engine.questions import Choice
from handlers.engine.questions.introduction import NameAndPhone
from handlers.joining.admit import admit_to_office, welcome
from handlers.joining.closed import inviter_of, why_closed
from handlers.posts.transfer import expect_successor, take_over
from handlers.reading.introductions import Introduction
from handlers.rights.sight import may_invite, may_vouch
from handlers.wording.people import post_in_words
from storage.database.base import to_base36, to_ms
from storage.joining.admissions import Admission
from storage.joining.invites import Invite
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing
from storage.people.persons import Person, Role

_AGREE, _DECLINE = "agree", "decline"

TOGETHER = timedelta(minutes=15)
"""Requests that come within so long of one that was told are told with one message."""

ASKED = "已请镇里看一下是不是您本人，有结果就发到这里。\n着急就直接给镇里打个电话。"


async def join_office(chat: Chat, invite: Invite) -> None:
    """At most three messages by hand: the link, name and phone in one, a tap."""
    post = post_in_words(chat.world.plan, invite)
    invited = f"{await chat.recall('inviter', lambda: inviter_of(chat, invite))}邀请您：{post}。"
    if not chat.stranger:
        await _join_further(chat, invite, invited, post)
        return
    who = await chat.ask("who", NameAndPhone(_introduce(invite, invited), invite.person_name))
    as_invited = who == Introduction(invite.person_name or "", "")
    if as_invited or await chat.confirm(f"{post}\n{_who_in_words(who)}\n对的话点「提交」就加入。"):
        await _enter(chat, invite, who, post)
    else:
        await chat.say("没有加入。")


async def _join_further(chat: Chat, invite: Invite, invited: str, post: str) -> None:
    """A further post for somebody whose phone this is."""
    me = chat.person
    agreed = await chat.ask("agreed", Choice(f"{invited}\n您原来的身份不变。", [(_AGREE, "加入"), (_DECLINE, "不加入")]))
    if agreed == _DECLINE:
        await chat.say("没有加入。")
    elif not await chat.store.invites.take(invite.id):
        await _say_closed(chat, invite)
    elif _at_once(chat, invite, me.name, me):
        await expect_successor(chat, invite, person_id=me.id)
        await admit_to_office(
            chat, chat.address, me.id, role=invite.role, region=invite.region, unit=invite.unit, newcomer=False
        )
        await welcome(chat, chat.address, me.id, f"好了，您现在也是：{post}。")
        await take_over(chat, me.id, address=chat.address)
    else:
        await _wait(chat, invite, Introduction(me.name, ""), me, post, by_office=True)


def _introduce(invite: Invite, invited: str) -> str:
    ask = (
        f"您是{invite.person_name}吗？点下面确认；也可以发手机号一起登记。"
        if invite.person_name
        else "请发您的姓名和手机号（手机号可不发），例如：李明 13812345678"
    )
    return f"{invited}\n{ask}\n我们记：姓名、手机号（加密）、您经办的事。/me 可查看。"


def _who_in_words(who: Introduction) -> str:
    return NameAndPhone("").in_words(who)


async def _say_closed(chat: Chat, invite: Invite) -> None:
    now = await chat.store.invites.get(invite.id)
    await chat.say(await why_closed(chat, now or invite))


async def _enter(chat: Chat, invite: Invite, who: Introduction, post: str) -> None:
    """A new person, or a further phone of one we know: a name and a phone number are no proof."""
    store = chat.store
    now = await store.invites.get(invite.id) or invite
    known = await _known(chat, invite, who)
    taken = await store.invites.take(invite.id)
    further = known is not None and who.name == invite.person_name and now.holds_at(chat.now)
    if not taken and not further:
        await chat.say(await why_closed(chat, now))
    elif known is None and _at_once(chat, invite, who.name, None):
        person_id = store.people.add(who.name, who.number or None)
        await expect_successor(chat, invite, person_id=person_id)
        await admit_to_office(
            chat, chat.address, person_id, role=invite.role, region=invite.region, unit=invite.unit, newcomer=True
        )
        await welcome(chat, chat.address, person_id, f"{who.name}，欢迎！您是：{post}。\n点一个开始，或发「菜单」。")
        await take_over(chat, person_id, address=chat.address)
    else:
        meant = known is not None and (known.holds(invite.role, invite.region, invite.unit) or _names(invite, who.name))
        await _wait(chat, invite, who, known, post, by_office=not meant)


async def _known(chat: Chat, invite: Invite, who: Introduction) -> Person | None:
    """The person of this name and phone number, or of this name in this very post."""
    people = chat.store.people
    by_number = await chat.store.admissions.known_as(who.name, who.number) if who.number else None
    if by_number is not None:
        return await people.get(by_number)
    namesakes = await people.named(who.name)
    return next((one for one in namesakes if one.holds(invite.role, invite.region, invite.unit)), None)


def _at_once(chat: Chat, invite: Invite, name: str, me: Person | None) -> bool:
    """Whether the link itself says that this person may come in."""
    if invite.created_by is None and not _deciders(chat, invite.region, me):
        return True  # the first officer of a town: there is nobody to ask
    return _names(invite, name)


def _names(invite: Invite, name: str) -> bool:
    """Whether the link is for somebody of this name."""
    return name == invite.person_name if invite.person_name else not invite.waits


def _deciders(chat: Chat, region: str, owner: Person | None) -> list[int]:
    """The town's officials who may agree, or where there are none, the county's."""
    able = [
        one.person
        for one in chat.world.directory.officials
        if may_invite(one.person, region)
        and (owner is None or (one.person.id != owner.id and may_vouch(one.person, owner, region=region)))
    ]
    return [one.id for one in able if one.has(Role.TOWN)] or [one.id for one in able]


async def _wait(chat: Chat, invite: Invite, who: Introduction, known: Person | None, post: str, *, by_office: bool) -> None:
    """Ask the person's first phone or, `by_office` or where there is none, the office; several are told together."""
    store = chat.store
    waiting = await store.admissions.open_to_office(invite.region)
    if any(one.address == chat.address and one.role is invite.role and one.unit == invite.unit for one in waiting):
        await chat.say(ASKED)
        return
    asked = store.admissions.ask(
        chat.address, who.name, role=invite.role, region=invite.region, unit=invite.unit, invite_id=invite.id,
        person_id=known.id if known else None, phone=None if known else who.number or None, by_office=by_office,
    )  # fmt: skip
    own = None if by_office or known is None else await store.chats.first_of(known.id)
    if own is not None:
        text = f"有人用{who.name}的名字在一部新手机上加入：{post}。请核实是不是本人。"
        tell_chat(store, own, text, [[Button(label="去核实", says=f"/admit {to_base36(asked.id)}")]])
        await chat.say("这个名字登记过。请在原来的手机上点「去核实」。\n原来的手机不在了，请找镇里核实。")
        return
    if known is None:
        what = f"打开了给{invite.person_name}的邀请，想加入" if invite.person_name else "打开了邀请，想加入"
    else:
        what = "想在一部新手机上用" if chat.stranger else "打开了邀请，也想加入"
    await _ask_office(chat, asked, _deciders(chat, invite.region, known), f"{who.name}{what}：{post}。", waiting)
    await chat.say(ASKED)


async def _ask_office(chat: Chat, asked: Admission, office: list[int], news: str, waiting: list[Admission]) -> None:
    """One message for each request, or for those that come together with one that was told, one for all of them."""
    if not any(chat.now - one.asked_at < TOGETHER for one in waiting):
        key = to_base36(asked.id)
        await chat.push(
            office,
            f"{news}\n是他本人就点一下。",
            intent=Intent(Cause.ADMIT, f"{asked.id}"),
            buttons=[[Button(label="是他", says=f"/admit {key} yes"), Button(label="不是", says=f"/admit {key} no")]],
        )
        return
    more = Outgoing(text="又有人等着加入，请看看是不是本人。", buttons=((Button(label="去看看", says="/admit"),),))
    slot = to_ms(chat.now) // int(TOGETHER.total_seconds() * 1000)
    await notify(
        chat.store,
        chat.world,
        messages=dict.fromkeys(office, more),
        intent=Intent(Cause.ADMIT, f"more:{slot}"),
        unless_told=True,
        not_before=chat.now + TOGETHER,
    )
