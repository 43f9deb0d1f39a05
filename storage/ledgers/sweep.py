"""Every household of the roster with its visit in a round, or none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database.session import Session
from storage.ledgers.pages import covered, opened, pages
from storage.people.persons import persons
from storage.people.reach import Reach
from storage.roster import households
from storage.visits import VisitOutcome, visits


class SweepLine(NamedTuple):
    """`outcome` is None for a household that nobody has been to."""

    household_id: int
    number: int
    village: str
    group_name: str
    head: str
    kind: str
    outcome: VisitOutcome | None
    visited_on: date | None
    visitor: str
    note: str


async def sweep_lines(session: Session, reach: Sequence[Reach], *, round: str) -> AsyncIterator[SweepLine]:
    """The households of these regions, by number, without what can't be read."""
    visit = sa.and_(visits.c.household_id == households.c.id, visits.c.round == round)
    query = (
        sa.select(households, visits.c.id, visits.c.outcome, visits.c.at, visits.c.note, persons.c.name.label("visitor"))
        .outerjoin(visits, visit)
        .outerjoin(persons, persons.c.id == visits.c.person_id)
        .where(covered(households.c.village, reach))
    )
    async for page in pages(session, query, households.c.number):
        for line in session.records(households, page, lambda row: _line(session, row)):
            yield line


def _line(session: Session, row: sa.Row[Any]) -> SweepLine:
    return SweepLine(
        household_id=row.id,
        number=row.number,
        village=row.village,
        group_name=row.group_name,
        head=row.head,
        kind=row.kind,
        outcome=VisitOutcome(row.outcome) if row.outcome else None,
        visited_on=row.at.date() if row.at else None,
        visitor=row.visitor or "",
        note=next(iter(session.records(visits, [row], lambda row: opened(session, visits.c.note, row))), ""),
    )
