"""The base of all questions: how one is shown, and how its answer is read, kept, and put in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from handlers.engine.said import CANCEL, Said
from handlers.reading import Unreadable
from storage.database.base import Record

if TYPE_CHECKING:
    from handlers.engine.chat import Chat

T = TypeVar("T")
R = TypeVar("R", bound=Record)

Option = tuple[str, str]
"""(value, label); a value is short enough for a button: at most 32 bytes."""


class Stale(Exception):
    """A recorded answer no longer fits the question; it is asked again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, as JSON."""

    raw: Any


@dataclass(frozen=True, slots=True)
class More:
    """A part of an answer: what is known so far, and what to say about it (None: show the question anew)."""

    partial: Any
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """How a question looks: text and rows of options."""

    text: str
    rows: list[list[Option]] = field(default_factory=list)
    wants: Literal["", "photos", "place", "contact", "voice"] = ""


@dataclass(frozen=True)
class Question(Generic[T]):
    """Base of all questions. A subclass is one kind of answer."""

    prompt: str
    optional: bool = field(default=False, kw_only=True)
    short: ClassVar[str] = ""
    """What the question is about in a word, where its prompt does not begin with that."""

    controls: ClassVar[tuple[str, ...]] = (CANCEL,)
    """What can be pressed below it, besides going back and skipping."""
    in_steps: ClassVar[bool] = False
    """Whether a part of an answer is a step of its own, which going back undoes before it leaves the question."""

    keeps: ClassVar[bool] = False
    """Whether a part of an answer counts even if the person then skips the rest, as photos do."""

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt)

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        """Raises Unreadable with one kind sentence when this is no answer."""
        raise NotImplementedError

    def restore(self, raw: Any) -> T:
        """The typed value of a recorded answer. Raises Stale when it no longer fits."""
        raise NotImplementedError

    def in_words(self, raw: Any) -> str:
        """The answer in a few words, as the person reads it."""
        return str(raw)


def restore_record(kind: type[R], raw: Any) -> R:
    """The record kept as an answer. Raises Stale when its fields have changed since."""
    try:
        return kind.model_validate(raw)
    except ValueError:
        raise Stale from None


def needs_text(said: Said, example: str) -> str:
    """The words of a message that should have words. Raises Unreadable when it has none."""
    if not said.text:
        refuse_voice(said)
        raise Unreadable(f"这里请用文字回答，例如：{example}")
    return said.text


def refuse_voice(said: Said) -> None:
    """Raises Unreadable for a voice message: nobody here can listen to it, but every phone can write what is spoken."""
    if any(file.kind == "voice" for file in said.files):
        raise Unreadable("这里听不了语音。请用手机的语音输入转成文字，再发一次。")


def in_rows(options: list[Option], across: int) -> list[list[Option]]:
    return [options[start : start + across] for start in range(0, len(options), across)]
