"""Monitored households: the head's numbers, who answers for the help, and the measures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database.session import Session
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

    household_id: int
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
    """The monitored households of these regions, by number, without what can't be read."""
    query = sa.select(households).where(covered(households.c.village, reach), households.c.kind.in_(MONITORED))
    async for page in pages(session, query, households.c.number):
        ids = [row.id for row in page]
        more = _More(await _families(session, ids), await _helps(session, ids), await _measures(session, ids))
        for line in session.records(households, page, partial(_line, session, more)):
            yield line


class _More(NamedTuple):
    """What other tables know of the households of a page."""

    families: Mapping[int, list[sa.Row[Any]]]
    helps: Mapping[int, sa.Row[Any]]
    taken: Mapping[int, list[MeasureLine]]


def _line(session: Session, more: _More, row: sa.Row[Any]) -> HouseholdLine:
    family, help = more.families.get(row.id, []), more.helps.get(row.id)
    head = next((one for one in family if one.name == row.head), None)
    id_number, phone = _numbers(session, head) if head else ("", "")
    return HouseholdLine(
        household_id=row.id,
        number=row.number,
        village=row.village,
        group_name=row.group_name,
        head=row.head,
        kind=row.kind,
        able_to_work=row.able_to_work,
        helper_id=row.helper_id,
        people=len(family),
        id_number=id_number,
        phone=phone,
        national_number=help.national_number if help else "",
        responsible_id=help.responsible_id if help else None,
        measures=tuple(more.taken.get(row.id, ())),
    )


async def _families(session: Session, household_ids: Sequence[int]) -> Mapping[int, list[sa.Row[Any]]]:
    columns = (members.c.id, members.c.household_id, members.c.name, members.c.id_number, members.c.phone)
    families = defaultdict(list)
    for row in await session.read(sa.select(*columns).where(members.c.household_id.in_(household_ids))):
        families[row.household_id].append(row)
    return families


def _numbers(session: Session, head: sa.Row[Any]) -> tuple[str, str]:
    """ID number and phone; empty where they can't be read, which the office is told."""
    read = session.records(
        members, [head], lambda row: (opened(session, members.c.id_number, row), opened(session, members.c.phone, row))
    )
    return read[0] if read else ("", "")


async def _helps(session: Session, household_ids: Sequence[int]) -> Mapping[int, sa.Row[Any]]:
    """The newest of each household."""
    columns = (supports.c.household_id, supports.c.national_number, supports.c.responsible_id)
    query = sa.select(*columns).where(supports.c.household_id.in_(household_ids)).order_by(supports.c.id)
    return {row.household_id: row for row in await session.read(query)}


async def _measures(session: Session, household_ids: Sequence[int]) -> Mapping[int, list[MeasureLine]]:
    """By deadline."""
    names = ("id", "text", "unit", "deadline", "percent")
    columns = (*(measures.c[name] for name in names), supports.c.household_id)
    query = sa.select(*columns).join(supports, supports.c.id == measures.c.support_id)
    query = query.where(supports.c.household_id.in_(household_ids)).order_by(measures.c.deadline, measures.c.id)
    taken = defaultdict(list)
    found = session.records(
        measures,
        await session.read(query),
        lambda row: (row.household_id, MeasureLine(opened(session, measures.c.text, row), row.unit, row.deadline, row.percent)),
    )
    for household_id, line in found:
        taken[household_id].append(line)
    return taken
