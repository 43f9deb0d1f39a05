"""Follow-ups 回访: asking a household once, some weeks after its case was closed, whether it is solved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from storage.cases.records import clues
from storage.cases.steps import Step
from storage.database.base import AUDITED, ONCE, Moment, Record, id_column, metadata, new_id
from storage.database.session import Session

follow_ups = sa.Table(
    "follow_ups",
    metadata,
    id_column(),
    sa.Column("clue_id", sa.BigInteger, sa.ForeignKey("clues.id"), nullable=False, unique=True),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("solved", sa.Boolean),
    sa.Column("answered_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("version", sa.Integer, nullable=False),
    info={**AUDITED, **ONCE},
)


class FollowUp(Record):
    """`solved` and `answered_by` are None until somebody has answered."""

    id: int
    clue_id: int
    solved: bool | None
    answered_by: int | None
    version: int


class FollowUps:
    """Keeping which cases were asked about, and the answers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def due(self, closed_as: Sequence[str], until: date, *, most: int) -> list[int]:
        """Ids of clues that ended on `until` or before with one of these outcomes and were not asked about."""
        asked = sa.select(follow_ups.c.id).where(follow_ups.c.clue_id == clues.c.id).exists()
        query = sa.select(clues.c.id).where(
            clues.c.step == Step.CLOSED.value, clues.c.closed_as.in_(closed_as), clues.c.since <= until, ~asked
        )
        return [row.id for row in await self._session.read(query.order_by(clues.c.since, clues.c.id).limit(most))]

    def ask(self, clue_id: int) -> None:
        """Remember that somebody has been asked about the case."""
        row = {"id": new_id(), "clue_id": clue_id, "asked_at": self._session.now, "version": 0}
        self._session.add(follow_ups, row)

    async def of_clue(self, clue_id: int) -> FollowUp | None:
        rows = await self._session.read(sa.select(follow_ups).where(follow_ups.c.clue_id == clue_id))
        return self._session.record(follow_ups, rows, FollowUp.from_row)

    async def answer(self, asked: FollowUp, *, solved: bool, by: int) -> None:
        """Record the answer. Raises Conflict when somebody answered since `asked` was read."""
        await self._session.amend(follow_ups, await self._session.current(follow_ups, asked), solved=solved, answered_by=by)
