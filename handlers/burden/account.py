"""The burden account in words: titles of the causes, a week's figures, and the alarm above the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from handlers.burden.rules import above_ceiling, causes, causes_in_words, load_in_words, loads, warning
from handlers.engine.conversation import conversation_named, conversations
from handlers.engine.world import World
from handlers.weekly.text import period
from storage.burden import BurdenRow
from storage.mail.intents import Cause

_MOST_CAUSES = 3


def titles() -> dict[str, str]:
    """Title of each cause: of a conversation by its name, of news by its cause."""
    return {name: one.title for name, one in conversations().items()} | {one.value: one.label for one in Cause}


def conversation_begun_by(command: str) -> str:
    """The conversation that a command or word begins; empty for none."""
    if command.startswith("/"):
        name = command[1:].partition("@")[0]
        known = conversation_named(name)
        return known.name if known else ""
    return next((name for name, one in conversations().items() if command in one.words), "")


def command_words() -> frozenset[str]:
    return frozenset(word for one in conversations().values() for word in one.words)


def week_in_words(world: World, week: date, asked: Sequence[BurdenRow]) -> str:
    """Summarize a week in at most eight lines: warnings, a line for each role, the causes that took most time."""
    found = loads(asked, world.plan.burden)
    lines = [f"【负担账本】{period(week)}，村报自己占用大家的："]
    lines += [warning(load) for load in above_ceiling(found)[:_MOST_CAUSES]]
    lines += [load_in_words(load) for load in found]
    if most := causes(asked, [load.role for load in found], _MOST_CAUSES):
        lines.append(f"占时间最多的：{causes_in_words(most, titles())}")
    return "\n".join(lines)


def alarm_in_words(world: World, week: date, asked: Sequence[BurdenRow]) -> str:
    """The message to the office about a week above the ceiling; empty if no role was above it."""
    above = above_ceiling(loads(asked, world.plan.burden))
    if not above:
        return ""
    most = causes(asked, [load.role for load in above], _MOST_CAUSES)
    return "\n".join(
        [
            f"【负担提醒】{period(week)}，村报占用大家有点多：",
            *(warning(load) for load in above[:_MOST_CAUSES]),
            f"占时间最多的：{causes_in_words(most, titles())}",
        ]
    )


def week_end(week: date) -> date:
    return week + timedelta(days=6)
