"""Problems 问题 and their rectification: the ledger, and everything that was done about each line of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from storage.counting.overview import problem_keys
from storage.counting.tallies import count
from storage.database.base import AUDITED, Moment, Record, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.transaction import Conflict, Session
from storage.files.attachments import Attachments
from storage.mail.messages import Place
from storage.people.persons import persons
from storage.people.reach import Reach
from storage.problems.photo_hash import PhotoHashes, Print


class ProblemState(StrEnum):
    """Where a problem stands (domain: problems and rectification)."""

    UNCLAIMED = "unclaimed"
    WORKING = "working"
    REVIEW = "review"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return _STATE_LABELS[self]


_STATE_LABELS = {
    ProblemState.UNCLAIMED: "待认领",
    ProblemState.WORKING: "整改中",
    ProblemState.REVIEW: "待验收",
    ProblemState.CLOSED: "已销号",
}


class Action(StrEnum):
    """What people do about a problem."""

    CLAIM = "claim"
    PROGRESS = "progress"
    SUBMIT = "submit"
    ACCEPT = "accept"
    RETURN = "return"
    REOPEN = "reopen"
    CHECK = "check"
    REDATE = "redate"

    @property
    def label(self) -> str:
        return _ACTION_LABELS[self]


_ACTION_LABELS = {
    Action.CLAIM: "认领",
    Action.PROGRESS: "报进展",
    Action.SUBMIT: "提交验收",
    Action.ACCEPT: "验收通过",
    Action.RETURN: "退回",
    Action.REOPEN: "重开",
    Action.CHECK: "抽查",
    Action.REDATE: "改期限",
}

OPEN = (ProblemState.UNCLAIMED, ProblemState.WORKING, ProblemState.REVIEW)
TO_RECTIFY = (ProblemState.UNCLAIMED, ProblemState.WORKING)

problems = sa.Table(
    "problems",
    metadata,
    id_column(),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    sa.Column("fingerprint", sa.String(32), nullable=False, unique=True),
    sa.Column("source", sa.String(40), nullable=False),
    sa.Column("item", sa.String(12), nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), index=True),
    sa.Column("description", sa.LargeBinary, nullable=False),
    sa.Column("measures", sa.LargeBinary, nullable=False),
    sa.Column("units", sa.JSON, nullable=False),
    sa.Column("responsible", sa.String(60), nullable=False),
    sa.Column("deadline", sa.Date, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("percent", sa.SmallInteger, nullable=False),
    sa.Column("submitted_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("closed_at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_problems_region", "region", "state"),
    sa.Index("ix_problems_deadline", "state", "deadline"),
    info=AUDITED,
)

problem_units = sa.Table(
    "problem_units",
    metadata,
    sa.Column("unit", sa.String(40), primary_key=True),
    sa.Column("problem_id", sa.BigInteger, sa.ForeignKey("problems.id"), primary_key=True, index=True),
)
"""An index of `problems.units`, so that a unit finds its own."""

problem_entries = sa.Table(
    "problem_entries",
    metadata,
    id_column(),
    sa.Column("problem_id", sa.BigInteger, sa.ForeignKey("problems.id"), nullable=False, index=True),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("action", sa.String(12), nullable=False),
    sa.Column("text", sa.LargeBinary, nullable=False),
    sa.Column("percent", sa.SmallInteger, nullable=False),
    sa.Column("latitude", sa.Float),
    sa.Column("longitude", sa.Float),
    sa.Column("at", Moment, nullable=False, index=True),
    info=AUDITED,
)


class NewProblem(Record):
    """A line of the ledger before it has a number.

    `source` and `item` are codes of the plan (`item` may be ""), `region` is a village code or, for what concerns the
    whole town, the town's; `units` are unit codes, the lead first; `responsible` is a name as written in the ledger.
    """

    source: str
    item: str = ""
    region: str
    household_id: int | None = None
    description: str
    measures: str = ""
    units: tuple[str, ...] = ()
    responsible: str = ""
    deadline: date


class Problem(NewProblem):
    """One problem. `percent` is how far its people say they are (0 to 100); `submitted_by` who asked for acceptance last."""

    id: int
    number: int
    state: ProblemState
    percent: int
    submitted_by: int | None
    opened_at: datetime
    closed_at: datetime | None
    version: int


class Entry(Record):
    """Something done about a problem: by whom, when, and in what words (the reason, where it was sent back)."""

    id: int
    person_id: int
    person: str
    action: Action
    text: str
    percent: int
    place: Place | None
    at: datetime


class Problems:
    """The ledger: adding lines, finding them, and recording what is done. Who may do what is not decided here."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._attachments = Attachments(session)
        self._photos = PhotoHashes(session)

    def fingerprint(self, key: str) -> str:
        """What tells a line that is there already: a blind hash of `key`, which holds source, place and words."""
        return self._session.vault.blind("problem", key)

    async def known(self, fingerprints: Sequence[str]) -> dict[str, int]:
        """The numbers of the problems that have one of these fingerprints."""
        query = sa.select(problems.c.fingerprint, problems.c.number)
        rows = await self._session.read(query.where(problems.c.fingerprint.in_(fingerprints)))
        return {row.fingerprint: row.number for row in rows}

    async def add(self, new: NewProblem, fingerprint: str) -> Problem:
        """Put a line on the ledger, to be claimed."""
        session = self._session
        row = session.add(
            problems,
            {
                "id": new_id(),
                "number": await session.next_number("problem"),
                "fingerprint": fingerprint,
                "source": new.source,
                "item": new.item,
                "region": new.region,
                "household_id": new.household_id,
                "description": session.vault.seal_text(new.description),
                "measures": session.vault.seal_text(new.measures),
                "units": list(new.units),
                "responsible": new.responsible,
                "deadline": new.deadline,
                "state": ProblemState.UNCLAIMED.value,
                "percent": 0,
                "opened_at": session.now,
                "version": 0,
            },
        )
        count(session, problem_keys, None, row)
        for unit in dict.fromkeys(new.units):
            session.add(problem_units, {"unit": unit, "problem_id": row["id"]})
        return self._problem(row)

    async def get(self, problem_id: int) -> Problem | None:
        return self._one(await self._session.read(sa.select(problems).where(problems.c.id == problem_id)))

    async def numbered(self, number: int) -> Problem | None:
        return self._one(await self._session.read(sa.select(problems).where(problems.c.number == number)))

    async def several(self, ids: Sequence[int]) -> list[Problem]:
        rows = await self._session.read(sa.select(problems).where(problems.c.id.in_(ids)))
        return [self._problem(row._mapping) for row in rows]

    async def within(
        self,
        reach: Iterable[Reach],
        states: Sequence[ProblemState],
        most: int,
        before: date | None = None,
        skip: int = 0,
    ) -> tuple[list[Problem], int]:
        """`most` problems within any of `reach`, by deadline, after the first `skip`, and how many there are in all.

        With `before`, only those whose deadline is earlier.
        """
        wanted = sa.and_(within_reach(reach), problems.c.state.in_([state.value for state in states]))
        if before is not None:
            wanted = sa.and_(wanted, problems.c.deadline < before)
        count = sa.select(sa.func.count()).select_from(problems).where(wanted)
        query = (
            sa.select(problems).where(wanted).order_by(problems.c.deadline, problems.c.number).limit(most).offset(skip)
        )
        total = (await self._session.read(count))[0][0]
        return [self._problem(row._mapping) for row in await self._session.read(query)], int(total)

    async def move(
        self,
        problem: Problem,
        action: Action,
        state: ProblemState,
        by: int,
        text: str = "",
        percent: int | None = None,
        photos: Sequence[str] = (),
        place: Place | None = None,
        prints: Sequence[Print] = (),
    ) -> Problem:
        """Record an action and the state it leads to; `prints` are of those `photos` that can be recognised again.

        Raises Conflict when somebody acted since `problem` was read.
        """
        session = self._session
        row = await self._unchanged(problem)
        percent = problem.percent if percent is None else percent
        entry_id = self._enter(problem.id, action, by, text, percent, place)
        self._attachments.add("problem_entry", entry_id, photos)
        for shown in prints:
            self._photos.add(problem.id, by, shown)
        closed_at = problem.closed_at or session.now  # a spot check leaves the day of closing as it is
        # Last, because it writes at once all that was added: whoever finds the new state finds its entry too.
        after = await session.amend(
            problems,
            row,
            state=state.value,
            percent=percent,
            submitted_by=by if action is Action.SUBMIT else problem.submitted_by,
            closed_at=closed_at if state is ProblemState.CLOSED else None,
        )
        count(session, problem_keys, row, after)
        return self._problem(after)

    async def redate(self, problem: Problem, deadline: date, by: int, reason: str) -> Problem:
        """Move the deadline. Raises Conflict when somebody acted since `problem` was read."""
        row = await self._unchanged(problem)
        text = f"{problem.deadline:%m-%d} 改为 {deadline:%m-%d}：{reason}"
        self._enter(problem.id, Action.REDATE, by, text, problem.percent, None)
        after = await self._session.amend(problems, row, deadline=deadline)
        count(self._session, problem_keys, row, after)
        return self._problem(after)

    def show(self, problem: Problem, by: int, photos: Sequence[str], prints: Sequence[Print]) -> None:
        """Photos of what is wrong, as it was found."""
        self._attachments.add("problem", problem.id, photos)
        for shown in prints:
            self._photos.add(problem.id, by, shown)

    async def entries(self, problem_id: int, most: int) -> list[Entry]:
        """What was done last, the newest first."""
        query = (
            sa.select(problem_entries, persons.c.name)
            .join(persons, persons.c.id == problem_entries.c.person_id)
            .where(problem_entries.c.problem_id == problem_id)
            .order_by(problem_entries.c.id.desc())
            .limit(most)
        )
        return [self._entry(row) for row in await self._session.read(query)]

    async def rectified_by(self, problem_id: int) -> list[int]:
        """Who claimed it, reported on it or submitted it."""
        doing = (Action.CLAIM.value, Action.PROGRESS.value, Action.SUBMIT.value)
        query = sa.select(problem_entries.c.person_id).distinct()
        query = query.where(problem_entries.c.problem_id == problem_id, problem_entries.c.action.in_(doing))
        return sorted(row.person_id for row in await self._session.read(query))

    async def _unchanged(self, problem: Problem) -> dict[str, Any]:
        """Its row. Raises Conflict when somebody acted since `problem` was read."""
        rows = await self._session.read(sa.select(problems).where(problems.c.id == problem.id))
        if rows[0].version != problem.version:
            raise Conflict(f"problems:{problem.id}")
        return dict(rows[0]._mapping)

    def _enter(self, problem_id: int, action: Action, by: int, text: str, percent: int, place: Place | None) -> int:
        """Add to its history; returns the entry's id."""
        session = self._session
        entry = {
            "id": new_id(),
            "problem_id": problem_id,
            "person_id": by,
            "action": action.value,
            "text": session.vault.seal_text(text),
            "percent": percent,
            "latitude": place and place.latitude,
            "longitude": place and place.longitude,
            "at": session.now,
        }
        return int(session.add(problem_entries, entry)["id"])

    def _one(self, rows: Sequence[sa.Row[Any]]) -> Problem | None:
        return self._problem(rows[0]._mapping) if rows else None

    def _problem(self, row: Mapping[Any, Any]) -> Problem:
        vault = self._session.vault
        return Problem.model_construct(
            id=row["id"],
            number=row["number"],
            source=row["source"],
            item=row["item"],
            region=row["region"],
            household_id=row["household_id"],
            description=vault.open_text(row["description"]) or "",
            measures=vault.open_text(row["measures"]) or "",
            units=tuple(row["units"]),
            responsible=row["responsible"],
            deadline=row["deadline"],
            state=ProblemState(row["state"]),
            percent=row["percent"],
            submitted_by=row["submitted_by"],
            opened_at=row["opened_at"],
            closed_at=row["closed_at"],
            version=row["version"],
        )

    def _entry(self, row: Any) -> Entry:
        return Entry.model_construct(
            id=row.id,
            person_id=row.person_id,
            person=row.name,
            action=Action(row.action),
            text=self._session.vault.open_text(row.text) or "",
            percent=row.percent,
            place=None if row.latitude is None else Place(latitude=row.latitude, longitude=row.longitude),
            at=row.at,
        )


def within_reach(reach: Iterable[Reach]) -> sa.ColumnElement[bool]:
    """The problems within any of `reach`."""
    return sa.or_(sa.false(), *(_within(one) for one in reach))


def _within(reach: Reach) -> sa.ColumnElement[bool]:
    here = inside(problems.c.region, reach.region)
    if reach.unit is None:
        return here
    named = sa.select(problem_units.c.problem_id).where(problem_units.c.unit == reach.unit)
    return sa.and_(here, problems.c.id.in_(named))
