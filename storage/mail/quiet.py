"""When a chat wants to be left in peace: later in the morning, only the morning's message, or nothing more today.

Answers are never held back. What is held back is not lost: it goes out with the next morning's message.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from storage.database.base import ONCE, Moment, Record, metadata
from storage.database.session import Session

quiet_times = sa.Table(
    "quiet_times",
    metadata,
    sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), primary_key=True),
    sa.Column("opens", sa.Time),
    sa.Column("morning_only", sa.Boolean, nullable=False),
    sa.Column("off_on", sa.Date),
    sa.Column("holds_since", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    info=ONCE,
)
"""`holds_since`: news queued after this moment wait (storage/mail/outbox.py looks at it); null: nothing waits."""


class Quiet(Record):
    """What somebody chose for a chat. `opens`: not before this time of day, Shanghai; `off_on`: nothing more that day."""

    address: str
    opens: time | None = None
    morning_only: bool = False
    off_on: date | None = None

    @property
    def holds(self) -> bool:
        """Whether news wait for a morning."""
        return self.morning_only or self.off_on is not None


class QuietTimes:
    """Choosing and looking up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, address: str) -> Quiet:
        rows = await self._session.read(_row_of(address))
        return self._session.record(quiet_times, rows, Quiet.from_row) or Quiet(address=address)

    async def all(self) -> dict[str, Quiet]:
        """Everything chosen that can be read, by address; few choose anything."""
        rows = await self._session.read(sa.select(quiet_times))
        return {one.address: one for one in self._session.records(quiet_times, rows, Quiet.from_row)}

    async def choose(self, wanted: Quiet) -> None:
        """From now on it is so; what has been held back goes out where nothing is held back any more."""
        before = await self._session.read(_row_of(wanted.address))
        since = (before and before[0].holds_since) or self._session.now
        await self._keep(before, wanted, since if wanted.holds else None)

    async def release(self, had: Quiet, until: datetime) -> None:
        """A new morning: what was held back goes out, and with `morning_only` what comes after `until` waits again."""
        wanted = had.model_copy(update={"off_on": None})
        before = await self._session.read(_row_of(had.address))
        await self._keep(before, wanted, until if wanted.holds else None)

    async def _keep(self, before: Sequence[sa.Row[Any]], wanted: Quiet, holds_since: datetime | None) -> None:
        values = {**wanted.model_dump(exclude={"address"}), "holds_since": holds_since}
        if before:
            await self._session.amend(quiet_times, before[0]._mapping, **values)
        else:
            self._session.add(quiet_times, {"address": wanted.address, **values, "version": 0})


def _row_of(address: str) -> sa.Select[Any]:
    return sa.select(quiet_times).where(quiet_times.c.address == address)
