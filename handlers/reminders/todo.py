"""My open work by deadline: problems to rectify or accept, cases whose turn is mine, and what my village is asked about."""

from __future__ import annotations

from datetime import date

from handlers.cases.procedure import steps_of
from handlers.cases.table import STEPS, Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.problems.actions import name
from handlers.problems.overdue import overdue_button
from handlers.problems.states import judges, rectifies
from handlers.reading import shortened
from handlers.rights.sight import IN_OFFICE
from handlers.wording.days import deadline_in_words
from handlers.wording.households import household_in_words
from storage.database.base import to_base36
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.states import TO_RECTIFY, ProblemState

_MOST = 8


@conversation("todo", "我的待办", for_roles=IN_OFFICE, words=("待办", "要办的"), menu=4)
async def todo(chat: Chat) -> None:
    problems, total = await chat.store.problems.within(rectifies(chat.person, chat.world.plan), TO_RECTIFY, most=_MOST)
    review, to_review = await chat.store.problems.within(judges(chat.person), [ProblemState.REVIEW], most=_MOST)
    found: list[tuple[date, Button]] = []
    for problem in [*problems, *review]:
        mark = "验收 " if problem.state is ProblemState.REVIEW else ""
        label = f"{mark}{name(chat.world, problem)} {shortened(problem.description)}"
        found.append((problem.deadline, Button(label=label, says=f"/problem {to_base36(problem.id)}")))
    others = [*await _clues(chat), *await _fanouts(chat)]
    found = sorted([*found, *others], key=lambda one: one[0])
    total += to_review + len(others)
    late = await overdue_button(chat)
    if not found:
        await chat.say("没有要办的事。", late)
        return
    today = chat.now.date()
    rows = [
        [Button(label=f"{button.label} {deadline_in_words(due, today)}", says=button.says)]
        for due, button in found[:_MOST]
    ]
    more = f"\n只列出最急的 {_MOST} 件。看别的问题，回复如：/problem 17" if total > _MOST else ""
    await chat.say(f"您有 {total} 件要办，按期限排：{more}", [*rows, *late])


async def _clues(chat: Chat) -> list[tuple[date, Button]]:
    """The cases that wait for this person's village or office."""
    return [
        (
            clue.due_on or clue.reported_at.date(),
            Button(
                label=f"{STEPS[clue.step].todo} {household_in_words(chat.world.plan, chat.world.roster.by_id[clue.household_id])}",
                says=f"/clue {to_base36(clue.id)}",
            ),
        )
        for party in (Party.VILLAGE, Party.TOWN, Party.COUNTY)
        for post in chat.person.posts_as(Role(party.value))
        for clue in await chat.store.clues.standing_at([s for s in steps_of(party) if STEPS[s].todo], post.region)
    ]


async def _fanouts(chat: Chat) -> list[tuple[date, Button]]:
    """What this village has been asked about and has not answered."""
    return [
        (task.due_on, Button(label="举一反三 查本村有没有", says=f"/checked {to_base36(task.id)}"))
        for post in chat.person.posts_as(Role.VILLAGE)
        for task in await chat.store.fanouts.open_in(post.region)
    ]
