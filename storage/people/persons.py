"""Persons and the posts they hold: a post is a role times a scope (a region and, for units, what they answer for)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.labels import Labelled
from storage.database.reading import Damage
from storage.database.session import Session
from storage.mail.chats import Chats, chats, reachable


class Role(Labelled):
    """Who somebody is to the procedure."""

    HOUSEHOLD = "household", "农户"
    VILLAGE = "village", "村干部"
    UNIT = "unit", "站所"
    TOWN = "town", "镇乡村振兴办"
    COUNTY = "county", "市乡村振兴局"


LONGEST_RELATION = 40
"""Characters."""

persons = sa.Table(
    "persons",
    metadata,
    id_column(),
    sa.Column("name", sa.String(60), nullable=False, index=True),
    sa.Column("phone", Sealed),
    sa.Column("phone_blind", sa.String(32), index=True),
    sa.Column("joined_at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)

posts = sa.Table(
    "posts",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("region", sa.String(12), nullable=False, index=True),
    sa.Column("unit", sa.String(40)),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), index=True),
    sa.Column("relation", sa.String(LONGEST_RELATION)),
    sa.Column("since", Moment, nullable=False),
    sa.Column("until", Moment),
    sa.Column("suspended_at", Moment),
    sa.Column("suspended_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("confirmed_at", Moment),
    sa.Column("confirmed_by", sa.BigInteger, sa.ForeignKey("persons.id")),
    sa.Column("disowned_at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)
"""A post without `until` is held. A suspended one has it too, so that nothing takes it for held, until it is given back."""


class Post(Record):
    """What a person may act as. `region` is a village, town or county code; `unit` a unit code of the plan.

    Of a household's: `confirmed_at` is when somebody who knows the family said that the person is of it; until then the
    person sees only what they reported themselves. `relation` is set where they act for somebody of it: "张三的外孙女".
    """

    id: int
    person_id: int
    role: Role
    region: str
    unit: str | None = None
    household_id: int | None = None
    relation: str | None = None
    confirmed_at: datetime | None = None

    def covers(self, region: str) -> bool:
        """Codes nest: a town's code is the beginning of its villages' codes."""
        return region.startswith(self.region)


class Person(Record):
    """Somebody known to the system, with the posts held now."""

    id: int
    name: str
    posts: tuple[Post, ...] = ()

    def posts_as(self, *roles: Role) -> list[Post]:
        return [post for post in self.posts if post.role in roles]

    def has(self, *roles: Role) -> bool:
        return any(post.role in roles for post in self.posts)

    def covers(self, region: str, *roles: Role) -> bool:
        """Whether one of the person's posts (as one of `roles`, if named) reaches over `region`."""
        return any(post.covers(region) for post in self.posts if not roles or post.role in roles)

    def holds(self, role: Role, region: str, unit: str | None) -> bool:
        """Whether one of the person's posts is exactly this one."""
        return any(post.role is role and post.region == region and post.unit == unit for post in self.posts)

    @property
    def household_id(self) -> int | None:
        """The household that the person says to be of, confirmed or not."""
        return next((post.household_id for post in self.posts if post.role is Role.HOUSEHOLD), None)

    def speaks_for(self, household_id: int | None) -> bool:
        """Whether it is confirmed that the person is of this household."""
        return any(post.household_id == household_id and post.confirmed_at for post in self.posts_as(Role.HOUSEHOLD))


