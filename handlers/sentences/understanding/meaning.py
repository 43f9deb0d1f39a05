"""The meaning found in a sentence. Pure."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from storage.database.base import Record


class Intent(StrEnum):
    """The business a sentence is about."""

    REPORT = "report"
    PROGRESS = "progress"
    VISIT = "visit"
    LEAVE = "leave"
    POLICY = "policy"
    OTHER = "other"


class Understood(Record):
    """What was understood of `text`, which is as said, tidied.

    `others` are the intents that are nearly as likely, likely first; none when it is sure. `households` are ids, likely
    first: one is sure, several are to choose from, none is none found; `named` are the words taken for the household.
    `villages` are the codes of those named. `kinds` are risk kinds of the plan, in its order, without denied ones. `number`
    is a problem's or clue's. `fine` of a visit: nothing wrong, trouble seen, or (None) not said. `first` and `last` are the
    days of a leave as far as they are said, and `reason` why.
    """

    text: str
    intent: Intent
    others: tuple[Intent, ...] = ()
    households: tuple[int, ...] = ()
    named: str = ""
    villages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    number: int | None = None
    percent: int | None = None
    finished: bool = False
    fine: bool | None = None
    absent: bool = False
    first: date | None = None
    last: date | None = None
    reason: str = ""
