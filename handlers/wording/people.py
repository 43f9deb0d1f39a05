"""Posts and menus in the words people use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from handlers.engine.chat import Chat
from handlers.engine.conversation import Conversation, menu_for
from storage.mail.messages import Button
from storage.people.persons import Person, Role
from storage.people.reach import Reach
from storage.plan import Plan

_ACROSS = 2


def region_in_words(plan: Plan, region: str) -> str:
    """The name of a village, town or county of the plan. Raises KeyError for another."""
    if region == plan.town.code:
        return plan.town.name
    return plan.county.name if region == plan.county.code else plan.village(region).name


def post_in_words(plan: Plan, role: Role, region: str, unit: str | None = None) -> str:
    """ "白塔村 村干部", "瓦房镇卫生院"; a character that both words share is written once in an office's name."""
    where, what = region_in_words(plan, region), plan.unit(unit).name if unit else role.label
    if role in (Role.HOUSEHOLD, Role.VILLAGE):
        return f"{where} {what}"
    return where + what.removeprefix(where[-1])


async def name_of(chat: Chat, person_id: int) -> str:
    """Who somebody is to the person who is told of it: 您, or a name."""
    if person_id == chat.person.id:
        return "您"
    person = await chat.store.people.get(person_id)
    return person.name if person else "同事"


def menu_buttons(person: Person) -> Sequence[Sequence[Button]]:
    """Everything in the person's menu but the help that shows it."""
    return to_start(talk for talk in menu_for(person) if talk.name != "help")


def to_start(talks: Iterable[Conversation]) -> Sequence[Sequence[Button]]:
    """A button for each, two in a row."""
    buttons = [Button(label=talk.title, says=f"/{talk.name}") for talk in talks]
    return [buttons[start : start + _ACROSS] for start in range(0, len(buttons), _ACROSS)]


_NAMED = 3
"""Regions in a title; further ones are counted."""


def scope_in_words(plan: Plan, reach: Sequence[Reach]) -> str:
    """ "白塔村", "瓦房镇卫生院"."""
    names = [
        post_in_words(plan, Role.UNIT, one.region, one.unit) if one.unit else region_in_words(plan, one.region)
        for one in reach
    ]
    return "、".join(names[:_NAMED]) + (f"等 {len(names)} 处" if len(names) > _NAMED else "")
