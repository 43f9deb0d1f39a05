"""Questions with options: one, several, yes or no. Each can be answered by button, number or words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.engine.questions.base import Answer, More, Option, Prompt, Question, Stale, in_rows, needs_text
from handlers.engine.said import DONE, Said
from handlers.reading import Unreadable, read_choice, read_several

if TYPE_CHECKING:
    from handlers.engine.chat import Chat


def numbered(options: Sequence[Option]) -> list[Option]:
    return [(value, f"{place} {label}") for place, (value, label) in enumerate(options, 1)]


def across(options: Sequence[Option]) -> int:
    """How many buttons fit beside each other on a phone."""
    longest = max((len(label) for _, label in options), default=0)
    return 3 if longest <= 5 else 2 if longest <= 9 else 1


@dataclass(frozen=True)
class Choice(Question[str]):
    """Exactly one of the options; the answer is its value."""

    options: Sequence[Option]

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt, in_rows(numbered(self.options), across(self.options)))

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if said.pick is not None and any(said.pick == value for value, _ in self.options):
            return Answer(said.pick)
        return Answer(read_choice(needs_text(said, "1"), self.options))

    def restore(self, raw: Any) -> str:
        if not any(raw == value for value, _ in self.options):
            raise Stale
        return str(raw)

    def in_words(self, raw: Any) -> str:
        return dict(self.options)[raw]


@dataclass(frozen=True)
class Several(Question[list[str]]):
    """One or more of the options: ticked one by one, or named all at once ("1 4")."""

    options: Sequence[Option]

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        ticked = set(partial or ())
        labels = [(value, ("☑ " if value in ticked else "") + label) for value, label in numbered(self.options)]
        rows = in_rows(labels, across(self.options))
        return Prompt(self.prompt, [*rows, [(DONE, f"选好了（{len(ticked)}项）")]] if ticked else rows)

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        ticked: list[str] = list(partial or ())
        if said.pick == DONE:
            return self._chosen(ticked)
        if said.pick is not None and any(said.pick == value for value, _ in self.options):
            ticked.remove(said.pick) if said.pick in ticked else ticked.append(said.pick)
            return More(ticked)
        return self._chosen(read_several(needs_text(said, "1 4"), self.options))

    def restore(self, raw: Any) -> list[str]:
        values = [value for value, _ in self.options]
        if not isinstance(raw, list) or not raw or any(value not in values for value in raw):
            raise Stale
        return list(raw)

    def in_words(self, raw: Any) -> str:
        labels = dict(self.options)
        return "、".join(labels[value] for value in raw)

    def _chosen(self, values: Sequence[str]) -> Answer:
        if not values:
            raise Unreadable("还没有选。请点选项，或回复编号，例如：1 4")
        return Answer([value for value, _ in self.options if value in values])


YES, NO, EDIT = "yes", "no", "edit"
_PART = "edit:"
_ANSWERS: Sequence[Option] = ((YES, "提交"), (EDIT, "修改"), (NO, "取消"))


@dataclass(frozen=True)
class Confirm(Question[bool]):
    """Shows what was understood, and lets any single answer be changed before it counts.

    With `parts` each answer is a button of its own; else there is one button more to tap before them.
    """

    parts: bool = False
    controls = ()
    in_steps = True

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        if partial:
            return Prompt("改哪一项？", in_rows(numbered(chat.editable()), 1))
        if self.parts:
            changes = [(_PART + mark, f"改 {label}") for mark, label in chat.editable()]
            return Prompt(self.prompt, [[(YES, "提交"), (NO, "取消")], *in_rows(changes, 1)])
        return Prompt(self.prompt, [[*_ANSWERS]])

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if partial:
            chat.reopen(said.pick if said.pick in dict(chat.editable()) else read_choice(said.text, chat.editable()))
        if said.pick is not None and said.pick.removeprefix(_PART) in dict(chat.editable()):
            chat.reopen(said.pick.removeprefix(_PART))
        picked = said.pick if said.pick in (YES, NO, EDIT) else self._words(said.text)
        if picked == EDIT:
            return More(partial=True)
        return Answer(picked == YES)

    def restore(self, raw: Any) -> bool:
        return bool(raw)

    def in_words(self, raw: Any) -> str:
        return "提交" if raw else "取消"

    def _words(self, text: str) -> str:
        if text in ("是", "对", "好", "好的", "行", "确认", "确定", "没问题", "嗯", "可以", "同意", "ok", "OK"):
            return YES
        if text in ("不", "不对", "改", "不是"):
            return EDIT
        try:
            return read_choice(text, _ANSWERS)
        except Unreadable:
            raise Unreadable("没看懂。回复 1 提交，2 修改，3 取消。") from None