class People:
    """Adding people and posts, and finding them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, phone: str | None = None) -> int:
        vault = self._session.vault
        row = self._session.add(
            persons,
            {
                "id": new_id(),
                "name": name,
                "phone": vault.seal_text(phone),
                "phone_blind": phone and vault.blind("phone", phone),
                "joined_at": self._session.now,
                "version": 0,
            },
        )
        return int(row["id"])

    def appoint(
        self,
        person_id: int,
        role: Role,
        *,
        region: str,
        unit: str | None = None,
        household_id: int | None = None,
        relation: str | None = None,
        confirmed_by: int | None = None,
    ) -> int:
        """Give a post; returns its id. `confirmed_by` is who knows that the person is of the household: somebody else. Raises
        ValueError where it is the person."""
        if confirmed_by == person_id:
            raise ValueError(f"person {person_id} can't confirm themselves")
        row = self._session.add(
            posts,
            {
                "id": new_id(),
                "person_id": person_id,
                "role": role.value,
                "region": region,
                "unit": unit,
                "household_id": household_id,
                "relation": relation,
                "since": self._session.now,
                "confirmed_at": confirmed_by and self._session.now,
                "confirmed_by": confirmed_by,
                "version": 0,
            },
        )
        self._session.touch("people")
        return int(row["id"])

    async def get(self, person_id: int) -> Person | None:
        query = sa.select(persons.c.id, persons.c.name).where(persons.c.id == person_id)
        rows = await self._session.read(query)
        held = self._session.records(posts, await self._session.read(_held(person_id)), Post.from_row)
        return _people(rows, held, self._session.records)[0] if rows else None

    async def named(self, name: str) -> list[Person]:
        """Everybody of exactly this name who holds a post."""
        query = sa.select(persons.c.id, persons.c.name).where(persons.c.name == name).order_by(persons.c.id)
        found = await self._session.read(query)
        rows = await self._session.read(_held(*(row.id for row in found))) if found else []
        held = self._session.records(posts, rows, Post.from_row)
        return [person for person in _people(found, held, self._session.records) if person.posts]

    async def of_household(self, household_id: int) -> list[int]:
        """Ids of the persons who speak for a household, as somebody has confirmed."""
        query = sa.select(posts.c.person_id).where(
            posts.c.household_id == household_id, posts.c.until.is_(None), posts.c.confirmed_at.is_not(None)
        )
        return [row.person_id for row in await self._session.read(query)]

    async def phone(self, person_id: int) -> str | None:
        rows = await self._session.read(sa.select(persons.c.id, persons.c.phone).where(persons.c.id == person_id))
        return self._session.record(persons, rows, lambda row: self._session.vault.open_text(persons.c.phone, row))

    async def end_post(self, post_id: int) -> None:
        """End a post that is held. With the last one the person's phones are signed out. Raises Conflict as `amend`."""
        (row,) = await self._session.read(sa.select(posts).where(posts.c.id == post_id))
        await self._session.amend(posts, row._mapping, until=self._session.now)
        self._session.touch("people")
        if not await self._session.read(_held(row.person_id)):
            await Chats(self._session).sign_out_all(row.person_id)

    async def suspend(self, post_ids: Iterable[int], by: int) -> None:
        """End posts for now. Raises Conflict when somebody else changes one together with this."""
        now = self._session.now
        query = sa.select(posts).where(posts.c.id.in_(list(post_ids)), posts.c.until.is_(None))
        for row in await self._session.read(query):
            await self._session.amend(posts, row._mapping, until=now, suspended_at=now, suspended_by=by)
        self._session.touch("people")

    async def suspended_of(self, person_id: int) -> list[Post]:
        """The person's posts that are suspended."""
        query = sa.select(posts).where(posts.c.person_id == person_id, posts.c.suspended_at.is_not(None))
        return self._session.records(posts, await self._session.read(query.order_by(posts.c.id)), Post.from_row)

    async def reinstate(self, post_ids: Iterable[int]) -> None:
        """Give suspended posts back."""
        await self._settle(post_ids, until=None)

    async def end_suspended(self, post_ids: Iterable[int]) -> None:
        """End suspended posts for good, as of when they were suspended."""
        await self._settle(post_ids)

    async def _settle(self, post_ids: Iterable[int], **changes: None) -> None:
        query = sa.select(posts).where(posts.c.id.in_(list(post_ids)), posts.c.suspended_at.is_not(None))
        for row in await self._session.read(query):
            await self._session.amend(posts, row._mapping, suspended_at=None, suspended_by=None, **changes)
        self._session.touch("people")


