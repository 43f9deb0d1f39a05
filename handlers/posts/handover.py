"""交接: a post and its open work go to a successor. The town decides; the holder of the post may ask for it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Option
from handlers.engine.questions.person import PersonChoice
from handlers.posts.transfer import hand_over, tell_successor
from handlers.rights.sight import IN_OFFICE, may_hand_over
from handlers.wording.days import moment_in_words
from handlers.wording.people import post_in_words
from storage.database.base import from_base36, to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Person, Post, Role
from storage.posts import Handover

_NEW = "new"
_YES, _NO = "yes", "no"
_DAYS = 7
"""How long the invitation to a successor can be used."""

GONE = "这个岗位已经没有人在岗，不用交接了。"


@conversation("handover", "交接", for_roles=IN_OFFICE, words=("岗位交接", "我要交接"), personal=True)
async def handover(chat: Chat) -> None:
    """Args: the id of a request to decide; without any, a new one."""
    if chat.args:
        await _decide(chat)
        return
    leaver = await _leaver(chat) if chat.person.has(Role.TOWN, Role.COUNTY) else chat.person
    post = await _post(chat, leaver) if leaver else None
    if leaver is None or post is None:
        await chat.say(await _why_gone(chat))
        return
    title = post_in_words(chat.world.plan, post)
    decides = may_hand_over(chat.person, leaver, post=post)
    office = _office(chat, leaver, post)
    if not decides and not office:
        await chat.say(f"「{title}」上面还没有人能审核交接，请管理员办理。")
        return
    successor = await _successor(chat, leaver, post, title)
    who = successor.name if successor else "新同志（发邀请链接）"
    if not await chat.confirm(f"{leaver.name}的「{title}」交给：{who}。\n没办完的事一起交接，{leaver.name}就不能再办了。"):
        await chat.say("没有交接。")
        return
    request = chat.store.handovers.ask(post.id, leaver.id, successor_id=successor.id if successor else None, by=chat.person.id)
    if not decides:
        await _ask_office(chat, request, office, leaver.name, title, who)
        return
    asked = await chat.store.handovers.get(request)
    if asked is not None:
        await _carry_out(chat, asked, leaver, post, successor, title)


async def _leaver(chat: Chat) -> Person | None:
    """Ask whose post it is: of somebody this office decides about, or one's own."""
    people = [
        one.person
        for one in chat.world.directory.officials
        if one.person.id == chat.person.id
        or any(may_hand_over(chat.person, one.person, post=p) for p in _posts_held(one.person))
    ]
    options = [(str(one.id), f"{one.name} {_posts(chat, one)}") for one in people]
    chosen = await chat.ask("leaver", PersonChoice("谁要离岗？请发姓名。", options, also_gone=True))
    return await chat.store.people.get(int(chosen))


async def _post(chat: Chat, leaver: Person) -> Post | None:
    """Ask which post. The list is recalled, so that a post given away meanwhile is not mistaken for another."""
    posts = _to_hand_over(chat, leaver)
    listed = await chat.recall("posts", partial(_listed, chat, posts))
    if not listed:
        return None
    chosen = listed[0][0]
    if len(listed) > 1:
        chosen = await chat.ask("post", Choice(f"{leaver.name}的哪个岗位？", [(key, title) for key, title in listed]))
    return next((post for post in posts if to_base36(post.id) == chosen), None)


def _to_hand_over(chat: Chat, leaver: Person) -> list[Post]:
    own = leaver.id == chat.person.id
    return [post for post in _posts_held(leaver) if own or may_hand_over(chat.person, leaver, post=post)]


async def _listed(chat: Chat, posts: list[Post]) -> list[list[str]]:
    plan = chat.world.plan
    return [[to_base36(one.id), post_in_words(plan, one)] for one in posts]


async def _why_gone(chat: Chat) -> str:
    """Explain that a colleague has handed the post over meanwhile."""
    listed = await chat.recall("posts", partial(_listed, chat, []))
    for key, title in listed:
        done = await chat.store.handovers.done_with(from_base36(key))
        by = await chat.store.people.get(done.decided_by or done.asked_by) if done else None
        to = await chat.store.people.get(done.successor_id) if done and done.successor_id else None
        if done and done.done_at and by and to:
            return f"「{title}」{by.name}已在 {moment_in_words(done.done_at)} 交给{to.name}。"
    return GONE


