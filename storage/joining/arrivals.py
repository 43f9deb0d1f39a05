"""Arrivals: who came into an office by which phone, who was told, and whether anybody has said that it is not them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, id_column, metadata, new_id
from storage.database.session import Session
from storage.people.persons import Role

arrivals = sa.Table(
    "arrivals",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), nullable=False),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("unit", sa.String(40)),
    sa.Column("post_id", sa.BigInteger, sa.ForeignKey("posts.id")),
    sa.Column("newcomer", sa.Boolean, nullable=False),
    sa.Column("bound", sa.Boolean, nullable=False),
    sa.Column("told", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("stopped_at", Moment),
    sa.Column("stopped_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("settled_at", Moment),
    sa.Column("settled_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("restored", sa.Boolean),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)


class Arrival(Record):
    """One coming in. `post_id` is the post it gave, None where the person held it already.

    `newcomer`: nobody knew the person before; `bound`: the phone was nobody's before. `told` are the persons who heard of it.
    """

    id: int
    person_id: int
    address: str
    role: Role
    region: str
    unit: str | None
    post_id: int | None
    newcomer: bool
    bound: bool
    told: tuple[int, ...]
    at: datetime
    stopped_at: datetime | None
    stopped_by: int | None
    settled_by: int | None
    restored: bool | None
    version: int

    def brought_phone(self, address: str) -> bool:
        """Whether the phone came by this arrival; with a newcomer came all that they are."""
        return self.newcomer or (self.bound and self.address == address)

    def brought_post(self, post_id: int) -> bool:
        """As `brought_phone`, of a post."""
        return self.newcomer or self.post_id == post_id


class Arrivals:
    """Noting arrivals, and what became of those that somebody denied."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, person_id: int, address: str, *, role: Role, region: str, told: Sequence[int], **more: Any) -> int:
        """Note an arrival; `more` are further fields of Arrival. Returns its id."""
        row = {
            "id": new_id(), "person_id": person_id, "address": address, "role": role.value, "region": region,
            "told": list(told), "at": self._session.now, "version": 0, **more,
        }  # fmt: skip
        return int(self._session.add(arrivals, row)["id"])

    async def get(self, arrival_id: int) -> Arrival | None:
        rows = await self._session.read(sa.select(arrivals).where(arrivals.c.id == arrival_id))
        return self._session.record(arrivals, rows, Arrival.from_row)

    async def denied_of(self, person_id: int) -> list[Arrival]:
        """The person's arrivals that are stopped and wait for the office."""
        waits = (arrivals.c.stopped_at.is_not(None), arrivals.c.settled_at.is_(None))
        query = sa.select(arrivals).where(arrivals.c.person_id == person_id, *waits).order_by(arrivals.c.id)
        return self._session.records(arrivals, await self._session.read(query), Arrival.from_row)

    async def stop(self, arrival: Arrival, by: int) -> None:
        """Somebody says that it is not them. Raises Conflict when two say so together."""
        await self._change(arrival, stopped_at=self._session.now, stopped_by=by)

    async def settle(self, arrival: Arrival, by: int, *, restored: bool) -> None:
        """The office has looked. Raises Conflict when two decide together."""
        await self._change(arrival, settled_at=self._session.now, settled_by=by, restored=restored)

    async def _change(self, arrival: Arrival, **changes: Any) -> None:
        await self._session.amend(arrivals, await self._session.current(arrivals, arrival), **changes)
