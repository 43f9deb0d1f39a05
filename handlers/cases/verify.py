"""Verification, the first step of a case: a cadre visits and says whether the difficulty is real (plan 三-2, 三-3)."""

from __future__ import annotations

from handlers.cases.common import home_in_words, next_step_row, own_clue_at, take_step, unconfirmed_phones
from handlers.cases.table import Act, Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, TextWithEvidence
from handlers.wording.days import day_in_words
from handlers.wording.evidence import evidence_in_words
from storage.cases.steps import Step
from storage.people.persons import Role
from storage.visits import VisitOutcome

_OUTCOMES = {Act.FOUND.value: "属实", Act.NOT_FOUND.value: "不属实"}


@conversation("verify", "入户核查", for_roles={Role.VILLAGE})
async def verify(chat: Chat) -> None:
    """Args: the clue's id, and the outcome if it is known: "8z found", "8z none"."""
    clue = await own_clue_at(chat, Step.VERIFY, Party.VILLAGE)
    if clue is None:
        return
    outcome = chat.args.partition(" ")[2]
    if outcome not in _OUTCOMES:
        outcome = await chat.ask("outcome", Choice(f"{home_in_words(chat, clue)}的困难属实吗？", list(_OUTCOMES.items())))
    found = outcome == Act.FOUND
    prompt = "到家看到什么？照片、定位可以一起发。" if found else "为什么不属实？这句话会发给农户，请说明白。"
    example = "东屋漏雨，墙有裂缝" if found else "房子去年已修好，不漏了"
    seen = await chat.ask("note", TextWithEvidence(prompt, example, voice="kept"))
    lines = [f"{clue.number}号线索：{_OUTCOMES[outcome]}", seen.text, evidence_in_words(photos=len(seen.photos))]
    if not await chat.confirm("\n".join(filter(None, lines))):
        await chat.say("没有提交。")
        return
    clue = await take_step(chat, clue, what=Act(outcome), note=seen.text, photos=seen.photos, voices=seen.spoken)
    if household := chat.world.roster.by_id.get(clue.household_id):  # who has been to the house need not go again
        visit = VisitOutcome.TROUBLE if found else VisitOutcome.FINE
        await chat.store.visits.add(household, chat.world.round, by=chat.person.id, outcome=visit, place=seen.place)
    if not found:
        await chat.say("记下了，已告诉农户。农户可以向镇里提异议。")
        return
    due = f"，{day_in_words(clue.due_on)}前定下来" if clue.due_on else ""
    phones = await unconfirmed_phones(chat, clue)
    ask = "\n这家有手机还没确认，是本人就点一下，他自己就能点同意。" if phones else ""
    await chat.say(f"记下了。接着请农户签授权书，按程序评议{due}。{ask}", [*next_step_row(clue), *phones])
