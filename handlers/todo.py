"""My open work by deadline: problems to rectify or accept, and for a village the clues to verify."""

from __future__ import annotations

from datetime import date

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.filing import place_in_words
from handlers.rectifying import brief, deadline_in_words, name
from handlers.rules.problem_states import judges, rectifies
from storage.base import to_base36
from storage.clues import Step
from storage.messages import Button
from storage.people import Role
from storage.problems import TO_RECTIFY, ProblemState

_MOST = 8


@conversation("todo", "我的待办", for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN}, words=("待办", "要办的"), menu=4)
async def todo(chat: Chat) -> None:
    problems, total = await chat.store.problems.within(rectifies(chat.person, chat.world.plan), TO_RECTIFY, _MOST)
    review, to_review = await chat.store.problems.within(judges(chat.person), [ProblemState.REVIEW], _MOST)
    found: list[tuple[date, Button]] = []
    for problem in [*problems, *review]:
        mark = "验收 " if problem.state is ProblemState.REVIEW else ""
        label = f"{mark}{name(chat.world, problem)} {brief(problem.description)}"
        found.append((problem.deadline, Button(label=label, says=f"/problem {to_base36(problem.id)}")))
    clues = await _clues(chat)
    found = sorted([*found, *clues], key=lambda one: one[0])
    total += to_review + len(clues)
    if not found:
        await chat.say("没有要办的事。")
        return
    today = chat.now.date()
    rows = [
        [Button(label=f"{button.label} {deadline_in_words(due, today)}", says=button.says)]
        for due, button in found[:_MOST]
    ]
    more = f"\n只列出最急的 {_MOST} 件。看别的问题，回复如：/problem 17" if total > _MOST else ""
    await chat.say(f"您有 {total} 件要办，按期限排：{more}", rows)


async def _clues(chat: Chat) -> list[tuple[date, Button]]:
    """What waits for a visit by this village."""
    return [
        (
            clue.due_on or clue.reported_at.date(),
            Button(
                label=f"核查 {place_in_words(chat.world, chat.world.roster.by_id[clue.household_id])}",
                says=f"/clue {to_base36(clue.id)}",
            ),
        )
        for post in chat.person.posts_as(Role.VILLAGE)
        for clue in await chat.store.clues.open_in(post.region)
        if clue.step is Step.VERIFY
    ]
