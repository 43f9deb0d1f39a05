"""What is counted for the overview of a region, and the figures themselves.

Each `..._keys` function says for what a row counts; the totals that are kept and a full recount both follow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from storage.counting.tallies import Counted, Tallies
from storage.database.base import SHANGHAI, Record
from storage.database.session import Session

_CLOSED = "closed"
_TO_RECTIFY = ("unclaimed", "working")
_CLUE, _SELF, _PROBLEM, _DUE, _VISITED = "clue:", "self:", "problem:", "due:", "visited:"


def clue_keys(row: Mapping[Any, Any]) -> Iterator[Counted]:
    """A clue counts at its step; a household's own report also in the week it was made."""
    yield f"{_CLUE}{row['step']}", row["village"]
    if row["source"] == "self_report":
        yield f"{_SELF}{_monday(row['reported_at'].astimezone(SHANGHAI).date())}", row["village"]


def problem_keys(row: Mapping[Any, Any]) -> Iterator[Counted]:
    """A problem counts in its state, and while it is to be rectified on its deadline, from which follows what is overdue today.

    What was handed in waits for the office, and is not late for that.
    """
    yield f"{_PROBLEM}{row['state']}", row["region"]
    if row["state"] in _TO_RECTIFY:
        yield f"{_DUE}{row['deadline']}", row["region"]


def visit_keys(row: Mapping[Any, Any]) -> Iterator[Counted]:
    """A household counts as visited in a round once somebody was met."""
    if row["met"]:
        yield f"{_VISITED}{row['round']}", row["village"]


class OverviewFigures(Record):
    """How a region stands. `clues` by step and `problems` by state are codes; what is closed is left out."""

    clues: dict[str, int]
    problems: dict[str, int]
    overdue: int
    visited: int
    self_reports: int


class Overview:
    """The figures, from totals alone."""

    def __init__(self, session: Session) -> None:
        self._tallies = Tallies(session)

    async def of(self, region: str, round: str, *, today: date) -> OverviewFigures:
        """`round` names the sweep whose visits count; self-reports are those of the week of `today`."""
        totals = await self._tallies.within(region)
        late = (total for key, total in totals.items() if key.startswith(_DUE) and key < f"{_DUE}{today}")
        return OverviewFigures(
            clues=_open(totals, _CLUE),
            problems=_open(totals, _PROBLEM),
            overdue=sum(late),
            visited=totals.get(f"{_VISITED}{round}", 0),
            self_reports=totals.get(f"{_SELF}{_monday(today)}", 0),
        )

    async def visited(self, round: str) -> dict[str, int]:
        """Households visited in the round, by village."""
        return await self._tallies.by_region(f"{_VISITED}{round}")


def _open(totals: Mapping[str, int], kind: str) -> dict[str, int]:
    found = {key.removeprefix(kind): total for key, total in totals.items() if key.startswith(kind)}
    return {code: total for code, total in found.items() if code != _CLOSED}


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
