"""Six weeks of clues: reported, joined, visited, and moved along step by step as the procedure asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from bot.demo.courses import COURSES, ENDED_WELL, days_of, party_to
from bot.demo.days import Event, at_home, at_work
from bot.demo.help import Help, national_number
from bot.demo.shares import shared_out
from bot.demo.stories import CLUES, JOINED, NOT_FOUND, NOTES, OF_THE_STORY, ClueStory
from bot.demo.town import History, Town, marked
from handlers.calendar.deadlines import last_day
from handlers.calendar.workdays import add_workdays
from handlers.cases.procedure import apply
from handlers.cases.table import Act, Party
from handlers.cases.votes import Votes
from storage.cases.records import Clue, ClueSource
from storage.joining.consents import CONSENT
from storage.measures import Measure
from storage.people.persons import Role
from storage.roster import MONITORED, Household

_STORY_EVERY = 6
"""One in so many happens in the story's village, so that its phone has something to show."""

_SOURCES = (ClueSource.SELF_REPORT, ClueSource.CADRE, ClueSource.SCREENING, ClueSource.SUPERVISION)
_SOURCE_WEIGHTS = (35, 45, 12, 8)
_JOINED_SHARE = 0.15

_ROLES = {Party.VILLAGE: Role.VILLAGE, Party.TOWN: Role.TOWN, Party.COUNTY: Role.COUNTY}


@dataclass(slots=True)
class _Case:
    """One clue as it is played. `clue` is there from the report on, and `voice`, who speaks for the household, if it
    reported."""

    household: Household
    story: ClueStory
    source: ClueSource
    course: tuple[Act, ...]
    clue: Clue | None = None
    voice: int = 0

    def filed(self) -> Clue:
        if self.clue is None:
            raise ValueError("nothing happens to a clue before its report")
        return self.clue


