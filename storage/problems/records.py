"""Problems 问题 and what was done about each: the tables, and what is read from them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata
from storage.database.regions import inside
from storage.mail.messages import Place
from storage.people.reach import Reach
from storage.problems.states import Action, ProblemState

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
    sa.Column("description", Sealed, nullable=False),
    sa.Column("measures", Sealed, nullable=False),
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
    info=AUDITED,
)
"""An index of `problems.units`, so that a unit finds its own."""

problem_entries = sa.Table(
    "problem_entries",
    metadata,
    id_column(),
    sa.Column("problem_id", sa.BigInteger, sa.ForeignKey("problems.id"), nullable=False, index=True),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("action", sa.String(12), nullable=False),
    sa.Column("text", Sealed, nullable=False),
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


class ProblemEntry(Record):
    """Something done about a problem: by whom, when, and in what words (the reason, where it was sent back)."""

    id: int
    person_id: int
    person: str
    action: Action
    text: str
    percent: int
    place: Place | None
    at: datetime


def within_reach(reach: Iterable[Reach]) -> sa.ColumnElement[bool]:
    """The problems within any of `reach`."""
    return sa.or_(sa.false(), *(_within(one) for one in reach))


def _within(reach: Reach) -> sa.ColumnElement[bool]:
    here = inside(problems.c.region, reach.region)
    if reach.unit is None:
        return here
    named = sa.select(problem_units.c.problem_id).where(problem_units.c.unit == reach.unit)
    return sa.and_(here, problems.c.id.in_(named))
