"""A spot check of the town or the county finds that a closed problem is not solved: it is opened again, with the reason."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.desk import NOT_YOURS
from handlers.engine.questions import Text
from handlers.rectifying import act, explain_state, find, name, parts, tell_rectifiers
from handlers.rules.problem_states import RULES
from storage.people import Role
from storage.problems import Action


@conversation("reopen", "重开问题", for_roles={Role.TOWN, Role.COUNTY})
async def reopen(chat: Chat) -> None:
    """Args: the problem's number or id."""
    problem = await find(chat, chat.args)
    rule = RULES[Action.REOPEN]
    if problem is None or not parts(chat, problem) & rule.by:
        await chat.say(NOT_YOURS)
        return
    if problem.state is not rule.before:
        await chat.say(await explain_state(chat, problem))
        return
    title = name(chat.world, problem)
    reason = await chat.ask(
        "reason", Text(f"{title}：抽查发现了什么？这句话会发给整改的同志。", min_length=2, example="屋顶又漏了")
    )
    opened = await act(chat, problem, Action.REOPEN, reason)
    await tell_rectifiers(chat, opened, f"【抽查重开】{title}\n原因：{reason}\n请接着整改，再提交。", Action.REOPEN)
    await chat.say(f"{title}已重开，已告诉整改的同志。")
