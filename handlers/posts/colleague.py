"""Shows the office somebody of its town: their posts, with a way to end one, and their phones, with a way to sign one out."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice
from handlers.engine.questions.person import PersonChoice
from handlers.privacy.phones import phone_lines, sign_out_buttons
from handlers.rights.sight import may_hand_over, may_oversee
from handlers.wording.people import post_in_words
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Post, Role

_YES, _NO = "yes", "no"


@conversation("colleague", "同事和手机", for_roles={Role.TOWN, Role.COUNTY}, words=("同事", "谁的手机"), personal=True)
async def colleague(chat: Chat) -> None:
    """Args: the person's id; without, they are asked for."""
    person = await chat.store.people.get(chat.row_id(chat.args) if chat.args else int(await _chosen(chat)))
    if person is None or not may_oversee(chat.person, person):
        chat.refuse()
    phones = await chat.store.chats.phones(person.id)
    ends = [
        [Button(label=f"结束{_title(chat, post)}", says=f"/endpost {to_base36(person.id)} {to_base36(post.id)}")]
        for post in person.posts
        if may_hand_over(chat.person, person, post=post)
    ]
    lines = [f"{person.name}：{'、'.join(_title(chat, post) for post in person.posts)}"]
    lines += ["在用的手机：", *phone_lines(chat, phones)] if phones else ["没有手机在用，请当面联系。"]
    await chat.say("\n".join(lines), [*sign_out_buttons(chat, phones, person.id), *ends])


async def _chosen(chat: Chat) -> str:
    people = [one.person for one in chat.world.directory.officials if may_oversee(chat.person, one.person)]
    options = [(str(one.id), f"{one.name} {'、'.join(_title(chat, post) for post in one.posts[:2])}") for one in people]
    return await chat.ask("who", PersonChoice("看谁的？请发姓名。", options, also_gone=True))


@conversation("endpost", "结束岗位", for_roles={Role.TOWN, Role.COUNTY}, personal=True)
async def end_post(chat: Chat) -> None:
    """Args: a person's id and that of their post. For a post that nobody takes over; the other way is a handover."""
    said = chat.args.split()
    person = await chat.store.people.get(chat.row_id(said[0])) if len(said) == 2 else None
    post_id = chat.row_id(said[1]) if person else 0
    post = next((one for one in person.posts if one.id == post_id), None) if person else None
    if person is None or post is None or not may_hand_over(chat.person, person, post=post):
        chat.refuse()
    title = _title(chat, post)
    prompt = f"结束{person.name}的「{title}」？他马上不能再办这个岗位的事。\n有人接手，请用「交接」。"
    if await chat.ask("sure", Choice(prompt, [(_YES, "结束"), (_NO, "不结束")])) == _NO:
        await chat.say("好的，没有变。")
        return
    await chat.push(
        [person.id], f"镇里结束了您的「{title}」，这个岗位的事不再由您办。辛苦了。",
        Intent(Cause.POST_ENDED, f"{post.id}"), personal=True,
    )  # fmt: skip
    await chat.store.people.end_post(post.id)
    freed = 0
    if post.role is Role.VILLAGE:
        freed = await chat.store.assignments.move(person.id, post.region, to=None, by=chat.person.id)
    await chat.say(f"好了，{person.name}的「{title}」已结束。" + (f"指派给他的 {freed} 件事归全村。" if freed else ""))


def _title(chat: Chat, post: Post) -> str:
    return post_in_words(chat.world.plan, post)
