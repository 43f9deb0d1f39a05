"""A question of an oral exam: like any of the quiz, and the exam can be ended at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.questions.base import Answer, More, Prompt, Question
from handlers.engine.said import LATER, Said
from handlers.reading import clean

_END = "~end"
_ENDED = {"ended": True}
_WORDS = {"结束", "不考了", "到此为止", "交卷", "结束考核"}


class ExamEnded:
    """The answer of somebody who ends the exam."""


@dataclass(frozen=True)
class ExamQuestion(Question[Any]):
    """The question `asked`, or the end of the exam."""

    asked: Question[Any]
    optional: bool = field(default=True, kw_only=True)
    controls = (LATER,)

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        shown = await self.asked.show(partial, chat)
        return Prompt(shown.text, [*shown.rows, [(_END, "结束")]], shown.wants)

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if said.pick == _END or clean(said.text) in _WORDS:
            return Answer(_ENDED)
        return await self.asked.read(said, partial, chat)

    def restore(self, raw: Any) -> Any:
        return ExamEnded() if raw == _ENDED else self.asked.restore(raw)

    def in_words(self, raw: Any) -> str:
        return "结束" if raw == _ENDED else self.asked.in_words(raw)
