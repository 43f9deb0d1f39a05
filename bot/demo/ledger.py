"""The problem ledger: lines put on it in the weeks before, and what was done about each, by the procedure's own rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.demo.days import Event, at_work, workdays_before
from bot.demo.names import MARK
from bot.demo.shares import shared_out
from bot.demo.stories import PROBLEMS, ProblemStory
from bot.demo.town import History
from handlers.calendar.workdays import add_workdays, workdays_between
from handlers.problems.rows import bare
from handlers.problems.states import MOST_PERCENT, next_state, parties_of
from storage.people.persons import Official, Role
from storage.problems.records import NewProblem, Problem
from storage.problems.states import Action, ProblemState

_REACH_BACK = 18
"""Working days over which lines were put on the ledger."""

CLAIM, PROGRESS, SUBMIT = Action.CLAIM, Action.PROGRESS, Action.SUBMIT
ACCEPT, RETURN, REOPEN, CHECK = Action.ACCEPT, Action.RETURN, Action.REOPEN, Action.CHECK
_FATES = {
    (): 10,
    (CLAIM,): 6,
    (CLAIM, PROGRESS): 8,
    (CLAIM, PROGRESS, PROGRESS): 6,
    (CLAIM, PROGRESS, SUBMIT, RETURN): 5,
    (CLAIM, SUBMIT, ACCEPT, REOPEN): 3,
    (CLAIM, PROGRESS, SUBMIT): 8,
    (CLAIM, SUBMIT, RETURN, SUBMIT): 3,
    (CLAIM, PROGRESS, SUBMIT, ACCEPT): 10,
    (CLAIM, SUBMIT, RETURN, SUBMIT, ACCEPT): 3,
    (CLAIM, SUBMIT, ACCEPT, CHECK): 1,
    (CLAIM, SUBMIT, ACCEPT, REOPEN, SUBMIT, ACCEPT): 1,
}
"""What was done, and how many of some sixty went that way."""

_OVERDUE_EVERY = 7
_STORY_EVERY = 6
_FEWEST_DAYS_LEFT = 5
_PERCENTS = (30, 70)
_CHECKED = "现场看过，整改属实"


@dataclass(slots=True)
class _Line:
    """One line as it is played. `problem` is there from when it is put on the ledger."""

    story: ProblemStory
    new: NewProblem
    doing: Official
    problem: Problem | None = None

    def listed(self) -> Problem:
        if self.problem is None:
            raise ValueError("nothing happens to a problem before it is listed")
        return self.problem


@dataclass
class Ledger(History):
    """`problems` are all lines as they stand when everything has been played."""

    _lines: list[_Line] = field(default_factory=list, init=False)

    @property
    def problems(self) -> list[Problem]:
        return [line.listed() for line in self._lines]

    def events(self, count: int) -> list[Event]:
        """About `count` problems, at least one of each fate."""
        rng = self.rng
        fates = shared_out(_FATES, count)
        rng.shuffle(fates)
        events: list[Event] = []
        for place, (fate, (story, region)) in enumerate(zip(fates, self._places(), strict=False)):
            days = sorted(rng.sample(workdays_before(self.today, _REACH_BACK), len(fate) + 1))
            line = self._line(story, region, self._deadline(fate, days, overdue=place % _OVERDUE_EVERY == 0))
            self._lines.append(line)
            events += self._played(line, fate, days)
        return events

    def _places(self) -> Iterator[tuple[ProblemStory, str]]:
        """Which story and where; no story twice in a place, and the story's village more often than others."""
        villages = [village.code for village in self.plan.villages]
        home = self.town.story.village
        anywhere = [(one, place) for one in PROBLEMS if not one.whole_town for place in villages if place != home]
        anywhere += [(one, self.plan.town.code) for one in PROBLEMS if one.whole_town]
        at_home = [(one, home) for one in PROBLEMS if not one.whole_town]
        for pairs in (anywhere, at_home):
            self.rng.shuffle(pairs)
        for place, pair in enumerate(anywhere):
            if at_home and place % _STORY_EVERY == 0:
                yield at_home.pop()
            yield pair

    def _line(self, story: ProblemStory, region: str, deadline: date) -> _Line:
        rng = self.rng
        units = [unit for unit in self.plan.item(story.item).units if not self.plan.unit(unit).members]
        doing = rng.choice(
            [one for unit in units for one in self.town.of(Role.UNIT, region, unit)]
            if story.whole_town
            else self.town.of(Role.VILLAGE, region)
        )
        new = NewProblem(
            source=rng.choice(self.plan.problem_sources).code,
            item=story.item,
            region=region,
            description=f"{MARK}：{story.wrong}",
            measures=story.measures,
            units=tuple(units),
            responsible=doing.person.name,
            deadline=deadline,
        )
        return _Line(story, new, doing)

    def _deadline(self, fate: Sequence[Action], days: Sequence[date], *, overdue: bool) -> date:
        """Within the phase of rectification; what is closed was due about then."""
        if fate[-1:] in ((ACCEPT,), (CHECK,)):
            return add_workdays(days[-1], self.rng.randint(0, 5))
        if overdue:
            return max(add_workdays(days[0], 1), add_workdays(self.today, -self.rng.randint(1, 5)))
        left = workdays_between(self.today, self.plan.phase("rectify").last)
        return add_workdays(self.today, self.rng.randint(0, max(left, _FEWEST_DAYS_LEFT)))

    def _played(self, line: _Line, fate: Sequence[Action], days: Sequence[date]) -> Iterator[Event]:
        yield Event(at_work(self.rng, days[0]), lambda: self._put(line))
        said = iter(zip(line.story.progress, _PERCENTS, strict=True))
        for action, day in zip(fate, days[1:], strict=True):
            at = at_work(self.rng, day)
            match action:
                case Action.PROGRESS:
                    text, percent = next(said)
                    yield self._act(at, line, PROGRESS, line.doing, text, percent)
                case Action.SUBMIT:  # the work is told before acceptance is asked for
                    yield self._act(at, line, PROGRESS, line.doing, line.story.done, MOST_PERCENT)
                    yield self._act(at + timedelta(minutes=1), line, SUBMIT, line.doing)
                case Action.CLAIM:
                    yield self._act(at, line, CLAIM, line.doing)
                case _:
                    said_of = {RETURN: line.story.returned, REOPEN: line.story.reopened, CHECK: _CHECKED}
                    text = said_of.get(action, "")
                    above = Role.COUNTY if action in (REOPEN, CHECK) else Role.TOWN
                    yield self._act(at, line, action, self.rng.choice(self.town.of(above, line.new.region)), text)

    def _act(
        self, at: datetime, line: _Line, action: Action, by: Official, text: str = "", percent: int | None = None
    ) -> Event:
        async def do() -> None:
            problem = line.listed()
            parts = parties_of(by.person, problem, plan=self.plan)
            state: ProblemState = next_state(problem.state, action, parts=parts, reason=text)
            line.problem = await self.store.problems.move(
                problem, action, state=state, by=by.person.id, text=text, percent=percent
            )

        return Event(at, do)

    async def _put(self, line: _Line) -> None:
        problems = self.store.problems
        key = f"{line.new.source}|{line.new.region}||{bare(line.new.description)}"
        line.problem = await problems.add(line.new, problems.fingerprint(key))
