"""Leave 请假： who is away on which days, and who stands in for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import AUDITED, Moment, Record, id_column, metadata, new_id
from storage.database.reading import Damage
from storage.database.session import Session

leaves = sa.Table(
    "leaves",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False, index=True),
    sa.Column("deputy_id", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("filed_at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)


class Leave(Record):
    """Somebody's absence from the first day to the last, both included. `deputy_id` None: nobody in particular."""

    id: int
    person_id: int
    first_day: date
    last_day: date
    deputy_id: int | None

    def covers(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    def meets(self, first: date, last: date) -> bool:
        """Whether the two have a day in common."""
        return self.first_day <= last and first <= self.last_day


class Leaves:
    """Taking leave and coming back early."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, person_id: int, first: date, *, last: date, deputy_id: int | None) -> None:
        self._session.add(
            leaves,
            {
                "id": new_id(),
                "person_id": person_id,
                "first_day": first,
                "last_day": last,
                "deputy_id": deputy_id,
                "filed_at": self._session.now,
                "version": 0,
            },
        )
        self._session.touch("leaves")

    async def of(self, person_id: int, today: date) -> list[Leave]:
        """The person's leaves that are not over, the earliest first."""
        query = sa.select(leaves).where(leaves.c.person_id == person_id, leaves.c.last_day >= today)
        return self._session.records(leaves, await self._session.read(query.order_by(leaves.c.first_day)), Leave.from_row)

    async def end(self, leave: Leave, today: date) -> None:
        """Back from `today` on; a leave that has not begun before is removed. Raises Conflict when it was changed meanwhile."""
        (row,) = await self._session.read(sa.select(leaves).where(leaves.c.id == leave.id))
        if leave.first_day < today:
            await self._session.amend(leaves, dict(row._mapping), last_day=today - timedelta(days=1))
        else:
            await self._session.remove(leaves, dict(row._mapping))
        self._session.touch("leaves")


async def load_leaves(conn: AsyncConnection, damage: Damage) -> Sequence[Leave]:
    """The leaves that were not over on the day the latest one was filed; the others are past, or can't be read."""
    moments = (await conn.execute(sa.select(leaves.c.filed_at).order_by(leaves.c.filed_at.desc()))).scalars()
    filed = next((moment for moment in moments if isinstance(moment, datetime)), None)
    if filed is None:
        return ()
    rows = await conn.execute(sa.select(leaves).where(leaves.c.last_day >= filed.date()))
    return tuple(damage.read(leaves, rows, Leave.from_row))
