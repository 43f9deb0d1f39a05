"""The phones that joined households: who knows the families says whose they are; a family sees its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from handlers.cases.common import UNCONFIRMED
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, HouseholdChoice
from handlers.joining.confirm import confirm, home_of, put_out
from handlers.rights.sight import may_disown, may_know_family, may_oversee
from handlers.wording.days import day_in_words, moment_in_words
from handlers.wording.households import household_in_words
from handlers.wording.paging import PAGE
from handlers.wording.people import with_relation
from storage.database.base import to_base36
from storage.joining.newcomers import Newcomer
from storage.mail.messages import Button
from storage.people.persons import Role

_ALL, _LOOK_UP = "all", "home"
_YES, _NO = "yes", "no"
_OF_HOME = "看一户的手机"
_KNOWING = (Role.VILLAGE, Role.TOWN)
_LATELY = timedelta(days=7)
"""So long a phone that a colleague has confirmed stands on the list of new ones."""


@conversation("newcomer", "是不是这家人", for_roles={Role.VILLAGE, Role.TOWN, Role.HOUSEHOLD})
async def decide_newcomer(chat: Chat) -> None:
    """Args: the id of the post that a phone has, and "yes" or "no"."""
    key, _, verb = chat.args.partition(" ")
    newcomer = await chat.store.newcomers.get(chat.row_id(key))
    allowed = may_know_family if verb == _YES else may_disown
    if verb not in (_YES, _NO) or newcomer is None or not allowed(chat.person, newcomer):
        chat.refuse()
    who = _who(newcomer)
    if newcomer.confirmed_at and (verb == _YES or not may_know_family(chat.person, newcomer)):
        await chat.say(f"{who}的手机已经确认过了。不对的话，请找村干部。")
    elif verb == _YES:
        await confirm(chat, newcomer)
        await chat.say(f"好了，{who}能看自家的事了。")
    elif newcomer.confirmed_at and not await chat.confirm(
        f"{home_of(chat, newcomer)}：{who}已经确认过。不是这家人，让他的手机退出？"
    ):
        await chat.say("好的，没有变。")
    else:
        await put_out(chat, newcomer)
        await chat.say(f"{who}的手机已经退出，镇里也知道了。")


@conversation("phones", "新加入的手机", for_roles=set(_KNOWING), words=("新手机", "确认手机"))
async def phones(chat: Chat) -> None:
    """A list of phones at a time: one tap for all of them, or one for each that is not the family's."""
    for turn in itertools.count():
        shown = await chat.recall(f"shown{turn}", lambda: _waiting(chat))
        if not shown:
            lines, out = await _vouched(chat)
            done = "没有要确认的手机。" if turn == 0 else "都看过了，谢谢。"
            await chat.say("\n".join([done, *lines]), [*out, [Button(label=_OF_HOME, says="/homephones")]])
            return
        listed = shown[:PAGE]
        head = f"新加入的手机 {len(shown)} 部" + (f"，先看 {PAGE} 部" if len(shown) > PAGE else "")
        options = [(_ALL, "都是" if len(listed) > 1 else "是"), *((one["key"], f"不是本人：{one['name']}") for one in listed)]
        options.append((_LOOK_UP, _OF_HOME))
        prompt = "\n".join([f"{head}。是本人或家里人的吗？", *(one["line"] for one in listed)])
        answer = await chat.ask(f"answer{turn}", Choice(prompt, options))
        if answer == _LOOK_UP:
            chat.become("homephones")
        await chat.once(f"done{turn}", lambda answer=answer, listed=listed: _settle(chat, answer, listed))  # type: ignore[misc]


async def _settle(chat: Chat, answer: str, listed: list[dict[str, str]]) -> None:
    """Decide about the phones that were shown, and no other; what somebody else has decided meanwhile stays."""
    for one in listed:
        newcomer = await chat.store.newcomers.get(chat.row_id(one["key"]))
        if newcomer is None or newcomer.confirmed_at:
            continue
        if answer == _ALL:
            await confirm(chat, newcomer)
        elif answer == one["key"]:
            await put_out(chat, newcomer)


