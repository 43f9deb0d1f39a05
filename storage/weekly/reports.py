"""Weekly reports 驻村工作周报： one a person and week, written from what was done, changed and sent by the person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session


class ReportState(StrEnum):
    """`skipped`: the person said that there will be none this week."""

    DRAFT = "draft"
    SENT = "sent"
    SKIPPED = "skipped"


weekly_reports = sa.Table(
    "weekly_reports",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("week", sa.Date, nullable=False),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("text", Sealed),
    sa.Column("at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("person_id", "week"),
    sa.Index("ix_weekly_reports_week", "week", "village"),
    info=AUDITED,
)
"""`text` is sealed; null: nobody has changed the draft, so it is what the week's work says at any moment."""


class WeeklyReport(Record):
    """One person's report of the week that begins on the Monday `week`."""

    person_id: int
    week: date
    village: str
    state: ReportState
    lines: tuple[str, ...]
    at: datetime


class WeeklyReports:
    """Keeping and finding reports. Rights are checked by the callers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, person_id: int, week: date) -> WeeklyReport | None:
        rows = await self._session.read(_row_of(person_id, week))
        return self._session.record(weekly_reports, rows, self._report)

    async def keep(self, person_id: int, week: date, *, village: str, state: ReportState, lines: Sequence[str] | None) -> None:
        """Make it so; `lines` None: whatever the week's work says. Raises Conflict when it was changed meanwhile."""
        session = self._session
        changes: dict[str, Any] = {
            "state": state.value,
            "text": None if lines is None else session.vault.seal_text("\n".join(lines)),
            "at": session.now,
        }
        rows = await session.read(_row_of(person_id, week))
        if rows:
            await session.amend(weekly_reports, rows[0]._mapping, **changes)
        else:
            session.add(weekly_reports, {**_new(person_id, week, village), **changes})

    def begin(self, person_id: int, week: date, *, village: str) -> None:
        """There is a draft of somebody who has none."""
        draft = {"state": ReportState.DRAFT.value, "at": self._session.now}
        self._session.add(weekly_reports, {**_new(person_id, week, village), **draft})

    async def sent(self, week: date, region: str) -> list[WeeklyReport]:
        """Those sent of a region that can be read, by village and in the order in which they came."""
        query = (
            sa.select(weekly_reports)
            .where(
                weekly_reports.c.week == week,
                weekly_reports.c.state == ReportState.SENT.value,
                inside(weekly_reports.c.village, region),
            )
            .order_by(weekly_reports.c.village, weekly_reports.c.at)
        )
        return self._session.records(weekly_reports, await self._session.read(query), self._report)

    async def begun(self, week: date) -> set[int]:
        """Whose report of the week exists, in whatever state."""
        query = sa.select(weekly_reports.c.person_id).where(weekly_reports.c.week == week)
        return {row.person_id for row in await self._session.read(query)}

    async def unsent(self, week: date | None) -> dict[int, date]:
        """Whose report of the week was put before them and neither sent nor declined; None: no week to ask about."""
        if week is None:
            return {}
        draft = weekly_reports.c.state == ReportState.DRAFT.value
        query = sa.select(weekly_reports.c.person_id).where(weekly_reports.c.week == week, draft)
        return {row.person_id: week for row in await self._session.read(query)}

    def _report(self, row: sa.Row[Any]) -> WeeklyReport:
        text = self._session.vault.open_text(weekly_reports.c.text, row)
        return WeeklyReport.from_row(row, lines=tuple(text.split("\n")) if text else ())


def _new(person_id: int, week: date, village: str) -> dict[str, Any]:
    return {"id": new_id(), "person_id": person_id, "week": week, "village": village, "version": 0}


def _row_of(person_id: int, week: date) -> sa.Select[Any]:
    return sa.select(weekly_reports).where(weekly_reports.c.person_id == person_id, weekly_reports.c.week == week)
