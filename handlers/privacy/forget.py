"""Asking to be forgotten (PIPL art. 47). The office decides, as case and audit records have to be kept."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice
from handlers.privacy.words import EXPLAINED
from handlers.rights.sight import may_erase
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role

_YES, _NO = "yes", "no"


@conversation("forget", "申请删除我的信息", words=("删除我的信息",))
async def forget_me(chat: Chat) -> None:
    if await chat.store.erasures.open_of(chat.person.id):
        await chat.say("您已经申请过了，镇里正在看，有结果就告诉您。")
        return
    if await chat.ask("sure", Choice(EXPLAINED, [(_YES, "申请删除"), (_NO, "不删了")])) == _NO:
        await chat.say("好的，什么都没变。")
        return
    erasure_id = chat.store.erasures.ask(chat.person.id)
    await chat.push(
        _deciders(chat),
        f"{chat.person.name}申请删除个人信息，请审核。",
        intent=Intent(Cause.ERASURE, f"{erasure_id}"),
        buttons=[[Button(label="去审核", says=f"/erasure {to_base36(erasure_id)}")]],
    )
    await chat.say("已申请，镇里看过就告诉您。")


def _deciders(chat: Chat) -> list[int]:
    """The town office, or for those it may not decide about, the county's."""
    able = [one.person for one in chat.world.directory.officials if may_erase(one.person, chat.person)]
    town = [person for person in able if person.has(Role.TOWN)]
    return [person.id for person in town or able]
