"""Shared by the conversations and the job of weekly reports: a report's lines, text and buttons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from handlers.weekly.text import draft, numbered, period
from storage.database.base import SHANGHAI
from storage.mail.messages import Button
from storage.people.persons import Person, Role
from storage.store import Store
from storage.weekly.reports import WeeklyReport
from storage.weekly.work import Work, work_of

SEND, EDIT, SKIP = "send", "edit", "skip"
"""Behind the week in "/weekly 20221010 send"."""


def village_of(person: Person) -> str:
    """The village somebody reports for: the first they hold a post in."""
    return person.posts_as(Role.VILLAGE)[0].region


async def work_since(store: Store, person_ids: Sequence[int], week: date) -> dict[int, Work]:
    """What these people have done so far in the week that begins on the Monday `week`."""
    begin = datetime.combine(week, time(), SHANGHAI)
    return await work_of(store.session, person_ids, begin=begin, end=begin + timedelta(days=7))


async def lines_of(store: Store, person_id: int, week: date, kept: WeeklyReport | None) -> list[str]:
    """The report as its writer left it, or as the week's work writes it."""
    if kept is not None and kept.lines:
        return list(kept.lines)
    return draft((await work_since(store, [person_id], week)).get(person_id, Work()))


def report_in_words(week: date, lines: Sequence[str]) -> str:
    return f"【周报】{period(week)}\n{numbered(lines)}"


def report_buttons(week: date) -> list[list[Button]]:
    """Send, change, or none this week."""
    ways = ((SEND, "发送"), (EDIT, "修改"), (SKIP, "这周不报"))
    return [[Button(label=label, says=f"/weekly {week:%Y%m%d} {way}") for way, label in ways]]