@dataclass
class ClueHistory(History):
    """`clues` and `measures` are all that there are, as they stand when everything has been played."""

    _cases: list[_Case] = field(default_factory=list, init=False)
    _help: list[Help] = field(default_factory=list, init=False)

    @property
    def clues(self) -> list[Clue]:
        return [case.filed() for case in self._cases]

    @property
    def measures(self) -> list[Measure]:
        return [measure for help in self._help for measure in help.measures]

    def events(self, count: int) -> list[Event]:
        """About `count` clues, some gone every way, none of them of the same household as another."""
        rng = self.rng
        households = _Households(self.town, rng)
        courses = shared_out(COURSES, count)
        rng.shuffle(courses)
        courses.sort(key=lambda course: Act.PROPOSE not in course)  # these are hardest to find a household for
        self._cases = [_Case(self.town.story, OF_THE_STORY, ClueSource.SELF_REPORT, ENDED_WELL)]
        for place, course in enumerate(courses):
            household = households.take(course, in_story=place % _STORY_EVERY == 0)
            (source,) = rng.choices(_SOURCES, _SOURCE_WEIGHTS)
            source = ClueSource.SELF_REPORT if Act.OBJECT in course else source
            self._cases.append(_Case(household, rng.choice(CLUES), source, course))
        return [event for case in self._cases for event in self._played(case)]

    def _played(self, case: _Case) -> Iterator[Event]:
        rng = self.rng
        days = days_of(case.course, self.plan.clocks.publicize, rng, self.today)
        own = case.source is ClueSource.SELF_REPORT
        reported = (at_home if own else at_work)(rng, days[0])
        reporter = self._reporter(case)
        yield Event(reported, lambda: self._report(case, reporter))
        if rng.random() < _JOINED_SHARE:
            others = self.town.of(Role.VILLAGE, case.household.village)
            other = rng.choice([one.person.id for one in others if one.person.id != reporter])
            yield Event(reported + timedelta(hours=2), lambda: self._join(case, other))
        for act, day in zip(case.course, days[1:], strict=True):
            at = at_work(rng, day)
            yield self._step(case, act, at)
            if act is Act.ENROL:
                yield from self._helped(case, at)

    def _reporter(self, case: _Case) -> int | None:
        """Who reports; None for the household itself, which joins that day."""
        village = case.household.village
        match case.source:
            case ClueSource.SELF_REPORT:
                return None
            case ClueSource.CADRE:
                listed = self.town.of(Role.VILLAGE, village)
            case ClueSource.SCREENING:
                units = self.plan.units_for_risk(case.story.kinds[0])
                listed = [one for unit in units for one in self.town.of(unit.role, village, _code(unit.role, unit.code))]
            case ClueSource.SUPERVISION:
                listed = self.town.of(Role.COUNTY, village)
        return self.rng.choice(listed or self.town.of(Role.TOWN, village)).person.id

    async def _report(self, case: _Case, reporter: int | None) -> None:
        store, household, now = self.store, case.household, self.store.session.now
        case.clue = await store.clues.add(
            household_id=household.id,
            village=household.village,
            source=case.source,
            kinds=case.story.kinds,
            detail=case.story.detail,
            reporter_id=reporter or self._voice(case, now),
            consent=None if reporter else CONSENT,
            due_on=last_day(now.date(), self.plan.clocks.verify),
        )

    def _voice(self, case: _Case, now: datetime) -> int:
        people, household = self.store.people, case.household
        case.voice = people.add(marked(household.head))
        cadre = self.town.of(Role.VILLAGE, household.village)[0].person.id
        people.appoint(case.voice, Role.HOUSEHOLD, region=household.village, household_id=household.id, confirmed_by=cadre)
        self.store.consents.add(case.voice, CONSENT, agreed_at=now)
        return case.voice

    async def _join(self, case: _Case, person: int) -> None:
        await self.store.clues.join(case.filed(), person, detail=JOINED)

    def _step(self, case: _Case, act: Act, at: datetime) -> Event:
        rng, household = self.rng, case.household
        facts: dict[str, int] = {}
        note = NOTES.get(act, "")
        match act:
            case Act.FOUND:
                note = case.story.seen
            case Act.NOT_FOUND:
                note = rng.choice(NOT_FOUND)
            case Act.APPROVE:
                present, against = rng.randint(18, 32), rng.randint(0, 3)
                votes = Votes(present, present - against, against)
                note, facts = str(votes), votes._asdict()
            case Act.ENROL:
                note = f"{household.kind}，系统编号 {national_number(household)}"
        role = _ROLES.get(party_to(act))
        by = self._official(case, role) if role else 0
        return Event(at, lambda: self._move(case, act, by, note, facts))

    def _official(self, case: _Case, role: Role) -> int:
        helper = case.household.helper_id if role is Role.VILLAGE else None
        return helper or self.rng.choice(self.town.of(role, case.household.village)).person.id

    async def _move(self, case: _Case, act: Act, by: int, note: str, facts: dict[str, int]) -> None:
        store, clue = self.store, case.filed()
        to = apply(clue, act, parties={party_to(act)}, today=store.session.now.date(), clocks=self.plan.clocks, reason=note)
        case.clue = await store.clues.move(clue, to, by=by or case.voice, outcome=act.value, note=note, facts=facts or None)

    def _helped(self, case: _Case, registered: datetime) -> Iterator[Event]:
        """Measures against each risk on the day of registering; those of a case to be cleared are done in time."""
        help = Help(self.store, self.plan, case.household, case.story, self._official(case, Role.VILLAGE))
        deadlines = [add_workdays(registered.date(), self.rng.randint(8, 25)) for _ in case.story.kinds]
        yield Event(registered + timedelta(hours=1), lambda: help.begin(case.filed().id, deadlines))
        self._help.append(help)
        done = Act.PROPOSE in case.course
        for percent, day in ((50, add_workdays(registered.date(), 1)), (100, add_workdays(registered.date(), 3))):
            if day < self.today and (done or percent < 100):
                yield Event(at_work(self.rng, day), lambda percent=percent: help.report(percent))  # type: ignore[misc]


class _Households:
    """Chooses for each clue a household of which it could be true, none twice."""

    def __init__(self, town: Town, rng: Random) -> None:
        self._village = town.story.village
        self._left = [household for household in town.roster if household not in (town.story, town.neighbour)]
        rng.shuffle(self._left)

    def take(self, course: Sequence[Act], *, in_story: bool) -> Household:
        """What is registered is on the monitored list; where nobody is able to work, a risk is never cleared."""
        registered, cleared = Act.ENROL in course, Act.PROPOSE in course
        fit = [
            household
            for household in self._left
            if (household.kind in MONITORED) is registered and (household.able_to_work or not cleared)
        ]
        chosen = next((one for one in fit if in_story and one.village == self._village), fit[0])
        self._left.remove(chosen)
        return chosen


def _code(role: Role, code: str) -> str | None:
    return code if role is Role.UNIT else None
