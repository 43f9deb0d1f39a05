"""Who was meant by a notice 通知, whether it reached them, and who has confirmed that they have it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database.base import SUMMED, Moment, metadata
from storage.database.session import Session
from storage.files.attachments import attachments
from storage.mail.outbox import FAILED, PENDING, SENDING, outbox
from storage.notices.sent import SUBJECT, Notice, notices
from storage.people.persons import persons, posts

notice_receipts = sa.Table(
    "notice_receipts",
    metadata,
    sa.Column("notice_id", sa.BigInteger, sa.ForeignKey("notices.id"), primary_key=True, autoincrement=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), primary_key=True, autoincrement=False),
    sa.Column("receiver_id", sa.BigInteger),
    sa.Column("letter_id", sa.BigInteger),
    sa.Column("confirmed_at", Moment),
    sa.Index("ix_notice_receipts_receiver", "receiver_id", "notice_id"),
    info=SUMMED,
)
"""Who was meant. `receiver_id` is who got it, who may stand in for them; null: nobody could be written to. `letter_id` is
the row of the outbox, as long as there is one."""


class Receipt(NamedTuple):
    """One person of a notice who may still be told."""

    person_id: int
    receiver_id: int


class NoticeFigures(NamedTuple):
    """How many people were meant so far, could not be reached, are still to get it, and have confirmed."""

    meant: int = 0
    unreachable: int = 0
    waiting: int = 0
    confirmed: int = 0

    @property
    def delivered(self) -> int:
        return self.meant - self.unreachable - self.waiting

    @property
    def missing(self) -> int:
        """Reached, or soon to be, without having confirmed."""
        return self.meant - self.unreachable - self.confirmed


class Missing(NamedTuple):
    """Somebody on a list of those who have not confirmed. `region` is that of a post they hold, if any."""

    name: str
    region: str | None


class NoticeReceipts:
    """One row a person of a notice."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, notice_id: int, person_id: int, *, receiver_id: int | None, letter_id: int | None) -> None:
        row = {"notice_id": notice_id, "person_id": person_id}
        self._session.add(notice_receipts, {**row, "receiver_id": receiver_id, "letter_id": letter_id})

    async def letters_to(self, notice: Notice, receivers: Sequence[int]) -> dict[int, int]:
        """The letters that these receivers have got, or will get, of the first round already."""
        receipts = notice_receipts.c
        query = sa.select(receipts.receiver_id, receipts.letter_id).where(
            receipts.receiver_id.in_(receivers), receipts.notice_id == notice.id, receipts.letter_id.is_not(None)
        )
        return {row.receiver_id: row.letter_id for row in await self._session.read(query)}

    async def next_missing(self, notice: Notice, most: int) -> list[Receipt]:
        """The next ones of the repeat: those who were reached and have not confirmed."""
        query = (
            _listed(notice.id, reached=True)
            .where(notice_receipts.c.person_id > notice.reached)
            .with_only_columns(notice_receipts.c.person_id, notice_receipts.c.receiver_id)
            .order_by(notice_receipts.c.person_id)
            .limit(most)
        )
        return [Receipt(row.person_id, row.receiver_id) for row in await self._session.read(query)]

    async def under_way(self, notice: Notice) -> bool:
        """Whether a letter of it is still to be sent."""
        query = sa.select(notice_receipts.c.person_id).select_from(_WITH_LETTERS)
        of_it = notice_receipts.c.notice_id == notice.id
        return bool(await self._session.read(query.where(of_it, outbox.c.state.in_((PENDING, SENDING))).limit(1)))

    async def newest_for(self, person_id: int) -> int | None:
        """The newest notice that waits for this person's confirmation."""
        waits = (notice_receipts.c.receiver_id == person_id) & notice_receipts.c.confirmed_at.is_(None)
        query = sa.select(notices.c.id).join(notice_receipts).where(waits, notices.c.expects)
        rows = await self._session.read(query.order_by(notices.c.id.desc()).limit(1))
        return int(rows[0].id) if rows else None

    async def received_by(self, notice_id: int, person_id: int) -> bool | None:
        """Whether somebody who got this notice has confirmed it; None for whoever did not get it."""
        rows = await self._session.read(sa.select(notice_receipts.c.confirmed_at).where(_got(notice_id, person_id)))
        return all(row.confirmed_at for row in rows) if rows else None

    async def confirm(self, notice_id: int, person_id: int) -> None:
        """Note that they have it, also for those in whose place they got it."""
        mine = _got(notice_id, person_id) & notice_receipts.c.confirmed_at.is_(None)
        await self._session.change_all(notice_receipts, mine, confirmed_at=self._session.now)

    async def figures(self, notice_ids: Sequence[int]) -> dict[int, NoticeFigures]:
        """Counts by notice; those of which nothing has been queued are left out."""
        query = (
            sa.select(
                notice_receipts.c.notice_id,
                sa.func.count().label("meant"),
                sa.func.count(sa.case((_UNREACHED, 1))).label("unreachable"),
                sa.func.count(sa.case((outbox.c.state.in_((PENDING, SENDING)), 1))).label("waiting"),
                sa.func.count(notice_receipts.c.confirmed_at).label("confirmed"),
            )
            .select_from(_WITH_LETTERS)
            .where(notice_receipts.c.notice_id.in_(notice_ids))
            .group_by(notice_receipts.c.notice_id)
        )
        return {
            row.notice_id: NoticeFigures(row.meant, row.unreachable, row.waiting, row.confirmed)
            for row in await self._session.read(query)
        }

    async def missing(self, notice_id: int, *, reached: bool, skip: int, most: int) -> list[Missing]:
        """Who has not confirmed, by region and name: of those that were `reached`, or of the others."""
        region = (
            sa.select(sa.func.min(posts.c.region))
            .where(posts.c.person_id == persons.c.id, posts.c.until.is_(None))
            .scalar_subquery()
            .label("region")
        )
        query = _listed(notice_id, reached=reached).with_only_columns(persons.c.name, region)
        rows = await self._session.read(query.order_by("region", persons.c.name, persons.c.id).offset(skip).limit(most))
        return [Missing(row.name, row.region) for row in rows]


