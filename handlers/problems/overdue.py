"""What the villages are late with, the worst first, for the town and the county."""

from __future__ import annotations

from handlers.calendar.workdays import workdays_between
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.problems.actions import name
from handlers.problems.states import oversees
from handlers.wording.text import brief
from storage.database.base import to_base36
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.states import TO_RECTIFY

_PAGE = 7


@conversation("overdue", "村里逾期", for_roles={Role.TOWN, Role.COUNTY}, words=("逾期",))
async def overdue(chat: Chat) -> None:
    """Args: how many were listed before."""
    skip = int(chat.args) if chat.args.isdecimal() and len(chat.args) < 7 else 0
    today = chat.now.date()
    found, total = await chat.store.problems.within(
        oversees(chat.person), TO_RECTIFY, most=_PAGE, before=today, skip=skip
    )
    if not found:
        await chat.say("没有逾期的问题。" if not skip else "后面没有了。")
        return
    rows = [
        [
            Button(
                label=f"{name(chat.world, one)} {brief(one.description)} 逾期 {workdays_between(one.deadline, today)} 个工作日",
                says=f"/problem {to_base36(one.id)}",
            )
        ]
        for one in found
    ]
    if total > skip + _PAGE:
        rows.append([Button(label="接着看", says=f"/overdue {skip + _PAGE}")])
    which = f"第 {skip + 1} 到 {skip + len(found)} 件" if total > _PAGE else "都在下面"
    await chat.say(f"逾期没整改完的有 {total} 件，最久的在前，{which}：", rows)


async def overdue_button(chat: Chat) -> list[list[Button]]:
    """A row that leads there, for those who look after villages that are late."""
    reach = oversees(chat.person)
    _, total = await chat.store.problems.within(reach, TO_RECTIFY, most=0, before=chat.now.date()) if reach else ([], 0)
    return [[Button(label=f"村里逾期 {total} 件", says="/overdue")]] if total else []
