"""Signals 疑点 about rectified problems: questions put to the town, and how it answered them. Never a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session
from storage.people.persons import persons
from storage.problems.records import problems


class SignalKind(StrEnum):
    """Why a rectification is doubted."""

    PHOTO = "photo"
    BURST = "burst"
    FAR = "far"
    NO_VISIT = "novisit"


OPEN, ANSWERED = "open", "answered"

problem_signals = sa.Table(
    "problem_signals",
    metadata,
    id_column(),
    sa.Column("problem_id", sa.BigInteger, sa.ForeignKey("problems.id"), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("detail", Sealed, nullable=False),
    sa.Column("state", sa.String(10), nullable=False, index=True),
    sa.Column("raised_at", Moment, nullable=False),
    sa.Column("told_on", sa.Date),
    sa.Column("answer", Sealed),
    sa.Column("answered_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("answered_at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("problem_id", "kind"),
    info=AUDITED,
)


class Signal(Record):
    """One question about one problem. `told_on` is the day the town was told of it, `person` who answered."""

    id: int
    problem_id: int
    kind: SignalKind
    detail: str
    state: str
    told_on: date | None
    answer: str
    person: str | None
    answered_at: datetime | None
    version: int


class Signals:
    """Raising questions once for each problem and kind, and taking the answers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def raised(self) -> set[tuple[int, SignalKind]]:
        """The problem and kind of every question there ever was."""
        rows = await self._session.read(sa.select(problem_signals.c.id, problem_signals.c.problem_id, problem_signals.c.kind))
        return set(self._session.records(problem_signals, rows, lambda row: (int(row.problem_id), SignalKind(row.kind))))

    def add(self, problem_id: int, kind: SignalKind, *, detail: str) -> None:
        """Raise a question; the caller has checked in `raised` that it is new."""
        session = self._session
        row = {"id": new_id(), "problem_id": problem_id, "kind": kind.value, "detail": session.vault.seal_text(detail)}
        session.add(problem_signals, row | {"state": OPEN, "raised_at": session.now, "version": 0})

    async def get(self, signal_id: int) -> Signal | None:
        rows = await self._session.read(_SIGNALS.where(problem_signals.c.id == signal_id))
        return self._session.record(problem_signals, rows, self._signal)

    async def open_in(self, regions: Iterable[str], most: int) -> tuple[list[Signal], int]:
        """The oldest unanswered questions in these regions, and how many there are in all."""
        wanted = sa.and_(problem_signals.c.state == OPEN, inside(problems.c.region, *regions))
        counting = sa.select(sa.func.count()).select_from(problem_signals.join(problems)).where(wanted)
        ((total,),) = await self._session.read(counting)
        query = _SIGNALS.join(problems, problems.c.id == problem_signals.c.problem_id).where(wanted)
        rows = await self._session.read(query.order_by(problem_signals.c.id).limit(most))
        return self._session.records(problem_signals, rows, self._signal), int(total)

    async def untold(self) -> list[Signal]:
        """Unanswered questions that nobody has been told of, the oldest first."""
        wanted = (problem_signals.c.state == OPEN, problem_signals.c.told_on.is_(None))
        return self._session.records(problem_signals, await self._session.read(_SIGNALS.where(*wanted)), self._signal)

    async def told(self, signals: Sequence[Signal], day: date) -> None:
        for signal in signals:
            await self._change(signal, told_on=day)

    async def answer(self, signal: Signal, by: int, *, words: str) -> None:
        """Record the answer. Raises Conflict when somebody answered since the signal was read."""
        sealed = self._session.vault.seal_text(words)
        await self._change(signal, state=ANSWERED, answer=sealed, answered_by=by, answered_at=self._session.now)

    async def answer_all(self, problem_id: int, by: int, *, words: str) -> None:
        """Answer all open questions about a problem, as a spot check does."""
        wanted = (problem_signals.c.problem_id == problem_id, problem_signals.c.state == OPEN)
        rows = await self._session.read(_SIGNALS.where(*wanted))
        for signal in self._session.records(problem_signals, rows, self._signal):
            await self.answer(signal, by, words=words)

    async def _change(self, signal: Signal, **changes: Any) -> None:
        row = await self._session.current(problem_signals, signal)
        await self._session.amend(problem_signals, row, **changes)

    def _signal(self, row: Any) -> Signal:
        texts = {name: self._session.vault.open_text(problem_signals.c[name], row) or "" for name in ("detail", "answer")}
        return Signal.from_row(row, **texts)


_SIGNALS = (
    sa.select(problem_signals, persons.c.name.label("person"))
    .outerjoin(persons, persons.c.id == problem_signals.c.answered_by)
    .order_by(problem_signals.c.id)
)
