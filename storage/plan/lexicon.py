"""The words of a town: by what it is heard which hardship, which household and which business a sentence is about."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from storage.database.base import Record

GAP = "…"
EITHER = "/"
_PARTS = re.compile(r"[^\s…/]+(?:/[^\s…/]+)*(?:…[^\s…/]+(?:/[^\s…/]+)*)*")


def _well_written(phrase: str) -> str:
    if not _PARTS.fullmatch(phrase):
        raise ValueError(f"“{phrase}”写法不对：不留空格，/ 和 … 的两边都要有字")
    return phrase


Phrase = Annotated[str, AfterValidator(_well_written)]
"""Words as they are said. "房/屋…漏" is 房 or 屋, a few characters of the same clause, then 漏."""

Phrases = tuple[Phrase, ...]


class _Words(Record):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KindWords(_Words):
    """How a hardship of kind `code` is spoken of.

    `says` tell of it; `alike` do too, and so does whatever sounds like them, as voice typing writes it. `unless` are
    phrases in which such words mean something else. `over` are words behind them by which it is past. A kind that stands
    `alone`, such as 其他, is heard only where no other is, one that `yields_to` others not beside these.
    """

    code: str
    says: Phrases = ()
    alike: Phrases = ()
    unless: Phrases = ()
    over: Phrases = ()
    alone: bool = False
    yields_to: tuple[str, ...] = ()


class IntentWords(_Words):
    """The words of one kind of business: `strong` ones nearly decide, `weak` ones only speak for it."""

    intent: Literal["report", "progress", "visit", "leave", "policy", "other"]
    strong: Phrases = ()
    weak: Phrases = ()


class VillageWords(_Words):
    """What people call a village beside its name."""

    code: str
    names: Annotated[Phrases, Field(min_length=1)]


class Lexicon(_Words):
    """All of it.

    `negations` before a hardship deny it, `over` behind one says that it is past, and so does `done` of work; both do not
    where a `not_yet` stands before them. `going_on` is work not done yet. `spoken` are other words that are taken by their
    sound. `fillers` mean nothing; `before_name` and `after_name` are what stands next to a household's name, `kin` whom of
    a household one speaks of by its head. `not_names` are ordinary words that are somebody's name as well: they count as
    one only where nothing else can stand. `going` before a name tells of a visit; `fine`, `trouble` and `absent` are how
    visits end. `own` is how people speak of their own home; `asking` are the words of a question, `pleas` those that only
    sound like one.
    """

    negations: Phrases = ()
    over: Phrases = ()
    not_yet: Phrases = ()
    spoken: Phrases = ()
    fillers: Phrases = ()
    before_name: Phrases = ()
    after_name: Phrases = ()
    kin: Phrases = ()
    not_names: Phrases = ()
    done: Phrases = ()
    going_on: Phrases = ()
    going: Phrases = ()
    fine: Phrases = ()
    trouble: Phrases = ()
    absent: Phrases = ()
    own: Phrases = ()
    asking: Phrases = ()
    pleas: Phrases = ()
    kinds: tuple[KindWords, ...] = ()
    intents: tuple[IntentWords, ...] = ()
    villages: tuple[VillageWords, ...] = ()