async def _waiting(chat: Chat) -> list[dict[str, Any]]:
    regions = [post.region for post in chat.person.posts_as(*_KNOWING)]
    found = [one for one in await chat.store.newcomers.waiting(regions) if may_know_family(chat.person, one)]
    return [{"key": to_base36(one.id), "name": _who(one), "line": await _line(chat, one)} for one in found]


async def _vouched(chat: Chat) -> tuple[list[str], list[list[Button]]]:
    """A line for each new phone that a colleague has confirmed of late, saying who; and the buttons that put one out."""
    regions = [post.region for post in chat.person.posts_as(*_KNOWING)]
    found = [
        one
        for one in await chat.store.newcomers.vouched(regions, chat.now - _LATELY)
        if one.confirmed_by != chat.person.id and may_know_family(chat.person, one)
    ]
    listed = found[: -PAGE - 1 : -1]
    more = f"，新的 {PAGE} 部" if len(found) > PAGE else ""
    head = [f"同事这几天加的 {len(found)} 部{more}："] if listed else []
    lines = [f"{await _line(chat, one)}，{await chat.name_of(one.confirmed_by or 0)}确认的" for one in listed]
    return [*head, *lines], [[_out(one, f"不是本人：{one.name}")] for one in listed]


async def _line(chat: Chat, newcomer: Newcomer) -> str:
    reported = len(await chat.store.clues.followed_by(newcomer.person_id))
    words = f"，报过 {reported} 件" if reported else ""
    return f"{home_of(chat, newcomer)}：{_who(newcomer)}，{moment_in_words(newcomer.since)}{words}"


@conversation("family", "我家的手机", for_roles={Role.HOUSEHOLD}, words=("家里的手机",))
async def phones_of_family(chat: Chat) -> None:
    home = chat.person.household_id
    if home is None or not chat.person.speaks_for(home):
        await chat.say(UNCONFIRMED)
        return
    joined = await chat.store.newcomers.of_household(home)
    out = [[_out(one, f"{one.name}不是我家的人")] for one in joined if not one.confirmed_at]
    await chat.say("\n".join(["您家的手机：", *await _lines(chat, joined)]), out)


@conversation("homephones", "一户的手机", for_roles=set(_KNOWING), words=("一户的手机", "谁家的手机", "农户的手机"))
async def phones_of_home(chat: Chat) -> None:
    """Who has joined one household; the town goes on from there to the phones of each, and signs them out."""
    within = [post.region for post in chat.person.posts_as(*_KNOWING)]
    household = await chat.ask("household", HouseholdChoice("看哪一户的手机？发户主姓名、拼音首字母或户号。", within))
    joined = await chat.store.newcomers.of_household(household.id)
    home = household_in_words(chat.world.plan, household)
    if not joined:
        await chat.say(f"{home}还没有人加入。可以当面「帮他加入」。", [[Button(label="帮他加入", says="/vouch")]])
        return
    buttons = []
    for one in joined:
        owner = await chat.store.people.get(one.person_id)
        if owner and owner.id != chat.person.id and may_oversee(chat.person, owner):
            buttons.append([Button(label=f"看{one.name}的手机", says=f"/colleague {to_base36(owner.id)}")])
        if may_disown(chat.person, one):
            buttons.append([_out(one, f"不是本人：{one.name}")])
    await chat.say("\n".join([f"{home}的手机：", *await _lines(chat, joined)]), buttons)


async def _lines(chat: Chat, joined: Sequence[Newcomer]) -> list[str]:
    """A line for each who has joined a household."""
    in_use = await chat.store.chats.reachable([one.person_id for one in joined])
    return [_line_of_home(chat, one, in_use=one.person_id in in_use) for one in joined]


def _line_of_home(chat: Chat, one: Newcomer, *, in_use: bool) -> str:
    mine = "（您）" if one.person_id == chat.person.id else ""
    waits = "" if one.confirmed_at else "，等村干部确认"
    return f"{_who(one)}{mine}，{day_in_words(one.since)}加入{waits}{'' if in_use else '，现在没有手机在用'}"


def _out(newcomer: Newcomer, label: str) -> Button:
    return Button(label=label, says=f"/newcomer {to_base36(newcomer.id)} {_NO}")


def _who(one: Newcomer) -> str:
    return with_relation(one.name, one.relation)
