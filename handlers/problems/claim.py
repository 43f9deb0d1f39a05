"""认领: a village or unit takes on a problem to rectify."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.problems.common import explain_state, own_problem, parties, problem_in_words, progress_button, take_action
from handlers.problems.states import RULES
from handlers.rights.sight import IN_OFFICE
from handlers.wording.days import deadline_in_words
from storage.problems.states import Action


@conversation("claim", "认领问题", for_roles=IN_OFFICE)
async def claim(chat: Chat) -> None:
    """Args: the problem's number or id. One tap, no questions."""
    problem = await own_problem(chat, chat.args)
    rule = RULES[Action.CLAIM]
    if problem is None or not parties(chat, problem) & rule.by:
        chat.refuse()
    elif problem.state is not rule.before:
        await chat.say(await explain_state(chat, problem))
    else:
        claimed = await take_action(chat, problem, Action.CLAIM)
        until = deadline_in_words(claimed.deadline, chat.now.date())
        await chat.say(f"已认领 {problem_in_words(chat.world, claimed)}。期限 {until}。", [[progress_button(claimed)]])
