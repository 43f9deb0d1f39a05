"""A spot check by the town or county: a closed problem stays closed, or is reopened."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Evidence, Photos, Text
from handlers.problems.common import (
    explain_state,
    own_problem,
    parties,
    problem_button,
    problem_in_words,
    take_action,
    tell_rectifiers,
)
from handlers.problems.photo_prints import prints_of
from handlers.problems.states import RULES
from storage.people.persons import Role
from storage.problems.records import Problem
from storage.problems.states import Action

_REAL, _NOT_REAL = "real", "not"


@conversation("spotcheck", "抽查问题", for_roles={Role.TOWN, Role.COUNTY})
async def spot_check(chat: Chat) -> None:
    """Args: the problem's number or id."""
    said = chat.args or await chat.ask("problem", Text("抽查几号问题？", max_length=20, example="17号"))
    problem = await _closed(chat, said, Action.CHECK)
    if problem is None:
        return
    verdict = await chat.ask(
        "verdict",
        Choice(
            f"{problem_in_words(chat.world, problem)}：{problem.description}\n看了现场，属实吗？",
            [(_REAL, "属实，保持销号"), (_NOT_REAL, "不属实，重开")],
        ),
    )
    if verdict == _NOT_REAL:
        await _open_again(chat, problem)
        return
    title = problem_in_words(chat.world, problem)
    seen = await chat.ask("seen", Text(f"{title}：现场看到了什么？", min_length=2, example="屋顶新瓦，屋里不漏"))
    shown = await _shown(chat)
    prints = await prints_of(chat, shown.photos)
    checked = await take_action(chat, problem, Action.CHECK, seen, shown=shown, prints=prints)
    await chat.store.signals.answer_all(problem.id, chat.person.id, words=f"抽查属实：{seen}")
    await tell_rectifiers(chat, checked, f"【抽查属实】{title}，保持销号。", Action.CHECK)
    await chat.say(f"记下了。{title}抽查属实，保持销号。")


@conversation("reopen", "重开问题", for_roles={Role.TOWN, Role.COUNTY})
async def reopen(chat: Chat) -> None:
    """Args: the problem's number or id."""
    problem = await _closed(chat, chat.args, Action.REOPEN)
    if problem is not None:
        await _open_again(chat, problem)


async def _closed(chat: Chat, said: str, action: Action) -> Problem | None:
    """The closed problem that is named; None after telling this person why it cannot be checked."""
    problem = await own_problem(chat, said)
    if problem is None or not parties(chat, problem) & RULES[action].by:
        chat.refuse()
    if problem.state is not RULES[action].before:
        await chat.say(await explain_state(chat, problem), [[problem_button(problem)]])
        return None
    return problem


async def _open_again(chat: Chat, problem: Problem) -> None:
    title = problem_in_words(chat.world, problem)
    reason = await chat.ask(
        "reason", Text(f"{title}：抽查发现了什么？这句话会发给整改的同志。", min_length=2, example="屋顶又漏了")
    )
    shown = await _shown(chat)
    prints = await prints_of(chat, shown.photos)
    opened = await take_action(chat, problem, Action.REOPEN, reason, shown=shown, prints=prints)
    await chat.store.signals.answer_all(problem.id, chat.person.id, words=f"抽查不属实，已重开：{reason}")
    await tell_rectifiers(chat, opened, f"【抽查重开】{title}\n原因：{reason}\n请接着整改，再提交。", Action.REOPEN)
    await chat.say(f"{title}已重开，已告诉整改的同志。")


async def _shown(chat: Chat) -> Evidence:
    return await chat.ask_optional("photos", Photos("现场照片或定位，没有就跳过。", optional=True)) or Evidence()
