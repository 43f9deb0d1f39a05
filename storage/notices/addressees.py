"""Finding whom a notice is for: how many people it would be, and who is meant by a list of names and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database.regions import inside
from storage.database.session import Session
from storage.mail.chats import chats
from storage.notices.sent import Audience, holds
from storage.people.persons import Role, persons, posts

_AT_ONCE = 500
"""Values in one statement."""


class AudienceCount(NamedTuple):
    """People meant, those of them who can be written to, and households of which somebody can."""

    people: int
    reachable: int
    homes: int


class Holder(NamedTuple):
    """Somebody with a post."""

    person_id: int
    name: str
    region: str


class Addressees:
    """Looking people up; nothing is changed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count(self, audience: Audience, sender_id: int) -> AudienceCount:
        """The sender is none of them."""
        if audience.people:
            reachable = await self._reachable(audience.people)
            return AudienceCount(len(audience.people), reachable, 0)
        can = _CHATS.exists()
        home = (posts.c.role == Role.HOUSEHOLD.value) & can
        query = sa.select(
            sa.func.count(posts.c.person_id.distinct()).label("people"),
            sa.func.count(sa.distinct(sa.case((can, posts.c.person_id)))).label("reachable"),
            sa.func.count(sa.distinct(sa.case((home, posts.c.household_id)))).label("homes"),
        ).where(holds(audience), posts.c.person_id != sender_id)
        (row,) = await self._session.read(query)
        return AudienceCount(row.people, row.reachable, row.homes)

    async def named(self, names: Sequence[str], region: str) -> list[Holder]:
        """Everybody of one of these names with a post in the region (a code or its beginning), once for each post."""
        return [Holder(row.id, row.name, row.region) for row in await self._rows(persons.c.name, names, region)]

    async def with_phones(self, phones: Sequence[str], region: str) -> dict[str, list[Holder]]:
        """The same by phone number."""
        by_blind = {self._session.vault.blind("phone", phone): phone for phone in phones}
        found: dict[str, list[Holder]] = {}
        for row in await self._rows(persons.c.phone_blind, list(by_blind), region):
            found.setdefault(by_blind[row.phone_blind], []).append(Holder(row.id, row.name, row.region))
        return found

    async def _rows(self, column: sa.Column[Any], values: Sequence[str], region: str) -> list[sa.Row[Any]]:
        query = (
            sa.select(persons.c.id, persons.c.name, persons.c.phone_blind, posts.c.region)
            .join(posts, posts.c.person_id == persons.c.id)
            .where(posts.c.until.is_(None), _KNOWN, inside(posts.c.region, region))
            .order_by(persons.c.id, posts.c.id)
        )
        found: list[sa.Row[Any]] = []
        for start in range(0, len(values), _AT_ONCE):
            found += await self._session.read(query.where(column.in_(values[start : start + _AT_ONCE])))
        return found

    async def _reachable(self, people: Sequence[int]) -> int:
        total = 0
        for start in range(0, len(people), _AT_ONCE):
            some = chats.c.person_id.in_(people[start : start + _AT_ONCE]) & chats.c.blocked_at.is_(None)
            (row,) = await self._session.read(sa.select(sa.func.count(chats.c.person_id.distinct()).label("n")).where(some))
            total += row.n
        return total


_KNOWN = sa.or_(posts.c.role != Role.HOUSEHOLD.value, posts.c.confirmed_at.is_not(None))
"""A list of names may say what is nobody else's business: not to whoever knew a name and four digits."""

_CHATS = sa.select(chats.c.address).where(chats.c.person_id == posts.c.person_id, chats.c.blocked_at.is_(None))
