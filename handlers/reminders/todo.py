"""A person's open work by deadline: problems to rectify or accept, cases that wait, and questions to the village."""

from __future__ import annotations

from datetime import date

from handlers.cases.common import clue_button, home_in_words
from handlers.cases.procedure import steps_of
from handlers.cases.table import STEPS, Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.problems.common import problem_button, problem_in_words
from handlers.problems.overdue import overdue_button
from handlers.problems.states import judges, rectifies
from handlers.reading import shortened
from handlers.rights.sight import IN_OFFICE
from handlers.wording.days import deadline_in_words
from handlers.wording.paging import page_named, page_of
from storage.database.base import to_base36
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.states import TO_RECTIFY, ProblemState

_MOST = 500


@conversation("todo", "我的待办", for_roles=IN_OFFICE, words=("待办", "要办的"), menu=4)
async def todo(chat: Chat) -> None:
    """Args: a page."""
    problems, _ = await chat.store.problems.within(rectifies(chat.person, chat.world.plan), TO_RECTIFY, most=_MOST)
    review, _ = await chat.store.problems.within(judges(chat.person), [ProblemState.REVIEW], most=_MOST)
    found: list[tuple[date, Button, int | None]] = []
    for problem in [*problems, *review]:
        mark = "验收 " if problem.state is ProblemState.REVIEW else ""
        label = f"{mark}{problem_in_words(chat.world, problem)} {shortened(problem.description)}"
        found.append((problem.deadline, problem_button(problem, label), problem.household_id))
    found = sorted([*found, *await _clues(chat), *await _fanouts(chat)], key=lambda one: one[0])
    late = await overdue_button(chat)
    if not found:
        await chat.say("没有要办的事。", late)
        return
    today = chat.now.date()
    shown, turn = page_of(found, page_named(chat.args), command="/todo")
    rows = [[Button(label=f"{button.label} {deadline_in_words(due, today)}", says=button.says)] for due, button, _ in shown]
    chat.looked(*(home for _, _, home in shown))
    await chat.say(f"您有 {len(found)} 件要办，按期限排：", [*rows, *turn, *late])


async def _clues(chat: Chat) -> list[tuple[date, Button, None]]:
    """The cases that wait for this person's village or office: by name, not what is the matter, so that no look is noted."""
    return [
        (
            clue.due_on or clue.reported_at.date(),
            clue_button(clue, f"{STEPS[clue.step].todo} {home_in_words(chat, clue)}"),
            None,
        )
        for party in (Party.VILLAGE, Party.TOWN, Party.COUNTY)
        for post in chat.person.posts_as(Role(party.value))
        for clue in await chat.store.clues.standing_at([s for s in steps_of(party) if STEPS[s].todo], post.region)
    ]


async def _fanouts(chat: Chat) -> list[tuple[date, Button, None]]:
    """The questions to this village that it has not answered."""
    return [
        (task.due_on, Button(label="举一反三 查本村有没有", says=f"/checked {to_base36(task.id)}"), None)
        for post in chat.person.posts_as(Role.VILLAGE)
        for task in await chat.store.fanouts.open_in(post.region)
    ]
