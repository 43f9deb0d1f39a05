"""What a campaign plan consists of: regions, units, tasks, phases, clocks, limits and lists."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from storage.database.base import Record
from storage.people.persons import Role
from storage.plan.questions import Words

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
RegionCode = Annotated[str, Field(pattern=r"^\d{6}(\d{3}(\d{3})?)?$")]
Some = Annotated[int, Field(ge=1, le=366)]


class PlanPart(Record):
    """A part of the plan; a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Region(PlanPart):
    """A county, town or village by its national statistical code (6, 9 or 12 digits); a code begins with its parent's."""

    code: RegionCode
    name: Words


class Quantity(PlanPart):
    """A figure the document sets. `unit` is what is counted: "%", "种", "个"."""

    name: Words
    value: Annotated[float, Field(ge=0)]
    unit: Words


class Unit(PlanPart):
    """Who can be responsible: an office, a station, the villages. A unit with `members` is a group of other units.

    `role` is the post that acts for it; `aliases` are other names it goes by in documents and ledgers.
    """

    code: Code
    name: Words
    role: Role
    aliases: tuple[Words, ...] = ()
    members: tuple[Code, ...] = ()


class Item(PlanPart):
    """A numbered task. `id` is the document's own number ("2.4", "6.1.2"; "1" for what stands under the area itself)."""

    id: Annotated[str, Field(pattern=r"^\d+(\.\d+){0,2}$")]
    title: Words
    duty: Words
    units: Annotated[tuple[Code, ...], Field(min_length=1)]
    quantities: tuple[Quantity, ...] = ()


class Area(PlanPart):
    """A chapter of tasks. `code` counts from "1", `numeral` is how the document writes it ("一")."""

    code: Annotated[str, Field(pattern=r"^\d+$")]
    numeral: Words
    title: Words
    items: Annotated[tuple[Item, ...], Field(min_length=1)]


class Milestone(PlanPart):
    """A day within a phase, of which the `audience` is reminded."""

    code: Code
    name: Words
    on: date
    audience: Annotated[tuple[Role, ...], Field(min_length=1)]


class Phase(PlanPart):
    """A stretch of the campaign, first and last day included; the `audience` is reminded of its end."""

    code: Code
    name: Words
    clause: Words
    task: Words
    first: date
    last: date
    audience: Annotated[tuple[Role, ...], Field(min_length=1)]
    milestones: tuple[Milestone, ...] = ()
    quantities: tuple[Quantity, ...] = ()


class Clock(PlanPart):
    """How long something may take: `days`, working days or calendar days."""

    days: Some
    working: bool


class Clocks(PlanPart):
    """The clocks of a case.

    `verify`: visiting the household. `objection`: the household objecting to "not found". `answer`: the town answering it.
    `publicize`: the least the publicity lasts. `decide`: the most from clue to decision. `ask_again`: from closing to asking
    the household whether it is solved.
    """

    verify: Clock
    objection: Clock
    answer: Clock
    publicize: Clock
    decide: Clock
    ask_again: Clock


class ReminderPolicy(PlanPart):
    """When to remind: `before` in working days ahead (0: the day itself), then every `overdue_every` working days,
    a level up for each `climb_after` working days overdue, always from `opens` to before `closes` (Shanghai time)."""

    before: tuple[Annotated[int, Field(ge=0, le=60)], ...]
    overdue_every: Annotated[int, Field(ge=1, le=30)]
    climb_after: Annotated[int, Field(ge=1, le=30)]
    opens: time
    closes: time

    @model_validator(mode="after")
    def _in_order(self) -> ReminderPolicy:
        if list(self.before) != sorted(set(self.before), reverse=True):
            raise ValueError("before 要从大到小、不重复， 如 [7, 3, 1, 0]")
        if self.opens >= self.closes:
            raise ValueError("opens 要早于 closes")
        return self


class Ceiling(PlanPart):
    """The most that the bot itself may ask of one person in a week: `messages` sent unasked, and `minutes` of time."""

    messages: Annotated[int, Field(ge=1, le=500)]
    minutes: Annotated[int, Field(ge=1, le=2400)]


class BurdenLimits(PlanPart):
    """Ceilings by role; a role without one has no limit."""

    household: Ceiling | None = None
    village: Ceiling | None = None
    unit: Ceiling | None = None
    town: Ceiling | None = None
    county: Ceiling | None = None

    def of(self, role: Role) -> Ceiling | None:
        found: Ceiling | None = getattr(self, role.value)
        return found


class RiskKind(PlanPart):
    """A kind of hardship. `item` is the task it falls under; an `urgent` one is told of outside the usual order; what is
    a matter of `health` is never shown in the publicity. `helps` are the measures that usually answer it, the likeliest
    first; for a `single` one that comes alone, one measure is the whole plan."""

    code: Code
    label: Words
    item: str
    urgent: bool = False
    health: bool = False
    single: bool = False
    helps: tuple[Words, ...] = ()


class ProblemSource(PlanPart):
    """Where a problem came to light (时间安排(二))."""

    code: Code
    label: Words


class SelfCheck(PlanPart):
    """When villages and units go through their own tasks, and as coming from where the problems found are recorded."""

    phase: Code
    source: Code


class Watchlist(PlanPart):
    """A list of people of whom something is asked every `every_days` days; "no" is a clue of the kind `risk`.

    `item` is the task it belongs to, whose units bring the list. `sensitive`: it says something of people's health, so what
    units noted beside a name is shown to nobody in the chat.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    title: Words
    item: str
    every_days: Some
    question: Words
    risk: Code
    sensitive: bool = False


class Indicator(PlanPart):
    """A figure of each village that must not fall below last year's (只增不减). `item` is the task it belongs to, whose units
    and villages enter it; `unit` is what is counted: "人", "个", "户"."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    title: Words
    item: str
    unit: Words


class HouseholdType(PlanPart):
    """What a household counts as; `monitored` ones are followed up."""

    code: Code
    label: Words
    monitored: bool = False
