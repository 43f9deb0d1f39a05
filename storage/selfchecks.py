"""The self-check 自查： what each village and unit found when it went through its own tasks, each task once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.labels import Labelled
from storage.database.session import Session
from storage.people.persons import persons


class SelfCheckFinding(Labelled):
    """What came of looking at one task. LATER is no finding yet: the task comes up again after the others."""

    FINE = "fine", "没有问题"
    PROBLEM = "problem", "有问题，已列入台账"
    CLUE = "clue", "有困难户，已上报线索"
    LATER = "later", "以后再看"


selfchecks = sa.Table(
    "selfchecks",
    metadata,
    id_column(),
    sa.Column("plan", sa.String(60), nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("unit", sa.String(40), nullable=False),
    sa.Column("item", sa.String(12), nullable=False),
    sa.Column("finding", sa.String(10), nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("note", Sealed, nullable=False),
    sa.Column("problem_id", sa.BigInteger, sa.ForeignKey("problems.id"), index=True),
    sa.Column("clue_id", sa.BigInteger, sa.ForeignKey("clues.id"), index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("plan", "region", "unit", "item"),
    info=AUDITED,
)


class Scope(NamedTuple):
    """Who checks itself: a village (as the unit of the plan that stands for villages), or a unit of the town."""

    region: str
    unit: str


class Looked(Record):
    """One task that was looked at: by whom, when, and what came of it."""

    item: str
    finding: SelfCheckFinding
    person_id: int
    person: str
    at: datetime
    note: str
    problem_id: int | None
    clue_id: int | None


class Tally(NamedTuple):
    """How many tasks have been looked at, and how many of them were not in order."""

    done: int
    problems: int
    clues: int


class SelfChecks:
    """Recording what was found, once for each scope and task, and counting it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, plan: str, scope: Scope) -> dict[str, Looked]:
        """What a village or unit has looked at, by task, in the order it did; `tallies` also counts what can't be read."""
        query = (
            sa.select(selfchecks, persons.c.name)
            .join(persons, persons.c.id == selfchecks.c.person_id)
            .where(selfchecks.c.plan == plan, selfchecks.c.region == scope.region, selfchecks.c.unit == scope.unit)
            .order_by(selfchecks.c.at, selfchecks.c.id)
        )
        found = self._session.records(selfchecks, await self._session.read(query), self._looked)
        return {one.item: one for one in found}

    async def record(
        self,
        plan: str,
        scope: Scope,
        *,
        item: str,
        finding: SelfCheckFinding,
        by: int,
        note: str = "",
        clue_id: int | None = None,
    ) -> bool:
        """Put down a finding. False when somebody has put one down already: theirs stands, unless it is LATER.

        Of two at the same moment the second fails on the unique key, and finds the first's when it is run again.
        """
        session = self._session
        found = {
            "finding": finding.value,
            "person_id": by,
            "at": session.now,
            "note": session.vault.seal_text(note),
            "clue_id": clue_id,
        }
        before = await session.read(sa.select(selfchecks).where(*_this(plan, scope, item)))
        if not before:
            key = {"plan": plan, "region": scope.region, "unit": scope.unit, "item": item}
            session.add(selfchecks, {"id": new_id(), **key, **found, "version": 0})
        elif before[0].finding == SelfCheckFinding.LATER.value:
            await session.amend(selfchecks, before[0]._mapping, **found)
        else:
            return False
        return True

    async def link_problem(self, plan: str, scope: Scope, *, item: str, problem_id: int) -> None:
        """Name the problem that a finding has become."""
        (row,) = await self._session.read(sa.select(selfchecks).where(*_this(plan, scope, item)))
        await self._session.amend(selfchecks, row._mapping, problem_id=problem_id)

    async def tallies(self, plan: str) -> dict[Scope, Tally]:
        """The figures of every village and unit that has begun."""
        counted = [sa.func.count().label("done")]
        counted += [
            sa.func.sum(sa.case((selfchecks.c.finding == finding.value, 1), else_=0)).label(name)
            for finding, name in ((SelfCheckFinding.PROBLEM, "problems"), (SelfCheckFinding.CLUE, "clues"))
        ]
        query = (
            sa.select(selfchecks.c.region, selfchecks.c.unit, *counted)
            .where(selfchecks.c.plan == plan, selfchecks.c.finding != SelfCheckFinding.LATER.value)
            .group_by(selfchecks.c.region, selfchecks.c.unit)
        )
        return {
            Scope(row.region, row.unit): Tally(int(row.done), int(row.problems), int(row.clues))
            for row in await self._session.read(query)
        }

    def _looked(self, row: Any) -> Looked:
        return Looked.from_row(row, person=row.name, note=self._session.vault.open_text(selfchecks.c.note, row) or "")


def _this(plan: str, scope: Scope, item: str) -> list[sa.ColumnElement[bool]]:
    return [
        selfchecks.c.plan == plan,
        selfchecks.c.region == scope.region,
        selfchecks.c.unit == scope.unit,
        selfchecks.c.item == item,
    ]
