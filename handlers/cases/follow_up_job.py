"""Asks a household some weeks after its case was cleared whether it is really solved."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from handlers.calendar.deadlines import last_day, next_open
from handlers.cases.table import Act
from handlers.engine.jobs import Every, Job, JobName, each
from handlers.engine.notify import notify
from handlers.engine.world import World
from handlers.wording.days import day_in_words
from handlers.wording.households import household_in_words
from storage.cases.records import Clue
from storage.database.base import to_base36
from storage.database.transaction import Transaction
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing
from storage.people.persons import Role
from storage.plan import Clocks
from storage.store import Store

_NAME = JobName("ask_again", "回访")
_AT_ONCE = 100
ENDED_WELL = (Act.DECIDE.value,)
"""How a case ends in which help was given; the others end with a reason that the household could object to."""


async def ask(tx: Transaction, world: World) -> int:
    """Ask about every case that is due, in working hours. Returns the number of cases asked about.

    All phones of the family are asked. Where there is none, those who look after the household are to ask at their next
    visit; where nobody can be written to at all, it is tried again later.
    """
    if next_open(tx.now, world.plan.reminders) > tx.now:
        return 0
    async with tx.session(request="job:ask_again") as session:
        store = Store(session)
        due = await store.follow_ups.due(ENDED_WELL, _latest_day(tx.now.date(), world.plan.clocks), most=_AT_ONCE)
        found = {f"{clue.id}": clue for clue in await store.clues.several(due)}
    return (await each(tx, _NAME, found, partial(_ask_about, world))).done


async def _ask_about(world: World, store: Store, clue: Clue) -> int:
    family = await store.people.of_household(clue.household_id)
    intent = Intent(Cause.SOLVED, f"{clue.id}")
    told = await notify(store, world, messages=dict.fromkeys(family, _question(clue)), intent=intent, personal=True)
    if not told:
        question = _question_to_helpers(world, clue)
        told = await notify(store, world, messages=dict.fromkeys(await _helpers(store, world, clue), question), intent=intent)
    if told:
        store.follow_ups.ask(clue.id)
    return int(bool(told))


JOB = Job(_NAME, Every(30 * 60), ask)


def _latest_day(today: date, clocks: Clocks) -> date:
    """Cases closed up to this day are due."""
    day = today - timedelta(days=clocks.ask_again.days)
    while last_day(day, clocks.ask_again) > today:
        day -= timedelta(days=1)
    return day


async def _helpers(store: Store, world: World, clue: Clue) -> list[int]:
    """The person who answers for the household, if they can be written to; else its village's cadres."""
    support = await store.measures.support_of(clue.id)
    household = world.roster.by_id.get(clue.household_id)
    wanted = {support and support.responsible_id, household and household.helper_id}
    village = world.directory.holding(Role.VILLAGE, clue.village)
    chosen = [one for one in village if one.person.id in wanted and one.address] or village
    return [one.person.id for one in chosen]


def _question(clue: Clue) -> Outgoing:
    text = f"您家的困难真的解决了吗？（{clue.number}号，{day_in_words(clue.since)}办结）"
    return Outgoing(text=text, buttons=_answers(clue))


def _question_to_helpers(world: World, clue: Clue) -> Outgoing:
    household = world.roster.by_id.get(clue.household_id)
    where = household_in_words(world.plan, household) if household else f"{clue.number}号"
    text = f"【回访】{where}没有登记手机。请下次走访时问一句：困难真的解决了吗？（{clue.number}号）"
    return Outgoing(text=text, buttons=_answers(clue))


def _answers(clue: Clue) -> tuple[tuple[Button, ...], ...]:
    key = to_base36(clue.id)
    return ((Button(label="解决了", says=f"/solved {key} yes"), Button(label="没有", says=f"/solved {key} no")),)
