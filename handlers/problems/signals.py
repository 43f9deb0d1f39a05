"""疑点: signals that work may be faked, as questions that the town explains or checks on the spot."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Text
from handlers.problems.common import problem_in_words
from handlers.wording.days import moment_in_words
from storage.database.base import to_base36
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.records import Problem
from storage.problems.signals import OPEN, Signal
from storage.problems.states import ProblemState

_MOST = 4


@conversation("signals", "疑点", for_roles={Role.TOWN}, words=("看疑点",))
async def signals(chat: Chat) -> None:
    """Args: the question's id, to answer it in words; without, the oldest unanswered are listed."""
    if not chat.args:
        await _list(chat)
        return
    signal, problem = await _find(chat)
    if signal is None or problem is None:
        chat.refuse()
    if signal.state != OPEN:
        at = moment_in_words(signal.answered_at) if signal.answered_at else ""
        await chat.say(f"{problem.number}号：{signal.person}已在 {at} 答复：{signal.answer}")
        return
    words = await chat.ask(
        "words",
        Text(f"{problem_in_words(chat.world, problem)}：{signal.detail}\n为什么正常？一句话就行。", 200, 2, "开会时集中补录的"),
    )
    await chat.store.signals.answer(signal, chat.person.id, words=words)
    await chat.say(f"记下了：{problem.number}号，{words}", [[Button(label="看别的疑点", says="/signals")]])


async def _find(chat: Chat) -> tuple[Signal | None, Problem | None]:
    """The question of the args and its problem, if that lies with this person's town."""
    signal = await chat.store.signals.get(chat.row_id(chat.args))
    problem = signal and await chat.store.problems.get(signal.problem_id)
    return (signal, problem) if problem and chat.person.covers(problem.region, Role.TOWN) else (None, None)


async def _list(chat: Chat) -> None:
    regions = [post.region for post in chat.person.posts_as(Role.TOWN)]
    found, total = await chat.store.signals.open_in(regions, _MOST)
    if not found:
        await chat.say("没有要看的疑点。")
        return
    problems = {one.id: one for one in await chat.store.problems.several([signal.problem_id for signal in found])}
    lines = [f"有 {total} 处想请镇里看一看，只是提问，不是结论：" + (f"先列 {_MOST} 处。" if total > _MOST else "")]
    rows = []
    readable = [signal for signal in found if signal.problem_id in problems]
    for place, signal in enumerate(readable, 1):
        problem = problems[signal.problem_id]
        lines.append(f"{place}. {problem_in_words(chat.world, problem)}：{signal.detail}")
        rows.append([Button(label=f"{place} 说明正常", says=f"/signals {to_base36(signal.id)}"), _look(place, problem)])
    await chat.say("\n".join(lines), rows)


def _look(place: int, problem: Problem) -> Button:
    """A closed problem is spot-checked; one still open is accepted or returned on its own page."""
    key = to_base36(problem.id)
    if problem.state is ProblemState.CLOSED:
        return Button(label=f"{place} 去抽查", says=f"/spotcheck {key}")
    return Button(label=f"{place} 看问题", says=f"/problem {key}")
