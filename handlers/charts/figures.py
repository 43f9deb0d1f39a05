"""What each chart shows, gathered from the same records as the ledgers; drawing adds nothing to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.problems.states import Action, ProblemState


@dataclass(frozen=True, slots=True)
class ChartHead:
    """Of what and as of when: "瓦房镇", the plan's title, the moment of the figures."""

    place: str
    plan: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class OpenCount:
    """Problems not closed, and how many of them are past their deadline."""

    open: int = 0
    overdue: int = 0

    def plus(self, other: OpenCount) -> OpenCount:
        return OpenCount(self.open + other.open, self.overdue + other.overdue)


@dataclass(frozen=True, slots=True)
class AreaColumn:
    """An area of the plan: how the document numbers it, and its title."""

    numeral: str
    title: str


@dataclass(frozen=True, slots=True)
class Heat:
    """Open problems by place (rows) and area (columns); each row has a cell for each column."""

    head: ChartHead
    columns: Sequence[AreaColumn]
    rows: Sequence[tuple[str, Sequence[OpenCount]]]

    @property
    def total(self) -> OpenCount:
        return total_of(cell for _, cells in self.rows for cell in cells)


@dataclass(frozen=True, slots=True)
class Band:
    """A phase of the plan, first and last day included."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class BurnDown:
    """Open problems at the end of each day from `first` on, the last day as it is now; empty before the plan begins.

    `planned` is the line to zero, as points.
    """

    head: ChartHead
    first: date
    last: date
    bands: Sequence[Band]
    open: Sequence[int]
    planned: Sequence[tuple[date, float]]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time a problem stood in one state."""

    state: ProblemState
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class GanttDeed:
    """Something done about a problem."""

    action: Action
    at: datetime
    percent: int


@dataclass(frozen=True, slots=True)
class Gantt:
    """One problem: the steps counted back from its deadline, beside what was really done."""

    head: ChartHead
    title: str
    deadline: date
    planned: Sequence[Band]
    spans: Sequence[Span]
    deeds: Sequence[GanttDeed]

    @property
    def state(self) -> ProblemState:
        return self.spans[-1].state

    @property
    def late(self) -> bool:
        return self.deadline < self.head.as_of.date() and self.state is not ProblemState.CLOSED


@dataclass(frozen=True, slots=True)
class VisitedShare:
    """How far the sweep is in a village or 屯: households visited, and all of the roster."""

    name: str
    done: int
    households: int

    @property
    def left(self) -> int:
        return self.households - self.done


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the sweep is, the least covered first."""

    head: ChartHead
    rows: Sequence[VisitedShare]

    @property
    def total(self) -> VisitedShare:
        return VisitedShare("合计", sum(row.done for row in self.rows), sum(row.households for row in self.rows))


@dataclass(frozen=True, slots=True)
class Village:
    """One village on one sheet: its open problems by area, and its sweep by 屯."""

    head: ChartHead
    areas: Sequence[tuple[AreaColumn, OpenCount]]
    coverage: Coverage


Figures = Heat | BurnDown | Gantt | Coverage | Village


def total_of(counts: Iterable[OpenCount]) -> OpenCount:
    """The sum of counts."""
    total = OpenCount()
    for one in counts:
        total = total.plus(one)
    return total
