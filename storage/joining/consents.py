"""Consents: who agreed to which text, and when (PIPL art. 14: informed, express, and asked anew when the text changes)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, id_column, metadata, new_id
from storage.database.session import Session

consents = sa.Table(
    "consents",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("text_version", sa.String(20), nullable=False),
    sa.Column("agreed_at", Moment, nullable=False),
    sa.Column("withdrawn_at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)


class Consent(Record):
    """One text agreed to. `text_version` names the wording."""

    text_version: str
    agreed_at: datetime


class Consents:
    """Keeping consents, and taking them back (PIPL art. 15)."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, person_id: int, text_version: str, *, agreed_at: datetime) -> None:
        self._session.add(
            consents,
            {"id": new_id(), "person_id": person_id, "text_version": text_version, "agreed_at": agreed_at, "version": 0},
        )

    async def latest(self, person_id: int) -> Consent | None:
        """The newest consent that still holds."""
        rows = await self._session.read(_holding(person_id).order_by(consents.c.agreed_at.desc()).limit(1))
        return self._session.record(consents, rows, Consent.from_row)

    async def withdraw(self, person_id: int) -> None:
        """Withdraw the person's consents; what was done under them stays lawful."""
        for row in await self._session.read(_holding(person_id)):
            await self._session.amend(consents, dict(row._mapping), withdrawn_at=self._session.now)


def _holding(person_id: int) -> sa.Select[tuple[object, ...]]:
    return sa.select(consents).where(consents.c.person_id == person_id, consents.c.withdrawn_at.is_(None))


SPOKEN = "spoken-2022-11"
"""What somebody agrees to who asks a cadre to report for them: that the village comes and looks."""

CONSENT = "2022-11"
"""Version of the text in `handlers.joining.household` that a household agrees to when it joins, and that its own reports
are made under; a new wording gets a new version."""
