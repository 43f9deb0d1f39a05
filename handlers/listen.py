"""Listening to what was said aloud about a case: the household's report or objection, a cadre's visit."""

from __future__ import annotations

from handlers.casework import house, named
from handlers.clue_view import audible, sight_on
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.desk import NOT_YOURS
from handlers.naming import name_of
from handlers.rules.scope import Sight

_MOST = 5


@conversation("listen", "听语音")
async def listen(chat: Chat) -> None:
    """Args: the clue's id or number."""
    clue = await named(chat, chat.args)
    sight = await sight_on(chat, clue) if clue else Sight.NOTHING
    if clue is None or sight is Sight.NOTHING:
        await chat.say(NOT_YOURS)
        return
    voices = (await audible(chat, clue, sight))[-_MOST:]
    if not voices:
        await chat.say(f"{clue.number}号没有语音。")
    for voice in voices:
        who = await name_of(chat, voice.person_id)
        await chat.say(f"{clue.number}号 {house(chat, clue)}\n{who}，{voice.at:%m月%d日 %H:%M} 说的", file=voice.sha256)
