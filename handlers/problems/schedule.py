"""倒排工期: a problem's steps counted back from its deadline; and the town moving that deadline."""

from __future__ import annotations

from datetime import date

from handlers.calendar.planning import plan_deadline
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Day, Text
from handlers.problems.common import (
    explain_state,
    own_problem,
    parties,
    problem_button,
    problem_in_words,
    progress_button,
    rectifiers,
)
from handlers.problems.schedule_rules import ScheduleStep, schedule
from handlers.problems.states import ProblemParty, may_redate, possible_actions
from handlers.rights.sight import IN_OFFICE
from handlers.wording.days import day_in_words, deadline_in_words, span_in_words
from storage.mail.intents import Cause, Intent
from storage.people.persons import Role
from storage.problems.records import Problem
from storage.problems.states import Action, ProblemState


@conversation("schedule", "倒排工期", for_roles=IN_OFFICE)
async def show_schedule(chat: Chat) -> None:
    """Args: the problem's number or id."""
    problem = await own_problem(chat, chat.args)
    if problem is None:
        chat.refuse()
    today = chat.now.date()
    head = f"{problem_in_words(chat.world, problem)} 倒排工期（期限 {deadline_in_words(problem.deadline, today)}）"
    steps = schedule(problem.opened_at.date(), problem.deadline)
    lines = [_line(place, step, problem, today) for place, step in enumerate(steps, 1)]
    mine = Action.PROGRESS in possible_actions(problem.state, parties(chat, problem))
    buttons = [progress_button(problem)] if mine else []
    await chat.say("\n".join([head, *lines]), [[problem_button(problem), *buttons]])


def _line(place: int, step: ScheduleStep, problem: Problem, today: date) -> str:
    days = span_in_words(step.first, step.last)
    now = " ← 现在" if step.first <= today <= step.last and problem.state is not ProblemState.CLOSED else ""
    return f"{place} {step.name}：{days}{now}"


@conversation("deadline", "改期限", for_roles={Role.TOWN})
async def move_deadline(chat: Chat) -> None:
    """Args: the problem's number or id."""
    problem = await own_problem(chat, chat.args)
    if problem is None or ProblemParty.TOWN not in parties(chat, problem):
        chat.refuse()
    if not may_redate(problem.state, parties(chat, problem)):
        await chat.say(await explain_state(chat, problem), [[problem_button(problem)]])
        return
    title, today = problem_in_words(chat.world, problem), chat.now.date()
    until = deadline_in_words(problem.deadline, today)
    day = await chat.ask("day", Day(f"{title}：期限 {until}。\n改到哪天？例如：10月31日", past_ok=False))
    if day == problem.deadline:
        await chat.say("期限就是这一天，不用改。", [[problem_button(problem)]])
        return
    reason = await chat.ask("reason", Text("为什么改？这句话会发给整改的同志。", min_length=2, example="雨天不能上房"))
    change = f"{day_in_words(problem.deadline)}改为 {day_in_words(day)}"
    moved = await chat.store.problems.redate(problem, day, by=chat.person.id, text=f"{change}：{reason}")
    await chat.store.reminders.cancel("problem", str(problem.id))
    if problem.state is not ProblemState.REVIEW:  # what waits for the town reminds nobody else
        plan_deadline(
            chat.store.reminders, chat.world.plan, subject="problem", subject_id=str(problem.id), deadline=day, now=chat.now
        )
    worked = await chat.store.problems.rectified_by(problem.id)
    text = f"【改期限】{title}\n{change}。\n原因：{reason}"
    intent = Intent(Cause.PROBLEM, f"{problem.id}:{Action.REDATE}:{moved.version}")
    told = [*worked, *rectifiers(chat.world, problem)]
    await chat.push(told, text, intent, buttons=[[problem_button(moved)]], about=[problem.household_id])
    await chat.say(f"{title}期限改为 {deadline_in_words(day, today)}，已告诉整改的同志。", [[problem_button(moved)]])
