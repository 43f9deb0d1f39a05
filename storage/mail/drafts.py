"""Talks put aside, for offering them again. The talks themselves are read and written by the worker."""

from __future__ import annotations

import sqlalchemy as sa

from storage.database.session import Session
from storage.mail.talks import DRAFT, talks


class Drafts:
    """What a chat has put aside."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count(self, address: str) -> int:
        query = sa.select(sa.func.count().label("n")).where(talks.c.address == address, talks.c.state == DRAFT)
        return int((await self._session.read(query))[0].n)
