"""The office decides on a request to be forgotten, and the person is told."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Text
from handlers.privacy import words
from handlers.rights.sight import may_erase
from handlers.wording.people import post_in_words
from storage.mail import outbox
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Outgoing
from storage.people.persons import Person, Role
from storage.privacy.erasures import Erasure

_YES, _NO = "yes", "no"


@conversation("erasure", "审核删除申请", for_roles={Role.TOWN, Role.COUNTY})
async def decide_erasure(chat: Chat) -> None:
    """Args: the request's id."""
    found = await _erasure(chat)
    if found is None:
        chat.refuse()
    erasure, person = found
    if erasure.accepted is not None:
        await chat.say(f"{person.name}的申请已经处理过了。")
        return
    posts = "、".join(post_in_words(chat.world.plan, post) for post in person.posts)
    prompt = (
        f"{person.name}（{posts}）申请删除个人信息。\n{words.GOES}\n{words.STAYS}\n同意就结束上面的身份，在岗的请先安排人接手。"
    )
    if await chat.ask("answer", Choice(prompt, [(_YES, "同意删除"), (_NO, "不同意")])) == _YES:
        await _accept(chat, erasure, person)
    else:
        await _refuse(chat, erasure, person)


async def _erasure(chat: Chat) -> tuple[Erasure, Person] | None:
    """The request named and who made it, if it is this office's to decide."""
    erasure = await chat.store.erasures.get(chat.row_id(chat.args))
    person = await chat.store.people.get(erasure.person_id) if erasure else None
    return (erasure, person) if erasure and person and may_erase(chat.person, person) else None


async def _accept(chat: Chat, erasure: Erasure, person: Person) -> None:
    if not await chat.confirm(f"删除{person.name}的信息，删了不能恢复。"):
        await chat.say("没有删除，申请还在。")
        return
    for place, address in enumerate(await chat.store.erasures.accept(erasure.id, chat.person.id)):
        told = Intent(Cause.ERASED, f"{erasure.id}", repeat=f"{place}").to(person.id)
        outbox.post(chat.store.session, address, Outgoing(text=words.DONE), intent=told)
    await chat.say(f"已删除{person.name}的信息，他的手机都退出了。")


async def _refuse(chat: Chat, erasure: Erasure, person: Person) -> None:
    reason = await chat.ask(
        "reason", Text("为什么不同意？这句话会发给本人。", min_length=4, example="在岗期间需要，交接后再删")
    )
    if not await chat.confirm(f"不同意{person.name}的删除申请。\n原因：{reason}"):
        await chat.say("没有处理，申请还在。")
        return
    await chat.store.erasures.refuse(erasure.id, chat.person.id, reason=reason)
    await chat.push(
        [person.id],
        f"您的删除申请没有通过。\n原因：{reason}\n不同意这个答复，可以找市乡村振兴局。",
        intent=Intent(Cause.KEPT, f"{erasure.id}"),
        personal=True,
    )
    await chat.say(f"记下了，已告诉{person.name}。")
