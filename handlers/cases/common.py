"""Shared by the conversations about a case: find it, take a step by the rules, tell those concerned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.calendar.planning import plan_clue
from handlers.cases.procedure import apply, message_to_household, parties_of, whose_turn
from handlers.cases.table import ACTS, STEPS, Act, Party
from handlers.engine.chat import Chat, Rows
from handlers.engine.lookup import by_number_or_id
from handlers.engine.words import NOT_YOURS
from handlers.rights.sight import IN_OFFICE, Sight, sight_of_clue
from handlers.wording.days import day_in_words, moment_in_words
from handlers.wording.households import household_in_words
from handlers.wording.kinds import kinds_in_words
from storage.cases.records import Clue, ClueSource
from storage.cases.steps import Step
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Person, Role

UNCONFIRMED = "村干部确认您是这家人以后，就能看办到哪一步。"
"""What a phone hears that let itself in by a name and four digits."""

NOT_AS_FAMILY = "这件事您在管，不能再替家里说。请家里别的人用自己的手机说。"
"""What somebody hears who is in office over their own family's case."""


async def clue_named(chat: Chat, said: str) -> Clue | None:
    """The clue with this number ("12", "12号") or row id, without a check of who may see it. None if there is none."""
    return await by_number_or_id(chat.store.clues, said)


async def own_clue(chat: Chat, *parties: Party) -> Clue:
    """The clue that the command names. Refuses who is none of `parties` to it, and says so to whom their office keeps from
    speaking for their own family."""
    clue = await clue_named(chat, chat.args.partition(" ")[0])
    if clue is None:
        chat.refuse()
    check_party(chat, clue, *parties)
    chat.looked(clue.household_id)
    return clue


def check_party(chat: Chat, clue: Clue, *parties: Party) -> None:
    """Refuses as `own_clue`."""
    if parties_of(chat.person, clue) & set(parties):
        return
    own = Party.HOUSEHOLD in parties and chat.person.speaks_for(clue.household_id)
    chat.refuse(NOT_AS_FAMILY if own else NOT_YOURS)


async def own_clue_at(chat: Chat, step: Step, *parties: Party) -> Clue | None:
    """As `own_clue`, if the clue is at `step`; otherwise says what the last person did and returns None."""
    clue = await own_clue(chat, *parties)
    if clue.step is not step:
        await chat.say(await explain_step(chat, clue))
        return None
    return clue


def sight_on(chat: Chat, clue: Clue, *, followed: bool) -> Sight:
    """How much of a clue the person sees; `followed` as for `sight_of_clue`."""
    units = {unit.code for kind in clue.kinds for unit in chat.world.plan.units_for_risk(kind)}
    return sight_of_clue(chat.person, clue, units=units, followed=followed)


def home_in_words(chat: Chat, clue: Clue) -> str:
    """ "白塔村一屯张三家", or the clue's number if the household is not on the roster."""
    household = chat.world.roster.by_id.get(clue.household_id)
    return household_in_words(chat.world.plan, household) if household else f"{clue.number}号线索"


def clue_in_words(chat: Chat, clue: Clue) -> str:
    return f"{clue.number}号 {home_in_words(chat, clue)}（{kinds_in_words(chat.world.plan, clue.kinds)}）"


def clue_button(clue: Clue, label: str = "查看") -> Button:
    return Button(label=label, says=f"/clue {to_base36(clue.id)}")


def next_step_row(clue: Clue) -> Rows:
    """The button for the step that is next."""
    return [[Button(label=clue.step.label, says=f"/{clue.step.value} {to_base36(clue.id)}")]]


async def unconfirmed_phones(chat: Chat, clue: Clue) -> Rows:
    """A button for each phone of the household that nobody has confirmed, to press at its door."""
    return [
        [Button(label=f"{one.name}的手机是这家人", says=f"/newcomer {to_base36(one.id)} yes")]
        for one in await chat.store.newcomers.of_household(clue.household_id)
        if one.confirmed_at is None
    ]


def relation_to(person: Person, household_id: int) -> str | None:
    """For whom of a household the person holds the phone ("张三的外孙"); None for themselves."""
    return next((post.relation for post in person.posts_as(Role.HOUSEHOLD) if post.household_id == household_id), None)


