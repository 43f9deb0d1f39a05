"""Help for a monitored household 帮扶: who answers for it, and the measures with their unit, deadline, progress and proof."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Conflict, Session
from storage.files.attachments import Attachments
from storage.roster import households

supports = sa.Table(
    "supports",
    metadata,
    id_column(),
    sa.Column("clue_id", sa.BigInteger, sa.ForeignKey("clues.id"), nullable=False, unique=True),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), nullable=False, index=True),
    sa.Column("national_number", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("responsible_id", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("begun_at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)

measures = sa.Table(
    "measures",
    metadata,
    id_column(),
    sa.Column("support_id", sa.BigInteger, sa.ForeignKey("supports.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("text", Sealed, nullable=False),
    sa.Column("unit", sa.String(40), nullable=False),
    sa.Column("deadline", sa.Date, nullable=False),
    sa.Column("percent", sa.SmallInteger, nullable=False),
    sa.Column("done_at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_measures_unit", "unit", "deadline"),
    info=AUDITED,
)

measure_entries = sa.Table(
    "measure_entries",
    metadata,
    id_column(),
    sa.Column("measure_id", sa.BigInteger, sa.ForeignKey("measures.id"), nullable=False, index=True),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("text", Sealed, nullable=False),
    sa.Column("percent", sa.SmallInteger, nullable=False),
    sa.Column("at", Moment, nullable=False),
    info=AUDITED,
)
"""Their photos are attachments of the subject "measure_entry"."""

FINISHED = 100
"""Percent at which a measure is done."""


class Support(Record):
    """Help for one registered case. `kind` is the household type it was registered as."""

    id: int
    clue_id: int
    household_id: int
    national_number: str
    kind: str
    responsible_id: int | None
    version: int


class Measure(Record):
    """One measure. `kind` is the risk (a code of the plan) it answers, `unit` who carries it out, `percent` how far it is;
    `responsible_id` answers for the household."""

    id: int
    support_id: int
    clue_id: int
    household_id: int
    responsible_id: int | None
    kind: str
    text: str
    unit: str
    deadline: date
    percent: int
    done_at: datetime | None
    version: int

    @property
    def done(self) -> bool:
        return self.done_at is not None


class MeasureEntry(Record):
    """Progress reported on a measure."""

    id: int
    person_id: int
    text: str
    percent: int
    at: datetime


_OF_SUPPORT = ("clue_id", "household_id", "responsible_id")
_MEASURE = sa.select(measures, *(supports.c[name] for name in _OF_SUPPORT)).join(
    supports, supports.c.id == measures.c.support_id
)


class Measures:
    """Opening help, naming who answers for it, and recording its measures. Rights are checked by the callers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._attachments = Attachments(session)

    def open(self, *, clue_id: int, household_id: int, national_number: str, kind: str) -> Support:
        """Begin to help a household that was registered under `national_number` as `kind`; once for each case."""
        row = self._session.add(
            supports,
            {
                "id": new_id(),
                "clue_id": clue_id,
                "household_id": household_id,
                "national_number": national_number,
                "kind": kind,
                "begun_at": self._session.now,
                "version": 0,
            },
        )
        return Support.model_validate(row)

    async def support_of(self, clue_id: int) -> Support | None:
        rows = await self._session.read(sa.select(supports).where(supports.c.clue_id == clue_id))
        return self._session.record(supports, rows, Support.from_row)

    async def assign(self, support: Support, responsible_id: int) -> Support:
        """Name who answers for the household. Raises Conflict when somebody was named since `support` was read."""
        row = await self._session.amend(supports, await self._session.current(supports, support), responsible_id=responsible_id)
        return Support.model_validate(row)

    def add(self, support: Support, *, kind: str, text: str, unit: str, deadline: date) -> Measure:
        row = self._session.add(
            measures,
            {
                "id": new_id(),
                "support_id": support.id,
                "kind": kind,
                "text": self._session.vault.seal_text(text),
                "unit": unit,
                "deadline": deadline,
                "percent": 0,
                "version": 0,
            },
        )
        return self._measure({**row, **support.model_dump(include=set(_OF_SUPPORT))})

    async def of(self, clue_id: int) -> list[Measure]:
        """The measures of a case, by deadline."""
        return await self._some(_MEASURE.where(supports.c.clue_id == clue_id).order_by(measures.c.deadline, measures.c.id))

    async def of_households(self, household_ids: Sequence[int]) -> list[Measure]:
        """The measures of these households, in the order in which they were planned."""
        return await self._some(_MEASURE.where(supports.c.household_id.in_(household_ids)).order_by(measures.c.id))

    async def due(self, region: str, unit: str | None = None, *, most: int = 8) -> list[Measure]:
        """Measures not done in a region (code prefix), of one unit or of all, the most pressing first."""
        query = _MEASURE.join(households, households.c.id == supports.c.household_id).where(
            inside(households.c.village, region), measures.c.done_at.is_(None)
        )
        if unit is not None:
            query = query.where(measures.c.unit == unit)
        return await self._some(query.order_by(measures.c.deadline, measures.c.id).limit(most))

    async def several(self, ids: Sequence[int]) -> list[Measure]:
        return await self._some(_MEASURE.where(measures.c.id.in_(ids)))

    async def progress(self, measure: Measure, *, by: int, text: str, percent: int, photos: Sequence[str] = ()) -> Measure:
        """Record how far a measure is; at 100 it is done. Raises Conflict when somebody reported since it was read."""
        session = self._session
        row = await session.current(measures, measure)
        done_at = session.now if percent >= FINISHED else None
        changed = await session.amend(measures, row, percent=percent, done_at=done_at)
        entry = session.add(
            measure_entries,
            {
                "id": new_id(),
                "measure_id": measure.id,
                "person_id": by,
                "text": session.vault.seal_text(text),
                "percent": percent,
                "at": session.now,
            },
        )
        self._attachments.add("measure_entry", entry["id"], files=photos)
        return self._measure({**changed, **measure.model_dump(include=set(_OF_SUPPORT))})

    async def withdraw(self, measure: Measure) -> None:
        """Take back a measure of which nothing has been reported. Raises Conflict when something has since."""
        row = await self._session.current(measures, measure)
        if row["version"]:
            raise Conflict(f"measures:{measure.id}")
        await self._session.remove(measures, row)

    async def entries(self, measure_id: int) -> list[MeasureEntry]:
        """What was reported on a measure, in order."""
        query = sa.select(measure_entries).where(measure_entries.c.measure_id == measure_id)
        rows = await self._session.read(query.order_by(measure_entries.c.id))
        return self._session.records(
            measure_entries,
            rows,
            lambda row: MeasureEntry.from_row(row, text=self._session.vault.open_text(measure_entries.c.text, row) or ""),
        )

    async def _some(self, query: sa.Select[Any]) -> list[Measure]:
        rows = await self._session.read(query)
        return self._session.records(measures, rows, lambda row: self._measure(row._mapping))

    def _measure(self, row: Any) -> Measure:
        return Measure.model_validate({**row, "text": self._session.vault.open_text(measures.c.text, row) or ""})
