"""Notices 通知 that an office sends to many: what is sent, to whom, and how far it has got."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, FILE, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session
from storage.files.attachments import Attachments
from storage.people.persons import Role, posts

KEPT = timedelta(days=180)
"""How long a notice and its receipts are kept: a campaign and its assessment."""

SUBJECT = "notice"
"""Of the attachment that keeps a notice's file."""

QUEUEING, SENDING_OUT, OUT = "queueing", "sending", "out"

notices = sa.Table(
    "notices",
    metadata,
    id_column(),
    sa.Column("sender_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("audience", sa.JSON, nullable=False),
    sa.Column("words", Sealed, nullable=False),
    sa.Column("file", sa.String(64), info=FILE),
    sa.Column("file_name", Sealed),
    sa.Column("expects", sa.Boolean, nullable=False),
    sa.Column("filed_at", Moment, nullable=False),
    sa.Column("repeated_at", Moment),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reached", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)
"""`role` and `region` are the sender's office. `reached` is the last person of this round for whom a letter was queued."""


class Audience(Record):
    """Who is meant: whoever holds a post as one of `roles` in one of `regions`, or exactly `people`."""

    roles: tuple[Role, ...] = ()
    regions: tuple[str, ...] = ()
    people: tuple[int, ...] = ()


class Notice(Record):
    """A notice. `repeated_at` is when its one repeat may go out; `file` a kept file."""

    id: int
    sender_id: int
    role: Role
    region: str
    audience: Audience
    words: str
    file: str | None
    file_name: str
    expects: bool
    filed_at: datetime
    repeated_at: datetime | None
    state: str
    reached: int
    version: int


class Notices:
    """Filing notices, and queueing them in portions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def file(
        self, sender_id: int, role: Role, *, region: str, audience: Audience, words: str,
        file: str | None, file_name: str, expects: bool,
    ) -> int:  # fmt: skip
        """Put a notice up to be sent; returns its id."""
        session = self._session
        row = session.add(
            notices,
            {
                "id": new_id(),
                "sender_id": sender_id,
                "role": role.value,
                "region": region,
                "audience": audience.model_dump(mode="json"),
                "words": session.vault.seal_text(words),
                "file": file,
                "file_name": session.vault.seal_text(file_name),
                "expects": expects,
                "filed_at": session.now,
                "state": QUEUEING,
                "reached": 0,
                "version": 0,
            },
        )
        Attachments(session).add(SUBJECT, row["id"], files=[file] if file else [])
        session.note("notice.send", f"notices:{row['id']}", text=f"{role.value} {region}")
        return int(row["id"])

    async def get(self, notice_id: int) -> Notice | None:
        rows = await self._session.read(sa.select(notices).where(notices.c.id == notice_id))
        return self._session.record(notices, rows, lambda row: self._one(row._mapping))

    async def latest(self, role: Role, region: str, *, most: int) -> list[Notice]:
        """What this office sent last, the newest first."""
        of_office = (notices.c.role == role.value) & (notices.c.region == region)
        return await self._some(
            sa.select(notices).where(of_office).order_by(notices.c.filed_at.desc(), notices.c.id.desc()).limit(most)
        )

    async def queueing(self) -> list[Notice]:
        """Those with letters to queue now that can be read, the oldest first."""
        due = sa.or_(notices.c.repeated_at.is_(None), notices.c.repeated_at <= self._session.now)
        query = sa.select(notices).where(notices.c.state == QUEUEING, due)
        return await self._some(query.order_by(notices.c.id))

    async def sending(self) -> list[Notice]:
        """Those with all letters queued, until it is noted that the last one is out."""
        return await self._some(sa.select(notices).where(notices.c.state == SENDING_OUT).order_by(notices.c.id))

    async def next_meant(self, notice: Notice, most: int) -> list[int]:
        """The next ones for whom no letter of the first round has been queued, in the order of their ids."""
        if notice.audience.people:
            return [one for one in sorted(notice.audience.people) if one > notice.reached][:most]
        query = (
            sa.select(posts.c.person_id)
            .where(holds(notice.audience), posts.c.person_id > notice.reached)
            .where(posts.c.person_id != notice.sender_id)
            .distinct()
        )
        return [row.person_id for row in await self._session.read(query.order_by(posts.c.person_id).limit(most))]

    async def advance(self, notice: Notice, reached: int | None) -> None:
        """Note the last person for whom a letter is queued; None: all are. Raises Conflict when another worker did."""
        if reached is not None:
            await self._amend(notice, reached=reached)
        else:
            await self._amend(notice, state=OUT if notice.repeated_at else SENDING_OUT)

    async def note_out(self, notice: Notice) -> None:
        """Note that everything has gone out. Raises Conflict when that was noted before."""
        await self._amend(notice, state=OUT)

    async def repeat(self, notice: Notice, at: datetime) -> None:
        """Have those who have not confirmed told once more, from `at` on. Raises Conflict when somebody was quicker."""
        await self._amend(notice, state=QUEUEING, reached=0, repeated_at=at)

    async def _amend(self, notice: Notice, **changes: Any) -> None:
        await self._session.amend(notices, await self._session.current(notices, notice), **changes)

    async def _some(self, query: sa.Select[Any]) -> list[Notice]:
        rows = await self._session.read(query)
        return self._session.records(notices, rows, lambda row: self._one(row._mapping))

    def _one(self, row: Mapping[Any, Any]) -> Notice:
        open_text = self._session.vault.open_text
        opened = {name: open_text(notices.c[name], row) or "" for name in ("words", "file_name")}
        return Notice.model_validate({**row, **opened})


def holds(audience: Audience) -> sa.ColumnElement[bool]:
    """Whether a post is one of those meant; the codes of regions nest."""
    roles = [role.value for role in audience.roles]
    return sa.and_(posts.c.until.is_(None), posts.c.role.in_(roles), inside(posts.c.region, *audience.regions))
