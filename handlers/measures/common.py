"""Shared by the conversations about measures: who may report on one, who carries it out, buttons, and telling the family."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.cases.common import home_in_words
from handlers.engine.chat import Chat
from handlers.engine.world import World
from handlers.reading import shortened
from handlers.wording.days import day_in_words
from storage.cases.records import Clue
from storage.database.base import to_base36
from storage.mail.intents import Intent
from storage.mail.messages import Button
from storage.measures import Measure
from storage.people.persons import Person, Role


def may_report(person: Person, world: World, measure: Measure) -> bool:
    """Whether the person may report on a measure, as cadre of its village or of its unit."""
    village = world.roster.by_id[measure.household_id].village
    unit = world.plan.unit(measure.unit)
    if person.covers(village, Role.VILLAGE):
        return True
    posts = [post for post in person.posts_as(unit.role) if post.covers(village)]
    return bool(posts) and (unit.role is not Role.UNIT or any(post.unit == unit.code for post in posts))


def carried_out_by(world: World, measure: Measure) -> list[int]:
    """The people who carry a measure out: its unit's; for the village's own, the person who answers for the household."""
    village = world.roster.by_id[measure.household_id].village
    unit = world.plan.unit(measure.unit)
    people = list(world.directory.ids(unit.role, village, unit=unit.code if unit.role is Role.UNIT else None))
    if unit.role is Role.VILLAGE and measure.responsible_id in people:
        return [measure.responsible_id]
    return people


def report_button(measure: Measure, label: str = "报进展") -> Button:
    return Button(label=label, says=f"/measure {to_base36(measure.id)}")


def support_button(clue: Clue, label: str = "看帮扶", verb: str = "") -> Button:
    return Button(label=label, says=f"/support {to_base36(clue.id)} {verb}".rstrip())


async def tell_family(chat: Chat, clue: Clue, text: str, intent: Intent) -> None:
    """Tell the household's phones."""
    family = await chat.store.people.of_household(clue.household_id)
    look = Button(label="查看", says=f"/clue {to_base36(clue.id)}")
    await chat.push(family, text, intent, buttons=[[look]], personal=True)


def measure_buttons(world: World, measures: Sequence[Measure]) -> list[list[Button]]:
    """A button for each measure to report on."""
    return [
        [report_button(one, f"{home.head}家 {shortened(one.text)} {day_in_words(one.deadline)}前")]
        for one in measures
        if (home := world.roster.by_id.get(one.household_id))  # without one whose row can't be read
    ]


def clue_heading(chat: Chat, clue: Clue) -> str:
    return f"{clue.number}号 {home_in_words(chat, clue)}"
