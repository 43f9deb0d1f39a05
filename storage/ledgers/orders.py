"""Ledgers that are too long to be made while somebody waits: what was ordered, until it has been sent."""

from __future__ import annotations

import sqlalchemy as sa

from storage.database.base import Sealed, metadata
from storage.files.orders import Order, Orders, order_columns

ledger_orders = sa.Table(
    "ledger_orders",
    metadata,
    *order_columns(),
    sa.Column("ledger", sa.String(20), nullable=False),
    sa.Column("reason", Sealed, nullable=False),
)


class LedgerOrder(Order):
    """A `reason` asks for whole numbers."""

    ledger: str
    reason: str


class LedgerOrders(Orders[LedgerOrder]):
    table = ledger_orders
    record = LedgerOrder
    sealed = ("reason",)
