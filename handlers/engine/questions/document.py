"""A question answered by sending a file, or by picking something else that is offered instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.engine.questions.base import Answer, More, Option, Prompt, Question, Stale, in_rows, restore_record
from handlers.engine.said import Said
from handlers.reading import Unreadable, clean, shortened
from storage.mail.messages import SentFile

if TYPE_CHECKING:
    from handlers.engine.chat import Chat


@dataclass(frozen=True)
class Document(Question[SentFile | str]):
    """A kept file whose name ends as named; the answer is the file, or the value of the option picked instead.

    A file that ends as one of `passed_on` is an answer too: whoever reads it knows better what to send instead.
    """

    endings: Sequence[str]
    instead: Sequence[Option] = ()
    passed_on: Sequence[str] = ()

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt, in_rows(list(self.instead), 1))

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        for value, label in self.instead:
            if value == said.pick or label == said.text:
                return Answer(value)
        sent = next((file for file in said.files if file.kind == "document"), None)
        if sent is None:
            raise Unreadable(said.trouble or f"这里请发 {self._kinds()} 文件：点附件（回形针），选「文件」。")
        if sent.name and not sent.name.lower().endswith((*self.endings, *self.passed_on)):
            raise Unreadable(f"「{_shown(sent.name)}」不是 {self._kinds()} 文件，请换一个再发。")
        return Answer(sent.model_dump())

    def _kinds(self) -> str:
        return " 或 ".join(self.endings)

    def restore(self, raw: Any) -> SentFile | str:
        if isinstance(raw, dict):
            return restore_record(SentFile, raw)
        if not any(raw == value for value, _ in self.instead):
            raise Stale
        return str(raw)

    def in_words(self, raw: Any) -> str:
        return _shown(raw.get("name", "")) if isinstance(raw, dict) else dict(self.instead)[raw]


def _shown(name: str) -> str:
    """A file's name is anybody's: in one short line, without what is invisible."""
    return shortened(clean(name), 30) or "文件"
