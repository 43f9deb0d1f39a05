"""Questions by which a stranger says who they are, in one message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.engine.questions.base import Answer, More, Prompt, Question, Stale, needs_text
from handlers.engine.said import Said
from handlers.reading import Unreadable, clean, read_phone
from handlers.reading.introductions import Introduction, read_introduction, read_relative, read_tail
from storage.people.masking import mask_phone

if TYPE_CHECKING:
    from handlers.engine.chat import Chat

_KNOWN = "known"


@dataclass(frozen=True)
class NameAndPhone(Question[Introduction]):
    """A name and, if given, a phone number. `known` is the name we have already: one tap says it is right."""

    known: str | None = None

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt, [[(_KNOWN, f"我是{self.known}")]] if self.known else [], "contact")

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        phone: str = partial or ""
        if said.pick == _KNOWN and self.known:
            return Answer([self.known, phone])
        if said.phone:
            name, number = "", said.phone
        else:
            name, number = read_introduction(needs_text(said, "李明 13812345678"))
        phone = read_phone(number) if number else phone
        name = name or self.known or ""
        return Answer([name, phone]) if name else More(phone, "电话记下了。再发一下您的姓名，例如：李明")

    def restore(self, raw: Any) -> Introduction:
        return _introduction(raw)

    def in_words(self, raw: Any) -> str:
        name, phone = raw
        return f"{name} {mask_phone(phone)}" if phone else name


class NameAndTail(Question[Introduction]):
    """A name and the last four of an ID or phone number."""

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        name, number = read_introduction(needs_text(said, "张三 1234"))
        name = name or partial or ""
        if not name:
            raise Unreadable("请把姓名和后四位一起发，例如：张三 1234")
        if not number:
            return More(name, f"{name}，再发您身份证或手机号的后四位，例如：1234")
        return Answer([name, read_tail(number)])

    def restore(self, raw: Any) -> Introduction:
        return _introduction(raw)

    def in_words(self, raw: Any) -> str:
        return f"{raw[0]} 尾号 {raw[1]}"


@dataclass(frozen=True)
class NameTailOrCode(NameAndTail):
    """The same, or the `digits` of a code that somebody has shown: then the name is empty."""

    digits: int

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        code = re.sub(r"[\s-]", "", clean(said.text))
        if len(code) == self.digits and code.isascii() and code.isdecimal():
            return Answer(["", code])
        return await super().read(said, partial, chat)

    def in_words(self, raw: Any) -> str:
        return super().in_words(raw) if raw[0] else "村干部给的码"


class NameAndRelation(Question[Introduction]):
    """Who acts for somebody else: a name, and what they are to them (in `number`)."""

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        return Answer([*read_relative(needs_text(said, "李明 外孙"))])

    def restore(self, raw: Any) -> Introduction:
        return _introduction(raw)

    def in_words(self, raw: Any) -> str:
        return f"{raw[0]}（{raw[1]}）"


def _introduction(raw: Any) -> Introduction:
    if not isinstance(raw, list) or len(raw) != len(Introduction._fields) or not all(isinstance(r, str) for r in raw):
        raise Stale
    return Introduction(*raw)
