"""Files that were ordered and take longer to make than a chat may wait: a table and a queue for each kind of file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

import sqlalchemy as sa

from storage.database.base import Moment, Record, id_column, new_id
from storage.database.session import Session


class Order(Record):
    """Who ordered a file, and where it goes. Subclasses say which file."""

    id: int
    person_id: int
    address: str


AnyOrder = TypeVar("AnyOrder", bound=Order)


def order_columns() -> list[sa.Column[Any]]:
    """The columns that every table of orders has."""
    return [
        id_column(),
        sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
    ]


class Orders(Generic[AnyOrder]):
    """The queue of one kind of order, the oldest first."""

    table: ClassVar[sa.Table]
    record: type[AnyOrder]
    sealed: ClassVar[Sequence[str]] = ()
    """Columns with text that is encrypted."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, person_id: int, address: str, **which: Any) -> None:
        row = {"id": new_id(), "person_id": person_id, "address": address, "asked_at": self._session.now, **which}
        self._session.add(self.table, row | {name: self._session.vault.seal_text(row[name]) for name in self.sealed})

    async def waiting(self) -> list[AnyOrder]:
        """Everything ordered that can be read."""
        rows = await self._session.read(sa.select(self.table).order_by(self.table.c.id))
        return self._session.records(self.table, rows, lambda row: self.record.from_row(row, **self._opened(row._mapping)))

    async def done(self, order: AnyOrder) -> None:
        """Raises Conflict when somebody else has done it."""
        await self._session.remove(self.table, order.model_dump())

    def _opened(self, row: Any) -> dict[str, str]:
        return {name: self._session.vault.open_text(self.table.c[name], row) or "" for name in self.sealed}
