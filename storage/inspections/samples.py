"""The county's sample: what was drawn from which seed, and what the checks of its households found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from storage.cases.records import clues
from storage.cases.steps import Step
from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session
from storage.problems.ledger import Problems
from storage.problems.records import Problem, problems
from storage.problems.states import ProblemState
from storage.roster import Household

samples = sa.Table(
    "samples",
    metadata,
    id_column(),
    sa.Column("round", sa.String(60), nullable=False, unique=True),
    sa.Column("seed", sa.String(100), nullable=False),
    sa.Column("roster", sa.Integer, nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    info=AUDITED,
)

sample_checks = sa.Table(
    "sample_checks",
    metadata,
    id_column(),
    sa.Column("sample_id", sa.BigInteger, sa.ForeignKey("samples.id"), nullable=False),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), nullable=False),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(12), nullable=False),
    sa.Column("holds", sa.Boolean),
    sa.Column("note", Sealed),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("sample_id", "household_id"),
    sa.Index("ix_sample_checks_village", "sample_id", "village", "place"),
    info=AUDITED,
)


class Reason(StrEnum):
    """Why a household is checked: drawn, or because something about it was closed."""

    DRAWN = "drawn"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return {Reason.DRAWN: "抽中", Reason.CLOSED: "有已办结事项，加查"}[self]


class Sample(Record):
    """A draw. `roster` is how many households there were to draw from."""

    id: int
    seed: str
    roster: int
    at: datetime


class Check(Record):
    """A household to check; `holds` is None until somebody was there."""

    id: int
    household_id: int
    village: str
    reason: Reason
    holds: bool | None
    person_id: int | None
    at: datetime | None


class Progress(Record):
    """How far the checks of a village are."""

    households: int
    checked: int
    wrong: int


class Samples:
    """Keeping the one draw of a round, and its checks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, round: str) -> Sample | None:
        rows = await self._session.read(sa.select(samples).where(samples.c.round == round))
        return self._session.record(samples, rows, Sample.from_row)

    def add(
        self, round: str, seed: str, *, by: int, roster: int, drawn: Iterable[Household], closed: Iterable[Household]
    ) -> None:
        """Keep a draw: `drawn` in the order of the draw, and `closed` households that come in addition."""
        session = self._session
        row = {"id": new_id(), "round": round, "seed": seed, "roster": roster, "person_id": by, "at": session.now}
        session.add(samples, row)
        listed = [(one, Reason.DRAWN) for one in drawn] + [(one, Reason.CLOSED) for one in closed]
        for place, (household, reason) in enumerate(listed):
            check = {"household_id": household.id, "village": household.village, "place": place}
            more = {"id": new_id(), "sample_id": row["id"], "reason": reason.value, "version": 0}
            session.add(sample_checks, {**check, **more})

    async def progress(self, sample: Sample) -> dict[str, Progress]:
        """How far the checks are, by village; only villages with a household in the sample."""
        column = sample_checks.c
        query = (
            sa.select(
                column.village,
                sa.func.count().label("households"),
                sa.func.count(column.holds).label("checked"),
                sa.func.count().filter(column.holds.is_(False)).label("wrong"),
            )
            .where(column.sample_id == sample.id)
            .group_by(column.village)
        )
        return {
            row.village: Progress(households=row.households, checked=row.checked, wrong=row.wrong)
            for row in await self._session.read(query)
        }

    async def to_check(self, sample: Sample, village: str, *, most: int) -> list[Check]:
        """The next households of a village, in the order of the draw."""
        column = sample_checks.c
        query = sa.select(sample_checks).where(column.sample_id == sample.id, column.village == village, column.holds.is_(None))
        rows = await self._session.read(query.order_by(column.place).limit(most))
        return self._session.records(sample_checks, rows, Check.from_row)

    async def check_of(self, sample: Sample, household_id: int) -> Check | None:
        rows = await self._rows(sample_checks.c.sample_id == sample.id, sample_checks.c.household_id == household_id)
        return self._session.record(sample_checks, rows, Check.from_row)

    async def checked(self, check: Check, by: int, *, holds: bool, note: str = "") -> bool:
        """Record what was found; False when somebody did before. Raises Conflict when they do so meanwhile."""
        session = self._session
        (found,) = await self._rows(sample_checks.c.id == check.id)
        row = found._mapping
        if row["holds"] is not None:
            return False
        note_sealed = session.vault.seal_text(note)
        await session.amend(sample_checks, row, holds=holds, note=note_sealed, person_id=by, at=session.now)
        return True

    async def households_with_closed(self, region: str) -> set[int]:
        """The households of a region (a code prefix) about which a clue or a problem was closed."""
        of_clues = sa.select(clues.c.household_id).where(inside(clues.c.village, region), clues.c.step == Step.CLOSED.value)
        of_problems = sa.select(problems.c.household_id).where(
            inside(problems.c.region, region),
            problems.c.state == ProblemState.CLOSED.value,
            problems.c.household_id.is_not(None),
        )
        return {row.household_id for row in await self._session.read(of_clues.union(of_problems))}

    async def closed_problems(self, household_id: int) -> Sequence[Problem]:
        """The closed problems of a household."""
        query = sa.select(problems.c.id).where(
            problems.c.household_id == household_id, problems.c.state == ProblemState.CLOSED.value
        )
        ids = [row.id for row in await self._session.read(query)]
        return await Problems(self._session).several(ids) if ids else []

    async def _rows(self, *wanted: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
        return await self._session.read(sa.select(sample_checks).where(*wanted))
