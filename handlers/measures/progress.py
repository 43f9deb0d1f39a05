"""Progress of one measure, by its unit or the village: words and photos, then how far; finished only with proof."""

from __future__ import annotations

from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Photos, Question, TextWithEvidence
from handlers.engine.questions.base import Answer, More, Prompt, Stale, needs_text
from handlers.engine.said import DONE, Said
from handlers.measures.common import clue_heading, may_report, measure_buttons, support_button, tell_family
from handlers.reading import read_number
from handlers.wording.days import moment_in_words
from handlers.wording.evidence import evidence_in_words
from handlers.wording.measures import measure_in_words
from storage.cases.records import Clue
from storage.mail.intents import Cause, Intent
from storage.measures import FINISHED, Measure
from storage.people.persons import Role

_LISTED = 8


@conversation("measure", "报帮扶进展", for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN}, words=("帮扶进展", "帮扶措施"))
async def measure(chat: Chat) -> None:
    """Args: the measure's id; without one, those one may report on are listed."""
    if not chat.args:
        await _list(chat)
        return
    found = await _find(chat)
    clue = await chat.store.clues.get(found.clue_id) if found else None
    if found is None or clue is None or not may_report(chat.person, chat.world, found):
        chat.refuse()
    chat.looked(clue.household_id)
    if found.done:
        await chat.say(await _who_finished(chat, found))
        return
    told = await chat.ask(
        "told",
        TextWithEvidence(
            f"{clue_heading(chat, clue)}\n{measure_in_words(chat.world.plan, found)}\n做了什么？照片可以一起发。",
            example="已办好救助，发放两千元",
        ),
    )
    percent = await chat.ask("percent", Percent("做到几成了？"))
    photos = told.photos
    if percent == FINISHED and not photos:
        proof = await chat.ask("proof", Photos("做完了要有凭据：请拍现场或单据。", with_place=False))
        photos = proof.photos
    shown = evidence_in_words(photos=len(photos))
    if not await chat.confirm(f"{found.text}\n{told.text}\n{percent}%" + (f"，{shown}" if shown else "")):
        await chat.say("没有提交。")
        return
    moved = await chat.store.measures.progress(found, by=chat.person.id, text=told.text, percent=percent, photos=photos)
    if not moved.done:
        await chat.say(f"记下了：{moved.text} {percent}%。")
        return
    await chat.store.reminders.cancel("measure", str(moved.id))
    await tell_family(chat, clue, f"为您家做的这件事做完了：{moved.text}。", Intent(Cause.MEASURE, f"{moved.id}:done"))
    await chat.say(f"记下了：{moved.text}，已完成，告诉农户了。")
    await _tell_all_done(chat, clue)


async def _list(chat: Chat) -> None:
    stored, found = chat.store.measures, dict[int, Measure]()
    for post in chat.person.posts_as(Role.VILLAGE):
        found |= {one.id: one for one in await stored.due(post.region, most=_LISTED)}
    for post in chat.person.posts_as(Role.UNIT, Role.TOWN):
        units = [post.unit] if post.role is Role.UNIT else [u.code for u in chat.world.plan.units if u.role is post.role]
        for unit in units:
            found |= {one.id: one for one in await stored.due(post.region, unit, most=_LISTED)}
    listed = sorted(found.values(), key=lambda one: (one.deadline, one.id))[:_LISTED]
    if not listed:
        await chat.say("没有要您办的帮扶措施。")
        return
    chat.looked(*(one.household_id for one in listed))
    await chat.say("要办的帮扶措施，按期限排：", measure_buttons(chat.world, listed))


async def _find(chat: Chat) -> Measure | None:
    found = await chat.store.measures.several([chat.row_id(chat.args)])
    return found[0] if found else None


async def _who_finished(chat: Chat, measure: Measure) -> str:
    last = (await chat.store.measures.entries(measure.id))[-1]
    who = await chat.name_of(last.person_id)
    return f"「{measure.text}」{who}已在 {moment_in_words(last.at)} 报完成。"


async def _tell_all_done(chat: Chat, clue: Clue) -> None:
    """Tell the person who answers for the household that its last measure is done."""
    support = await chat.store.measures.support_of(clue.id)
    measures = await chat.store.measures.of(clue.id)
    if support is None or not all(one.done for one in measures):
        return
    village = chat.world.directory.ids(Role.VILLAGE, clue.village)
    people = [support.responsible_id] if support.responsible_id in village else village
    await chat.push(
        [one for one in people if one],
        f"【帮扶】{clue_heading(chat, clue)}的措施都做完了。困难真的解决了，就提请消除。",
        Intent(Cause.SUPPORTED, f"{support.id}:{len(measures)}"),
        buttons=[[support_button(clue)]],
        about=[clue.household_id],
    )


class Percent(Question[int]):
    """How far something is, by button or typed, also as 五成."""

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt, [[(f"{step}", f"{step}%") for step in (25, 50, 75)], [(f"{FINISHED}", "100%，做完了")]])

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if said.pick == DONE:
            return Answer(FINISHED)
        text = said.pick if said.pick and said.pick.isdecimal() else needs_text(said, "50%")
        return Answer(int(read_number(text, 0, FINISHED, "%")))

    def restore(self, raw: Any) -> int:
        if not isinstance(raw, int) or not 0 <= raw <= FINISHED:
            raise Stale
        return raw

    def in_words(self, raw: Any) -> str:
        return f"{raw}%"