def _held(*person_ids: int) -> sa.Select[Any]:
    return sa.select(*_POST_COLUMNS).where(posts.c.person_id.in_(person_ids), posts.c.until.is_(None))


_POST_COLUMNS = (
    posts.c.id, posts.c.person_id, posts.c.role, posts.c.region, posts.c.unit, posts.c.household_id, posts.c.relation,
    posts.c.confirmed_at,
)  # fmt: skip


_NAMELESS = "（姓名读不了）"

_Read = Callable[[sa.Table, Sequence[Any], Callable[[Any], Person]], list[Person]]


def _people(found: Sequence[Any], held: Iterable[Post], read: _Read) -> list[Person]:
    """Each with the posts that are theirs, the oldest first. One whose name can't be read is noted, and goes on without it."""
    by_person: dict[int, list[Post]] = {}
    for post in sorted(held, key=attrgetter("id")):
        by_person.setdefault(post.person_id, []).append(post)

    def named(row: Any, name: str) -> Person:
        return Person(id=row.id, name=name, posts=tuple(by_person.get(row.id, ())))

    known = {person.id: person for person in read(persons, found, lambda row: named(row, row.name))}
    return [known.get(row.id) or named(row, _NAMELESS) for row in found]


class ChatAccount(Record):
    """The address of a chat and whose it is; None for a stranger's. `stopped`: it was somebody's, and may be again."""

    address: str
    person: Person | None
    stopped: bool = False


async def accounts(conn: AsyncConnection, addresses: Sequence[str], damage: Damage) -> dict[str, ChatAccount]:
    """Whose each address is, with the posts that can be read, in two statements."""
    bound = (
        sa.select(chats.c.address, chats.c.stopped_id, persons.c.id, persons.c.name)
        .join(persons, persons.c.id == sa.func.coalesce(chats.c.person_id, chats.c.stopped_id))
        .where(chats.c.address.in_(addresses))
    )
    bound_rows = (await conn.execute(bound)).all()
    stopped = {row.address for row in bound_rows if row.stopped_id is not None}
    found = [row for row in bound_rows if row.address not in stopped]
    rows = (await conn.execute(_held(*{row.id for row in found}))).all() if found else []
    people = {person.id: person for person in _people(found, damage.read(posts, rows, Post.from_row), damage.read)}
    known = {row.address: people[row.id] for row in found}
    return {
        address: ChatAccount(address=address, person=known.get(address), stopped=address in stopped) for address in addresses
    }


class Official(Record):
    """Somebody in office, and where to write to them (None: unreachable)."""

    person: Person
    address: str | None


async def officials(conn: AsyncConnection, damage: Damage) -> list[Official]:
    """Everybody who holds a post, one that can be read, other than their own household's."""
    rows = await conn.execute(sa.select(*_POST_COLUMNS).where(posts.c.role != Role.HOUSEHOLD.value, posts.c.until.is_(None)))
    held = damage.read(posts, rows, Post.from_row)
    ids = {row.person_id for row in held}
    found = (await conn.execute(sa.select(persons.c.id, persons.c.name).where(persons.c.id.in_(ids)))).all()
    addresses = await reachable(conn, ids)
    return [Official(person=person, address=addresses.get(person.id)) for person in _people(found, held, damage.read)]


class Directory:
    """Everybody in office, in memory, for finding whom something concerns."""

    def __init__(self, listed: Sequence[Official]) -> None:
        self.officials = listed
        self._by_id = {official.person.id: official for official in listed}

    def holding(self, role: Role, region: str, *, unit: str | None = None) -> list[Official]:
        """Those whose post as `role` covers `region` (for units: as that unit)."""
        return [
            official
            for official in self.officials
            if any(
                post.role is role and post.covers(region) and (unit is None or post.unit == unit)
                for post in official.person.posts
            )
        ]

    def ids(self, role: Role, region: str, *, unit: str | None = None) -> tuple[int, ...]:
        """The ids of the persons of `holding`."""
        return tuple(official.person.id for official in self.holding(role, region, unit=unit))

    def person(self, person_id: int) -> Official | None:
        return self._by_id.get(person_id)
