"""Ledgers that are too long to be made while somebody waits: what was ordered, until it has been sent."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from storage.database.base import Moment, Record, id_column, metadata, new_id
from storage.database.transaction import Session

ledger_orders = sa.Table(
    "ledger_orders",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), nullable=False),
    sa.Column("ledger", sa.String(20), nullable=False),
    sa.Column("reason", sa.LargeBinary, nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
)


class LedgerOrder(Record):
    """Who ordered which ledger, and where it goes. A `reason` asks for whole numbers."""

    id: int
    person_id: int
    address: str
    ledger: str
    reason: str


class LedgerOrders:
    """The queue, the oldest first."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, person_id: int, address: str, ledger: str, reason: str) -> None:
        session = self._session
        row: dict[str, Any] = {"id": new_id(), "person_id": person_id, "address": address, "ledger": ledger}
        session.add(ledger_orders, {**row, "reason": session.vault.seal_text(reason), "asked_at": session.now})

    async def waiting(self) -> list[LedgerOrder]:
        open_text = self._session.vault.open_text
        rows = await self._session.read(sa.select(ledger_orders).order_by(ledger_orders.c.id))
        return [LedgerOrder(**{**row._mapping, "reason": open_text(row.reason) or ""}) for row in rows]

    async def done(self, order: LedgerOrder) -> None:
        """Raises Conflict when somebody else has done it."""
        await self._session.remove(ledger_orders, order.model_dump())
