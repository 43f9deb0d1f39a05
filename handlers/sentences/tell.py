"""Turns a sentence said outside a talk into the conversation it is meant for, with what it already answers."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import Conversation, conversation, conversations
from handlers.engine.questions import Choice, TextWithEvidence
from handlers.engine.questions.evidenced_text import EvidencedText
from handlers.engine.world import World
from handlers.problems.common import FINISHED, own_problem, parties
from handlers.problems.states import MOST_PERCENT, RULES
from handlers.reading import clean, shortened
from handlers.rights.sight import IN_OFFICE
from handlers.sentences import guesses as guessing
from handlers.sentences.understanding import Intent, NameIndex, Understood, understand
from storage.people.persons import Role
from storage.problems.states import Action

_OTHER = "other"
_SHOWN = 20
_NUMBERED = re.compile(r"(?P<number>\d{1,6})号(?P<what>问题|线索|)(?:怎么样|咋样|到哪|办到哪|进展)?[了呢吗]?")
_THANKS = re.compile(r"(?:谢谢|多谢|谢了|感谢|辛苦|好的|好嘞|知道|明白|嗯|收到)+[您你大家了啦啊吧]*")
_WHEN = re.compile(r"啥时候|什么时候|多会儿|咋样|怎么样|到哪|批|咋还|进展|办得|有信")
"""What a family says that waits for its case to go on."""


@conversation("tell", "说一句就行", words=("报一句",), first_question="told")
async def tell(chat: Chat) -> None:
    """What was said is understood once; after that the conversation it belongs to asks for what is missing alone."""
    at_home = _at_home(chat)
    prompt = "家里有什么事？说一句就行，打字、语音都行。" if at_home else "什么事？说一句就行，照片可以一起发。"
    example = "房子漏雨了" if at_home else "张三家房子漏雨"
    told = await chat.ask("told", TextWithEvidence(prompt, example, voice="enough" if at_home else "kept"))
    text = clean(told.text)
    if at_home and told.voices:
        chat.become("selfreport", guesses=guessing.for_own_report((), told))
    if _THANKS.fullmatch(text):
        await chat.say("不客气。有事说一句就行。")
        return
    if numbered := _NUMBERED.fullmatch(text):
        await _show_numbered(chat, numbered["number"], numbered["what"])
    if at_home and _WHEN.search(text) and await _has_open_case(chat):
        chat.become("my")
    heard = Understood.model_validate(await chat.recall("heard", lambda: _understand(chat, told.text)))
    meant = {one: wanted for one in (heard.intent, *heard.others) if (wanted := _conversation_for(chat, one))}
    if {Intent.VISIT, Intent.REPORT} <= meant.keys():
        del meant[Intent.REPORT]  # a visit that found trouble reports it too
    if not meant:
        chat.become("help", lead=f"没听懂「{shortened(told.text, _SHOWN)}」。")
    intent = next(iter(meant))
    if len(meant) > 1:
        options = [*((one.value, wanted.intent_label) for one, wanted in meant.items()), (_OTHER, "都不是")]
        which = await chat.ask("which", Choice(f"「{shortened(told.text, _SHOWN)}」是要办哪件事？", options))
        if which == _OTHER:
            chat.become("help")
        intent = Intent(which)
    await _go_on(chat, intent, heard, told)


async def _has_open_case(chat: Chat) -> bool:
    """Whether the household has a case to look at; of a phone that nobody has confirmed, whether it reported one."""
    home = chat.person.household_id or 0
    known = chat.person.speaks_for(home)
    return any(known or clue.reporter_id == chat.person.id for clue in await chat.store.clues.open_of(home))


def warm_up(world: World) -> None:
    """Make the conversations and the plan's words ready for use, which takes seconds that a first message would make all wait.

    The roster's index is made for its first sentence.
    """
    conversations()
    understand("", NameIndex.of(world.roster), world.plan.villages, world.plan.lexicon, within=(), today=date.min)


async def _show_numbered(chat: Chat, number: str, what: str) -> None:
    """A number alone asks how the thing stands; of a problem and a clue of the same number, first the problem."""
    if what != "线索" and await own_problem(chat, number) is not None:
        chat.become("problem", number)
    if what != "问题":
        chat.become("clue", number)


async def _go_on(chat: Chat, intent: Intent, heard: Understood, told: EvidencedText) -> None:
    if intent is Intent.VISIT and heard.fine is False and await _visited(chat, heard):
        intent = Intent.REPORT  # the visit has been counted, the trouble is new
    wanted = _conversation_for(chat, intent)
    if wanted is None:
        raise LookupError(intent)
    name = wanted.name
    lead = f"没找到「{heard.named}」这一户。" if heard.named and not heard.households else ""
    match intent:
        case Intent.REPORT if wanted.roles == {Role.HOUSEHOLD}:
            chat.become(name, guesses=guessing.for_own_report(heard.kinds, told))
        case Intent.REPORT:
            chat.become(name, guesses=guessing.for_report(chat, heard, told), lead=lead)
        case Intent.VISIT:
            chat.become(name, guesses=guessing.for_visit(chat, heard, told), lead=lead)
        case Intent.PROGRESS:
            await _progress(chat, heard, told)
        case Intent.LEAVE:
            chat.become(name, guesses=guessing.for_leave(heard))
        case _:
            chat.become(name, told.text)


async def _progress(chat: Chat, heard: Understood, told: EvidencedText) -> None:
    problem = await own_problem(chat, str(heard.number)) if heard.number else None
    if problem is not None and not parties(chat, problem) & RULES[Action.PROGRESS].by:
        chat.become("problem", str(heard.number))  # theirs to accept or look at, not to rectify
    unknown = f"没有 {heard.number} 号，或者不由您办理。" if heard.number and problem is None else ""
    finished = heard.finished and heard.percent in (None, MOST_PERCENT)
    args = f" {FINISHED}" if finished else ""
    chat.become("progress", args, guesses=guessing.for_progress(problem, told), lead=unknown)


async def _visited(chat: Chat, heard: Understood) -> bool:
    """Whether the one household meant has been met in this round."""
    if len(heard.households) != 1:
        return False
    visit = await chat.store.visits.of(heard.households[0], chat.world.round)
    return visit is not None and visit.outcome.met


def _conversation_for(chat: Chat, intent: Intent) -> Conversation | None:
    """The conversation that an intent becomes for this person."""
    return next((one for one in conversations().values() if one.intent == intent.value and one.open_to(chat.person)), None)


def _at_home(chat: Chat) -> bool:
    """Whether somebody speaks for a household alone."""
    return not chat.person.has(*IN_OFFICE)


async def _understand(chat: Chat, text: str) -> dict[str, Any]:
    world, person = chat.world, chat.person
    heard = understand(
        text,
        index=NameIndex.of(world.roster),
        villages=world.plan.villages,
        lexicon=world.plan.lexicon,
        within=[post.region for post in person.posts],
        today=chat.written_on,
        household_of_speaker=person.household_id if _at_home(chat) else None,
    )
    return heard.model_dump(mode="json")
