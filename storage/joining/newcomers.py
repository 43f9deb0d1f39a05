"""Newcomers: phones that let themselves into a household, until somebody who knows the family says whose they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database.labels import Labelled
from storage.database.regions import inside
from storage.database.session import Session
from storage.mail.chats import Chats
from storage.mail.erase import erase_said
from storage.people.persons import Post, Role, persons, posts


class Newcomer(Post):
    """The post of somebody who joined a household, with their name."""

    name: str
    since: datetime
    confirmed_by: int | None


class Standing(Labelled):
    """What is known of whoever reports as of a household; the label is said behind their name."""

    KNOWN = "known", ""
    UNCONFIRMED = "unconfirmed", "手机还没确认"
    DISOWNED = "disowned", "后来查明不是这家人"


class Newcomers:
    """Who has joined a household, and what those who know the family say of them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, post_id: int) -> Newcomer | None:
        """The newcomer of a post, confirmed meanwhile or not; None for one that was put out or never was."""
        return next(iter(await self._some(posts.c.id == post_id)), None)

    async def of_household(self, household_id: int) -> list[Newcomer]:
        """All phones of a household, confirmed or not, the oldest first."""
        return await self._some(posts.c.household_id == household_id)

    async def waiting(self, regions: Collection[str]) -> list[Newcomer]:
        """Those whom nobody has confirmed in the villages (codes, or beginnings of codes), the oldest first."""
        return await self._some(posts.c.confirmed_at.is_(None), inside(posts.c.region, *regions))

    async def vouched(self, regions: Collection[str], since: datetime) -> list[Newcomer]:
        """Those of the villages who have come in since then and are confirmed already, the oldest first."""
        return await self._some(posts.c.since > since, posts.c.confirmed_by.is_not(None), inside(posts.c.region, *regions))

    async def same_as(self, person_id: int) -> list[Newcomer]:
        """The further phones of a person whom somebody has confirmed: of the same household, by the same name and relation,
        and with no other post.

        Each phone joins as a person of its own. What an unconfirmed one says of itself makes nobody else's phone its own.
        """
        mine = await self._some(posts.c.person_id == person_id, posts.c.confirmed_at.is_not(None))
        found = [
            one
            for own in mine
            for one in await self.of_household(own.household_id or 0)
            if one.person_id != person_id and (one.name, one.relation) == (own.name, own.relation)
        ]
        others = sa.select(posts.c.person_id).where(
            posts.c.person_id.in_([one.person_id for one in found]),
            posts.c.until.is_(None),
            posts.c.id.not_in([one.id for one in found]),
        )
        more = {row.person_id for row in await self._session.read(others)}
        return [one for one in found if one.person_id not in more]

    async def take_the_place(self, newcomer: Newcomer) -> None:
        """End the entries of the same person, now confirmed anew, that have no phone in use any more.

        Else whoever comes back by another phone would leave one behind each time.
        """
        chats = Chats(self._session)
        for one in await self.same_as(newcomer.person_id):
            if not await chats.of(one.person_id):
                await self._amend(one, until=self._session.now)
                await chats.sign_out_all(one.person_id)

    async def counts(self) -> dict[str, int]:
        """How many nobody has confirmed, by village."""
        query = sa.select(posts.c.region, sa.func.count().label("n")).where(*_OF_HOME, posts.c.confirmed_at.is_(None))
        return {row.region: row.n for row in await self._session.read(query.group_by(posts.c.region))}

    async def confirm(self, newcomer: Newcomer, by: int) -> None:
        """From now on the person sees what the household sees. Raises Conflict when somebody decided meanwhile, ValueError
        where `by` is the person."""
        if by == newcomer.person_id:
            raise ValueError(f"person {by} can't confirm themselves")
        await self._amend(newcomer, confirmed_at=self._session.now, confirmed_by=by)
        await self.take_the_place(newcomer)

    async def disown(self, newcomer: Newcomer) -> list[str]:
        """End the post; with their last one the person's chats are signed out, and what was said there is erased. Returns the
        addresses of these.

        What was reported stays; `standing_of` says from then on how it came. Raises Conflict when somebody decided
        meanwhile.
        """
        session = self._session
        await self._amend(newcomer, until=session.now, disowned_at=session.now)
        others = sa.select(posts.c.id).where(posts.c.person_id == newcomer.person_id, posts.c.until.is_(None)).limit(1)
        if await session.read(others):
            return []
        chats = Chats(session)
        addresses = await chats.of(newcomer.person_id)
        await erase_said(session, addresses)
        await chats.sign_out_all(newcomer.person_id)
        return addresses

    async def standing_of(self, person_id: int, household_id: int) -> Standing:
        """What is known now of somebody who reported as of the household."""
        query = sa.select(posts.c.confirmed_at, posts.c.disowned_at).where(
            posts.c.person_id == person_id, posts.c.household_id == household_id
        )
        rows = await self._session.read(query)
        if any(row.disowned_at for row in rows):
            return Standing.DISOWNED
        return Standing.UNCONFIRMED if rows and not any(row.confirmed_at for row in rows) else Standing.KNOWN

    async def _amend(self, newcomer: Newcomer, **changes: Any) -> None:
        rows = await self._session.read(sa.select(posts).where(posts.c.id == newcomer.id))
        await self._session.amend(posts, dict(rows[0]._mapping), **changes)
        self._session.touch("people")

    async def _some(self, *which: sa.ColumnElement[bool]) -> list[Newcomer]:
        query = (
            sa.select(posts, persons.c.name)
            .join(persons, persons.c.id == posts.c.person_id)
            .where(*_OF_HOME, *which)
            .order_by(posts.c.id)
        )
        rows: Sequence[sa.Row[Any]] = await self._session.read(query)
        return self._session.records(posts, rows, Newcomer.from_row)


_OF_HOME = (posts.c.role == Role.HOUSEHOLD.value, posts.c.until.is_(None))
