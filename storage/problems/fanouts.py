"""举一反三: one problem asked of every village, and what each village answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session
from storage.people.persons import persons
from storage.problems.records import Problem, problems

OPEN, NONE, FOUND = "open", "none", "found"

fanouts = sa.Table(
    "fanouts",
    metadata,
    id_column(),
    sa.Column("problem_id", sa.BigInteger, sa.ForeignKey("problems.id"), nullable=False, unique=True),
    sa.Column("words", Sealed, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("rectify_by", sa.Date, nullable=False),
    sa.Column("started_by", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)

fanout_tasks = sa.Table(
    "fanout_tasks",
    metadata,
    id_column(),
    sa.Column("fanout_id", sa.BigInteger, sa.ForeignKey("fanouts.id"), nullable=False),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("found", sa.JSON, nullable=False),
    sa.Column("answered_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("answered_at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("fanout_id", "village"),
    sa.Index("ix_fanout_tasks_village", "village", "state"),
    info=AUDITED,
)


class Fanout(Record):
    """A question to all villages: its `words`, the last day to answer, and the last day to rectify what is found."""

    id: int
    problem_id: int
    words: str
    due_on: date
    rectify_by: date
    started_by: int
    person: str
    started_at: datetime


class FanoutTask(Record):
    """One village's share. `found` are ids of problems; `person` is who answered."""

    id: int
    fanout_id: int
    village: str
    state: str
    found: tuple[int, ...]
    due_on: date
    person: str | None
    answered_at: datetime | None
    version: int


class Fanouts:
    """Starting fan-outs and recording the answers. Rights are checked by the callers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(
        self, problem: Problem, words: str, *, due_on: date, rectify_by: date, villages: Sequence[str], by: int
    ) -> dict[str, int]:
        """Ask all these villages; returns the id of each one's task. There is one fan-out for a problem at most."""
        session = self._session
        fanout = {
            "id": new_id(),
            "problem_id": problem.id,
            "words": session.vault.seal_text(words),
            "due_on": due_on,
            "rectify_by": rectify_by,
            "started_by": by,
            "started_at": session.now,
            "version": 0,
        }
        session.add(fanouts, fanout)
        made = {}
        for village in villages:
            task = {"id": new_id(), "fanout_id": fanout["id"], "village": village}
            made[village] = session.add(fanout_tasks, task | {"state": OPEN, "found": [], "version": 0})["id"]
        return made

    async def get(self, fanout_id: int) -> Fanout | None:
        return self._one(await self._session.read(_FANOUTS.where(fanouts.c.id == fanout_id)))

    async def of(self, problem_id: int) -> Fanout | None:
        """The one that was started from a problem."""
        return self._one(await self._session.read(_FANOUTS.where(fanouts.c.problem_id == problem_id)))

    async def latest(self, regions: Iterable[str], most: int) -> list[Fanout]:
        """The newest of those started from problems in these regions."""
        query = _FANOUTS.join(problems, problems.c.id == fanouts.c.problem_id).where(inside(problems.c.region, *regions))
        rows = await self._session.read(query.order_by(fanouts.c.id.desc()).limit(most))
        return self._session.records(fanouts, rows, self._fanout)

    async def task(self, task_id: int) -> FanoutTask | None:
        rows = await self._session.read(_TASKS.where(fanout_tasks.c.id == task_id))
        return self._session.record(fanout_tasks, rows, FanoutTask.from_row)

    async def several(self, ids: Sequence[int]) -> list[FanoutTask]:
        rows = await self._session.read(_TASKS.where(fanout_tasks.c.id.in_(ids)))
        return self._session.records(fanout_tasks, rows, FanoutTask.from_row)

    async def tasks(self, fanout_id: int) -> list[FanoutTask]:
        """All of one fan-out, the unanswered first, in the order of the villages' codes."""
        rows = await self._session.read(_TASKS.where(fanout_tasks.c.fanout_id == fanout_id))
        tasks = self._session.records(fanout_tasks, rows, FanoutTask.from_row)
        return sorted(tasks, key=lambda task: (task.state != OPEN, task.village))

    async def open_in(self, village: str) -> list[FanoutTask]:
        """What a village has not answered yet, the most pressing first."""
        wanted = (fanout_tasks.c.village == village, fanout_tasks.c.state == OPEN)
        rows = await self._session.read(_TASKS.where(*wanted).order_by(fanouts.c.due_on))
        return self._session.records(fanout_tasks, rows, FanoutTask.from_row)

    async def answer(self, task: FanoutTask, by: int, *, found: Sequence[int]) -> None:
        """Record a village's answer. Raises Conflict when somebody answered since the task was read."""
        await self._session.amend(
            fanout_tasks,
            await self._session.current(fanout_tasks, task),
            state=FOUND if found else NONE,
            found=list(found),
            answered_by=by,
            answered_at=self._session.now,
        )

    def _one(self, rows: Sequence[Any]) -> Fanout | None:
        return self._session.record(fanouts, rows, self._fanout)

    def _fanout(self, row: Any) -> Fanout:
        words = self._session.vault.open_text(fanouts.c.words, row) or ""
        fields = {name: row._mapping[name] for name in Fanout.model_fields if name != "words"}
        return Fanout(**fields, words=words)


_FANOUTS = sa.select(fanouts, persons.c.name.label("person")).join(persons, persons.c.id == fanouts.c.started_by)
_TASKS = (
    sa.select(fanout_tasks, fanouts.c.due_on, persons.c.name.label("person"))
    .join(fanouts, fanouts.c.id == fanout_tasks.c.fanout_id)
    .outerjoin(persons, persons.c.id == fanout_tasks.c.answered_by)
)
