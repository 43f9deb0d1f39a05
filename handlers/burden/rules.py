"""How much of people's time cunbao takes: from the moments of messages to figures a role, and what is above the plan's ceiling.

The rule: time between two messages of a person counts while the second is an answer in a talk, unless it is longer than two
minutes, in which the person did something else. Reading a message that nobody asked for counts five seconds. What comes
more than ten minutes after the last message and is no command begins a new talk. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from statistics import median

from storage.burden import BurdenRow, News, Received
from storage.people.persons import Role
from storage.plan import BurdenLimits, Ceiling

LONGEST_GAP = timedelta(minutes=2)
NEW_TALK = timedelta(minutes=10)
READING = 5
"""Seconds for a message that came unasked."""
FEWEST = 3
"""Persons of a role below whom their figures would point at somebody, so they are not told."""

SPOKEN = "tell"
"""The cause of what is said without a command."""

_Key = tuple[date, int, str]


def tally(
    news: Iterable[News], received: Iterable[Received], role_of: Callable[[int], Role], begun_by: Callable[[str], str]
) -> list[BurdenRow]:
    """A row a day, person and cause. `received` is in order for each person; `begun_by` names the conversation of a command."""
    messages: Counter[_Key] = Counter()
    answers: Counter[_Key] = Counter()
    seconds: Counter[_Key] = Counter()
    for message in news:
        key = (message.at.date(), message.person_id, message.cause)
        messages[key] += 1
        seconds[key] += READING
    for person_id, mine in groupby(received, key=lambda one: one.person_id):
        running, last = "", None
        for one in mine:
            gap = one.at - last if last else NEW_TALK * 2
            last = one.at
            begun = begun_by(one.command) if one.command else ""
            if begun or not running or gap > NEW_TALK:
                running = begun or SPOKEN
                continue
            key = (one.at.date(), person_id, running)
            answers[key] += 1
            seconds[key] += int(gap.total_seconds()) if gap <= LONGEST_GAP else 0
    return [
        BurdenRow(
            day=key[0], person_id=key[1], cause=key[2], role=role_of(key[1]),
            messages=messages[key], answers=answers[key], seconds=seconds[key],
        )
        for key in dict.fromkeys([*messages, *answers])
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Load:
    """The burden of one role's people in a week, in rounded minutes. `above`: how many of them had more than the ceiling."""

    role: Role
    people: int
    messages: tuple[int, int]
    """Of the person in the middle, and the most."""
    minutes: tuple[int, int]
    ceiling: Ceiling | None
    above: int

    @property
    def is_shown(self) -> bool:
        """Whether there are enough people for the figures to point at nobody."""
        return self.people >= FEWEST


def loads(asked: Iterable[BurdenRow], limits: BurdenLimits) -> list[Load]:
    """The load of each role with any burden."""
    by_role: dict[Role, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for one in asked:
        sums = by_role[one.role][one.person_id]
        sums[0] += one.messages
        sums[1] += one.seconds
    return [_load(role, list(by_role[role].values()), limits.of(role)) for role in Role if role in by_role]


def _load(role: Role, sums: Sequence[Sequence[int]], ceiling: Ceiling | None) -> Load:
    messages, minutes = [one[0] for one in sums], [one[1] / 60 for one in sums]
    above = sum(
        ceiling is not None and (count > ceiling.messages or spent > ceiling.minutes)
        for count, spent in zip(messages, minutes, strict=True)
    )
    return Load(
        role=role,
        people=len(sums),
        messages=(round(median(messages)), max(messages)),
        minutes=(round(median(minutes)), round(max(minutes))),
        ceiling=ceiling,
        above=above,
    )


def causes(asked: Iterable[BurdenRow], roles: Iterable[Role], most: int) -> list[tuple[str, int]]:
    """The causes that took most time of these roles, with minutes."""
    wanted = frozenset(roles)
    seconds: Counter[str] = Counter()
    for one in asked:
        if one.role in wanted:
            seconds[one.cause] += one.seconds
    return [(cause, max(1, round(spent / 60))) for cause, spent in seconds.most_common(most) if spent]


def above_ceiling(found: Iterable[Load]) -> list[Load]:
    return [load for load in found if load.above]


def warning(load: Load) -> str:
    """One line about a role above its ceiling."""
    limit = f"每周 {load.ceiling.messages} 条、{load.ceiling.minutes} 分钟" if load.ceiling else "没有上限"
    return f"⚠ {load.role.label}有 {load.above} 人超过上限（{limit}）"


def load_in_words(load: Load) -> str:
    if not load.is_shown:
        return f"{load.role.label} {load.people} 人：人少，不列数字"
    return (
        f"{load.role.label} {load.people} 人：消息一般 {load.messages[0]} 条、最多 {load.messages[1]} 条；"
        f"用时一般 {load.minutes[0]} 分钟、最多 {load.minutes[1]} 分钟"
    )


def causes_in_words(found: Sequence[tuple[str, int]], title_of: Mapping[str, str]) -> str:
    """Causes with their titles; those without a title are summed up."""
    minutes: Counter[str] = Counter()
    for cause, spent in found:
        minutes[title_of.get(cause, "其他通知")] += spent
    return "、".join(f"{title} {spent} 分钟" for title, spent in minutes.most_common())
