"""A campaign plan in memory: who answers for what, until when, and what is asked. Read-only, quick to look things up in."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Annotated

from pydantic import Field

from storage.people.persons import Role
from storage.plan.lexicon import Lexicon
from storage.plan.parts import (
    Area,
    BurdenLimits,
    Clocks,
    HouseholdType,
    Indicator,
    Item,
    Phase,
    PlanPart,
    ProblemSource,
    Region,
    ReminderPolicy,
    RiskKind,
    SelfCheck,
    Unit,
    Watchlist,
)
from storage.plan.questions import Question, Words, with_days


class Plan(PlanPart):
    """One campaign of one town. `storage.plan.load_plan` reads it.

    Look-ups of what a stored row may name answer for a code that the plan does not have (any more, or that a damaged cell
    holds) with one whose name is the code: one such row must not keep everybody from a list. `unit_named` and
    `village_named`, for what people write, and all others raise KeyError.

    `written` are the questions as in the file, with the names of days in braces; `questions` have the days filled in.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Words
    document: Words
    dated: date | None = None
    county: Region
    town: Region
    other_clauses: tuple[Words, ...] = ()
    units: tuple[Unit, ...]
    areas: tuple[Area, ...]
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    clocks: Clocks
    reminders: ReminderPolicy
    sampling_ratio: Annotated[float, Field(gt=0, le=1)]
    quiz_daily: Annotated[int, Field(ge=1, le=20)]
    risk_kinds: tuple[RiskKind, ...]
    problem_sources: tuple[ProblemSource, ...]
    household_types: tuple[HouseholdType, ...]
    selfcheck: SelfCheck
    burden: BurdenLimits = BurdenLimits()
    watchlists: tuple[Watchlist, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    villages: Annotated[tuple[Region, ...], Field(min_length=1)]
    written: tuple[Question, ...]
    lexicon: Lexicon

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The quiz, asking for the plan's own dates."""
        return tuple(with_days(question, self.days) for question in self.written)

    @cached_property
    def days(self) -> dict[str, date]:
        """The plan's days by name: "rectify.first", "rectify.last", and milestones as "mobilise.kickoff"."""
        named: dict[str, date] = {}
        for phase in self.phases:
            named |= {f"{phase.code}.first": phase.first, f"{phase.code}.last": phase.last}
            named |= {f"{phase.code}.{milestone.code}": milestone.on for milestone in phase.milestones}
        return named

    @property
    def items(self) -> tuple[Item, ...]:
        """Every task, in the document's order."""
        return tuple(item for area in self.areas for item in area.items)

    def item(self, id: str) -> Item:
        """The task of that number, such as "2.4"."""
        return self._items[id]

    def area(self, code: str) -> Area:
        """The area of a code, or the one an item belongs to: "2" and "2.4" alike."""
        area, _, _ = code.partition(".")
        return self._areas.get(area) or Area.model_construct(code=area, numeral=area, title=area, items=())

    def unit(self, code: str) -> Unit:
        return self._units.get(code) or Unit.model_construct(code=code, name=code, role=Role.UNIT)

    def unit_named(self, name: str) -> Unit:
        """The unit of that code, name or alias."""
        return self._units[name]

    def risk(self, code: str) -> RiskKind:
        return self._risks.get(code) or RiskKind.model_construct(code=code, label=code, item="")

    def source(self, code: str) -> ProblemSource:
        return self._sources.get(code) or ProblemSource.model_construct(code=code, label=code)

    def watchlist(self, code: str) -> Watchlist:
        return self._watchlists[code]

    def indicator(self, code: str) -> Indicator:
        return self._indicators[code]

    def question(self, id: str) -> Question:
        return self._questions[id]

    def village(self, code: str) -> Region:
        return self._villages.get(code) or Region.model_construct(code=code, name=code)

    def village_named(self, name: str) -> Region:
        """The village of that code or name; the name may leave out 村."""
        return self._villages[name]

    def phase(self, code: str) -> Phase:
        return self._phases[code]

    def phases_on(self, day: date) -> tuple[Phase, ...]:
        """The phases `day` lies in, the earliest begun first; they may overlap."""
        return tuple(phase for phase in self.phases if phase.first <= day <= phase.last)

    def units_for(self, item: str) -> tuple[Unit, ...]:
        """Who answers for a task, with groups replaced by their members; nobody twice."""
        named = self._named_for(item)
        codes = (code for unit in named for code in (unit.members or (unit.code,)))
        return tuple(self.unit(code) for code in dict.fromkeys(codes))

    def units_for_risk(self, code: str) -> tuple[Unit, ...]:
        """The offices to tell of a risk: those its task names, without groups (too many) and villages (told anyway)."""
        named = self._named_for(self.risk(code).item)
        return tuple(unit for unit in named if not unit.members and unit.role is not Role.VILLAGE)

    def _named_for(self, item: str) -> tuple[Unit, ...]:
        return tuple(self.unit(code) for code in self._items[item].units) if item in self._items else ()

    def items_for(self, unit: str) -> tuple[Item, ...]:
        """What a unit answers for, named itself or as a member of a group."""
        wanted = self.unit(unit)
        return tuple(item for item in self.items if wanted in self.units_for(item.id))

    def areas_for(self, unit: str) -> tuple[Area, ...]:
        """The areas in which a unit answers for something."""
        codes = dict.fromkeys(item.id.partition(".")[0] for item in self.items_for(unit))
        return tuple(self.area(code) for code in codes)

    def clause_label(self, clause: str) -> str:
        """A clause as people cite it: "2.4" is "(二)4 住房安全", "6.1.2" is "(六)1(2) 农村道路"."""
        if clause not in self._items:
            return clause
        _, *numbers = clause.split(".")
        inner = "".join(number if depth == 0 else f"({number})" for depth, number in enumerate(numbers))
        return f"({self.area(clause).numeral}){inner} {self._items[clause].title}"

    @cached_property
    def clauses(self) -> frozenset[str]:
        """Everything a question can refer to."""
        return frozenset({*self._items, *(phase.clause for phase in self.phases), *self.other_clauses})

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def _areas(self) -> dict[str, Area]:
        return {area.code: area for area in self.areas}

    @cached_property
    def _units(self) -> dict[str, Unit]:
        return {name: unit for unit in self.units for name in (unit.code, unit.name, *unit.aliases)}

    @cached_property
    def _risks(self) -> dict[str, RiskKind]:
        return {kind.code: kind for kind in self.risk_kinds}

    @cached_property
    def _sources(self) -> dict[str, ProblemSource]:
        return {source.code: source for source in self.problem_sources}

    @cached_property
    def _indicators(self) -> dict[str, Indicator]:
        return {one.code: one for one in self.indicators}

    @cached_property
    def _watchlists(self) -> dict[str, Watchlist]:
        return {one.code: one for one in self.watchlists}

    @cached_property
    def _questions(self) -> dict[str, Question]:
        return {question.id: question for question in self.questions}

    @cached_property
    def _phases(self) -> dict[str, Phase]:
        return {phase.code: phase for phase in self.phases}

    @cached_property
    def _villages(self) -> dict[str, Region]:
        return {
            name: village for village in self.villages for name in (village.code, village.name, village.name.removesuffix("村"))
        }


def shift(plan: Plan, first_day: date) -> Plan:
    """The same plan with its first phase beginning on `first_day`; every phase keeps its length and distance."""
    by = first_day - plan.phases[0].first
    # Built anew rather than copied: a copy would keep the look-ups that were made for the old dates.
    parts = {name: getattr(plan, name) for name in Plan.model_fields}
    return Plan.model_construct(**parts | {"phases": tuple(_moved(phase, by) for phase in plan.phases)})


def _moved(phase: Phase, by: timedelta) -> Phase:
    milestones = tuple(one.model_copy(update={"on": one.on + by}) for one in phase.milestones)
    return phase.model_copy(update={"first": phase.first + by, "last": phase.last + by, "milestones": milestones})
