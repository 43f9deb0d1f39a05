"""Nominating, the town's review and the county's decision: a list gone through one case a message."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.cases.common import clue_in_words, own_clue, take_step
from handlers.cases.procedure import out_of_order, parties_of
from handlers.cases.table import ACTS, Act, Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Option, Text
from handlers.rights.errors import NotAllowed
from handlers.wording.days import day_in_words
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.database.base import from_base36, to_base36
from storage.people.persons import Role

_NEXT = "next"
_MOST = 20
"""Cases in one sitting."""


@conversation("nominate", "村提名单", for_roles={Role.VILLAGE})
async def nominate(chat: Chat) -> None:
    """Args: one clue's id, or nothing for all that wait."""
    await _go_through(chat, Step.NOMINATE, Role.VILLAGE, [(Act.NOMINATE.value, "提名"), (Act.RECHECK.value, "退回再核查")])


@conversation("town_review", "乡镇复核", for_roles={Role.TOWN})
async def town_review(chat: Chat) -> None:
    """Args: as for `nominate`."""
    await _go_through(chat, Step.TOWN_REVIEW, Role.TOWN, [(Act.ACCEPT.value, "通过"), (Act.RETURN.value, "退回")])


@conversation("county_decide", "县级确定", for_roles={Role.COUNTY})
async def county_decide(chat: Chat) -> None:
    """Args: as for `nominate`."""
    options = [(Act.DECIDE.value, "确定"), (Act.RETURN.value, "退回镇里"), (Act.REJECT.value, "不通过")]
    await _go_through(chat, Step.COUNTY_DECIDE, Role.COUNTY, options)


async def _go_through(chat: Chat, step: Step, role: Role, options: Sequence[Option]) -> None:
    waiting = await _waiting(chat, step, role, Act(options[0][0]))
    for place, key in enumerate(waiting, 1):
        card = await chat.recall(f"card {key}", lambda key=key: _card(chat, key, step))  # type: ignore[misc]
        if card is None:
            continue
        left = len(waiting) - place
        asked = [*options, (_NEXT, f"下一户（还有 {left}）")] if left else options
        verdict = await chat.ask(f"verdict {key}", Choice(card, asked))
        if verdict == _NEXT:
            continue
        reason = ""
        if ACTS[Act(verdict)].needs_reason:
            reason = await chat.ask(
                f"reason {key}", Text("为什么？这句话对方会看到。", min_length=2, example="会议记录看不清，请补拍")
            )
        done = await chat.once(f"did {key}", lambda key=key, v=verdict, r=reason: _decide(chat, key, Act(v), r))  # type: ignore[misc]
        await chat.say(done)
    if len(waiting) > 1:
        await chat.say("这些都看完了。")


async def _waiting(chat: Chat, step: Step, role: Role, act: Act) -> list[str]:
    """Ids of the cases to go through, the most pressing first; what is in the way is told."""
    if chat.args:
        clue = await own_clue(chat, Party(role.value))
        return await chat.recall("named", lambda: _named(chat, clue, step, act))
    waiting = await chat.recall("waiting", lambda: _standing_at(chat, step, role))
    if not waiting:
        await chat.say(f"没有等着「{step.label}」的。")
    return waiting


async def _named(chat: Chat, clue: Clue, step: Step, act: Act) -> list[str]:
    if clue.step is step:
        return [to_base36(clue.id)]
    await chat.say(out_of_order(clue, act))
    return []


async def _standing_at(chat: Chat, step: Step, role: Role) -> list[str]:
    found = [
        clue
        for post in chat.person.posts_as(role)
        for clue in await chat.store.clues.standing_at([step], post.region, most=_MOST)
    ]
    return [to_base36(clue.id) for clue in found[:_MOST]]


async def _card(chat: Chat, key: str, step: Step) -> str | None:
    """What one needs to know for the verdict; None when somebody else has given it meanwhile."""
    clue = await chat.store.clues.get(from_base36(key))
    if clue is None or clue.step is not step:
        return None
    chat.looked(clue.household_id)
    about = "消除风险" if clue.clearing else "纳入监测"
    lines = [f"{about}：{clue_in_words(chat, clue)}", clue.detail]
    for event in await chat.store.clues.events(clue.id):
        if event.outcome in (Act.FOUND, Act.SECURE, Act.APPROVE, Act.RETURN):
            lines.append(f"{day_in_words(event.at)} {Act(event.outcome).label}：{event.note}")
    return "\n".join(lines)


async def _decide(chat: Chat, key: str, what: Act, reason: str) -> str:
    clue = await chat.store.clues.get(from_base36(key))
    if clue is None or not parties_of(chat.person, clue):
        return "这一户已经不由您办理了。"
    try:
        moved = await take_step(chat, clue, what=what, note=reason)
    except NotAllowed as refused:
        return str(refused)
    return f"{moved.number}号：{what.label}。" + _outcome_in_words(moved)


def _outcome_in_words(clue: Clue) -> str:
    return "" if clue.step is Step.CLOSED else f"接下来：{clue.step.label}。"