async def _successor(chat: Chat, leaver: Person, post: Post, title: str) -> Person | None:
    """Ask for the successor: somebody in office under the same town, or None for somebody new."""
    town = chat.world.plan.town.code
    people = [
        one.person
        for one in chat.world.directory.officials
        if one.address and one.person.id != leaver.id and _within(one.person, post, town)
    ]
    options = [(str(one.id), f"{one.name} {_posts(chat, one)}") for one in people]
    chosen = await chat.ask(
        "successor", PersonChoice(f"「{title}」交给谁？请发姓名。", options, [(_NEW, "新同志，发邀请链接")])
    )
    return next((one for one in people if str(one.id) == chosen), None)


def _within(person: Person, post: Post, town: str) -> bool:
    """Offices of the town are filled from the town; the county's from the county."""
    return post.role is Role.COUNTY or any(held.region.startswith(town) for held in _posts_held(person))


def _posts_held(person: Person) -> list[Post]:
    return [post for post in person.posts if post.role is not Role.HOUSEHOLD]


def _posts(chat: Chat, person: Person) -> str:
    return "、".join(post_in_words(chat.world.plan, one) for one in _posts_held(person)[:2])


def _office(chat: Chat, leaver: Person, post: Post) -> list[int]:
    """The people who decide: the town's, or the county's for a post of the town."""
    able = [one.person for one in chat.world.directory.officials if may_hand_over(one.person, leaver, post=post)]
    return [one.id for one in able if one.has(Role.TOWN)] or [one.id for one in able]


async def _ask_office(chat: Chat, request: int, office: list[int], leaver: str, title: str, who: str) -> None:
    await chat.push(
        office,
        f"【交接申请】{leaver}想把「{title}」交给：{who}。",
        intent=Intent(Cause.HANDOVER, f"{request}"),
        buttons=[[Button(label="去审核", says=f"/handover {to_base36(request)}")]],
    )
    await chat.say("已报给镇里，同意后马上交接，也会告诉您。在那之前还由您办。")


async def _decide(chat: Chat) -> None:
    """The office accepts or refuses a holder's request."""
    asked = await chat.store.handovers.get(chat.row_id(chat.args))
    leaver = await chat.store.people.get(asked.leaver_id) if asked else None
    if asked is None or leaver is None:
        chat.refuse()
    post, held = await chat.store.handovers.post(asked.post_id)
    if not may_hand_over(chat.person, leaver, post=post):
        chat.refuse()
    if asked.accepted is not None or not held:
        await chat.say(GONE if asked.accepted is None else await _decided(chat, asked))
        return
    successor = await chat.store.people.get(asked.successor_id) if asked.successor_id else None
    title = post_in_words(chat.world.plan, post)
    who = successor.name if successor else "新同志（发邀请链接）"
    options: list[Option] = [(_YES, "同意交接"), (_NO, "不同意")]
    if await chat.ask("answer", Choice(f"{leaver.name}的「{title}」交给：{who}。同意吗？", options)) == _YES:
        await _carry_out(chat, asked, leaver, post, successor, title)
        return
    await chat.store.handovers.decide(asked, chat.person.id, accepted=False)
    text = f"您的交接申请镇里没有同意，「{title}」还由您办。有事请找{chat.person.name}。"
    await chat.push([leaver.id], text, Intent(Cause.HANDOVER_REFUSED, f"{asked.id}"), personal=True)
    await chat.say(f"记下了，已告诉{leaver.name}。")


async def _decided(chat: Chat, asked: Handover) -> str:
    by = await chat.store.people.get(asked.decided_by) if asked.decided_by else None
    return f"这个交接申请{by.name if by else ''}已经{'同意' if asked.accepted else '退回'}了。"


async def _carry_out(chat: Chat, asked: Handover, leaver: Person, post: Post, successor: Person | None, title: str) -> None:
    store = chat.store
    if successor is None:
        until = chat.now + timedelta(days=_DAYS)
        token = store.invites.create(post.role, post.region, unit=post.unit, expires_at=until, created_by=chat.person.id)
        invite = await store.invites.find(token)
        await store.handovers.decide(asked, chat.person.id, accepted=True, invite_id=invite.id if invite else None)
        links = chat.world.join_links(token)
        listed = "\n".join(links)
        await chat.say(
            f"请把链接发给接手的同志，{_DAYS} 天内有效。\n他打开后您点「是他」就交接完，之前还由{leaver.name}办：\n{listed}",
            links=links,
        )
        return
    address = (await store.chats.reachable([successor.id])).get(successor.id)
    if address is None:
        await chat.say(f"{successor.name}现在联系不上，没有交接。请换一位，或选「新同志」。")
        return
    agreed = await store.handovers.decide(asked, chat.person.id, accepted=True)
    along = await hand_over(chat, agreed, leaver, post, successor, address)
    await tell_successor(chat, agreed, leaver, post, successor, along, address)
    await chat.say(f"好了，「{title}」已由{leaver.name}交给{successor.name}。{along}两个人都告诉了。")
