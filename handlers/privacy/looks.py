"""Shows a household who has looked at what is kept about it."""

from __future__ import annotations

from handlers.engine.chat import Chat, Rows
from handlers.wording.days import full_day_in_words
from handlers.wording.paging import page_named, page_of
from handlers.wording.people import role_in_words
from storage.looks import Look
from storage.mail.messages import Button

LOOKS = "looks"
"""Behind "/me": who has looked, the newest first."""

_NEWEST = 2
_NOBODY = "还没有干部看过您家的事。"


async def looks_in_short(chat: Chat, household_id: int) -> tuple[str, Rows]:
    """The last who looked, for the overview, and the button to the others."""
    found = await chat.store.looks.at(household_id, most=_NEWEST)
    if not found:
        return _NOBODY, []
    more = [[Button(label="谁看过我家的事", says=f"/me {LOOKS}")]]
    return "最近看过您家的事的人：" + "；".join(_line(chat, one) for one in found), more


async def show_looks(chat: Chat, household_id: int, page: str) -> None:
    """A page of those who looked."""
    total = await chat.store.looks.count(household_id)
    places, turn = page_of(range(total), page_named(page), command=f"/me {LOOKS}")
    if not places:
        await chat.say(_NOBODY)
        return
    found = await chat.store.looks.at(household_id, skip=places[0], most=len(places))
    await chat.say("\n".join(["看过您家的事的人，新的在前：", *(_line(chat, one) for one in found)]), turn)


def _line(chat: Chat, one: Look) -> str:
    """ "2022年10月12日 李村（白塔村 村干部）看过"."""
    who = one.name or "系统管理员"
    if one.role is not None and one.region is not None:
        who += f"（{role_in_words(chat.world.plan, one.role, region=one.region, unit=one.unit)}）"
    return f"{full_day_in_words(one.day)} {who}{one.way.label}"
