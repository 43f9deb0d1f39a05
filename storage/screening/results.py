"""What the screening lists have led to: counts, what is still to be decided or visited, and lists for their senders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.cases.records import clue_events, clues
from storage.cases.steps import Step
from storage.database.regions import inside
from storage.database.session import Session
from storage.screening.lists import ScreeningLists
from storage.screening.records import ListState, RowState, ScreenedRow, ScreeningList, screening_lists, screening_rows

_PAGE = 1000
_TRIED = 20
"""Rows read to find one that can be."""
FOUND = "found"
"""The outcome of a visit that found the difficulty real."""


class VerificationCounts(NamedTuple):
    """How many clues of a list were found real, found not real, and still wait for the visit."""

    found: int
    not_found: int
    waiting: int


class Waiting(NamedTuple):
    """A clue of a list that is to be visited."""

    id: int
    household_id: int
    kinds: tuple[str, ...]


class ListLine(NamedTuple):
    """A row with its clue's number, where the clue stands, and whether a visit has found it real."""

    row: ScreenedRow
    clue: int | None
    step: Step | None
    found: bool


class ScreeningResults:
    """Reads over lists, rows and clues."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def tally(self, screening_id: int) -> dict[RowState, int]:
        """How many rows are in each state."""
        query = sa.select(screening_rows.c.state, sa.func.count().label("n")).group_by(screening_rows.c.state)
        rows = await self._session.read(query.where(screening_rows.c.screening_id == screening_id))
        return {RowState(row.state): row.n for row in rows}

    async def unclear(self, screening_id: int) -> int:
        """How many rows that can be imported name no risk that the plan knows."""
        query = sa.select(sa.func.count().label("n")).where(
            screening_rows.c.screening_id == screening_id, screening_rows.c.unclear
        )
        return int((await self._session.read(query))[0].n)

    async def first(self, screening_id: int, states: Sequence[RowState], *, most: int) -> list[ScreenedRow]:
        """The first rows in one of these states."""
        query = sa.select(screening_rows).where(
            screening_rows.c.screening_id == screening_id, screening_rows.c.state.in_([state.value for state in states])
        )
        return self._rows(await self._session.read(query.order_by(screening_rows.c.row_no).limit(most)))

    async def by_village(self, screening_id: int, state: RowState) -> dict[str, int]:
        """How many rows of each village are in a state."""
        query = (
            sa.select(screening_rows.c.village, sa.func.count().label("n"))
            .where(screening_rows.c.screening_id == screening_id, screening_rows.c.state == state.value)
            .group_by(screening_rows.c.village)
        )
        return {row.village: row.n for row in await self._session.read(query)}

    async def handed_in(self, region: str, unit: str | None, *, most: int) -> list[ScreeningList]:
        """The newest lists of a unit in a region; without a unit, everybody's."""
        query = sa.select(screening_lists).where(inside(screening_lists.c.region, region))
        if unit is not None:
            query = query.where(screening_lists.c.unit == unit)
        rows = await self._session.read(query.order_by(screening_lists.c.id.desc()).limit(most))
        return self._session.records(screening_lists, rows, ScreeningList.from_row)

    async def verifications(self, screening_ids: Sequence[int]) -> dict[int, VerificationCounts]:
        """How the verifications of each list went; a clue that several rows led to counts once."""
        waits = clues.c.step == Step.VERIFY.value
        one = sa.distinct(clues.c.id)
        query = (
            sa.select(
                screening_rows.c.screening_id,
                sa.func.count(one).label("all"),
                sa.func.count(sa.distinct(sa.case((waits, clues.c.id)))).label("waiting"),
                sa.func.count(sa.distinct(sa.case((_FOUND & ~waits, clues.c.id)))).label("found"),
            )
            .join(clues, clues.c.id == screening_rows.c.clue_id)
            .where(screening_rows.c.screening_id.in_(screening_ids))
            .group_by(screening_rows.c.screening_id)
        )
        return {
            row.screening_id: VerificationCounts(row.found, row.all - row.waiting - row.found, row.waiting)
            for row in await self._session.read(query)
        }

    async def next_to_decide(
        self, regions: Sequence[str], unit: tuple[str, str] | None, *, passed: Sequence[int], screening_id: int | None
    ) -> tuple[ScreenedRow, int] | None:
        """A row of imported lists whose household somebody must name, and how many there are.

        It is in one of the `regions` (codes' beginnings), or in a list of the `unit` (region and code). `passed` were
        shown already.
        """
        mine = inside(screening_rows.c.village, *regions)
        if unit is not None:
            mine = sa.or_(mine, (screening_lists.c.region == unit[0]) & (screening_lists.c.unit == unit[1]))
        where = [
            screening_rows.c.state == RowState.ASK.value,
            screening_lists.c.state.in_((ListState.IMPORTING.value, ListState.DONE.value)),
            screening_rows.c.id.not_in(passed),
            mine,
        ]
        if screening_id is not None:
            where.append(screening_rows.c.screening_id == screening_id)
        source = screening_rows.join(screening_lists, screening_lists.c.id == screening_rows.c.screening_id)
        (count,) = await self._session.read(sa.select(sa.func.count().label("n")).select_from(source).where(*where))
        query = sa.select(screening_rows).select_from(source).where(*where)
        rows = await self._session.read(query.order_by(screening_rows.c.screening_id, screening_rows.c.row_no).limit(_TRIED))
        found = self._rows(rows)
        return (found[0], count.n) if found else None

    async def row(self, row_id: int) -> ScreenedRow | None:
        rows = await self._session.read(sa.select(screening_rows).where(screening_rows.c.id == row_id))
        return self._session.record(screening_rows, rows, self._row)

    async def open_clues(self, household_ids: Sequence[int]) -> list[int]:
        """Ids of the households' clues that are not closed."""
        query = sa.select(clues.c.id).where(clues.c.household_id.in_(household_ids), clues.c.step != Step.CLOSED.value)
        return [row.id for row in await self._session.read(query.order_by(clues.c.number))]

    async def persons_of(self, clue_ids: Sequence[int]) -> dict[int, set[str]]:
        """Whom earlier rows have named in each clue: blind ID numbers, and names."""
        columns = (screening_rows.c.clue_id, screening_rows.c.id_blind, screening_rows.c.name)
        found: dict[int, set[str]] = {}
        for row in await self._session.read(sa.select(*columns).where(screening_rows.c.clue_id.in_(clue_ids))):
            found.setdefault(row.clue_id, set()).add(row.id_blind or row.name)
        return found

    async def waiting(
        self, screening_id: int, regions: Sequence[str], *, most: int, skip: int = 0
    ) -> tuple[list[Waiting], int]:
        """`most` clues of a list to be visited in the regions, by number, after the first `skip`, and how many there are
        in all, with those that can't be read."""
        here = inside(clues.c.village, *regions)
        listed = sa.select(screening_rows.c.clue_id).where(screening_rows.c.screening_id == screening_id)
        where = (clues.c.id.in_(listed), clues.c.step == Step.VERIFY.value, here)
        query = sa.select(clues.c.id, clues.c.household_id, clues.c.kinds).where(*where).order_by(clues.c.number)
        (count,) = await self._session.read(sa.select(sa.func.count().label("n")).where(*where))
        rows = await self._session.read(query.limit(most).offset(skip))
        return self._session.records(clues, rows, lambda row: Waiting(row.id, row.household_id, tuple(row.kinds))), count.n

    async def lines(self, screening_id: int, after: int) -> list[ListLine]:
        """A page of a list from behind row `after`; empty at the end. A row that can't be read is left out."""
        query = (
            sa.select(screening_rows, clues.c.number.label("clue"), clues.c.step, _FOUND.label("found"))
            .outerjoin(clues, clues.c.id == screening_rows.c.clue_id)
            .where(screening_rows.c.screening_id == screening_id, screening_rows.c.row_no > after)
            .order_by(screening_rows.c.row_no)
            .limit(_PAGE)
        )
        rows = await self._session.read(query)
        lines = self._session.records(screening_rows, rows, self._line)
        return lines if lines or not rows else await self.lines(screening_id, rows[-1].row_no)

    def _line(self, row: sa.Row[Any]) -> ListLine:
        return ListLine(self._row(row), row.clue, row.step and Step(row.step), bool(row.found))

    def _rows(self, rows: Sequence[sa.Row[Any]]) -> list[ScreenedRow]:
        return self._session.records(screening_rows, rows, self._row)

    def _row(self, row: sa.Row[Any]) -> ScreenedRow:
        return ScreeningLists(self._session).row(row)


_FOUND = sa.exists().where(
    clue_events.c.clue_id == clues.c.id, clue_events.c.step == Step.VERIFY.value, clue_events.c.outcome == FOUND
)
