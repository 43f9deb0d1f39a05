"""Risk clues 风险线索 and the course of each: the tables, and what is read from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.cases.steps import Step
from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata
from storage.database.labels import Labelled
from storage.mail.messages import Place


class ClueSource(Labelled):
    """How the clue came (plan 三-2: three ways of monitoring, and supervision)."""

    SELF_REPORT = "self_report", "农户自主申报"
    CADRE = "cadre", "干部排查"
    SCREENING = "screening", "部门筛查预警"
    SUPERVISION = "supervision", "督导抽查"


class SaidBy(Labelled):
    """Whose words a report is made of."""

    SELF = "self", "本人说的"
    FAMILY = "family", "家里人说的"
    SEEN = "seen", "干部看到的"


clues = sa.Table(
    "clues",
    metadata,
    id_column(),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), nullable=False),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("source", sa.String(12), nullable=False),
    sa.Column("kinds", sa.JSON, nullable=False),
    sa.Column("detail", Sealed, nullable=False),
    sa.Column("latitude", sa.Float),
    sa.Column("longitude", sa.Float),
    sa.Column("reporter_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("consent", sa.String(20)),
    sa.Column("said_by", sa.String(10)),
    sa.Column("speaker", sa.String(60)),
    sa.Column("step", sa.String(16), nullable=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("begun_on", sa.Date, nullable=False),
    sa.Column("clearing", sa.Boolean, nullable=False),
    sa.Column("posted", sa.Boolean, nullable=False),
    sa.Column("closed_as", sa.String(16)),
    sa.Column("reported_at", Moment, nullable=False),
    sa.Column("due_on", sa.Date),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)
sa.Index("ix_clues_household", clues.c.household_id, clues.c.step)
sa.Index("ix_clues_village", clues.c.village, clues.c.step)

joined_reports = sa.Table(
    "joined_reports",
    metadata,
    id_column(),
    sa.Column("clue_id", sa.BigInteger, sa.ForeignKey("clues.id"), nullable=False, index=True),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("detail", Sealed, nullable=False),
    sa.Column("at", Moment, nullable=False),
    info=AUDITED,
)

clue_events = sa.Table(
    "clue_events",
    metadata,
    id_column(),
    sa.Column("clue_id", sa.BigInteger, sa.ForeignKey("clues.id"), nullable=False, index=True),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("step", sa.String(16), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("note", Sealed, nullable=False),
    sa.Column("facts", sa.JSON),
    info=AUDITED,
)


class Standing(NamedTuple):
    """Where a case stands after a step.

    `clearing`: about clearing the risk, no longer about identifying it. `begun_on`: the day from which the time to a
    decision counts. `posted`: the publicity lasts. `closed_as`: the outcome it ended with.
    """

    step: Step
    clearing: bool
    begun_on: date
    posted: bool
    closed_as: str | None
    due_on: date | None


class Clue(Record):
    """One clue. `kinds` are risk-kind codes of the plan; `since` is the day of the last step, `due_on` the last day of
    the present step's clock; for the rest see Standing.

    `said_by` is whose words it is made of, `speaker` who of the family: "李明（外孙）". None where its source says enough.
    """

    id: int
    number: int
    household_id: int
    village: str
    source: ClueSource
    kinds: tuple[str, ...]
    detail: str
    place: Place | None
    reporter_id: int
    said_by: SaidBy | None = None
    speaker: str | None = None
    step: Step
    since: date
    begun_on: date
    clearing: bool
    posted: bool
    closed_as: str | None
    reported_at: datetime
    due_on: date | None
    version: int


class ClueEvent(Record):
    """One step taken: who, when, which, how it ended, and why. `facts` are its figures, such as the votes."""

    id: int
    at: datetime
    person_id: int
    step: Step
    outcome: str
    note: str
    facts: dict[str, Any]