async def explain_step(chat: Chat, clue: Clue) -> str:
    """Explain why there is nothing to do at this step: what the last person did; to the household, how its case stands."""
    if not chat.person.has(*IN_OFFICE):
        return f"{clue.number}号现在：{STEPS[clue.step].household}。"
    events = await chat.store.clues.events(clue.id)
    now = f"现在是「{clue.step.label}」。"
    if not events:
        return f"{clue.number}号{now}"
    last = events[-1]
    who = await chat.name_of(last.person_id)
    return f"{clue.number}号：{who}已在 {moment_in_words(last.at)} {Act(last.outcome).label}，{now}"


async def take_step(
    chat: Chat,
    clue: Clue,
    *,
    what: Act,
    note: str = "",
    facts: Mapping[str, Any] | None = None,
    photos: tuple[str, ...] = (),
    voices: tuple[str, ...] = (),
) -> Clue:
    """Take a step of the procedure and tell those concerned. Raises NotAllowed if this person may not take it.

    The reminders follow the new step, the household and the reporters hear in plain words what it means for them, and
    whose turn it is next is told.
    """
    plan, store = chat.world.plan, chat.store
    parties = parties_of(chat.person, clue)
    if Party.HOUSEHOLD in parties and (relation := relation_to(chat.person, clue.household_id)):
        facts = {**(facts or {}), "for": relation}  # whose words it is that somebody else said on their phone
    to = apply(clue, what, parties=parties, today=chat.now.date(), clocks=plan.clocks, reason=note)
    moved = await store.clues.move(
        clue, to, by=chat.person.id, outcome=what.value, note=note, facts=facts, photos=photos, voices=voices
    )
    await store.reminders.cancel("clue", str(clue.id))
    plan_clue(store.reminders, plan, clue=moved, now=chat.now)
    await _tell_followers(chat, moved, what, note)
    await _tell_next(chat, clue, moved, what, note, voices)
    return moved


async def _tell_followers(chat: Chat, clue: Clue, what: Act, note: str) -> None:
    """Tell the household in plain words, with its next step; tell those who reported or joined in one line."""
    words = message_to_household(what, clue, note)
    if words is None:
        return
    family = await chat.store.people.of_household(clue.household_id)
    told = {chat.person.id, *family}
    if clue.source is ClueSource.SCREENING:
        told.add(clue.reporter_id)  # by the list's own results, not thousands of messages
    others = [one for one in await chat.store.clues.followers(clue) if one not in told]
    objects = [[Button(label="我不同意", says=f"/object {to_base36(clue.id)}")]] if words.may_object else []
    agrees = [[Button(label="看看同意什么", says=f"/authorize {to_base36(clue.id)}")]]
    next_step = agrees if clue.step is Step.AUTHORIZE else objects
    intent = Intent(Cause.CASE, f"{clue.id}:{clue.version}")
    buttons = [*next_step, [clue_button(clue)]]
    await chat.push(family, f"{clue.number}号：{words.text}", intent, buttons=buttons, personal=True)
    at_home = [one for one in others if chat.world.directory.person(one) is None]
    in_office = [one for one in others if one not in at_home]
    await chat.push(
        in_office, f"{clue.number}号线索：{what.label}。", intent, buttons=[[clue_button(clue)]], about=[clue.household_id]
    )
    await chat.push(at_home, f"{clue.number}号有新进展。\n{UNCONFIRMED}", intent, personal=True)


async def _tell_next(chat: Chat, before: Clue, clue: Clue, what: Act, note: str, voices: tuple[str, ...]) -> None:
    """Tell the assignee, or all of the party that is next, unless the person who acted belongs to it."""
    party = whose_turn(clue.step)
    if party is None:
        return
    role = Role(party.value)
    if chat.person.covers(clue.village, role) or clue.step is before.step:
        return
    region = clue.village if role is Role.VILLAGE else chat.world.plan.town.code
    region = chat.world.plan.county.code if role is Role.COUNTY else region
    due = f"\n请在 {day_in_words(clue.due_on)}前办理。" if clue.due_on else ""
    why = "原因：" if ACTS[what].needs_reason else ""
    reason = f"\n{why}{note}" if note else ""
    holding = chat.world.directory.ids(role, region)
    assigned = await chat.store.assignments.holders("clue", [str(clue.id)]) if role is Role.VILLAGE else {}
    await chat.push(
        [one for one in holding if one in assigned.values()] or holding,
        f"【{clue.step.label}】{clue_in_words(chat, clue)}\n{what.label}{reason}{due}",
        intent=Intent(Cause.TURN, f"{clue.id}:{clue.version}"),
        buttons=[*next_step_row(clue), [clue_button(clue)]],
        file=next(iter(voices), None),
        about=[clue.household_id],
    )
