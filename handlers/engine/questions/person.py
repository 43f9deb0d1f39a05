"""The question for a colleague, picked from a short list or found by name in a long one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.engine.questions.base import Answer, More, Option, Prompt, Question, Stale, in_rows, needs_text
from handlers.engine.questions.options import numbered
from handlers.engine.said import Said
from handlers.reading import Unreadable, clean, read_choice

if TYPE_CHECKING:
    from handlers.engine.chat import Chat

_MOST = 7


@dataclass(frozen=True)
class PersonChoice(Question[str]):
    """`people` are (id, label), a label begins with the name; `others` what can be said instead of a person.

    `also_gone`: who was chosen stays chosen when they are no longer among the people, for the conversation to explain.
    """

    people: Sequence[Option]
    others: Sequence[Option] = ()
    also_gone: bool = False

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt("是哪一位？" if partial else self.prompt, in_rows(numbered(self._offered(partial)), 1))

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if said.pick in dict([*self.people, *self.others]):
            return Answer(said.pick)
        offered = self._offered(partial)
        words = clean(needs_text(said, "李明"))
        if offered and words.isdecimal():
            return Answer(read_choice(words, offered))
        found = [one for one in self.people if _name(one) == words] or [one for one in self.people if words in one[1]]
        if len(found) == 1:
            return Answer(found[0][0])
        if found:
            return More([value for value, _ in found[:_MOST]])
        try:
            return Answer(read_choice(words, self.others))
        except Unreadable:
            raise Unreadable(f"没找到「{' '.join(words.split())[:20]}」。请发姓名，例如：李明") from None

    def restore(self, raw: Any) -> str:
        known = isinstance(raw, str) and (self.also_gone or raw in dict([*self.people, *self.others]))
        if not known:
            raise Stale
        return str(raw)

    def in_words(self, raw: Any) -> str:
        return dict([*self.people, *self.others]).get(raw, "")

    def _offered(self, partial: Any) -> list[Option]:
        people = [one for one in self.people if one[0] in partial] if partial else list(self.people)
        return [*(people if len(people) <= _MOST else []), *self.others]


def _name(option: Option) -> str:
    return option[1].split(" ", 1)[0]
