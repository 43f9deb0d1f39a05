"""Problems, what was done about each last, and how many photos show it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database.session import Session
from storage.files.attachments import attachments
from storage.ledgers.pages import codes, opened, pages
from storage.people.reach import Reach
from storage.problems.records import problem_entries, problems, within_reach
from storage.problems.states import Action, ProblemState


class ProblemLine(NamedTuple):
    """`did` is the action of the last entry and `said` its words; `photos` counts those of all entries."""

    number: int
    source: str
    item: str
    region: str
    household_id: int | None
    description: str
    measures: str
    units: tuple[str, ...]
    responsible: str
    deadline: date
    state: ProblemState
    percent: int
    opened_on: date
    closed_on: date | None
    did: Action | None
    did_on: date | None
    said: str
    photos: int


async def problem_lines(session: Session, reach: Sequence[Reach]) -> AsyncIterator[ProblemLine]:
    """Every problem within reach that can be read, closed ones too, by number."""
    query = sa.select(problems).where(within_reach(reach))
    async for page in pages(session, query, problems.c.number):
        ids = [row.id for row in page]
        entries, photos = await _last_entries(session, ids), await _photos(session, ids)
        for line in session.records(problems, page, partial(_line, session, entries, photos)):
            yield line


class _Entry(NamedTuple):
    problem_id: int
    did: Action
    on: date
    said: str


def _line(session: Session, entries: Mapping[int, _Entry], photos: Mapping[int, int], row: sa.Row[Any]) -> ProblemLine:
    entry = entries.get(row.id)
    return ProblemLine(
        number=row.number,
        source=row.source,
        item=row.item,
        region=row.region,
        household_id=row.household_id,
        description=opened(session, problems.c.description, row),
        measures=opened(session, problems.c.measures, row),
        units=codes(row.units),
        responsible=row.responsible,
        deadline=row.deadline,
        state=ProblemState(row.state),
        percent=row.percent,
        opened_on=row.opened_at.date(),
        closed_on=row.closed_at and row.closed_at.date(),
        did=entry.did if entry else None,
        did_on=entry.on if entry else None,
        said=entry.said if entry else "",
        photos=photos.get(row.id, 0),
    )


async def _last_entries(session: Session, problem_ids: Sequence[int]) -> Mapping[int, _Entry]:
    """Of one that can't be read the line says nothing."""
    last = sa.select(sa.func.max(problem_entries.c.id)).where(problem_entries.c.problem_id.in_(problem_ids))
    query = sa.select(problem_entries).where(problem_entries.c.id.in_(last.group_by(problem_entries.c.problem_id)))
    found = session.records(
        problem_entries,
        await session.read(query),
        lambda row: _Entry(row.problem_id, Action(row.action), row.at.date(), opened(session, problem_entries.c.text, row)),
    )
    return {one.problem_id: one for one in found}


async def _photos(session: Session, problem_ids: Sequence[int]) -> Mapping[int, int]:
    query = (
        sa.select(problem_entries.c.problem_id, sa.func.count().label("photos"))
        .join(attachments, attachments.c.subject_id == problem_entries.c.id)
        .where(attachments.c.subject == "problem_entry", problem_entries.c.problem_id.in_(problem_ids))
        .group_by(problem_entries.c.problem_id)
    )
    return {row.problem_id: row.photos for row in await session.read(query)}
