"""Shows the town and the county the villages' overdue problems, the worst first."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.problems.common import problem_button, problem_line
from handlers.problems.states import oversees
from handlers.wording.paging import page_named, page_of
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.states import TO_RECTIFY


@conversation("overdue", "村里逾期", for_roles={Role.TOWN, Role.COUNTY}, words=("逾期",))
async def overdue(chat: Chat) -> None:
    """Args: a page."""
    reach, today = oversees(chat.person), chat.now.date()
    total = await _count(chat)
    if not total:
        await chat.say("没有逾期的问题。")
        return
    places, turn = page_of(range(total), page_named(chat.args), command="/overdue")
    found, _ = await chat.store.problems.within(reach, TO_RECTIFY, most=len(places), before=today, skip=places[0])
    rows = [[problem_button(one, problem_line(chat.world, one, today))] for one in found]
    await chat.say(f"逾期没整改完的有 {total} 件，最久的在前：", [*rows, *turn])


async def _count(chat: Chat) -> int:
    """The number of overdue problems in the villages that this person oversees."""
    reach = oversees(chat.person)
    return (await chat.store.problems.within(reach, TO_RECTIFY, most=0, before=chat.now.date()))[1] if reach else 0


async def overdue_button(chat: Chat) -> list[list[Button]]:
    """A row with the button to the list, for those who oversee villages with overdue problems."""
    total = await _count(chat)
    return [[Button(label=f"村里逾期 {total} 件", says="/overdue")]] if total else []
