"""指派： a clue or a problem becomes one person's of its village. The others still see it and may still act."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from handlers.cases.common import clue_named
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice
from handlers.engine.questions.person import PersonChoice
from handlers.problems.common import place_in_words, problem_named
from handlers.reading import shortened
from handlers.wording.households import household_in_words
from handlers.wording.kinds import kinds_in_words
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Person, Role
from storage.people.reach import Reach
from storage.problems.records import Problem
from storage.problems.states import TO_RECTIFY, ProblemState

_EVERYBODY = "all"
_LISTED = 7


@dataclass(frozen=True, slots=True)
class _Assignable:
    """What can be assigned. `command` shows it."""

    subject: str
    id: int
    village: str
    title: str
    closed: bool
    command: str
    household_id: int | None


@conversation("assign", "指派", for_roles={Role.VILLAGE, Role.TOWN})
async def assign(chat: Chat) -> None:
    """Args: "clue:8z", "problem:17", or a number, which can be a clue's or a problem's; without, the most pressing."""
    said = chat.args
    if not said:
        listed = await chat.recall("listed", partial(_listed, chat))
        if not listed:
            await chat.say("没有要指派的事。")
            return
        prompt = "指派哪一件？列的是最急的；别的发编号，例如：/assign 17"
        said = await chat.ask("thing", Choice(prompt, [(key, title) for key, title in listed]))
    found = await _things_named(chat, said)
    if not found:
        chat.refuse()
    thing = found[0]
    if len(found) > 1:
        which = await chat.ask("which", Choice("指派哪一件？", [(one.subject, one.title) for one in found]))
        thing = next(one for one in found if one.subject == which)
    if thing.closed:
        await chat.say(f"{thing.title}已办结，不用指派了。")
        return
    if thing.village == chat.world.plan.town.code:
        await chat.say(f"{thing.title}是全镇的事，不在哪一个村，不能指派到村里的人。")
        return
    await _assign(chat, thing)


async def _assign(chat: Chat, thing: _Assignable) -> None:
    before = await chat.store.assignments.of(thing.subject, str(thing.id))
    had = await chat.store.people.get(before.person_id) if before and before.person_id else None
    cadres = [one.person for one in chat.world.directory.holding(Role.VILLAGE, thing.village)]
    now = f"现在由{had.name}办。" if had else "现在全村都可以办。"
    people = [(str(one.id), one.name) for one in cadres]
    chosen = await chat.ask("who", PersonChoice(f"{thing.title}\n{now}指派给谁？", people, [(_EVERYBODY, "不指定，全村都管")]))
    person = next((one for one in cadres if str(one.id) == chosen), None)
    if (had.id if had else None) == (person.id if person else None):
        await chat.say(f"没有变：{now}")
        return
    await chat.store.assignments.give(
        before,
        thing.subject,
        subject_id=str(thing.id),
        region=thing.village,
        person_id=person.id if person else None,
        by=chat.person.id,
    )
    await _tell(chat, thing, had, person)
    was = f"，原来是{had.name}" if had else ""
    await chat.say(f"已指派给{person.name}{was}。" if person else f"好的，全村都可以办{was}。")


async def _tell(chat: Chat, thing: _Assignable, had: Person | None, person: Person | None) -> None:
    """Tell the new assignee and the former one."""
    mark = f"{thing.subject}:{thing.id}:{chat.store.session.request}"
    see = [[Button(label="查看", says=thing.command)]]
    about = [thing.household_id]
    if person is not None:
        was = f"，原来由{had.name}办" if had else ""
        text = f"【指派给您】{thing.title}\n{chat.person.name}指派{was}。"
        await chat.push([person.id], text, Intent(Cause.ASSIGNED, mark), buttons=see, about=about)
    if had is not None:
        now = f"改由{person.name}办" if person else "改为全村都可以办"
        text = f"{thing.title}\n{chat.person.name}{now}，不再单独提醒您。"
        await chat.push([had.id], text, Intent(Cause.TAKEN, mark), about=about)


async def _listed(chat: Chat) -> list[list[str]]:
    """The most pressing clues and problems of this person's villages."""
    regions = [post.region for post in chat.person.posts_as(Role.VILLAGE, Role.TOWN)]
    clues = [clue for region in regions for clue in await chat.store.clues.open_in(region, _LISTED)]
    reach = [Reach(region=region) for region in regions]
    problems, _ = await chat.store.problems.within(reach, TO_RECTIFY, most=_LISTED)
    found = [(one.due_on or one.reported_at.date(), _clue_thing(chat, one)) for one in clues]
    found += [(one.deadline, _problem_thing(chat, one)) for one in problems if one.region != chat.world.plan.town.code]
    found.sort(key=lambda one: one[0])
    chat.looked(*(thing.household_id for _, thing in found[:_LISTED]))
    return [[f"{thing.subject}:{to_base36(thing.id)}", thing.title] for _, thing in found[:_LISTED]]


async def _things_named(chat: Chat, said: str) -> list[_Assignable]:
    """The things that are named and that this person may assign."""
    subject, _, key = said.partition(":")
    if not key:
        subject, key = "", subject
    things = []
    if subject in ("", "clue") and (clue := await clue_named(chat, key)):
        things.append(_clue_thing(chat, clue))
    if subject in ("", "problem") and (problem := await problem_named(chat, key)):
        things.append(_problem_thing(chat, problem))
    found = [thing for thing in things if chat.person.covers(thing.village, Role.VILLAGE, Role.TOWN)]
    chat.looked(*(thing.household_id for thing in found))
    return found


def _clue_thing(chat: Chat, clue: Clue) -> _Assignable:
    household = chat.world.roster.by_id.get(clue.household_id)
    where = household_in_words(chat.world.plan, household) if household else ""
    title = f"{clue.number}号线索 {where} {shortened(kinds_in_words(chat.world.plan, clue.kinds))}"
    command = f"/clue {to_base36(clue.id)}"
    return _Assignable("clue", clue.id, clue.village, title, clue.step is Step.CLOSED, command, clue.household_id)


def _problem_thing(chat: Chat, problem: Problem) -> _Assignable:
    title = f"{problem.number}号问题 {place_in_words(chat.world, problem)} {shortened(problem.description)}"
    closed = problem.state is ProblemState.CLOSED
    command = f"/problem {to_base36(problem.id)}"
    return _Assignable("problem", problem.id, problem.region, title, closed, command, problem.household_id)
