"""The cases that a person reported or follows; for a household, its own."""

from __future__ import annotations

from handlers.cases.common import UNCONFIRMED, clue_button
from handlers.cases.table import STEPS
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.rights.sight import IN_OFFICE
from handlers.wording.days import day_in_words
from handlers.wording.paging import page_named, page_of
from storage.cases.records import Clue

_MOST = 500


@conversation("my", "我的上报", words=("我的申报", "进度", "办到哪了", "我家的事"), menu=6)
async def my_clues(chat: Chat) -> None:
    """Args: a page."""
    home = chat.person.household_id
    known = chat.person.speaks_for(home)
    followed = await chat.store.clues.followed_by(chat.person.id, home if known else None, most=_MOST)
    at_home = not chat.person.has(*IN_OFFICE)
    if at_home:  # what somebody reported while in office is not theirs to follow afterwards
        followed = [clue for clue in followed if clue.household_id == home]
    if not followed:
        await chat.say("还没有报过。发「菜单」看能办什么。")
        return
    shown, turn = page_of(followed, page_named(chat.args), command="/my")
    if at_home and not known:
        rows = [[clue_button(clue, f"{clue.number}号 收到了")] for clue in shown]
        await chat.say(f"您报的，共 {len(followed)} 件。\n{UNCONFIRMED}", [*rows, *turn])
        return
    rows = [[clue_button(clue, _line(chat, clue))] for clue in shown]
    head = "您家的事" if at_home else "您上报或跟进的"
    await chat.say(f"{head}，共 {len(followed)} 件。点一件看办到哪了：", [*rows, *turn])


def _line(chat: Chat, clue: Clue) -> str:
    first = chat.world.plan.risk(clue.kinds[0]).label
    kinds = first if len(clue.kinds) == 1 else f"{first}等{len(clue.kinds)}项"
    if not chat.person.has(*IN_OFFICE):
        return f"{clue.number}号 {kinds} {STEPS[clue.step].household}"
    return f"{clue.number}号 {kinds} {clue.step.label} {day_in_words(clue.reported_at)}"
