"""Shows the town and the county how the villages answered: first who has not yet, then the answers."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.problems.common import own_problem, parties, problem_button
from handlers.problems.fanout import answers_button
from handlers.problems.states import ProblemParty
from handlers.reading import shortened
from handlers.wording.days import day_in_words, moment_in_words, time_left_in_words
from handlers.wording.paging import page_named, page_of
from storage.database.base import to_base36
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.fanouts import OPEN, FanoutTask

_LATEST = 5


@conversation("fanouts", "举一反三情况", for_roles={Role.TOWN, Role.COUNTY})
async def show_fanouts(chat: Chat) -> None:
    """Args: the problem's number or id, and a page: "17 2"; without any, the latest."""
    said, _, page = chat.args.partition(" ")
    if not said:
        await _list(chat)
        return
    problem = await own_problem(chat, said)
    if problem is None or not parties(chat, problem) & {ProblemParty.TOWN, ProblemParty.COUNTY}:
        chat.refuse()
    fanout = await chat.store.fanouts.of(problem.id)
    if fanout is None:
        await chat.say(f"{problem.number}号还没有举一反三。", [[problem_button(problem)]])
        return
    tasks = await chat.store.fanouts.tasks(fanout.id)
    shown, turn = page_of(tasks, page_named(page), command=f"/fanouts {to_base36(problem.id)}")
    numbers = {one.id: one.number for one in await chat.store.problems.several([p for t in shown for p in t.found])}
    head = f"{problem.number}号举一反三，{day_in_words(fanout.due_on)}前答复。{_counts(tasks)}"
    lines = [_line(chat, task, [numbers[key] for key in task.found]) for task in shown]
    await chat.say("\n".join([head, *lines]), [*turn, [problem_button(problem)]])


async def _list(chat: Chat) -> None:
    regions = [post.region for post in chat.person.posts_as(Role.TOWN, Role.COUNTY)]
    lines, rows = [], []
    for fanout in await chat.store.fanouts.latest(regions, _LATEST):
        problem = await chat.store.problems.get(fanout.problem_id)
        if problem is None:
            continue
        tasks = await chat.store.fanouts.tasks(fanout.id)
        lines.append(f"{problem.number}号 {shortened(fanout.words, 20)}：{_counts(tasks)}")
        rows.append([Button(label=f"{problem.number}号各村答复", says=answers_button(problem).says)])
    if not lines:
        await chat.say("还没有举一反三。打开一个问题，点「举一反三」就能发给各村。")
        return
    await chat.say("\n".join(["最近的举一反三：", *lines]), rows)


def _counts(tasks: list[FanoutTask]) -> str:
    waiting = sum(task.state == OPEN for task in tasks)
    having = sum(bool(task.found) for task in tasks)
    return f"{len(tasks)} 个村，{waiting} 个未答复，{having} 个有问题。"


def _line(chat: Chat, task: FanoutTask, numbers: list[int]) -> str:
    village = chat.world.plan.village(task.village).name
    if task.answered_at is None:
        late = f"，{time_left_in_words(task.due_on, chat.now.date())}" if task.due_on < chat.now.date() else ""
        return f"{village}：未答复{late}"
    what = "有，" + "、".join(f"{number}号" for number in numbers) if numbers else "没有"
    return f"{village}：{what}（{task.person} {moment_in_words(task.answered_at)}）"
