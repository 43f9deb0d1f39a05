"""Who has looked at what is kept about a household: one row a person, household and day, and one where it went into a file.

A reading leaves no audit row: whoever can write into the database can read it without leaving anything here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import ONCE, Record, metadata
from storage.database.labels import Labelled
from storage.database.session import Session
from storage.people.persons import Person, Post, Role, persons

KEPT = timedelta(days=3 * 366)
"""Three years: so long PIPL art. 56 has records of the handling of sensitive information kept."""

OPERATOR = 0
"""Stands for whoever runs commands on the machine and has named nobody."""


class Way(Labelled):
    """How somebody came to see it."""

    SEEN = "seen", "看过"
    FILE = "file", "导出过"


looks = sa.Table(
    "looks",
    metadata,
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True, index=True),
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("way", sa.String(8), primary_key=True),
    sa.Column("role", sa.String(12)),
    sa.Column("region", sa.String(12)),
    sa.Column("unit", sa.String(40)),
    info=ONCE,
)
"""`role`, `region` and `unit` are the post as which they looked, as it was then."""


class Look(Record):
    """One look. `name` is None for the operator; `role` and the rest say as what they looked."""

    day: date
    person_id: int
    name: str | None
    way: Way
    role: Role | None
    region: str | None
    unit: str | None


class Looks:
    """Noting looks, and whose household it is sees them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, person: Person | None, homes: Mapping[int, str], *, way: Way) -> None:
        """Note that somebody saw what is kept about these households, by their villages ("" for one that is not known).

        Left out is who holds no office, and the confirmed family where it holds none over its own village; None is the
        operator.
        """
        office = [post for post in person.posts if post.role is not Role.HOUSEHOLD] if person else []
        if person is not None and not office:
            return
        for household_id, village in homes.items():
            over = any(post.covers(village) for post in office) or not village
            if person is None or over or not person.speaks_for(household_id):
                row = {"household_id": household_id, "day": self._session.now.date(), "way": way.value}
                self._session.add(looks, {**row, "person_id": person.id if person else OPERATOR, **_post(office, village)})

    async def count(self, household_id: int) -> int:
        """How many looks there were at a household."""
        query = sa.select(sa.func.count().label("n")).where(looks.c.household_id == household_id)
        return int((await self._session.read(query))[0].n)

    async def at(self, household_id: int, *, skip: int = 0, most: int) -> list[Look]:
        """`most` looks at a household, the newest first, after the first `skip`."""
        query = (
            sa.select(looks, persons.c.name)
            .outerjoin(persons, persons.c.id == looks.c.person_id)
            .where(looks.c.household_id == household_id)
            .order_by(looks.c.day.desc(), looks.c.person_id, looks.c.way)
            .limit(most)
            .offset(skip)
        )
        return self._session.records(looks, await self._session.read(query), Look.from_row)


def _post(office: list[Post], village: str) -> dict[str, str | None]:
    """As which of their posts somebody looks at a household of this village."""
    found = [*(one for one in office if one.covers(village)), *office][:1]
    return {"role": None} if not found else {"role": found[0].role.value, "region": found[0].region, "unit": found[0].unit}


async def purge(conn: AsyncConnection, before: date) -> int:
    """Forget looks of days before `before`."""
    return (await conn.execute(looks.delete().where(looks.c.day < before))).rowcount
