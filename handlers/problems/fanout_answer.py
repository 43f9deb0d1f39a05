"""A village answers whether it has a problem found elsewhere; what it finds goes on the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.calendar.planning import plan_deadline
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Evidence, HouseholdChoice, Photos, Text
from handlers.problems.common import problem_button, problem_in_words, rectifiers
from handlers.problems.fanout import answers_button
from handlers.problems.photo_prints import prints_of
from handlers.problems.rows import bare
from handlers.reading import shortened
from handlers.wording.days import day_in_words, moment_in_words
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.fanouts import OPEN, Fanout, FanoutTask
from storage.problems.photo_hash import Print
from storage.problems.records import NewProblem, Problem
from storage.roster import Household

_NO, _YES = "no", "yes"
_MOST = 5
"""Problems in one answer; whoever has more reports them as a ledger."""


@dataclass(frozen=True, slots=True)
class _FoundProblem:
    """A problem that the village found."""

    description: str
    household: Household | None
    shown: Evidence
    prints: list[Print]


@conversation("checked", "举一反三答复", for_roles={Role.VILLAGE})
async def answer(chat: Chat) -> None:
    """Args: the task's id, and the answer if it is known: "8z no", "8z yes"."""
    key, _, said = chat.args.partition(" ")
    task = await _task(chat, key)
    fanout = await chat.store.fanouts.get(task.fanout_id) if task else None
    first = await chat.store.problems.get(fanout.problem_id) if fanout else None
    if task is None or fanout is None or first is None:
        chat.refuse()
    if task.state != OPEN:
        await chat.say(await _answered(chat, task))
        return
    if said not in (_NO, _YES):
        said = await chat.ask(
            "verdict", Choice(f"{shortened(fanout.words, 100)}\n本村有没有同样的问题？", [(_NO, "没有"), (_YES, "有，报问题")])
        )
    found = await _ask_found(chat, task.village) if said == _YES else []
    problems = [await _register(chat, task, fanout, first, one) for one in found]
    # the same words about the same household are one problem, here or already on the ledger
    numbers = {problem.id: problem for problem in problems}
    await chat.store.fanouts.answer(task, chat.person.id, found=list(numbers))
    await chat.store.reminders.cancel("fanout", str(task.id))
    await _tell_starter(chat, fanout, first)
    if not numbers:
        await chat.say("记下了：本村没有。")
        return
    listed = "、".join(f"{problem.number}号" for problem in numbers.values())
    await chat.say(f"记下了：{listed}，{day_in_words(fanout.rectify_by)}前整改。", [[Button(label="我的待办", says="/todo")]])


async def _task(chat: Chat, key: str) -> FanoutTask | None:
    """The task that is named, if it belongs to a village of this cadre."""
    task = await chat.store.fanouts.task(chat.row_id(key))
    return task if task is not None and chat.person.covers(task.village, Role.VILLAGE) else None


async def _answered(chat: Chat, task: FanoutTask) -> str:
    found = await chat.store.problems.several(task.found)
    what = "有，" + "、".join(f"{problem.number}号" for problem in found) if found else "没有"
    at = moment_in_words(task.answered_at) if task.answered_at else ""
    return f"{chat.world.plan.village(task.village).name}已由{task.person}在 {at} 答复：{what}。"


async def _ask_found(chat: Chat, village: str) -> list[_FoundProblem]:
    found: list[_FoundProblem] = []
    more = True
    while more:
        place = len(found) + 1
        which = f"第 {place} 个问题" if found else "问题"
        description = await chat.ask(f"words{place}", Text(f"{which}是什么情况？", min_length=4))
        household = await chat.ask_optional(
            f"household{place}", HouseholdChoice("是哪一户？没有具体农户就跳过。", [village], optional=True)
        )
        photos = Photos("照片或定位，没有就跳过。", optional=True)
        shown = await chat.ask_optional(f"photos{place}", photos) or Evidence()
        found.append(_FoundProblem(description, household, shown, await prints_of(chat, shown.photos)))
        done = f"已记 {place} 个。还有吗？"
        options = [(_NO, "没有了，提交"), (_YES, "还有一个")] if place < _MOST else [(_NO, "提交")]
        more = await chat.ask(f"more{place}", Choice(done, options)) == _YES
    return found


async def _register(chat: Chat, task: FanoutTask, fanout: Fanout, first: Problem, found: _FoundProblem) -> Problem:
    """Put the problem on the ledger, unless it is there already."""
    household_id = found.household.id if found.household else None
    store = chat.store
    key = f"{first.source}|{task.village}|{household_id or ''}|{bare(found.description)}"
    fingerprint = store.problems.fingerprint(key)
    known = await store.problems.known([fingerprint])
    if fingerprint in known:
        problem = await store.problems.numbered(known[fingerprint])
        if problem is not None:
            return problem
    new = NewProblem(
        source=first.source,
        item=first.item,
        region=task.village,
        household_id=household_id,
        description=found.description,
        units=first.units,
        deadline=fanout.rectify_by,
    )
    problem = await store.problems.add(new, fingerprint)
    store.problems.show(problem, chat.person.id, photos=found.shown.photos, prints=found.prints)
    plan_deadline(
        store.reminders, chat.world.plan, subject="problem", subject_id=str(problem.id), deadline=problem.deadline, now=chat.now
    )
    await chat.push(
        rectifiers(chat.world, problem),
        f"【新问题】{problem_in_words(chat.world, problem)} {shortened(problem.description, 60)}\n"
        f"举一反三查出，{day_in_words(problem.deadline)}前整改。",
        intent=Intent(Cause.FOUND, f"{problem.id}"),
        buttons=[[problem_button(problem)]],
        about=[problem.household_id],
    )
    return problem


async def _tell_starter(chat: Chat, fanout: Fanout, first: Problem) -> None:
    """Tell whoever asked, once the last village has answered."""
    tasks = await chat.store.fanouts.tasks(fanout.id)
    if any(task.state == OPEN for task in tasks):
        return
    having = sum(bool(task.found) for task in tasks)
    text = f"【举一反三】{first.number}号：{len(tasks)} 个村都答复了，{having} 个村有问题。"
    intent = Intent(Cause.FANNED, f"{fanout.id}")
    await chat.push([fanout.started_by], text, intent, buttons=[[answers_button(first)]])
