"""Clears a risk: the village proposes it and visits the household once more."""

from __future__ import annotations

from handlers.cases.common import explain_step, home_in_words, next_step_row, own_clue, take_step
from handlers.cases.table import Act, Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Several, TextWithEvidence
from handlers.measures.common import support_button
from handlers.measures.conditions import CONDITIONS, Condition, obstacles, unmet
from handlers.wording.days import day_in_words
from handlers.wording.evidence import evidence_in_words
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.people.persons import Role

_ALL, _NOT_ALL = "all", "not_all"
_MOST_REASONS = 5


@conversation("clear", "风险消除", for_roles={Role.VILLAGE})
async def clear(chat: Chat) -> None:
    """Args: the clue's id."""
    clue = await own_clue(chat, Party.VILLAGE)
    if clue.step not in (Step.SUPPORT, Step.CLEAR):
        await chat.say(await explain_step(chat, clue))
        return
    visit = clue.step is Step.CLEAR
    if reasons := await _obstacles(chat, clue):
        if visit:
            await _still_at_risk(chat, clue, reasons)
        else:
            await _refuse(chat, clue, reasons)
        return
    reasons = unmet(await _conditions(chat, clue, visit=visit))
    if reasons and visit:
        await _still_at_risk(chat, clue, reasons)
    elif reasons:
        await _refuse(chat, clue, reasons)
    elif visit:
        await _secure(chat, clue)
    else:
        await _propose(chat, clue)


async def _obstacles(chat: Chat, clue: Clue) -> list[str]:
    household = await chat.store.households.get(clue.household_id)
    measures = await chat.store.measures.of(clue.id)
    return obstacles(chat.world.plan, clue, able_to_work=household is None or household.able_to_work, measures=measures)


async def _conditions(chat: Chat, clue: Clue, *, visit: bool) -> set[Condition]:
    """Ask which conditions hold: all in one message, and one by one only if some do not."""
    head = f"{home_in_words(chat, clue)}，{'到家看过，' if visit else ''}这些都做到了吗？"
    listed = "、".join(condition.label for condition in CONDITIONS)
    said = await chat.ask("all", Choice(f"{head}\n{listed}", [(_ALL, "都做到了"), (_NOT_ALL, "有的没做到")]))
    if said == _ALL:
        return set(CONDITIONS)
    options = [(condition.code, condition.label) for condition in CONDITIONS]
    missing = await chat.ask("missing", Several("哪几项没做到？可选多项，如：1 4", options))
    return {condition for condition in CONDITIONS if condition.code not in missing}


async def _refuse(chat: Chat, clue: Clue, reasons: list[str]) -> None:
    listed = "\n".join(f"· {reason}" for reason in reasons[:_MOST_REASONS])
    await chat.say(f"{clue.number}号还不能提请消除：\n{listed}", [[support_button(clue)]])


async def _propose(chat: Chat, clue: Clue) -> None:
    if not await chat.confirm(f"{clue.number}号 {home_in_words(chat, clue)}\n条件都做到了，提请消除风险。"):
        await chat.say("没有提交。")
        return
    clue = await take_step(chat, clue, what=Act.PROPOSE, facts=_facts())
    due = f"请在 {day_in_words(clue.due_on)}前" if clue.due_on else "请"
    await chat.say(f"已提请。{due}再到家看一次，看过后点下面。", next_step_row(clue))


async def _secure(chat: Chat, clue: Clue) -> None:
    seen = await chat.ask(
        "seen", TextWithEvidence("到家看到什么？照片可以一起发。", example="房子修好了，工资每月三千元", voice="kept")
    )
    lines = [f"{clue.number}号核查过，可以消除", seen.text, evidence_in_words(photos=len(seen.photos))]
    if not await chat.confirm("\n".join(filter(None, lines))):
        await chat.say("没有提交。")
        return
    clue = await take_step(chat, clue, what=Act.SECURE, note=seen.text, facts=_facts(), photos=seen.photos, voices=seen.spoken)
    await chat.say("记下了。接着开会评议、公示，再报镇里和市里。", next_step_row(clue))


async def _still_at_risk(chat: Chat, clue: Clue, reasons: list[str]) -> None:
    note = "".join(reasons)
    if not await chat.confirm(f"{clue.number}号风险还在，帮扶继续：\n{note}"):
        await chat.say("没有提交。")
        return
    clue = await take_step(chat, clue, what=Act.AT_RISK, note=note)
    await chat.say("记下了，帮扶继续。", [[support_button(clue)]])


def _facts() -> dict[str, list[str]]:
    """What was found to hold."""
    return {"conditions": [condition.code for condition in CONDITIONS]}
