"""Joining without full proof: failed tries at naming oneself from the roster, and requests that an office decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session
from storage.joining.invites import invites
from storage.people.persons import Role, persons

claim_attempts = sa.Table(
    "claim_attempts",
    metadata,
    id_column(),
    sa.Column("address", sa.String(80), nullable=False),
    sa.Column("name_blind", sa.String(32), nullable=False),
    sa.Column("village", sa.String(12)),
    sa.Column("invite_id", sa.BigInteger),
    sa.Column("matched", sa.Boolean),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_claim_attempts_address", "address", "at"),
    sa.Index("ix_claim_attempts_name", "name_blind", "at"),
    sa.Index("ix_claim_attempts_village", "village", "at"),
)
"""`matched`: whether the roster has it so. Rows of before these were kept have None in the three."""

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
    sa.Column("phone", Sealed),
    sa.Column("invite_id", sa.BigInteger, sa.ForeignKey("invites.id")),
    sa.Column("by_office", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("text_version", sa.String(20)),
    sa.Column("agreed_at", Moment),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("accepted", sa.Boolean),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)

_OPEN = admissions.c.decided_at.is_(None)
_OF_HOME = admissions.c.role == Role.HOUSEHOLD.value


class Admission(Record):
    """A chat that says it is `name` and asks to become `role` in `region`.

    `person_id` is set where it says it is somebody already known (a second phone), `phone` and `invite_id` where it came by
    an invitation to an office. `by_office`: that person's own word is not enough. `text_version` and `agreed_at` are the
    consent given on the way, for households.
    """

    id: int
    address: str
    name: str
    role: Role
    region: str
    unit: str | None = None
    person_id: int | None = None
    phone: str | None = None
    invite_id: int | None = None
    by_office: bool = False
    asked_at: datetime
    text_version: str | None = None
    agreed_at: datetime | None = None
    accepted: bool | None = None


class Tally(NamedTuple):
    """How many, and when the last was."""

    wrong: int = 0
    last: datetime | None = None


class WrongTries(NamedTuple):
    """Wrong tries of all chats at joining a household."""

    name: Tally = Tally()
    invitation: Tally = Tally()
    village: Tally = Tally()


class Admissions:
    """Counting tries, asking, and deciding."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def tries_of(self, address: str, since: datetime) -> int:
        """A chat's tries since `since`, right or wrong, for anybody."""
        recent = claim_attempts.c.at.between(since, self._session.now)
        query = sa.select(sa.func.count().label("n")).where(claim_attempts.c.address == address, recent)
        return int((await self._session.read(query))[0].n)

    async def wrong_tries(self, village: str, invite_id: int, *, name: str, since: datetime) -> WrongTries:
        """The wrong tries of all chats since `since`: for this name of the village, by this invitation, and in the village."""
        recent = claim_attempts.c.at.between(since, self._session.now)  # what a clock far ahead has noted locks nobody out
        wrong = claim_attempts.c.matched.is_not(sa.true()) & recent
        named = claim_attempts.c.name_blind == self._blind(village, name)
        here = claim_attempts.c.village == village
        tallies = []
        for which in (named, here & (claim_attempts.c.invite_id == invite_id), here):
            query = sa.select(sa.func.count().label("n"), sa.func.max(claim_attempts.c.at).label("last")).where(wrong, which)
            (row,) = await self._session.read(query)
            tallies.append(Tally(row.n, row.last))
        return WrongTries(*tallies)

    async def count_try(self, address: str, village: str, invite_id: int, *, name: str, matched: bool) -> None:
        """Count a try. It is written at once, not with the batch, so that guesses in one batch count one by one."""
        row = {
            "id": new_id(), "address": address, "name_blind": self._blind(village, name), "village": village,
            "invite_id": invite_id, "matched": matched, "at": self._session.now,
        }  # fmt: skip
        await self._session.change(claim_attempts.insert(), row)

    def ask(self, address: str, name: str, *, role: Role, region: str, **more: Any) -> Admission:
        """Put a request; `more` are further fields of Admission."""
        asked = Admission(id=new_id(), address=address, name=name, role=role, region=region, asked_at=self._session.now, **more)
        phone = self._session.vault.seal_text(asked.phone)
        row = {**asked.model_dump(), "role": role.value, "phone": phone, "version": 0}
        self._session.add(admissions, row)
        return asked

    async def get(self, admission_id: int) -> Admission | None:
        return await self._first(admissions.c.id == admission_id)

    async def open_of(self, address: str) -> Admission | None:
        """The chat's request to join a household that nobody has decided yet."""
        return await self._first((admissions.c.address == address) & _OPEN & _OF_HOME)

    async def open_to_office(self, *regions: str) -> list[Admission]:
        """The undecided requests for an office within the regions (codes, or their beginnings), the oldest first."""
        return await self._open(~_OF_HOME, regions)

    async def knocking(self, *regions: str) -> list[Admission]:
        """The undecided requests to join a household of the regions, the oldest first."""
        return await self._open(_OF_HOME, regions)

    async def asked_before(self, before: datetime) -> list[Admission]:
        """The undecided requests of any kind that are older."""
        return await self._open(admissions.c.asked_at < before, ("",))

    async def by_invites(self, *, invite_id: int | None = None, made_by: int | None = None) -> list[Admission]:
        """The undecided requests that came by an invitation, or by any that a person has made."""
        made = sa.select(invites.c.id).where(invites.c.created_by == made_by)
        by_them = admissions.c.invite_id.in_(made) if made_by is not None else admissions.c.invite_id == invite_id
        return await self._open(by_them, ("",))

    async def knocks_since(self, since: datetime | None) -> dict[str, int]:
        """How many such requests have come since then (None: ever) and are still open, by village."""
        fresh = sa.true() if since is None else admissions.c.asked_at > since
        query = sa.select(admissions.c.region, sa.func.count().label("n")).where(_OPEN, _OF_HOME, fresh)
        return {row.region: row.n for row in await self._session.read(query.group_by(admissions.c.region))}

    async def _first(self, which: sa.ColumnElement[bool]) -> Admission | None:
        rows = await self._session.read(sa.select(admissions).where(which).order_by(admissions.c.id.desc()).limit(1))
        return self._session.record(admissions, rows, self._opened)

    async def _open(self, which: sa.ColumnElement[bool], regions: Sequence[str]) -> list[Admission]:
        query = sa.select(admissions).where(_OPEN, which, inside(admissions.c.region, *regions))
        return self._session.records(admissions, await self._session.read(query.order_by(admissions.c.id)), self._opened)

    def _opened(self, row: sa.Row[Any]) -> Admission:
        return Admission.from_row(row, phone=self._session.vault.open_text(admissions.c.phone, row))

    async def withdraw(self, admission_id: int) -> None:
        """Close a request whose chat has joined in another way."""
        await self.decide(admission_id, accepted=True, person_id=None)

    async def decide(self, admission_id: int, *, accepted: bool, person_id: int | None) -> None:
        """Settle a request once; its phone number is kept no longer. Raises Conflict when two decide it together."""
        rows = await self._session.read(sa.select(admissions).where(admissions.c.id == admission_id))
        decided = {"accepted": accepted, "decided_at": self._session.now, "decided_by": person_id, "phone": None}
        await self._session.amend(admissions, dict(rows[0]._mapping), **decided)

    async def known_as(self, name: str, phone: str) -> int | None:
        """The person of this name and phone, if there is one already."""
        blind = self._session.vault.blind("phone", phone)
        query = sa.select(persons.c.id).where(persons.c.phone_blind == blind, persons.c.name == name)
        rows = await self._session.read(query.order_by(persons.c.id).limit(1))
        return int(rows[0].id) if rows else None

    def _blind(self, village: str, name: str) -> str:
        return self._session.vault.blind("claimed name", f"{village}|{name}")


async def purge(conn: AsyncConnection, before: datetime) -> int:
    """Erase tries that no longer count."""
    return (await conn.execute(claim_attempts.delete().where(claim_attempts.c.at < before))).rowcount
