"""Shows a person all that is stored about them (PIPL art. 45)."""

from __future__ import annotations

from handlers.engine.chat import Chat, Rows
from handlers.engine.conversation import conversation
from handlers.privacy.looks import LOOKS, looks_in_short, show_looks
from handlers.privacy.phones import phone_lines, sign_out_buttons
from handlers.wording.days import full_day_in_words
from handlers.wording.people import post_in_words
from storage.mail.messages import Button
from storage.people.masking import mask_id, mask_phone
from storage.privacy.erasures import Dossier, Held


@conversation("me", "我的信息", words=("我的资料",), menu=10)
async def about_me(chat: Chat) -> None:
    """Args: "looks" and a page, for a household: who has looked at what is kept about it."""
    what, _, page = chat.args.partition(" ")
    home = chat.person.household_id
    if what == LOOKS and home is not None and chat.person.speaks_for(home):
        await show_looks(chat, home, page)
        return
    dossier = await chat.store.erasures.dossier(chat.person.id)
    consent = await chat.store.consents.latest(chat.person.id)
    agreed = f"，{full_day_in_words(consent.agreed_at)}同意过《个人信息说明》{consent.text_version}版" if consent else ""
    lines = [
        f"{chat.person.name}，手机：{mask_phone(dossier.phone) if dossier.phone else '没有登记'}{_id_number(dossier)}",
        *(_post(chat, post) for post in dossier.posts[:2]),
        f"上报过 {dossier.reports} 件{_quiz_line(dossier)}{agreed}",
    ]
    if len(dossier.posts) > 2:
        lines[2] += f"等 {len(dossier.posts)} 个身份"
    phones = await chat.store.chats.phones(chat.person.id)
    lines += ["在用的手机（聊天原文只短期保存）：", *phone_lines(chat, phones)]
    buttons = [*sign_out_buttons(chat, phones, chat.person.id), [Button(label="申请删除", says="/forget")]]
    more: Rows = ()
    if home is not None and chat.person.speaks_for(home):
        line, more = await looks_in_short(chat, home)
        lines.append(line)
    await chat.say("\n".join(lines), [*more, *buttons])


def _post(chat: Chat, post: Held) -> str:
    household = chat.world.roster.by_id.get(post.household_id or 0)
    home = f" {household.head}家" if household else ""
    held = post_in_words(chat.world.plan, post)
    return f"{held}{home}，{full_day_in_words(post.since)}起"


def _id_number(dossier: Dossier) -> str:
    return f"，身份证：{mask_id(dossier.id_number)}" if dossier.id_number else ""


def _quiz_line(dossier: Dossier) -> str:
    return f"，一口清练过 {dossier.questions} 题" if dossier.questions else ""
