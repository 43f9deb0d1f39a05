"""Open work with a deadline: its line in a message, and the people it concerns on a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from handlers.calendar.deadlines import TOP_LEVEL
from handlers.engine.attendance import on_duty
from handlers.engine.world import World
from handlers.wording.days import day_in_words, deadline_in_words
from storage.people.persons import Official, Role


class ReminderKey(NamedTuple):
    """The key of a reminder: a row of a subject, and its deadline."""

    subject: str
    subject_id: str
    deadline: date

    def __str__(self) -> str:
        """As in a button: "clue 17 20221014"."""
        return f"{self.subject} {self.subject_id} {self.deadline:%Y%m%d}"

    @classmethod
    def read(cls, text: str) -> ReminderKey:
        """What `str` makes. Raises ValueError for anything else."""
        subject, subject_id, day = text.split()
        return cls(subject, subject_id, datetime.strptime(day, "%Y%m%d").date())  # noqa: DTZ007 - a day has no zone


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing to do, still open. `command` is the command that leads to its next step.

    `titles` are what falls due, each with the persons it is news for; mostly one, for all. `can_be_late` is False for
    what simply comes and goes, like a phase. `household_id` is whose it is, where the titles say what is the matter with it.
    """

    titles: tuple[tuple[str, tuple[int, ...]], ...]
    deadline: date
    command: str
    label: str
    responsible: tuple[int, ...]
    region: str
    can_be_late: bool = True
    household_id: int | None = None

    def line(self, person_id: int, today: date) -> str:
        """The work and the time left, in words for one of its people."""
        title = "、".join(title for title, people in self.titles if not people or person_id in people)
        late = self.can_be_late and self.deadline < today
        return f"{'⚠ ' if late else ''}{title}：{self._when(today)}"

    def _when(self, today: date) -> str:
        if self.can_be_late or self.deadline > today:
            return deadline_in_words(self.deadline, today)
        return "就是今天" if self.deadline == today else f"{day_in_words(self.deadline)}，已经过去"


def ids_of(officials: Iterable[Official]) -> tuple[int, ...]:
    """The ids of officials, each once, in order."""
    return tuple(dict.fromkeys(official.person.id for official in officials))


def concerned(world: World, item: WorkItem, level: int) -> tuple[int, ...]:
    """The people responsible; from level 1 also the town, at level 2 the county. Unattended work goes to the town at once."""
    people = list(item.responsible)
    if level >= 1 or unattended(world, item):
        people += world.directory.ids(Role.TOWN, item.region)
    if level >= 2:
        people += world.directory.ids(Role.COUNTY, item.region)
    return tuple(dict.fromkeys(people))


def concerned_on(world: World, item: WorkItem, level: int, day: date) -> tuple[int, ...]:
    """The people concerned on a day, with stand-ins for those on leave. What is news for everybody waits for them."""
    people = concerned(world, item, level)
    return tuple(on_duty(world, people, day=day)) if item.can_be_late else people


def may_snooze(world: World, item: WorkItem, person_id: int, day: date) -> bool:
    """Whether the person has to do with the item: as one of those concerned, or in their place."""
    return person_id in (*concerned(world, item, TOP_LEVEL), *concerned_on(world, item, TOP_LEVEL, day))


def unattended(world: World, item: WorkItem) -> bool:
    """Whether nobody responsible is in post and can be written to."""
    responsible = (world.directory.person(person_id) for person_id in item.responsible)
    return not any(official and official.address for official in responsible)
