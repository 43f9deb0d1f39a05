"""Clues, and how the last visit to verify each ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.cases.records import clue_events, clues
from storage.cases.steps import Step
from storage.database.session import Session
from storage.ledgers.pages import codes, covered, opened, pages
from storage.people.reach import Reach


class ClueLine(NamedTuple):
    """`since` is the day of its last step; `verified` the outcome of the visit, None where there was none."""

    number: int
    household_id: int
    village: str
    kinds: tuple[str, ...]
    source: str
    step: Step
    reported_on: date
    since: date
    due_on: date | None
    verified: str | None
    verified_on: date | None
    note: str


async def clue_lines(session: Session, reach: Sequence[Reach]) -> AsyncIterator[ClueLine]:
    """Every clue of these regions that can be read, whatever its step and kind, by number."""
    query = sa.select(clues).where(covered(clues.c.village, reach))
    async for page in pages(session, query, clues.c.number):
        verifications = await _verifications(session, [row.id for row in page])
        for line in session.records(clues, page, partial(_line, verifications)):
            yield line


def _line(verifications: Mapping[int, _Verification], row: sa.Row[Any]) -> ClueLine:
    verification = verifications.get(row.id)
    return ClueLine(
        number=row.number,
        household_id=row.household_id,
        village=row.village,
        kinds=codes(row.kinds),
        source=row.source,
        step=Step(row.step),
        reported_on=row.reported_at.date(),
        since=row.since,
        due_on=row.due_on,
        verified=verification.outcome if verification else None,
        verified_on=verification.on if verification else None,
        note=verification.note if verification else "",
    )


class _Verification(NamedTuple):
    clue_id: int
    outcome: str
    on: date
    note: str


async def _verifications(session: Session, clue_ids: Sequence[int]) -> Mapping[int, _Verification]:
    """The last visit to each; of one that can't be read the line says nothing."""
    columns = (clue_events.c.id, clue_events.c.clue_id, clue_events.c.outcome, clue_events.c.at, clue_events.c.note)
    query = sa.select(*columns).where(clue_events.c.clue_id.in_(clue_ids), clue_events.c.step == Step.VERIFY.value)
    rows = await session.read(query.order_by(clue_events.c.id))
    found = session.records(
        clue_events,
        rows,
        lambda row: _Verification(row.clue_id, row.outcome, row.at.date(), opened(session, clue_events.c.note, row)),
    )
    return {one.clue_id: one for one in found}
