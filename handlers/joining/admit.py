"""Admits a chat to a household or an office once it is proved whose it is."""

from __future__ import annotations

from datetime import datetime

from handlers.engine.chat import Chat, Rows
from handlers.engine.menu import menu_buttons
from storage.mail import outbox
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Outgoing
from storage.people.persons import Role
from storage.roster import Household

DEAD = "这个邀请打不开：用过了、到期了，或没复制全。请发邀请的人再发一个。"
WAITING = "镇里正在看您是哪一家，有结果就发到这里。"


async def admit_to_household(
    chat: Chat, address: str, name: str, household: Household, text_version: str, agreed_at: datetime
) -> None:
    """Let the chat at `address` speak for the household, and tell its other phones, so that an intruder is noticed.

    Somebody of this name who speaks for the household already is the same person on another phone.
    """
    store = chat.store
    family = await store.people.of_household(household.id)
    await chat.push(
        family,
        f"{name}刚在另一部手机上加入了您家。\n不是您家的人？请马上告诉村干部。",
        intent=Intent(Cause.JOINED, f"{household.id}:{store.session.request}"),
        personal=True,
    )
    known = [person for person in [await store.people.get(key) for key in family] if person and person.name == name]
    person_id = known[0].id if known else await _voice(chat, address, name, household)
    await store.chats.bind(address, person_id)
    store.consents.add(person_id, text_version, agreed_at=agreed_at)
    await welcome(
        chat, address, person_id, f"{name}，您好！您已加入{household.head}家。\n有困难就点「我要申报」，打字、发语音都行。"
    )


async def _voice(chat: Chat, address: str, name: str, household: Household) -> int:
    """The person behind the chat, who now speaks for the household; a new one unless the chat is known."""
    own = chat.person.id if address == chat.address and not chat.stranger else None
    person_id = own or chat.store.people.add(name)
    chat.store.people.appoint(person_id, Role.HOUSEHOLD, region=household.village, household_id=household.id)
    return person_id


async def admit_to_office(chat: Chat, address: str, person_id: int, role: Role, region: str, unit: str | None) -> None:
    """Bind the chat at `address` to a person and give them the post, unless they hold it."""
    people = chat.store.people
    person = await people.get(person_id)
    if person is None or not person.holds(role, region, unit):
        people.appoint(person_id, role, region=region, unit=unit)
    await chat.store.chats.bind(address, person_id)


async def welcome(chat: Chat, address: str, person_id: int, text: str) -> None:
    """Greet with the menu of what the person may do from now on."""
    person = await chat.store.people.get(person_id)
    buttons = menu_buttons(person) if person else ()
    if address == chat.address:
        await chat.say(text, buttons)
    else:
        tell_chat(chat, address, text, buttons)


def tell_chat(chat: Chat, address: str, text: str, buttons: Rows = ()) -> None:
    """Send a message to a chat that asked to join and may belong to nobody."""
    rows = tuple(tuple(row) for row in buttons)
    outbox.post(chat.store.session, address, Outgoing(text=text, buttons=rows))
