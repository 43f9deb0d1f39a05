"""What is known of the time: the last moment that was believed, and the one that the computer suddenly claims."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import Moment, Record, metadata
from storage.database.bulk import insert_into
from storage.database.session import Session

log = logging.getLogger(__name__)

_BELIEVED, _CLAIMED = "believed", "claimed"

TROUBLE = "clock"
"""Key of the trouble that the office is asked about."""

clock_marks = sa.Table(
    "clock_marks",
    metadata,
    sa.Column("name", sa.String(12), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("word", sa.String(8)),
)
"""Two rows: `believed` is written every minute; `claimed` stands while a jump is doubted, and a day after."""


class Word(StrEnum):
    """What the office says of a claimed moment."""

    RIGHT = "right"
    WRONG = "wrong"


class Claimed(Record):
    """The moment to which the computer's clock jumped, and what the office said of it."""

    at: datetime
    word: Word | None

    def is_about(self, moment: datetime) -> bool:
        """Whether a clock that shows `moment` still claims the same."""
        return abs(moment - self.at) <= timedelta(days=1)


class ClockMarks:
    """The office's word."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def claimed(self) -> Claimed | None:
        rows = await self._session.read(_ROW_OF_CLAIM)
        return _claimed(rows[0]) if rows else None

    async def answer(self, claimed: Claimed, word: Word) -> bool:
        """Keep the office's word; False where the computer claims something else meanwhile."""
        same = clock_marks.update().where(clock_marks.c.name == _CLAIMED, clock_marks.c.at == claimed.at)
        return await self._session.change(same.values(word=word.value)) > 0


_ROW_OF_CLAIM = sa.select(clock_marks.c.at, clock_marks.c.word).where(clock_marks.c.name == _CLAIMED)


async def claimed(conn: AsyncConnection) -> Claimed | None:
    rows = (await conn.execute(_ROW_OF_CLAIM)).all()
    return _claimed(rows[0]) if rows else None


def _claimed(row: Any) -> Claimed | None:
    """None for a row that can't be read: the next claim replaces it."""
    try:
        return Claimed.from_row(row)
    except ValueError:
        log.error("what was claimed of the time can't be read and is passed over", exc_info=True)
        return None


async def claim(conn: AsyncConnection, at: datetime) -> None:
    """The computer claims that it is `at`; nobody has said anything of it yet."""
    await _set(conn, _CLAIMED, at)


async def drop_claim(conn: AsyncConnection) -> None:
    await conn.execute(clock_marks.delete().where(clock_marks.c.name == _CLAIMED))


async def believed(conn: AsyncConnection) -> datetime | None:
    """The last moment that was believed and stored; None where there is none that can be read."""
    found = (await conn.execute(sa.select(clock_marks.c.at).where(clock_marks.c.name == _BELIEVED))).scalar_one_or_none()
    return found if isinstance(found, datetime) else None


async def believe(conn: AsyncConnection, at: datetime) -> None:
    await _set(conn, _BELIEVED, at)


async def _set(conn: AsyncConnection, name: str, at: datetime) -> None:
    first = insert_into(conn, clock_marks).values(name=name, at=at, word=None)
    await conn.execute(first.on_conflict_do_update(index_elements=[clock_marks.c.name], set_={"at": at, "word": None}))
