"""Monitored households: the head's numbers, who answers for the help, and the measures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database.transaction import Session
from storage.ledgers.pages import covered, opened, pages
from storage.measures import measures, supports
from storage.people.reach import Reach
from storage.roster import MONITORED, households, members


class MeasureLine(NamedTuple):
    """`unit` is a code of the plan."""

    text: str
    unit: str
    deadline: date
    percent: int


class HouseholdLine(NamedTuple):
    """`responsible_id` is who answers for the newest help; `national_number` the one it was registered under."""

    number: int
    village: str
    group_name: str
    head: str
    kind: str
    able_to_work: bool
    helper_id: int | None
    people: int
    id_number: str
    phone: str
    national_number: str
    responsible_id: int | None
    measures: tuple[MeasureLine, ...]


async def household_lines(session: Session, reach: Sequence[Reach]) -> AsyncIterator[HouseholdLine]:
    """The monitored households of these regions, by number."""
    query = sa.select(households).where(covered(households.c.village, reach), households.c.kind.in_(MONITORED))
    async for page in pages(session, query, households.c.number):
        ids = [row.id for row in page]
        families, helps = await _families(session, ids), await _helps(session, ids)
        taken = await _measures(session, ids)
        for row in page:
            family, help = families.get(row.id, []), helps.get(row.id)
            head = next((one for one in family if one.name == row.head), None)
            yield HouseholdLine(
                number=row.number,
                village=row.village,
                group_name=row.group_name,
                head=row.head,
                kind=row.kind,
                able_to_work=row.able_to_work,
                helper_id=row.helper_id,
                people=len(family),
                id_number=opened(session, head.id_number) if head else "",
                phone=opened(session, head.phone) if head else "",
                national_number=help.national_number if help else "",
                responsible_id=help.responsible_id if help else None,
                measures=tuple(taken.get(row.id, ())),
            )


async def _families(session: Session, household_ids: Sequence[int]) -> Mapping[int, list[sa.Row[Any]]]:
    columns = (members.c.household_id, members.c.name, members.c.id_number, members.c.phone)
    families = defaultdict(list)
    for row in await session.read(sa.select(*columns).where(members.c.household_id.in_(household_ids))):
        families[row.household_id].append(row)
    return families


async def _helps(session: Session, household_ids: Sequence[int]) -> Mapping[int, sa.Row[Any]]:
    """The newest of each household."""
    columns = (supports.c.household_id, supports.c.national_number, supports.c.responsible_id)
    query = sa.select(*columns).where(supports.c.household_id.in_(household_ids)).order_by(supports.c.id)
    return {row.household_id: row for row in await session.read(query)}


async def _measures(session: Session, household_ids: Sequence[int]) -> Mapping[int, list[MeasureLine]]:
    """By deadline."""
    columns = (measures.c.text, measures.c.unit, measures.c.deadline, measures.c.percent, supports.c.household_id)
    query = sa.select(*columns).join(supports, supports.c.id == measures.c.support_id)
    query = query.where(supports.c.household_id.in_(household_ids)).order_by(measures.c.deadline, measures.c.id)
    taken = defaultdict(list)
    for row in await session.read(query):
        taken[row.household_id].append(MeasureLine(opened(session, row.text), row.unit, row.deadline, row.percent))
    return taken