_WITH_LETTERS = notice_receipts.outerjoin(outbox, outbox.c.id == notice_receipts.c.letter_id)
_UNREACHED = notice_receipts.c.confirmed_at.is_(None) & sa.or_(
    notice_receipts.c.receiver_id.is_(None), outbox.c.state == FAILED
)


def _listed(notice_id: int, *, reached: bool) -> sa.Select[Any]:
    """Receipts without a confirmation, of those who could be written to or of the others."""
    unconfirmed = (notice_receipts.c.notice_id == notice_id) & notice_receipts.c.confirmed_at.is_(None)
    open_way = notice_receipts.c.receiver_id.is_not(None) & (sa.func.coalesce(outbox.c.state, "") != FAILED)
    joined = _WITH_LETTERS.join(persons, persons.c.id == notice_receipts.c.person_id)
    return sa.select(notice_receipts).select_from(joined).where(unconfirmed, open_way if reached else ~open_way)


def _got(notice_id: int, person_id: int) -> sa.ColumnElement[bool]:
    receipts = notice_receipts.c
    return (receipts.receiver_id == person_id) & (receipts.notice_id == notice_id)


async def purge(session: Session, before: datetime) -> int:
    """Erase notices filed before `before`, with their receipts."""
    past = notices.c.filed_at < before
    old = sa.select(notices.c.id).where(past)
    await session.remove_all(notice_receipts, notice_receipts.c.notice_id.in_(old))
    await session.remove_all(attachments, (attachments.c.subject == SUBJECT) & attachments.c.subject_id.in_(old))
    return await session.remove_all(notices, past)
