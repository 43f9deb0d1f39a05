"""Six weeks of clues: reported, joined, visited, and moved along step by step as the procedure asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from bot.demo.days import Happening, at_home, at_work
from bot.demo.shares import shared_out
from bot.demo.stories import CLUES, JOINED, NOT_FOUND, OF_THE_STORY, STEPS, ClueStory
from bot.demo.town import Town, marked
from handlers.admitting import CONSENT
from handlers.rules.deadlines import last_day
from handlers.rules.workdays import add_workdays, workday_from
from storage.clues import Clue, ClueSource, Step
from storage.households import MONITORED, Household
from storage.people import Role
from storage.plan import Plan
from storage.store import Store

ORDER = tuple(Step)
_ENDING = (Step.CLEAR, Step.CLOSED)
_REFUSED = "refused"
"""What becomes of a clue that the visit doesn't bear out."""

_FATES: dict[str, int] = {
    Step.VERIFY: 20,
    Step.AUTHORIZE: 10,
    Step.DELIBERATE: 8,
    Step.PUBLICIZE: 10,
    Step.NOMINATE: 5,
    Step.TOWN_REVIEW: 7,
    Step.COUNTY_DECIDE: 5,
    Step.REGISTER: 4,
    Step.SUPPORT: 18,
    Step.CLEAR: 4,
    Step.CLOSED: 8,
    _REFUSED: 16,
}
"""How many of a hundred and some stand where today."""

_TAKES = {
    Step.VERIFY: (1, 2),
    Step.AUTHORIZE: (1, 1),
    Step.DELIBERATE: (1, 2),
    Step.NOMINATE: (1, 1),
    Step.TOWN_REVIEW: (1, 1),
    Step.COUNTY_DECIDE: (1, 2),
    Step.REGISTER: (1, 1),
    Step.SUPPORT: (5, 8),
    Step.CLEAR: (1, 3),
}
"""Working days from one step to the next; the notice hangs as long as the plan says."""

_WAITS = (1, 1, 1, 2, 2, 4)
"""Working days that a clue has stood at its step; the longest leaves a visit overdue."""

_STORY_EVERY = 6
"""One in so many happens in the story's village, so that its phone has something to show."""

_SOURCES = (ClueSource.SELF_REPORT, ClueSource.CADRE, ClueSource.SCREENING, ClueSource.SUPERVISION)
_SOURCE_WEIGHTS = (35, 45, 12, 8)
_JOINED_SHARE = 0.15

_BY = {Step.TOWN_REVIEW: Role.TOWN, Step.COUNTY_DECIDE: Role.COUNTY, Step.REGISTER: Role.COUNTY}
"""Whose step it is, if not the village's."""


@dataclass(slots=True)
class _Case:
    """One clue as it is played. `clue` is there from the report on."""

    household: Household
    story: ClueStory
    source: ClueSource
    fate: str
    clue: Clue | None = None

    def filed(self) -> Clue:
        if self.clue is None:
            raise ValueError("nothing happens to a clue before its report")
        return self.clue


