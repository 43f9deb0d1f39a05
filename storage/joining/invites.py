"""Invitations: a link or QR that makes whoever opens it somebody. Only a keyed hash of its token is stored."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session
from storage.people.persons import Role

invites = sa.Table(
    "invites",
    metadata,
    id_column(),
    sa.Column("token_blind", sa.String(32), nullable=False, unique=True),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("unit", sa.String(40)),
    sa.Column("person_name", sa.String(60)),
    sa.Column("uses_left", sa.Integer),
    sa.Column("expires_at", Moment),
    sa.Column("waits", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revoked_at", Moment),
    sa.Column("revoked_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("created_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)


class Invite(Record):
    """What an invitation gives. `uses_left` None: any number, as for the QR on a village's notice board.

    `waits`: where it carries no name, whoever opens it waits until somebody in office has agreed.
    """

    id: int
    role: Role
    region: str
    unit: str | None
    person_name: str | None
    uses_left: int | None
    expires_at: datetime | None
    waits: bool
    revoked_at: datetime | None
    created_by: int | None

    def open_at(self, now: datetime) -> bool:
        """Whether it can still be used."""
        return self.uses_left != 0 and self.holds_at(now)

    def holds_at(self, now: datetime) -> bool:
        """Whether it is neither revoked nor past its time; it may be used up."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Invites:
    """Making invitations and using them up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        role: Role,
        region: str,
        *,
        unit: str | None = None,
        person_name: str | None = None,
        uses: int | None = 1,
        expires_at: datetime | None = None,
        waits: bool = True,
        created_by: int | None = None,
    ) -> str:
        """The token of a new invitation: 24 characters of A-Z a-z 0-9 _ -, which fits Telegram's start links.

        `region` is a code that the plan knows, for households a village's (12 digits; a town's notice board would let
        a guesser try every village); `unit` a unit code, for units alone. `uses` None means any number. Raises
        ValueError when role, region and unit don't go together.
        """
        if (role is Role.UNIT) != (unit is not None):
            raise ValueError("站所的邀请要写明是哪个站所，其他角色不写。")
        if role is Role.HOUSEHOLD and len(region) != 12:
            raise ValueError("农户的邀请要写明是哪个村。")
        token = secrets.token_urlsafe(18)
        self._session.add(
            invites,
            {
                "id": new_id(),
                "token_blind": self._session.vault.blind("invite", token),
                "role": role.value,
                "region": region,
                "unit": unit,
                "person_name": person_name,
                "uses_left": uses,
                "expires_at": expires_at,
                "waits": waits,
                "created_by": created_by,
                "created_at": self._session.now,
                "version": 0,
            },
        )
        return token

    async def find(self, token: str) -> Invite | None:
        """The invitation of a token, used up or not; None for a token that never was."""
        blind = self._session.vault.blind("invite", token)
        rows = await self._session.read(sa.select(invites).where(invites.c.token_blind == blind))
        return self._session.record(invites, rows, Invite.from_row)

    async def take(self, invite_id: int) -> bool:
        """Use it once; False when it was used up or ran out meanwhile. Raises Conflict when two take it together."""
        rows = await self._session.read(sa.select(invites).where(invites.c.id == invite_id))
        row = rows[0]._mapping
        if not Invite.model_validate(dict(row)).open_at(self._session.now):
            return False
        if row["uses_left"] is not None:
            await self._session.amend(invites, dict(row), uses_left=row["uses_left"] - 1)
        return True

    async def get(self, invite_id: int) -> Invite | None:
        rows = await self._session.read(sa.select(invites).where(invites.c.id == invite_id))
        return self._session.record(invites, rows, Invite.from_row)

    async def open_in(self, *regions: str) -> list[Invite]:
        """What can still be used to come in within the regions, the newest first."""
        rows = await self._session.read(self._open(inside(invites.c.region, *regions)))
        return self._session.records(invites, rows, Invite.from_row)

    async def revoke(self, invite_id: int, by: int | None) -> bool:
        """End an invitation; False when it was over already. Raises Conflict when two end it together."""
        rows = await self._session.read(self._open(invites.c.id == invite_id))
        for row in rows:
            await self._session.amend(invites, dict(row._mapping), revoked_at=self._session.now, revoked_by=by)
        return bool(rows)

    async def revoke_of(self, person_id: int, by: int) -> None:
        """End all that a person has made: whoever is suspended lets nobody in."""
        for row in await self._session.read(self._open(invites.c.created_by == person_id)):
            await self._session.amend(invites, dict(row._mapping), revoked_at=self._session.now, revoked_by=by)

    async def shorten(self, invite_id: int, until: datetime) -> None:
        """Let it end at `until`, unless it ends before."""
        earlier = invites.c.expires_at.is_(None) | (invites.c.expires_at > until)
        for row in await self._session.read(self._open((invites.c.id == invite_id) & earlier)):
            await self._session.amend(invites, dict(row._mapping), expires_at=until)

    def _open(self, which: sa.ColumnElement[bool]) -> sa.Select[tuple[object, ...]]:
        unused = invites.c.uses_left.is_(None) | (invites.c.uses_left > 0)
        unexpired = invites.c.expires_at.is_(None) | (invites.c.expires_at > self._session.now)
        return sa.select(invites).where(which, unused, unexpired, invites.c.revoked_at.is_(None)).order_by(invites.c.id.desc())
