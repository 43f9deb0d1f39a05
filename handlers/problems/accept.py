"""Acceptance: the town accepts a rectified problem with one tap, or returns it with a reason."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Text
from handlers.problems.common import explain_state, own_problem, parties, problem_in_words, take_action, tell_rectifiers
from handlers.problems.states import RULES, ProblemParty
from handlers.rights.errors import NotAllowed
from storage.people.persons import Role
from storage.problems.states import Action

_OK, _NO = "ok", "no"


@conversation("accept", "验收问题", for_roles={Role.TOWN})
async def accept(chat: Chat) -> None:
    """Args: the problem's number or id, and the verdict if it is known: "17 ok", "17 no"."""
    said, _, verdict = chat.args.partition(" ")
    problem = await own_problem(chat, said)
    if problem is None or ProblemParty.TOWN not in parties(chat, problem):
        chat.refuse()
    if problem.state is not RULES[Action.ACCEPT].before:
        await chat.say(await explain_state(chat, problem))
        return
    title = problem_in_words(chat.world, problem)
    if verdict not in (_OK, _NO):
        verdict = await chat.ask("verdict", Choice(f"{title}：验收通过吗？", [(_OK, "验收通过"), (_NO, "退回")]))
    try:
        if verdict == _OK:
            closed = await take_action(chat, problem, Action.ACCEPT)
            await tell_rectifiers(chat, closed, f"【验收通过】{title}，已销号。辛苦了。", Action.ACCEPT)
            await chat.say(f"{title}已销号，已告诉整改的同志。")
            return
        reason = await chat.ask(
            "reason", Text(f"{title}：为什么退回？这句话会发给整改的同志。", min_length=2, example="照片看不清，请补拍")
        )
        returned = await take_action(chat, problem, Action.RETURN, reason)
    except NotAllowed as refused:
        await chat.say(str(refused))
        return
    await tell_rectifiers(chat, returned, f"【退回】{title}\n原因：{reason}\n请接着整改，再提交。", Action.RETURN)
    await chat.say(f"{title}已退回，已告诉整改的同志。")
