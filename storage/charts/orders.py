"""Wall charts that were asked for, until they have been drawn and sent: drawing takes longer than a chat may wait."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from storage.database.base import Moment, Record, id_column, metadata, new_id
from storage.database.transaction import Session

chart_orders = sa.Table(
    "chart_orders",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), nullable=False),
    sa.Column("chart", sa.String(20), nullable=False),
    sa.Column("wall", sa.Boolean, nullable=False),
    sa.Column("problem_id", sa.BigInteger, sa.ForeignKey("problems.id")),
    sa.Column("asked_at", Moment, nullable=False),
)


class ChartOrder(Record):
    """Who asked for which chart, and where it goes; `wall` is the large sheet. `problem_id`: of which problem, if of one."""

    id: int
    person_id: int
    address: str
    chart: str
    wall: bool
    problem_id: int | None


class ChartOrders:
    """The queue, the oldest first."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, person_id: int, address: str, chart: str, wall: bool, problem_id: int | None = None) -> None:
        row = {"id": new_id(), "person_id": person_id, "address": address, "chart": chart, "wall": wall}
        self._session.add(chart_orders, {**row, "problem_id": problem_id, "asked_at": self._session.now})

    async def waiting(self) -> list[ChartOrder]:
        rows = await self._session.read(sa.select(chart_orders).order_by(chart_orders.c.id))
        return [ChartOrder(**row._mapping) for row in rows]

    async def done(self, order: ChartOrder) -> None:
        """Raises Conflict when somebody else has done it."""
        await self._session.remove(chart_orders, order.model_dump())


class Chart(StrEnum):
    """The charts by the word behind `/map`."""

    HEAT = "heat"
    BURNDOWN = "burndown"
    COVERAGE = "coverage"
    GANTT = "gantt"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Chart.HEAT: "问题分布",
    Chart.BURNDOWN: "销号进度",
    Chart.COVERAGE: "排查进度图",
    Chart.GANTT: "进度图",
}
