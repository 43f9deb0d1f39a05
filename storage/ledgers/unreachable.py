"""People to whom nothing can be written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from storage.database.session import Session
from storage.ledgers.pages import covered, opened
from storage.mail.chats import chats
from storage.people.persons import Post, Role, persons, posts
from storage.people.reach import Reach


class UnreachableLine(NamedTuple):
    """`blocked_on` is None where there never was a chat."""

    name: str
    posts: tuple[Post, ...]
    phone: str
    blocked_on: date | None


async def unreachable_lines(session: Session, reach: Sequence[Reach]) -> list[UnreachableLine]:
    """People in office here without a chat that can be written to, and households' voices whose chat is blocked.

    A phone or a post that can't be read is left out of its line.
    """
    open_chats = sa.select(chats.c.person_id).where(chats.c.person_id.is_not(None), chats.c.blocked_at.is_(None))
    blocked = (
        sa.select(chats.c.person_id, sa.func.max(chats.c.blocked_at).label("at"))
        .where(chats.c.blocked_at.is_not(None))
        .group_by(chats.c.person_id)
        .subquery()
    )
    query = (
        sa.select(posts, persons.c.id, persons.c.name, persons.c.phone, blocked.c.at)
        .join(persons, persons.c.id == posts.c.person_id)
        .outerjoin(blocked, blocked.c.person_id == persons.c.id)
        .where(
            covered(posts.c.region, reach),
            posts.c.until.is_(None),
            persons.c.id.not_in(open_chats),
            sa.or_(posts.c.role != Role.HOUSEHOLD.value, blocked.c.at.is_not(None)),
        )
        .order_by(persons.c.name, persons.c.id, posts.c.id)
    )
    held = defaultdict(list)
    for row in await session.read(query):
        held[row.person_id].append(row)
    return [
        UnreachableLine(
            name=rows[0].name,
            posts=tuple(session.records(posts, rows, Post.from_row)),
            phone=next(iter(session.records(persons, rows[:1], lambda row: opened(session, persons.c.phone, row))), ""),
            blocked_on=rows[0].at and rows[0].at.date(),
        )
        for rows in held.values()
    ]
