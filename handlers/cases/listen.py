"""Plays the voice messages of a case: the household's report or objection, a cadre's visit."""

from __future__ import annotations

from handlers.cases.common import home_in_words
from handlers.cases.view import audible_voices, visible_clue
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.wording.days import moment_in_words

_MOST = 5


@conversation("listen", "听语音")
async def listen(chat: Chat) -> None:
    """Args: the clue's id or number."""
    clue, sight = await visible_clue(chat)
    voices = (await audible_voices(chat, clue, sight))[-_MOST:]
    if not voices:
        await chat.say(f"{clue.number}号没有语音。")
    for voice in voices:
        who = await chat.name_of(voice.person_id)
        await chat.say(
            f"{clue.number}号 {home_in_words(chat, clue)}\n{who}，{moment_in_words(voice.at)} 说的", file=voice.sha256
        )
