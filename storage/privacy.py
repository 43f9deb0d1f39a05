"""What is stored about a person, and its erasure on request (PIPL art. 45 and 47)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.cases.records import clues, joined_reports
from storage.cases.voices import Voices
from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.transaction import Session
from storage.files.media import ERASED, FORGOTTEN, media
from storage.files.purge import names_sealed_in
from storage.joining.consents import Consents
from storage.mail.chats import Chats
from storage.mail.inbox import NEW, inbox
from storage.mail.outbox import SENT, outbox
from storage.mail.talks import talks
from storage.mail.transcripts import web_messages
from storage.people.persons import Role, persons, posts
from storage.quiz import quiz_cards, quiz_reviews
from storage.roster import members

_AT_ONCE = 500
"""Values in one statement."""

erasures = sa.Table(
    "erasures",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("accepted", sa.Boolean),
    sa.Column("reason", Sealed),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)


class Erasure(Record):
    """A request to be forgotten; `accepted` is None until it is decided."""

    id: int
    person_id: int
    accepted: bool | None


class Held(Record):
    """A post and since when it is held."""

    role: Role
    region: str
    unit: str | None
    household_id: int | None
    since: datetime


class Dossier(Record):
    """What is stored about one person, for a household's voice also in the roster; `Chats.phones` has their chats.

    `reports` are those made or joined, `questions` the quiz questions of which it is kept how well they are known.
    """

    phone: str | None
    id_number: str | None
    posts: tuple[Held, ...]
    reports: int
    questions: int


class Erasures:
    """Showing somebody's data, and erasing it when the office agrees."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def dossier(self, person_id: int) -> Dossier:
        session = self._session
        (person,) = await session.read(sa.select(persons).where(persons.c.id == person_id))
        held = await session.read(
            sa.select(posts).where(posts.c.person_id == person_id, posts.c.until.is_(None)).order_by(posts.c.since)
        )
        reported = sa.select(sa.func.count()).select_from(clues).where(clues.c.reporter_id == person_id)
        joined = sa.select(sa.func.count()).where(joined_reports.c.person_id == person_id)
        quizzed = sa.select(sa.func.count()).where(quiz_cards.c.person_id == person_id)
        counting = sa.select(
            (reported.scalar_subquery() + joined.scalar_subquery()).label("reports"),
            quizzed.scalar_subquery().label("questions"),
        )
        (counts,) = await session.read(counting)
        homes = [row.household_id for row in held if row.household_id and row.confirmed_at]  # else whoever knew four digits
        listed = await session.read(sa.select(members).where(members.c.household_id.in_(homes), members.c.name == person.name))
        member = listed[0] if listed else None
        return Dossier(
            phone=self._opened(persons, person, "phone") if person.phone else self._opened(members, member, "phone"),
            id_number=self._opened(members, member, "id_number"),
            posts=tuple(session.records(posts, held, Held.from_row)),
            reports=counts.reports,
            questions=counts.questions,
        )

    def ask(self, person_id: int) -> int:
        """Put a request; returns its id."""
        row = {"id": new_id(), "person_id": person_id, "asked_at": self._session.now, "version": 0}
        return int(self._session.add(erasures, row)["id"])

    async def get(self, erasure_id: int) -> Erasure | None:
        return self._one(await self._session.read(sa.select(erasures).where(erasures.c.id == erasure_id)))

    async def open_of(self, person_id: int) -> Erasure | None:
        """The person's request that nobody has decided yet."""
        query = sa.select(erasures).where(erasures.c.person_id == person_id, erasures.c.decided_at.is_(None))
        return self._one(await self._session.read(query.limit(1)))

    async def refuse(self, erasure_id: int, by: int, *, reason: str) -> None:
        """Raises Conflict when two decide together."""
        await self._decide(erasure_id, by, accepted=False, reason=self._session.vault.seal_text(reason))

    async def accept(self, erasure_id: int, by: int) -> None:
        """Erase: chats unbound with all that was said in them and every file that was not filed, voice messages also where
        they belong to a case, the phone number, posts, consent, and how the quiz went.

        The name stays with the records of cases and with the audit chain, which must be kept; so does the address of the
        chat, for messages still on their way, until nothing refers to it. Raises Conflict when two decide together.
        """
        session = self._session
        row = await self._decide(erasure_id, by, accepted=True, reason=None)
        person_id = row["person_id"]
        addresses = await Chats(session).of(person_id)
        await Voices(session).erase_of(person_id, addresses)
        await self._give_up_files(addresses)
        for address in addresses:
            await session.change(talks.delete().where(talks.c.address == address))
            await session.change(web_messages.delete().where(web_messages.c.address == address))
            await session.change(inbox.delete().where(inbox.c.address == address, inbox.c.state != NEW))
            await session.change(outbox.delete().where(outbox.c.address == address, outbox.c.state == SENT))
        await Chats(session).sign_out_all(person_id)
        (person,) = await session.read(sa.select(persons).where(persons.c.id == person_id))
        await session.amend(persons, dict(person._mapping), phone=None, phone_blind=None)
        held = sa.select(posts).where(posts.c.person_id == person_id, posts.c.until.is_(None))
        for post in await session.read(held):
            await session.amend(posts, dict(post._mapping), until=session.now)
        session.touch("people")
        await session.change(quiz_reviews.delete().where(quiz_reviews.c.person_id == person_id))
        await session.change(quiz_cards.delete().where(quiz_cards.c.person_id == person_id))
        await Consents(session).withdraw(person_id)

    async def _give_up_files(self, addresses: Sequence[str]) -> None:
        """Let the next purge delete what was sent in these chats, unless something filed refers to it."""
        session, names = self._session, set[str]()
        for table, column in ((inbox, inbox.c.payload), (talks, talks.c.journal)):
            sealed = await session.read(sa.select(column.label("sealed")).where(table.c.address.in_(addresses)))
            names |= names_sealed_in(session.vault, [row.sealed for row in sealed], unknown_keys=True)
        sent = sa.select(web_messages.c.file).where(
            web_messages.c.address.in_(addresses), web_messages.c.mine, web_messages.c.file.is_not(None)
        )
        names |= {row.file for row in await session.read(sent)}
        known = sorted(names)
        for start in range(0, len(known), _AT_ONCE):
            some = media.c.sha256.in_(known[start : start + _AT_ONCE]) & (media.c.content_type != ERASED)
            await session.change(media.update().where(some).values(kept_at=FORGOTTEN))

    async def _decide(self, erasure_id: int, by: int, *, accepted: bool, reason: bytes | None) -> dict[str, Any]:
        (row,) = await self._session.read(sa.select(erasures).where(erasures.c.id == erasure_id))
        return await self._session.amend(
            erasures, dict(row._mapping), accepted=accepted, reason=reason, decided_by=by, decided_at=self._session.now
        )

    def _opened(self, table: sa.Table, row: sa.Row[Any] | None, column: str) -> str | None:
        """A sealed text of a row; None also where it can't be read."""
        opened = self._session.records(
            table, [row] if row else [], lambda row: self._session.vault.open_text(row._mapping[column])
        )
        return next(iter(opened), None)

    def _one(self, rows: Sequence[sa.Row[Any]]) -> Erasure | None:
        return self._session.record(erasures, rows, Erasure.from_row)
