"""Admits a chat to a household or an office once it is proved whose it is, and tells those who would know better."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from handlers.cases.common import UNCONFIRMED
from handlers.engine.chat import Chat
from handlers.engine.menu import menu_buttons
from handlers.engine.notify import tell_chat
from handlers.engine.world import World
from handlers.rights.sight import IN_OFFICE
from handlers.wording.people import role_in_words, with_relation
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Post, Role
from storage.roster import Household

DEAD = "这个邀请打不开，可能没复制全。请发邀请的人再发一次。"
WAITING = "镇里正在看您是哪一家，有结果就发到这里。"


class Joiner(NamedTuple):
    """Who joins a household: by which name, for whom if not for themselves ("张三的外孙"), and who vouches for it."""

    name: str
    relation: str | None = None
    confirmed_by: int | None = None


async def admit_to_household(
    chat: Chat, address: str, joiner: Joiner, household: Household, text_version: str, agreed_at: datetime
) -> None:
    """Bind the chat at `address` to somebody of the household, and tell its other phones, so that an intruder is noticed.

    Each phone is a person of its own: a name and four digits do not make it somebody who is known already, unless its chat
    was theirs until it fell silent.
    """
    store = chat.store
    if had := await _fallen_silent(chat, address, joiner, household):
        store.consents.add(had.person_id, text_version, agreed_at=agreed_at)
        await _let_back(chat, address, joiner, household, had)
        return
    family = await store.people.of_household(household.id)
    own = chat.person.id if address == chat.address and not chat.stranger else None
    person_id = own or store.people.add(joiner.name)
    post = store.people.appoint(
        person_id, Role.HOUSEHOLD, region=household.village, household_id=household.id,
        relation=joiner.relation, confirmed_by=joiner.confirmed_by,
    )  # fmt: skip
    await store.chats.bind(address, person_id)
    store.consents.add(person_id, text_version, agreed_at=agreed_at)
    who = with_relation(joiner.name, joiner.relation)
    news, out = f"{who}刚在另一部手机上加入了您家。\n", Button(label="不是我家的人", says=f"/newcomer {to_base36(post)} no")
    known = joiner.confirmed_by is not None
    if known and (newcomer := await store.newcomers.get(post)):
        await store.newcomers.take_the_place(newcomer)
    await chat.push(
        [one for one in family if one != person_id],
        news + ("是村里、镇里核对过的。" if known else "不是您家的人？点下面，那部手机就退出。"),
        intent=Intent(Cause.JOINED, f"{household.id}:{store.session.request}"),
        buttons=() if known else [[out]],
        personal=True,
    )
    later = "" if known else f"\n{UNCONFIRMED}"
    text = f"{joiner.name}，您好！您已加入{household.head}家。\n有困难就点「我要申报」，打字、发语音都行。{later}"
    await welcome(chat, address, person_id, text)


async def _fallen_silent(chat: Chat, address: str, joiner: Joiner, household: Household) -> Post | None:
    """The post that this very phone had for this person, if it is all they held: it gives no office back."""
    person_id = await chat.store.chats.silent_of(address)
    person = await chat.store.people.get(person_id) if person_id else None
    if person is None or person.name != joiner.name or person.has(*IN_OFFICE):
        return None
    held = [post for post in person.posts if post.household_id == household.id and post.relation == joiner.relation]
    return next(iter(held), None)


async def _let_back(chat: Chat, address: str, joiner: Joiner, household: Household, post: Post) -> None:
    """Whoever was confirmed still is: all that was unsure is whether the phone has changed hands."""
    store = chat.store
    await store.chats.bind(address, post.person_id)
    newcomer = await store.newcomers.get(post.id) if joiner.confirmed_by and not post.confirmed_at else None
    if newcomer and joiner.confirmed_by:
        await store.newcomers.confirm(newcomer, joiner.confirmed_by)
    later = "" if post.confirmed_at or newcomer else f"\n{UNCONFIRMED}"
    text = f"{joiner.name}，您回来了！还是{household.head}家，接着用就行。{later}"
    await welcome(chat, address, post.person_id, text)
    news = f"{with_relation(joiner.name, joiner.relation)}有段时间没用的手机，刚又登上了。不是本人，就找村干部。"
    family = [one for one in await store.people.of_household(household.id) if one != post.person_id]
    intent = Intent(Cause.JOINED, f"{household.id}:{store.session.request}")
    await chat.push(family, news, intent=intent, personal=True)
    for phone in await store.chats.phones(post.person_id):
        if phone.address != address:
            tell_chat(store, phone.address, news)


async def admit_to_office(
    chat: Chat, address: str, person_id: int, *, role: Role, region: str, unit: str | None, newcomer: bool
) -> None:
    """Bind the chat at `address` to a person, give them the post unless they hold it, and tell their office at once.

    `newcomer`: the person is known to nobody yet.
    """
    store = chat.store
    person = await store.people.get(person_id)
    if person is None:
        raise ValueError(f"no person {person_id}")
    holds = person.holds(role, region, unit)
    bound = await store.chats.owner(address) != person_id
    post_id = None if holds else store.people.appoint(person_id, role, region=region, unit=unit)
    told = [one for one in _office(chat.world, role, region, unit, colleagues=not holds) if one != person_id]
    own = [person_id] if bound and not newcomer else []
    arrival = store.arrivals.add(
        person_id, address, role=role, region=region, unit=unit, post_id=post_id, newcomer=newcomer, bound=bound,
        told=[*told, *own],
    )  # fmt: skip
    post = role_in_words(chat.world.plan, role, region=region, unit=unit)
    intent, deny = Intent(Cause.JOINED, f"{arrival}"), f"/deny {to_base36(arrival)}"
    news = f"{person.name}又加了一部手机：{post}。" if holds else f"{person.name}刚加入：{post}。"
    text = f"{news}\n不是他本人，点一下就先停用。"
    await chat.push(told, text, intent, buttons=[[Button(label="不是他", says=deny)]], personal=True)
    text = f"您刚在另一部手机上加入：{post}。\n不是您本人，点一下就先停用那部手机。"
    await chat.push(own, text, intent, buttons=[[Button(label="不是我", says=deny)]], personal=True)
    await store.chats.bind(address, person_id)


def _office(world: World, role: Role, region: str, unit: str | None, *, colleagues: bool) -> list[int]:
    """The offices above, and those who hold the same post where `colleagues` are to know too."""
    directory = world.directory
    found = [*directory.ids(Role.TOWN, region)]
    found += directory.ids(Role.COUNTY, region) if role in (Role.TOWN, Role.COUNTY) else ()
    found += directory.ids(role, region, unit=unit) if colleagues else ()
    return list(dict.fromkeys(found))


async def welcome(chat: Chat, address: str, person_id: int, text: str) -> None:
    """Greet with the menu of what the person may do from now on."""
    person = await chat.store.people.get(person_id)
    buttons = menu_buttons(person) if person else ()
    if address == chat.address:
        await chat.say(text, buttons)
    else:
        tell_chat(chat.store, address, text, buttons)
