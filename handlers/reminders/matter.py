"""One thing with a deadline: its line in a message, and whom it concerns on the day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from handlers.calendar.deadlines import TOP_LEVEL
from handlers.engine.attendance import on_duty
from handlers.engine.world import World
from handlers.wording.days import day_in_words, deadline_in_words
from storage.people.persons import Official, Role


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing with a deadline, still open. `does` is the command that leads to its next step.

    `titles` are what falls due, each with the persons it is news for; mostly one, for all. `can_be_late` is False for
    what simply comes and goes, like a phase.
    """

    titles: tuple[tuple[str, tuple[int, ...]], ...]
    deadline: date
    does: str
    label: str
    responsible: tuple[int, ...]
    region: str
    can_be_late: bool = True

    def line(self, person_id: int, today: date) -> str:
        """What it is and how much time is left, as one of the persons hears of it."""
        title = "、".join(title for title, people in self.titles if not people or person_id in people)
        late = self.can_be_late and self.deadline < today
        return f"{'⚠ ' if late else ''}{title}：{self._when(today)}"

    def _when(self, today: date) -> str:
        if self.can_be_late or self.deadline > today:
            return deadline_in_words(self.deadline, today)
        return "就是今天" if self.deadline == today else f"{day_in_words(self.deadline)}，已经过去"


def ids_of(officials: Iterable[Official]) -> tuple[int, ...]:
    """Everybody once, in order."""
    return tuple(dict.fromkeys(official.person.id for official in officials))


def concerned(world: World, matter: Matter, level: int) -> tuple[int, ...]:
    """Those responsible; from level 1 the town too, at level 2 the county. An unattended matter is the town's at once."""
    people = list(matter.responsible)
    if level >= 1 or unattended(world, matter):
        people += ids_of(world.directory.holding(Role.TOWN, matter.region))
    if level >= 2:
        people += ids_of(world.directory.holding(Role.COUNTY, matter.region))
    return tuple(dict.fromkeys(people))


def concerned_on(world: World, matter: Matter, level: int, day: date) -> tuple[int, ...]:
    """Those concerned on a day on which some may be on leave. What is news for everybody waits for them."""
    people = concerned(world, matter, level)
    return tuple(on_duty(world, people, day)) if matter.can_be_late else people


def may_put_off(world: World, matter: Matter, person_id: int, day: date) -> bool:
    """Whether the person has to do with the matter: as one of those concerned, or in their place."""
    return person_id in (*concerned(world, matter, TOP_LEVEL), *concerned_on(world, matter, TOP_LEVEL, day))


def unattended(world: World, matter: Matter) -> bool:
    """Whether nobody responsible is in post and can be written to."""
    responsible = (world.directory.person(person_id) for person_id in matter.responsible)
    return not any(official and official.address for official in responsible)
