"""Wall charts that were asked for, until they have been drawn and sent: drawing takes longer than a chat may wait."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from storage.database.base import metadata
from storage.files.orders import Order, Orders, order_columns

chart_orders = sa.Table(
    "chart_orders",
    metadata,
    *order_columns(),
    sa.Column("chart", sa.String(20), nullable=False),
    sa.Column("wall", sa.Boolean, nullable=False),
    sa.Column("problem_id", sa.BigInteger, sa.ForeignKey("problems.id")),
)


class ChartOrder(Order):
    """`wall` is the large sheet. `problem_id`: of which problem, if of one."""

    chart: str
    wall: bool
    problem_id: int | None


class ChartOrders(Orders[ChartOrder]):
    table = chart_orders
    record = ChartOrder


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
