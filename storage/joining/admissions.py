"""Joining without full proof: failed tries at naming oneself from the roster, and requests that an office decides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, id_column, metadata, new_id
from storage.database.transaction import Session
from storage.people.persons import Role, persons

claim_attempts = sa.Table(
    "claim_attempts",
    metadata,
    id_column(),
    sa.Column("address", sa.String(80), nullable=False),
    sa.Column("name_blind", sa.String(32), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_claim_attempts_address", "address", "at"),
    sa.Index("ix_claim_attempts_name", "name_blind", "at"),
)

admissions = sa.Table(
    "admissions",
    metadata,
    id_column(),
    sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), nullable=False, index=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("unit", sa.String(40)),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("text_version", sa.String(20)),
    sa.Column("agreed_at", Moment),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("accepted", sa.Boolean),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)


class Admission(Record):
    """A chat that says it is `name` and asks to become `role` in `region`.

    `person_id` is set where it says it is somebody already known (a second phone). `text_version` and `agreed_at` are the
    consent given on the way, for households.
    """

    id: int
    address: str
    name: str
    role: Role
    region: str
    unit: str | None = None
    person_id: int | None = None
    text_version: str | None = None
    agreed_at: datetime | None = None
    accepted: bool | None = None


class Admissions:
    """Counting tries, asking, and deciding."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def tried(self, address: str, village: str, *, name: str, since: datetime) -> tuple[int, int]:
        """Tries since `since`: of this chat for anybody, and of all chats for this name in this village."""
        ours = claim_attempts.c.address == address
        theirs = claim_attempts.c.name_blind == self._blind(village, name)
        counts = sa.select(
            sa.func.count(sa.case((ours, 1))).label("ours"), sa.func.count(sa.case((theirs, 1))).label("theirs")
        ).where(claim_attempts.c.at >= since, sa.or_(ours, theirs))
        row = (await self._session.read(counts))[0]
        return int(row.ours), int(row.theirs)

    async def count_try(self, address: str, village: str, *, name: str) -> None:
        """Count a try. It is written at once, not with the batch, so that guesses in one batch count one by one."""
        row = {"id": new_id(), "address": address, "name_blind": self._blind(village, name), "at": self._session.now}
        await self._session.change(claim_attempts.insert(), row)

    def ask(self, address: str, name: str, *, role: Role, region: str, **more: Any) -> Admission:
        """Put a request; `more` are further fields of Admission."""
        asked = Admission(id=new_id(), address=address, name=name, role=role, region=region, **more)
        row = {**asked.model_dump(), "role": role.value, "asked_at": self._session.now, "version": 0}
        self._session.add(admissions, row)
        return asked

    async def get(self, admission_id: int) -> Admission | None:
        rows = await self._session.read(sa.select(admissions).where(admissions.c.id == admission_id))
        return self._session.record(admissions, rows, Admission.from_row)

    async def open_of(self, address: str) -> Admission | None:
        """The chat's request that nobody has decided yet."""
        query = sa.select(admissions).where(admissions.c.address == address, admissions.c.decided_at.is_(None))
        rows = await self._session.read(query.order_by(admissions.c.id.desc()).limit(1))
        return self._session.record(admissions, rows, Admission.from_row)

    async def withdraw(self, admission_id: int) -> None:
        """Close a request whose chat has joined in another way."""
        await self.decide(admission_id, accepted=True, person_id=None)

    async def decide(self, admission_id: int, *, accepted: bool, person_id: int | None) -> None:
        """Settle a request once. Raises Conflict when two decide it together."""
        rows = await self._session.read(sa.select(admissions).where(admissions.c.id == admission_id))
        await self._session.amend(
            admissions, dict(rows[0]._mapping), accepted=accepted, decided_at=self._session.now, decided_by=person_id
        )

    async def known_as(self, name: str, phone: str) -> int | None:
        """The person of this name and phone, if there is one already."""
        blind = self._session.vault.blind("phone", phone)
        query = sa.select(persons.c.id).where(persons.c.phone_blind == blind, persons.c.name == name)
        rows = await self._session.read(query.order_by(persons.c.id).limit(1))
        return int(rows[0].id) if rows else None

    def _blind(self, village: str, name: str) -> str:
        return self._session.vault.blind("claimed name", f"{village}|{name}")
