"""Shared by the conversations about problems: find one, put it in words, act on it, tell those concerned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from handlers.calendar.planning import plan_deadline
from handlers.engine.chat import Chat
from handlers.engine.lookup import by_number_or_id
from handlers.engine.questions import Evidence
from handlers.engine.world import World
from handlers.problems.states import RULES, ProblemParty, may_redate, next_state, parties_of, possible_actions
from handlers.reading import shortened
from handlers.wording.days import deadline_in_words, moment_in_words
from handlers.wording.households import household_in_words
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.photo_hash import Print
from storage.problems.records import Problem
from storage.problems.states import Action, ProblemState

FINISHED = "done"
"""Behind the id in "/progress 8z done": the work is finished, only words and proof are asked for."""


async def own_problem(chat: Chat, said: str) -> Problem | None:
    """The problem with this number ("17", "17号") or row id, if it concerns this person; else None."""
    problem = await problem_named(chat, said)
    if problem is None or not parties(chat, problem):
        return None
    chat.looked(problem.household_id)
    return problem


async def problem_named(chat: Chat, said: str) -> Problem | None:
    """The problem with this number ("17", "17号") or row id, without a check of whom it concerns."""
    return await by_number_or_id(chat.store.problems, said)


def parties(chat: Chat, problem: Problem) -> frozenset[ProblemParty]:
    return parties_of(chat.person, problem, plan=chat.world.plan)


def place_in_words(world: World, problem: Problem) -> str:
    household = world.roster.by_id.get(problem.household_id or 0)
    if household is not None:
        return household_in_words(world.plan, household)
    return "全镇" if problem.region == world.plan.town.code else world.plan.village(problem.region).name


def problem_in_words(world: World, problem: Problem) -> str:
    return f"{problem.number}号 {place_in_words(world, problem)}"


def problem_line(world: World, problem: Problem, today: date) -> str:
    """ "17号 白塔村 屋顶漏雨 10月21日，还剩 7 个工作日", as it stands in a list."""
    about = f"{problem_in_words(world, problem)} {shortened(problem.description)}"
    return f"{about} {deadline_in_words(problem.deadline, today)}"


def rectifiers(world: World, problem: Problem) -> list[int]:
    """The people who rectify: the person named in the ledger if they hold such a post, else all who do."""
    directory = world.directory
    found = directory.holding(Role.VILLAGE, problem.region)
    for code in problem.units:
        role = world.plan.unit(code).role
        found += directory.holding(role, problem.region, unit=code if role is Role.UNIT else None)
    named = [official for official in found if official.person.name == problem.responsible]
    return list(dict.fromkeys(official.person.id for official in named or found))


async def take_action(
    chat: Chat,
    problem: Problem,
    action: Action,
    text: str = "",
    percent: int | None = None,
    shown: Evidence | None = None,
    prints: Sequence[Print] = (),
) -> Problem:
    """Do an action and adjust the reminders. Raises NotAllowed if the rules do not let this person.

    `prints` are those of the photos shown, taken beforehand by `prints_of`.
    """
    state = next_state(problem.state, action, parts=parties(chat, problem), reason=text)
    shown = shown or Evidence()
    moved = await chat.store.problems.move(
        problem,
        action,
        state=state,
        by=chat.person.id,
        text=text,
        percent=percent,
        photos=shown.photos,
        place=shown.place,
        prints=prints,
    )
    if action in (Action.SUBMIT, Action.ACCEPT):
        await chat.store.reminders.cancel("problem", str(problem.id))
    elif action in (Action.RETURN, Action.REOPEN):
        plan_deadline(
            chat.store.reminders,
            chat.world.plan,
            subject="problem",
            subject_id=str(problem.id),
            deadline=problem.deadline,
            now=chat.now,
        )
    return moved


async def tell_rectifiers(chat: Chat, problem: Problem, text: str, action: Action) -> None:
    """Push a verdict to those who worked on the problem, or if nobody has, to those who are to."""
    worked = await chat.store.problems.rectified_by(problem.id) or rectifiers(chat.world, problem)
    await chat.push(
        worked,
        text,
        intent=Intent(Cause.PROBLEM, f"{problem.id}:{action}:{problem.version}"),
        buttons=[[problem_button(problem), *([progress_button(problem)] if problem.state is ProblemState.WORKING else [])]],
        about=[problem.household_id],
    )


async def explain_state(chat: Chat, problem: Problem) -> str:
    """Explain why there is nothing to do: what the last person did."""
    last = next(iter(await chat.store.problems.entries(problem.id, 1)), None)
    if last is None or last.action not in RULES or RULES[last.action].after is not problem.state:
        return f"{problem.number}号现在是「{problem.state.label}」。"
    who = "您" if last.person_id == chat.person.id else last.person
    return f"{problem.number}号：{who}已在 {moment_in_words(last.at)} {last.action.label}，现在是「{problem.state.label}」。"


def problem_button(problem: Problem, label: str = "查看") -> Button:
    return Button(label=label, says=f"/problem {to_base36(problem.id)}")


def progress_button(problem: Problem) -> Button:
    return Button(label="报进展", says=f"/progress {to_base36(problem.id)}")


def buttons_for(chat: Chat, problem: Problem) -> list[list[Button]]:
    """The buttons for what this person may do with the problem now."""
    key = to_base36(problem.id)
    says = {
        Action.CLAIM: f"/claim {key}",
        Action.PROGRESS: f"/progress {key}",
        Action.SUBMIT: f"/progress {key} {FINISHED}",
        Action.ACCEPT: f"/accept {key} ok",
        Action.RETURN: f"/accept {key} no",
        Action.CHECK: f"/spotcheck {key}",
        Action.REOPEN: f"/reopen {key}",
    }
    mine = parties(chat, problem)
    row = [Button(label=action.label, says=says[action]) for action in possible_actions(problem.state, mine)]
    if problem.state is ProblemState.UNCLAIMED and row:
        row.append(progress_button(problem))  # the first progress claims it, which saves a tap
    more = [Button(label="倒排工期", says=f"/schedule {key}")] if problem.state is not ProblemState.CLOSED else []
    if may_redate(problem.state, mine):
        more.append(Button(label=Action.REDATE.label, says=f"/deadline {key}"))
    if ProblemParty.TOWN in mine:
        more.append(Button(label="举一反三", says=f"/fanout {key}"))
    return [buttons for buttons in (row, more) if buttons]
