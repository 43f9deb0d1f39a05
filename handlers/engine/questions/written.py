"""Questions answered by typing or speaking: text, number, date, phone, ID number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from handlers.engine.questions.base import Answer, More, Prompt, Question, Stale, needs_text
from handlers.engine.said import Said
from handlers.reading import Unreadable, read_date, read_id_number, read_number, read_phone
from handlers.wording.days import day_in_words
from storage.people.masking import mask_id, mask_phone

if TYPE_CHECKING:
    from handlers.engine.chat import Chat


@dataclass(frozen=True)
class Text(Question[str]):
    """Free words, kept as said."""

    max_length: int = 500
    min_length: int = 1
    example: str = "厨房漏雨，墙有裂缝"

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        text = needs_text(said, self.example)
        if len(text) > self.max_length:
            raise Unreadable(f"有点长了（{len(text)} 字），请精简到 {self.max_length} 字以内再发一次。")
        if len(text) < self.min_length:
            raise Unreadable(f"请再说详细一点，例如：{self.example}")
        return Answer(text)

    def restore(self, raw: Any) -> str:
        if len(_as_words(raw)) > self.max_length:
            raise Stale
        return str(raw)

    def in_words(self, raw: Any) -> str:
        line = " ".join(raw.split())
        return line if len(line) <= 40 else f"{line[:38]}…"


@dataclass(frozen=True)
class Number(Question[Decimal]):
    """A figure, in the unit named."""

    low: int | None = None
    high: int | None = None
    unit: str = ""

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        text = needs_text(said, f"30{self.unit}")
        return Answer(str(read_number(text, self.low, self.high, self.unit or None)))

    def restore(self, raw: Any) -> Decimal:
        try:
            value = Decimal(_as_words(raw))
        except InvalidOperation:
            raise Stale from None
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise Stale
        return value

    def in_words(self, raw: Any) -> str:
        return f"{raw}{self.unit}"


@dataclass(frozen=True)
class Day(Question[date]):
    """A date, such as 昨天 or 10月31日. At least one of past and future is allowed."""

    past_ok: bool = True
    future_ok: bool = True

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        text = needs_text(said, "10月31日")
        day = read_date(text, chat.written_on, past_ok=self.past_ok, future_ok=self.future_ok)
        return Answer(day.isoformat())

    def restore(self, raw: Any) -> date:
        try:
            return date.fromisoformat(raw)
        except (TypeError, ValueError):
            raise Stale from None

    def in_words(self, raw: Any) -> str:
        return day_in_words(self.restore(raw))


class Phone(Question[str]):
    """A telephone number; the phone may share its own with one tap."""

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt, wants="contact")

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        return Answer(read_phone(said.phone or needs_text(said, "13812345678")))

    def restore(self, raw: Any) -> str:
        return _as_words(raw)

    def in_words(self, raw: Any) -> str:
        return mask_phone(raw)


class IdNumber(Question[str]):
    """A citizen's 18-digit ID number with its check digit (GB 11643)."""

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        return Answer(read_id_number(needs_text(said, "18 位身份证号码")))

    def restore(self, raw: Any) -> str:
        return _as_words(raw)

    def in_words(self, raw: Any) -> str:
        return mask_id(raw)


def _as_words(raw: Any) -> str:
    if not isinstance(raw, str):
        raise Stale
    return raw
