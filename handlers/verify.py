"""The first step of a case: a cadre goes to the house and says whether the difficulty is real (plan 三-2, 三-3)."""

from __future__ import annotations

from datetime import date

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.desk import NOT_YOURS
from handlers.engine.questions import Choice, Evidence, Photos, Text
from handlers.filing import place_in_words
from handlers.planning import plan_deadline
from handlers.rules.deadlines import last_day
from storage.base import from_base36
from storage.clues import Clue, Step
from storage.people import Role

_FOUND, _NOT_FOUND = "found", "none"


@conversation("verify", "入户核查", for_roles={Role.VILLAGE})
async def verify(chat: Chat) -> None:
    """Args: the clue's id."""
    clue = await _clue(chat)
    if clue is None:
        await chat.say(NOT_YOURS)
        return
    if clue.step is not Step.VERIFY:
        await chat.say(f"{clue.number}号线索已核查过，现在是「{clue.step.label}」。")
        return
    outcome = await chat.ask(
        "outcome",
        Choice(f"{_place(chat, clue)}的困难属实吗？", [(_FOUND, "属实"), (_NOT_FOUND, "不属实")]),
    )
    found = outcome == _FOUND
    note = await chat.ask(
        "note", Text("看到的情况？" if found else "为什么不属实？这句话会发给农户，请说明白。", min_length=2)
    )
    shown = await chat.ask_optional("photos", Photos("入户照片或定位，没有就跳过。", optional=True)) or Evidence()
    if not await chat.confirm(f"{clue.number}号线索：{'属实' if found else '不属实'}\n{note}"):
        await chat.say("没有提交。")
        return
    decide_by = last_day(clue.reported_at.date(), chat.world.plan.clocks.decide) if found else None
    await chat.store.clues.move(
        clue,
        Step.AUTHORIZE if found else Step.CLOSED,
        by=chat.person.id,
        outcome=outcome,
        note=note,
        due_on=decide_by,
        photos=shown.photos,
    )
    await chat.store.reminders.cancel("clue", str(clue.id))
    if decide_by is not None:  # the further steps are taken on paper, so nobody could put an end to being overdue
        plan_deadline(chat.store.reminders, chat.world.plan, "clue", str(clue.id), decide_by, chat.now, overdue=False)
    news = "已入户核查，情况属实，接下来按程序评议。" if found else f"已入户核查，暂不纳入。原因：{note}"
    followers = [one for one in await chat.store.clues.followers(clue) if one != chat.person.id]
    await chat.push(followers, f"{clue.number}号线索：{news}", intent=f"verified:{clue.number}")
    await chat.say(f"记下了。{_what_follows(decide_by)}")


def _what_follows(decide_by: date | None) -> str:
    if decide_by is None:
        return "已告诉农户。"
    return f"村里接着请农户签授权书，按程序评议，{decide_by.month}月{decide_by.day}日前定下来。"


async def _clue(chat: Chat) -> Clue | None:
    """The clue named, if it lies in a village of this cadre."""
    try:
        clue = await chat.store.clues.get(from_base36(chat.args))
    except ValueError:
        return None
    return clue if clue and chat.person.covers(clue.village, Role.VILLAGE) else None


def _place(chat: Chat, clue: Clue) -> str:
    household = chat.world.roster.by_id.get(clue.household_id)
    return place_in_words(chat.world, household) if household else f"{clue.number}号线索"
