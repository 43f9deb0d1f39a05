"""Screening lists 筛查名单 that units hand in, and what became of each row."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from storage.database.base import FILE, ONCE, Moment, Record, Sealed, id_column, metadata
from storage.database.labels import Labelled


class ListState(StrEnum):
    """Where a list stands: being read, waiting for its sender's word, being imported, imported."""

    READING = "reading"
    READ = "read"
    IMPORTING = "importing"
    DONE = "done"


AT_WORK = (ListState.READING, ListState.IMPORTING)
"""States in which the list goes on by itself."""


class RowState(Labelled):
    """What became of a row. READY and ASK go on to one of the others."""

    READY = "ready", "待导入"
    ASK = "ask", "待认户"
    FILED = "filed", "已建线索"
    JOINED = "joined", "并入已有线索"
    KNOWN = "known", "已报过，跳过"
    REFUSED = "refused", "不是这一户"
    UNKNOWN = "unknown", "没找到"
    WRONG = "wrong", "有误"


screening_lists = sa.Table(
    "screening_lists",
    metadata,
    id_column(),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True, info=FILE),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("sender_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("unit", sa.String(40)),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("confirmed", sa.Boolean, nullable=False),
    sa.Column("kinds", sa.JSON, nullable=False),
    sa.Column("wanted_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("handed_in_at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_screening_lists_unit", "region", "unit"),
)

screening_rows = sa.Table(
    "screening_rows",
    metadata,
    id_column(),
    sa.Column("screening_id", sa.BigInteger, sa.ForeignKey("screening_lists.id"), nullable=False),
    sa.Column("row_no", sa.Integer, nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("id_blind", sa.String(32)),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("detail", Sealed, nullable=False),
    sa.Column("kinds", sa.String(200), nullable=False),
    sa.Column("unclear", sa.Boolean, nullable=False),
    sa.Column("candidates", sa.String(100), nullable=False),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id")),
    sa.Column("clue_id", sa.BigInteger, sa.ForeignKey("clues.id"), index=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("why", sa.String(300), nullable=False),
    sa.UniqueConstraint("screening_id", "row_no"),
    sa.Index("ix_screening_rows_state", "screening_id", "state", "row_no"),
    sa.Index("ix_screening_rows_ask", "state", "village"),
    info=ONCE,
)


class ScreeningList(Record):
    """A list as it was handed in. `kinds` are for rows that name no reason; `confirmed` lists need no further word.

    `region` and `unit` are of the post the sender acted in; who asked for the list of results is `wanted_by`.
    """

    id: int
    sha256: str
    name: str
    sender_id: int
    region: str
    unit: str | None
    state: ListState
    confirmed: bool
    kinds: tuple[str, ...]
    wanted_by: int | None
    handed_in_at: datetime
    version: int


class ScreenedRow(NamedTuple):
    """A person of a list. `detail` holds what is sealed: the reason, masked numbers. `candidates` are household ids."""

    id: int
    screening_id: int
    row_no: int
    name: str
    id_blind: str | None
    village: str
    detail: dict[str, str]
    kinds: tuple[str, ...]
    candidates: tuple[int, ...]
    household_id: int | None
    clue_id: int | None
    state: RowState
    why: str


class Namesake(NamedTuple):
    """A member of a household whom a row may mean."""

    household_id: int
    name: str
    id_blind: str | None


class Settled(NamedTuple):
    """What is to become of a row."""

    row: ScreenedRow
    state: RowState
    household_id: int | None = None
    clue_id: int | None = None
    why: str = ""
