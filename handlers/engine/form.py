"""How a question looks as a message: its text, its options as buttons, and the words that work at every question. Pure."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace

from handlers.engine.questions.base import Prompt, Question
from handlers.engine.said import LABELS
from storage.database.base import to_base36
from storage.mail.messages import Button, Outgoing

_SENTENCE_END = re.compile("[\n,.:;!?(，。：；！？（]")


def question_message(prompt: Prompt, talk_id: int, key: str, controls: Sequence[str]) -> Outgoing:
    """The question with its options and, below them, `controls` such as BACK."""
    rows = [*prompt.rows, [(value, LABELS[value]) for value in controls]]
    prefix = f"{to_base36(talk_id)}:{mark_of(key)}:"
    buttons = tuple([tuple([Button(label, prefix + value) for value, label in row]) for row in rows])
    return Outgoing(text=prompt.text, buttons=buttons, wants=prompt.wants)


@functools.lru_cache(maxsize=1024)
def mark_of(key: str) -> str:
    """A question's short mark in its buttons, so that the button of another question is recognised."""
    return to_base36(zlib.crc32(key.encode()))


def short_name(question: Question[object]) -> str:
    """What to call a question: its short name, or the first few words of its prompt."""
    return question.short or _SENTENCE_END.split(question.prompt, maxsplit=1)[0]


def merged(messages: Sequence[Outgoing]) -> list[Outgoing]:
    """Plain words join the message that follows: one buzz of the phone instead of two."""
    joined: list[Outgoing] = []
    for message in messages:
        last = joined[-1] if joined else None
        if last and last.text and message.text and not last.buttons and not last.file and not message.file:
            joined[-1] = replace(message, text=f"{last.text}\n\n{message.text}", links=last.links + message.links)
        else:
            joined.append(message)
    return joined
