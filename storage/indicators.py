"""Figures that must not fall below last year's 只增不减: one a year, village and indicator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session

indicator_values = sa.Table(
    "indicator_values",
    metadata,
    id_column(),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("value", sa.BigInteger, nullable=False),
    sa.Column("reason", Sealed),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("year", "village", "code"),
    info=AUDITED,
)


class IndicatorValue(Record):
    """What was entered; `reason` says why it fell, where it did."""

    year: int
    village: str
    code: str
    value: int
    reason: str = ""
    person_id: int
    at: datetime


class Indicators:
    """Entering and reading figures."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def enter(self, year: int, village: str, *, code: str, value: int, by: int, reason: str = "") -> bool:
        """Set a figure; False where it was that already. Raises Conflict when somebody entered it meanwhile."""
        session = self._session
        table = indicator_values.c
        rows = await session.read(
            sa.select(indicator_values).where(table.year == year, table.village == village, table.code == code)
        )
        changes = {
            "value": value, "reason": session.vault.seal_text(reason or None), "person_id": by, "at": session.now,
        }  # fmt: skip
        if not rows:
            row = {"id": new_id(), "year": year, "village": village, "code": code, "version": 0, **changes}
            session.add(indicator_values, row)
        elif rows[0].value == value and (not reason or self._reasons(rows) == [reason]):
            return False
        else:
            await session.amend(indicator_values, rows[0]._mapping, **changes)
        return True

    async def of(self, years: Sequence[int], region: str) -> Mapping[tuple[int, str, str], IndicatorValue]:
        """All figures of these years in a region, by year, village and indicator; one that can't be read is not entered."""
        table = indicator_values.c
        query = sa.select(indicator_values).where(table.year.in_(years), inside(table.village, region))
        found = self._session.records(indicator_values, await self._session.read(query), self._figure)
        return {(one.year, one.village, one.code): one for one in found}

    def _reasons(self, rows: Sequence[sa.Row[Any]]) -> list[str]:
        """Without one that can't be read: what is entered now takes its place."""
        return [one.reason for one in self._session.records(indicator_values, rows, self._figure)]

    def _figure(self, row: sa.Row[Any]) -> IndicatorValue:
        return IndicatorValue.from_row(row, reason=self._session.vault.open_text(indicator_values.c.reason, row) or "")
