"""Door codes: what a cadre at the door shows, so that a phone joins the household without the roster's proof.

Only keyed hashes are stored, of the digits that are read aloud and of the token in the link.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, id_column, metadata, new_id
from storage.database.session import Session
from storage.people.persons import LONGEST_RELATION

DIGITS = 8
"""With a handful open at a time and a chat's few tries a day, nobody hits one."""

LASTS = timedelta(minutes=30)

door_codes = sa.Table(
    "door_codes",
    metadata,
    id_column(),
    sa.Column("code_blind", sa.String(32), nullable=False, index=True),
    sa.Column("token_blind", sa.String(32), nullable=False, unique=True),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), nullable=False),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("relation", sa.String(LONGEST_RELATION)),
    sa.Column("created_by", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)


class DoorCode(Record):
    """Who is to join which household, and who said so. `relation` as in `storage.people.persons.Post`."""

    id: int
    household_id: int
    village: str
    name: str
    relation: str | None
    created_by: int
    expires_at: datetime
    used_at: datetime | None

    def open_at(self, now: datetime) -> bool:
        """Whether it can be used; not one that a clock far ahead has made."""
        return self.used_at is None and now < self.expires_at <= now + LASTS


class Shown(NamedTuple):
    """A new code: the digits to say, and the token of the link."""

    code: str
    token: str


class DoorCodes:
    """Making door codes and using them up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, household_id: int, village: str, *, name: str, relation: str | None, by: int) -> Shown:
        """A code for one phone, good for `LASTS`."""
        vault, now = self._session.vault, self._session.now
        shown = Shown(f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", secrets.token_urlsafe(18))
        self._session.add(
            door_codes,
            {
                "id": new_id(),
                "code_blind": vault.blind("door code", shown.code),
                "token_blind": vault.blind("door token", shown.token),
                "household_id": household_id,
                "village": village,
                "name": name,
                "relation": relation,
                "created_by": by,
                "expires_at": now + LASTS,
                "version": 0,
            },
        )
        return shown

    async def said(self, code: str, village: str) -> DoorCode | None:
        """The code of these digits that can be used now in this village."""
        blind = self._session.vault.blind("door code", code)
        rows = await self._session.read(
            sa.select(door_codes).where(door_codes.c.code_blind == blind, door_codes.c.village == village)
        )
        found = self._session.records(door_codes, rows, DoorCode.from_row)
        return next((one for one in found if one.open_at(self._session.now)), None)

    async def of_token(self, token: str) -> DoorCode | None:
        """The code of a link, used up or not."""
        blind = self._session.vault.blind("door token", token)
        rows = await self._session.read(sa.select(door_codes).where(door_codes.c.token_blind == blind))
        return DoorCode.from_row(rows[0]) if rows else None

    async def take(self, code_id: int) -> bool:
        """Use it up; False when it was used or ran out meanwhile. Raises Conflict when two take it together."""
        rows = await self._session.read(sa.select(door_codes).where(door_codes.c.id == code_id))
        row = dict(rows[0]._mapping)
        if not DoorCode.model_validate(row).open_at(self._session.now):
            return False
        await self._session.amend(door_codes, row, used_at=self._session.now)
        return True
