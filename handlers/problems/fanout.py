"""举一反三: the town asks every other village whether it has the same problem."""

from __future__ import annotations

from datetime import date

from handlers.calendar.planning import plan_deadline
from handlers.calendar.workdays import add_workdays
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Number, Text
from handlers.problems.common import own_problem, parties, problem_in_words
from handlers.problems.states import ProblemParty
from handlers.reading import shortened
from handlers.wording.days import day_in_words, moment_in_words
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.records import Problem

_DAYS = 5
"""Working days to answer when the town does not say: time for a round through every hamlet."""
_MOST_DAYS = 30


@conversation("fanout", "举一反三", for_roles={Role.TOWN})
async def start_fanout(chat: Chat) -> None:
    """Args: the problem's number or id."""
    said = chat.args or await chat.ask("problem", Text("从几号问题举一反三？", max_length=20, example="17号"))
    problem = await own_problem(chat, said)
    if problem is None or ProblemParty.TOWN not in parties(chat, problem):
        chat.refuse()
    before = await chat.store.fanouts.of(problem.id)
    if before is not None:
        who = "您" if before.started_by == chat.person.id else before.person
        await chat.say(
            f"{problem.number}号：{who}已在 {moment_in_words(before.started_at)} 发起举一反三。", [[answers_button(problem)]]
        )
        return
    words = await _ask_words(chat, problem)
    days = await chat.ask_optional(
        "days", Number(f"几个工作日内答复？跳过就是 {_DAYS} 个。", 1, _MOST_DAYS, "天", optional=True)
    )
    count = int(days or _DAYS)
    due_on = add_workdays(chat.now.date(), count)
    # whoever finds something at the last moment still has as long to put it right as there was to look
    rectify_by = max(problem.deadline, add_workdays(due_on, count))
    villages = _others(chat, problem)
    summary = f"请 {len(villages)} 个村查：{words}\n{day_in_words(due_on)}前答复，查出的 {day_in_words(rectify_by)}前整改。"
    if not await chat.confirm(summary):
        await chat.say("没有发起。")
        return
    tasks = chat.store.fanouts.start(problem, words, due_on=due_on, rectify_by=rectify_by, villages=villages, by=chat.person.id)
    for village, task in tasks.items():
        plan_deadline(
            chat.store.reminders, chat.world.plan, subject="fanout", subject_id=str(task), deadline=due_on, now=chat.now
        )
        await _ask_village(chat, village, task, words, due_on)
    await chat.say(f"已发给 {len(villages)} 个村，{day_in_words(due_on)}前答复。", [[answers_button(problem)]])


async def _ask_words(chat: Chat, problem: Problem) -> str:
    """Ask what to look for; the words about a household are not passed on to other villages."""
    title = problem_in_words(chat.world, problem)
    if problem.household_id is not None:
        prompt = f"{title} 涉及农户。请另写一句要各村查什么，别写姓名。"
        return await chat.ask("words", Text(prompt, max_length=200, min_length=4))
    prompt = f"要各村查什么？（别写农户姓名）跳过就用原文：\n{shortened(problem.description, 100)}"
    said = await chat.ask_optional("words", Text(prompt, max_length=200, min_length=4, optional=True))
    return said or problem.description


def _others(chat: Chat, problem: Problem) -> list[str]:
    """The town's villages without the one in which the problem was found."""
    return [village.code for village in chat.world.plan.villages if village.code != problem.region]


async def _ask_village(chat: Chat, village: str, task: int, words: str, due_on: date) -> None:
    key = to_base36(task)
    cadres = chat.world.directory.ids(Role.VILLAGE, village)
    await chat.push(
        cadres,
        f"【举一反三】别处查出：{shortened(words, 100)}\n本村有没有同样的问题？请在 {day_in_words(due_on)}前答复。",
        intent=Intent(Cause.FANOUT, f"{task}"),
        buttons=[[Button(label="没有", says=f"/checked {key} no"), Button(label="有，报问题", says=f"/checked {key} yes")]],
    )


def answers_button(problem: Problem) -> Button:
    return Button(label="看各村答复", says=f"/fanouts {to_base36(problem.id)}")
