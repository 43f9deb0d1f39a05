"""Supervision visits of the town to its villages 督导."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Sealed, id_column, metadata, new_id
from storage.database.session import Session

supervisions = sa.Table(
    "supervisions",
    metadata,
    id_column(),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("looked_at", Sealed, nullable=False),
    sa.Column("findings", sa.SmallInteger, nullable=False),
    sa.Index("ix_supervisions_at", "at", "village"),
    info=AUDITED,
)


class Supervisions:
    """Recording them, and which villages have had one."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, village: str, by: int, *, looked_at: str, findings: int) -> int:
        """`looked_at` is what was looked at, in words; `findings` how many things were found. Returns its id."""
        session = self._session
        key = new_id()
        row = {"id": key, "village": village, "person_id": by, "at": session.now, "findings": findings}
        session.add(supervisions, {**row, "looked_at": session.vault.seal_text(looked_at)})
        return key

    async def since(self, first: datetime) -> set[str]:
        """The villages supervised since then."""
        query = sa.select(supervisions.c.village).distinct().where(supervisions.c.at.between(first, self._session.now))
        return {row.village for row in await self._session.read(query)}
