"""Wall charts that were asked for, until they have been drawn and sent: drawing takes longer than a chat may wait."""

from __future__ import annotations

import sqlalchemy as sa

from storage.database.base import metadata
from storage.database.labels import Labelled
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


class Chart(Labelled):
    """The charts by the word behind `/map`."""

    HEAT = "heat", "问题分布"
    BURNDOWN = "burndown", "销号进度"
    COVERAGE = "coverage", "排查进度图"
    GANTT = "gantt", "进度图"
