"""Phones: which ones somebody has in use, and signing one of them out."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.notify import tell_chat
from handlers.engine.questions import Choice
from handlers.rights.sight import may_oversee
from handlers.wording.days import day_in_words
from storage.database.base import to_base36
from storage.mail.chats import Phone
from storage.mail.erase import erase_said
from storage.mail.messages import Button
from storage.people.persons import Person

_YES, _NO = "yes", "no"
MOST_SHOWN = 5


def phone_lines(chat: Chat, phones: Sequence[Phone]) -> list[str]:
    """A line for each phone, the ones past `MOST_SHOWN` in one."""
    lines = [f"{place} {_in_words(chat, one)}" for place, one in enumerate(phones[:MOST_SHOWN], 1)]
    return lines + ([f"还有 {len(phones) - MOST_SHOWN} 部。"] if len(phones) > MOST_SHOWN else [])


def sign_out_buttons(chat: Chat, phones: Sequence[Phone], person_id: int) -> list[list[Button]]:
    """A button to sign each of them out."""
    buttons = [
        Button(label=f"退出第 {place} 部" if len(phones) > 1 else "退出", says=f"/signout {to_base36(person_id)}.{one.key}")
        for place, one in enumerate(phones[:MOST_SHOWN], 1)
    ]
    return [[one] for one in buttons]


def _in_words(chat: Chat, phone: Phone) -> str:
    here = "（这部）" if phone.address == chat.address else ""
    label = chat.world.platform_label(phone.platform)
    return f"{label}{here}，{day_in_words(phone.since.date())}起，{day_in_words(phone.used_at.date())}用过"


@conversation("signout", "退出", words=("退出登录", "退出这部手机"))
async def sign_out(chat: Chat) -> None:
    """Args: whose phone and which one, as its button says; without, the phone at hand."""
    owner, phone = await _named(chat) if chat.args else (chat.person, await _this(chat))
    if owner is None:
        chat.refuse()
    if phone is None:
        await chat.say("这部手机已经退出了。")
        return
    here = phone.address == chat.address
    which = "这部手机" if here else _in_words(chat, phone)
    again = "以后要用，得重新扫码或打开邀请链接。"
    prompt = f"退出{which}？\n{again}" if owner.id == chat.person.id else f"让{owner.name}的手机退出：{which}？\n{again}"
    if await chat.ask("sure", Choice(prompt, [(_YES, "退出"), (_NO, "不退出")])) == _NO:
        await chat.say("好的，没有退出。")
        return
    await chat.store.chats.sign_out(phone.address)
    await erase_said(chat.store.session, [phone.address])
    if here:
        chat.left = True
        await chat.say(f"这部手机退出了。{again}")
        return
    by = "您在另一部手机上" if owner.id == chat.person.id else f"镇里的{chat.person.name}"
    tell_chat(chat.store, phone.address, f"{by}让这部手机退出了。{again}")
    await chat.say("好了，那部手机退出了。")


async def _this(chat: Chat) -> Phone | None:
    phones = await chat.store.chats.phones(chat.person.id)
    return next((one for one in phones if one.address == chat.address), None)


async def _named(chat: Chat) -> tuple[Person | None, Phone | None]:
    """The owner and the phone that a button names; no owner where it is not this person's to sign out."""
    whose, _, key = chat.args.partition(".")
    owner = await chat.store.people.get(chat.row_id(whose))
    if owner is None or not may_oversee(chat.person, owner):
        return None, None
    phones = await chat.store.chats.phones(owner.id)
    return owner, next((one for one in phones if one.key == key), None)