class ClueHistory:
    """`clues` are all that were filed, as they stand when everything has been played."""

    def __init__(self, store: Store, plan: Plan, town: Town, rng: Random, today: date) -> None:
        self._store = store
        self._plan = plan
        self._town = town
        self._rng = rng
        self._today = today
        self._cases: list[_Case] = []

    @property
    def clues(self) -> list[Clue]:
        return [case.filed() for case in self._cases]

    def happenings(self, count: int) -> list[Happening]:
        """About `count` clues, at least one at each step, none of them of the same household as another."""
        rng = self._rng
        households = _Households(self._town, rng)
        fates = shared_out(_FATES, count)
        rng.shuffle(fates)
        fates.sort(key=lambda fate: fate not in _ENDING)  # these are hardest to find a household for
        self._cases = [_Case(self._town.story, OF_THE_STORY, ClueSource.SELF_REPORT, Step.CLOSED)]
        for place, fate in enumerate(fates):
            household = households.take(fate, in_story=place % _STORY_EVERY == 0)
            (source,) = rng.choices(_SOURCES, _SOURCE_WEIGHTS)
            self._cases.append(_Case(household, rng.choice(CLUES), source, fate))
        return [happening for case in self._cases for happening in self._played(case)]

    def _played(self, case: _Case) -> Iterator[Happening]:
        rng = self._rng
        ahead = self._steps_ahead(case.fate)
        waits = rng.choice(_WAITS)
        days = self._days(ahead, waits)
        own = case.source is ClueSource.SELF_REPORT
        reported = (at_home if own else at_work)(rng, days[0])
        reporter = self._reporter(case)
        yield Happening(reported, lambda: self._report(case, reporter))
        if rng.random() < _JOINED_SHARE:
            others = self._town.of(Role.VILLAGE, case.household.village)
            other = rng.choice([one.person.id for one in others if one.person.id != reporter])
            yield Happening(reported + timedelta(hours=2), lambda: self._join(case, other))
        for step, day in zip(ahead, days[1:], strict=True):
            yield self._step(case, step, at_work(rng, day))

    def _steps_ahead(self, fate: str) -> Sequence[Step]:
        return (Step.VERIFY,) if fate == _REFUSED else ORDER[: ORDER.index(Step(fate))]

    def _days(self, steps: Sequence[Step], waits: int) -> list[date]:
        """The day of the report and of the end of each step, so that the clue has stood where it is for a while."""
        notice = self._plan.clocks.publicize
        takes = {step: self._rng.randint(*_TAKES[step]) for step in steps if step in _TAKES}
        if Step.PUBLICIZE in steps:
            takes[Step.PUBLICIZE] = notice.days + 1  # working days: never shorter than the calendar days asked for
        days = [add_workdays(self._today, -sum(takes.values()) - waits)]
        for step in steps:
            if step is Step.PUBLICIZE:
                days.append(workday_from(last_day(days[-1], notice) + timedelta(days=1)))
            else:
                days.append(add_workdays(days[-1], takes[step]))
        return days

    def _reporter(self, case: _Case) -> int | None:
        """Who reports; None for the household itself, which joins that day."""
        village = case.household.village
        match case.source:
            case ClueSource.SELF_REPORT:
                return None
            case ClueSource.CADRE:
                listed = self._town.of(Role.VILLAGE, village)
            case ClueSource.SCREENING:
                units = self._plan.units_for_risk(case.story.kinds[0])
                listed = [
                    one for unit in units for one in self._town.of(unit.role, village, _code(unit.role, unit.code))
                ]
            case ClueSource.SUPERVISION:
                listed = self._town.of(Role.COUNTY, village)
        return self._rng.choice(listed or self._town.of(Role.TOWN, village)).person.id

    async def _report(self, case: _Case, reporter: int | None) -> None:
        store, household, now = self._store, case.household, self._store.session.now
        case.clue = await store.clues.add(
            household_id=household.id,
            village=household.village,
            source=case.source,
            kinds=case.story.kinds,
            detail=case.story.detail,
            reporter_id=reporter or self._voice(household, now),
            consent=None if reporter else CONSENT,
            due_on=last_day(now.date(), self._plan.clocks.verify),
        )

    def _voice(self, household: Household, now: datetime) -> int:
        people = self._store.people
        person = people.add(marked(household.head))
        people.appoint(person, Role.HOUSEHOLD, household.village, household_id=household.id)
        self._store.consents.add(person, CONSENT, now)
        return person

    async def _join(self, case: _Case, person: int) -> None:
        await self._store.clues.join(case.filed(), person, JOINED)

    def _step(self, case: _Case, step: Step, at: datetime) -> Happening:
        rng, household = self._rng, case.household
        refused = case.fate == _REFUSED
        to = Step.CLOSED if refused else ORDER[ORDER.index(step) + 1]
        outcome = ("none" if refused else "found") if step is Step.VERIFY else "done"
        if refused:
            note = rng.choice(NOT_FOUND)
        elif step is Step.VERIFY:
            note = case.story.seen
        elif step is Step.SUPPORT:
            note = case.story.help
        else:
            present = rng.randint(18, 32)
            note = STEPS[step].format(present=present, agree=present - rng.randint(0, 3), number=household.number)
        by = rng.choice(self._town.of(_BY.get(step, Role.VILLAGE), household.village)).person.id
        if step not in _BY and household.helper_id is not None:
            by = household.helper_id
        return Happening(at, lambda: self._move(case, to, by, outcome, note))

    async def _move(self, case: _Case, to: Step, by: int, outcome: str, note: str) -> None:
        clue = case.filed()
        undecided = ORDER.index(to) <= ORDER.index(Step.COUNTY_DECIDE)
        due_on = last_day(clue.reported_at.date(), self._plan.clocks.decide) if undecided else None
        await self._store.clues.move(clue, to, by=by, outcome=outcome, note=note, due_on=due_on)
        case.clue = await self._store.clues.get(clue.id)


class _Households:
    """Takes for each clue a household of which it could be true, none twice."""

    def __init__(self, town: Town, rng: Random) -> None:
        self._village = town.story.village
        self._left = [household for household in town.roster if household.id != town.story.id]
        rng.shuffle(self._left)

    def take(self, fate: str, in_story: bool) -> Household:
        """What is supported is on the monitored list; where nobody is able to work, a risk is never cleared."""
        supported = fate in (Step.SUPPORT, *_ENDING)
        fit = [
            household
            for household in self._left
            if (household.kind in MONITORED) is supported and (household.able_to_work or fate not in _ENDING)
        ]
        chosen = next((one for one in fit if in_story and one.village == self._village), fit[0])
        self._left.remove(chosen)
        return chosen


def _code(role: Role, code: str) -> str | None:
    return code if role is Role.UNIT else None
