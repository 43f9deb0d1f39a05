"""The forms a quiz question can take. They come from a plan's `quiz.toml`; docs/plan-format.md explains every key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, model_validator

from storage.database.base import Record

Words = Annotated[str, Field(min_length=1)]
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class _Asked(Record):
    """What all forms share. `clause` is an item ("2.4") or a part of the document ("时间安排(二)")."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    clause: Words
    text: Words
    explanation: Words

    @property
    def clauses(self) -> tuple[str, ...]:
        """Every clause the question draws on."""
        return (self.clause,)


class _Offered(_Asked):
    options: Annotated[tuple[Words, ...], Field(min_length=3, max_length=6)]

    @model_validator(mode="after")
    def _options_differ(self) -> _Offered:
        if len(set(self.options)) < len(self.options):
            raise ValueError("options 里有重复的选项")
        return self


class SingleQuestion(_Offered):
    """One option is right; `answer` is its text."""

    form: Literal["single"]
    answer: Words

    @model_validator(mode="after")
    def _answer_offered(self) -> SingleQuestion:
        if self.answer not in self.options:
            raise ValueError(f"answer“{self.answer}”不在 options 里")
        return self


class SeveralQuestion(_Offered):
    """Two or more options are right; `answers` are their texts."""

    form: Literal["several"]
    answers: Annotated[tuple[Words, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _answers_offered(self) -> SeveralQuestion:
        strange = [answer for answer in self.answers if answer not in self.options]
        if strange:
            raise ValueError(f"answers“{strange[0]}”不在 options 里")
        return self


class TrueFalseQuestion(_Asked):
    """A statement that holds or does not."""

    form: Literal["truefalse"]
    answer: bool


class NumberQuestion(_Asked):
    """A figure in `unit`; right within `tolerance` either way."""

    form: Literal["number"]
    answer: float
    unit: Words
    tolerance: Annotated[float, Field(ge=0)] = 0


class Point(Record):
    """One thing a recital must say: `text` as shown, `accept` the wordings that count. Without `clause`, the question's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Words
    accept: Annotated[tuple[Words, ...], Field(min_length=1)]
    clause: str = ""


class RecitalQuestion(_Asked):
    """To be said in one breath (一口清); graded by its key points. `to_avoid`: the points are what must not be done."""

    form: Literal["recital"]
    to_avoid: bool = False
    points: Annotated[tuple[Point, ...], Field(min_length=2)]

    @property
    def clauses(self) -> tuple[str, ...]:
        return (self.clause, *(point.clause for point in self.points if point.clause))


Question = Annotated[
    SingleQuestion | SeveralQuestion | TrueFalseQuestion | NumberQuestion | RecitalQuestion, Field(discriminator="form")
]
_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)


def with_days(question: Question, days: Mapping[str, date]) -> Question:
    """The question with each `{rectify.first}` in it replaced by the day of that name, and points' clauses filled in.

    So a plan moved to other dates asks for its own. A wording to accept that names a day counts with 日 and with 号.
    Raises KeyError for a name not in `days`.
    """
    data = question.model_dump()
    for point in data.get("points", ()):
        point["clause"] = point["clause"] or question.clause
        dated = [text for text in point["accept"] if _PLACEHOLDER.search(text)]
        point["accept"] = [*point["accept"], *(_fill(text, days).replace("日", "号") for text in dated)]
    return _QUESTION.validate_python(_each_text(data, lambda text: _fill(text, days)))


def days_named(question: Question) -> set[str]:
    """The names of the days the question mentions."""
    found: set[str] = set()

    def note(text: str) -> str:
        found.update(_PLACEHOLDER.findall(text))
        return text

    _each_text(question.model_dump(), note)
    return found


def _fill(text: str, days: Mapping[str, date]) -> str:
    return _PLACEHOLDER.sub(lambda match: f"{days[match[1]].month}月{days[match[1]].day}日", text)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each_text(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(part, change) for part in value]
    return value
