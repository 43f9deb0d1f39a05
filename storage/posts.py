"""Handovers of posts 交接： who leaves which post to whom, asked for, agreed to, and done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session
from storage.joining.invites import invites
from storage.mail.talks import DAMAGED, DRAFT, talks
from storage.measures import supports
from storage.people.persons import Post, posts
from storage.reminders.rows import PENDING, reminders
from storage.roster import households

handovers = sa.Table(
    "handovers",
    metadata,
    id_column(),
    sa.Column("post_id", sa.BigInteger, sa.ForeignKey("posts.id"), nullable=False, index=True),
    sa.Column("leaver_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("successor_id", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("invite_id", sa.BigInteger, sa.ForeignKey("invites.id"), unique=True),
    sa.Column("asked_by", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("decided_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("accepted", sa.Boolean),
    sa.Column("done_at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)


class Handover(Record):
    """The handover of one post from one person to another.

    `successor_id` None: somebody new, who is to come by an invitation. `accepted` None: the office has not decided;
    `done_at` None: the post has not changed hands yet.
    """

    id: int
    post_id: int
    leaver_id: int
    successor_id: int | None
    asked_by: int
    decided_by: int | None
    accepted: bool | None
    done_at: datetime | None
    version: int


class Handovers:
    """Keeping handovers, and moving what was begun under a post."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, post_id: int, leaver_id: int, *, successor_id: int | None, by: int) -> int:
        """Put a request; returns its id."""
        row = {
            "id": new_id(), "post_id": post_id, "leaver_id": leaver_id, "successor_id": successor_id,
            "asked_by": by, "asked_at": self._session.now, "version": 0,
        }  # fmt: skip
        return int(self._session.add(handovers, row)["id"])

    async def get(self, handover_id: int) -> Handover | None:
        return await self._one(handovers.c.id == handover_id)

    async def by_invite(self, invite_id: int) -> Handover | None:
        """The agreed handover that waits for this invitation to be opened."""
        return await self._one(sa.and_(handovers.c.invite_id == invite_id, handovers.c.done_at.is_(None)))

    async def done_with(self, post_id: int) -> Handover | None:
        """How the post changed hands, if it did."""
        return await self._one(sa.and_(handovers.c.post_id == post_id, handovers.c.done_at.is_not(None)))

    async def decide(self, handover: Handover, by: int, *, accepted: bool, invite_id: int | None = None) -> Handover:
        """Accept or refuse. Raises Conflict when two decide together."""
        return await self._change(handover, decided_by=by, accepted=accepted, invite_id=invite_id)

    async def finish(self, handover: Handover, successor_id: int) -> None:
        """The post has changed hands. Raises Conflict when it did so before."""
        await self._change(handover, successor_id=successor_id, done_at=self._session.now)

    async def expect(self, handover: Handover, successor_id: int) -> None:
        """Name who opened the invitation; the post is theirs once they have joined."""
        await self._change(handover, successor_id=successor_id)

    async def expected(self, successor_id: int) -> list[Handover]:
        """The agreed handovers to this person that are not done yet."""
        query = sa.select(handovers).where(
            handovers.c.successor_id == successor_id, handovers.c.accepted, handovers.c.done_at.is_(None)
        )
        return self._session.records(handovers, await self._session.read(query), Handover.from_row)

    async def post(self, post_id: int) -> tuple[Post, bool]:
        """The post, and whether it is still held."""
        rows = await self._session.read(sa.select(posts).where(posts.c.id == post_id))
        found = self._session.record(posts, rows, lambda row: (Post.from_row(row), row.until is None))
        if found is None:
            raise LookupError(f"no post {post_id}")
        return found

    async def withdraw_others(self, handover: Handover) -> None:
        """End the invitations of other handovers of the same post, which has been handed over."""
        query = (
            sa.select(invites)
            .join(handovers, handovers.c.invite_id == invites.c.id)
            .where(handovers.c.post_id == handover.post_id, handovers.c.id != handover.id, invites.c.uses_left > 0)
        )
        for row in await self._session.read(query):
            await self._session.amend(invites, dict(row._mapping), revoked_at=self._session.now)

    async def move_households(self, person_id: int, region: str, *, to: int) -> int:
        """The households of a region that one person looks after become another's, with the help that was begun there;
        returns how many."""
        session = self._session
        here = inside(households.c.village, region)
        helped = await session.read(sa.select(households).where(households.c.helper_id == person_id, here))
        for row in helped:
            await session.amend(households, dict(row._mapping), helper_id=to)
        begun = await session.read(
            sa.select(supports)
            .join(households, households.c.id == supports.c.household_id)
            .where(supports.c.responsible_id == person_id, here)
        )
        for row in begun:
            await session.amend(supports, dict(row._mapping), responsible_id=to)
        if helped:
            session.touch("roster")
        return len({row.id for row in helped} | {row.household_id for row in begun})

    async def open_talks(self, person_id: int) -> list[tuple[int, str]]:
        """Id and conversation of everything the person has begun and not finished."""
        query = sa.select(talks.c.id, talks.c.name).where(talks.c.person_id == person_id, talks.c.state != DAMAGED)
        return [(row.id, row.name) for row in await self._session.read(query)]

    async def move_talks(self, talk_ids: list[int], to: int, *, address: str, whose: str) -> None:
        """Put talks aside in another person's chat, with the name of whose they were. What can't be read stays where it is."""
        vault = self._session.vault
        rows = await self._session.read(sa.select(talks).where(talks.c.id.in_(talk_ids)))
        for talk_id, journal in self._session.records(
            talks, rows, lambda row: (row.id, dict(vault.open_json(talks.c.journal, row)))
        ):
            moved = {"id": talk_id, "address": address}
            sealed = vault.bind(talks, moved, {"journal": vault.seal_json({**journal, "whose": whose})})
            await self._session.change(
                talks.update()
                .where(talks.c.id == talk_id)
                .values(address=address, person_id=to, state=DRAFT, touched_at=self._session.now, **sealed)
            )

    async def snoozed(self, person_id: int) -> list[tuple[int, str, str]]:
        """Id, subject and subject_id of the pending reminders addressed to this person alone."""
        query = sa.select(reminders.c.id, reminders.c.subject, reminders.c.subject_id).where(
            reminders.c.person_id == person_id, reminders.c.state == PENDING
        )
        return [(row.id, row.subject, row.subject_id) for row in await self._session.read(query)]

    async def move_snoozed(self, reminder_ids: list[int], to: int) -> None:
        await self._session.change_all(reminders, reminders.c.id.in_(reminder_ids), person_id=to)

    async def _one(self, which: sa.ColumnElement[bool]) -> Handover | None:
        rows = await self._session.read(sa.select(handovers).where(which))
        return self._session.record(handovers, rows, Handover.from_row)

    async def _change(self, handover: Handover, **changes: Any) -> Handover:
        row = await self._session.current(handovers, handover)
        return Handover.model_validate(await self._session.amend(handovers, row, **changes))
