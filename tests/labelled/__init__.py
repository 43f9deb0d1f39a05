"""Sentences and answers as people say them, each with what a sensible colleague would understand.

The sets measure handlers/sentences/understanding and handlers/quiz/grading. Each comes in two halves, written apart: rules and
words are tuned on the tuning half alone, and the unseen half says what that was worth. Everybody in them is invented.
"""

from __future__ import annotations

import csv
import tomllib
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from storage.database.base import Record
from storage.people.persons import Role
from storage.plan import Plan, RecitalQuestion, builtin_plans, load_plan
from storage.roster import Household, Roster

TODAY = date(2022, 10, 18)
"""The Tuesday on which everything is said."""

_FOLDER = Path(__file__).parent

IntentName = Literal["report", "progress", "visit", "leave", "policy", "other"]


class Half(StrEnum):
    """`TUNING` may be looked at while rules are written, `UNSEEN` may not."""

    TUNING = "tuning"
    UNSEEN = "unseen"


class _Labelled(Record):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sentence(_Labelled):
    """One thing said outside any talk.

    `speaker` is a role and its region ("village:220881100203") or household number ("household:1024"). `also` are intents
    that are as good as `intent`. `household` is the number of the one that is meant, `households` are those among which
    only a question can decide; with `named_missing` somebody is named whom the speaker may not see or the roster does not
    have. `kinds` are the risks spoken of, apart from denied ones. The rest is said by the sentence or left out; a problem
    `number` that is left out must not be heard either.
    """

    text: Annotated[str, Field(min_length=1)]
    speaker: Annotated[str, Field(pattern=r"^(household:\d+|(village|unit|town|county):\d{6,12})$")]
    intent: IntentName
    also: tuple[IntentName, ...] = ()
    household: int | None = None
    households: tuple[int, ...] = ()
    named_missing: bool = False
    kinds: tuple[str, ...] = ()
    number: int | None = None
    percent: Annotated[int | None, Field(ge=0, le=100)] = None
    finished: bool | None = None
    absent: bool | None = None
    fine: bool | None = None
    first: date | None = None
    last: date | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> Sentence:
        if (self.household is not None) + bool(self.households) + self.named_missing > 1:
            raise ValueError("a household, several, or none: only one of these can be right")
        if len(self.households) == 1 or self.intent in self.also:
            raise ValueError("several means two at least, and `also` means others")
        return self

    @property
    def role(self) -> Role:
        return Role(self.speaker.partition(":")[0])

    @property
    def home(self) -> int | None:
        """The number of the household that speaks."""
        return int(self.speaker.partition(":")[2]) if self.role is Role.HOUSEHOLD else None

    @property
    def within(self) -> tuple[str, ...]:
        """The regions the speaker may see; a household sees only itself."""
        return () if self.role is Role.HOUSEHOLD else (self.speaker.partition(":")[2],)

    @property
    def meant(self) -> set[int]:
        """The households that must be found, by number."""
        return {self.household} if self.household is not None else set(self.households)

    @property
    def names_household(self) -> bool:
        return self.named_missing or bool(self.meant)


class Answer(_Labelled):
    """What was said to the recital `question`; `hit` are the places of the key points that are rightly in it."""

    question: str
    text: Annotated[str, Field(min_length=1)]
    hit: tuple[int, ...]


@cache
def plan() -> Plan:
    return load_plan(builtin_plans()["wafang-2022"])


@cache
def roster_rows() -> tuple[dict[str, str], ...]:
    """number, village, group_name, head, kind, nickname."""
    with (_FOLDER / "roster.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def roster() -> Roster:
    """The households of the sets; a household's id is its number."""
    known = set(Household.model_fields)
    rows = ({"id": row["number"], **row} for row in roster_rows())
    return Roster([Household.model_validate({key: row[key] for key in row if key in known}) for row in rows])


def sentences(half: Half) -> list[Sentence]:
    """Raises ValueError where a label names what neither plan nor roster has."""
    read = [Sentence.model_validate(entry) for entry in _entries(f"sentences_{half}.toml", "sentence")]
    kinds = {kind.code for kind in plan().risk_kinds}
    for sentence in read:
        strange = set(sentence.kinds) - kinds
        unknown = {*sentence.meant, *([] if sentence.home is None else [sentence.home])} - roster().by_id.keys()
        hidden = [number for number in sentence.meant - unknown if not _sees(sentence, number)]
        if strange or unknown or hidden:
            raise ValueError(f"{sentence.text}: {strange or unknown or hidden}")
    return read


def answers(half: Half) -> list[Answer]:
    """Raises ValueError where an answer is not to a recital, or a hit is none of its points."""
    read = [Answer.model_validate(entry) for entry in _entries(f"answers_{half}.toml", "answer")]
    for answer in read:
        places = range(len(recital(answer.question).points))
        if len(set(answer.hit)) < len(answer.hit) or not set(answer.hit) <= set(places):
            raise ValueError(f"{answer.text}: {answer.hit}")
    return read


def recital(question_id: str) -> RecitalQuestion:
    """Raises KeyError where there is no such question, TypeError where it is not a recital."""
    question = plan().question(question_id)
    if not isinstance(question, RecitalQuestion):
        raise TypeError(f"{question_id} is not said in one breath")
    return question


def _sees(sentence: Sentence, number: int) -> bool:
    return number == sentence.home or roster().by_id[number].village.startswith(sentence.within or ("none",))


def _entries(name: str, key: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = tomllib.loads((_FOLDER / name).read_text("utf-8"))[key]
    return listed
