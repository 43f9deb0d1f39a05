"""Erases what is known of those who never got in: nobody asks for that, so it goes in time."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from storage.database.session import Session
from storage.database.tables import all_tables
from storage.joining.admissions import admissions
from storage.joining.door_codes import door_codes
from storage.mail.chats import chats
from storage.privacy.forgetting import erase_rows

_MOST = 500
"""Chats of one night: what there is more is found in the next."""


async def erase_strangers(session: Session, before: datetime) -> int:
    """Erase the phone numbers of requests that are decided, the requests that were refused before `before`, the codes at doors
    that ran out by then, and the addresses of chats that are nobody's, to which nothing refers, and from which nothing has
    come since; returns how many rows."""
    decided = admissions.c.decided_at.is_not(None) & admissions.c.phone.is_not(None)  # of before they went with the decision
    for row in await session.read(sa.select(admissions).where(decided)):
        await session.amend(admissions, row._mapping, phone=None)
    refused = admissions.c.accepted.is_(False) & (admissions.c.decided_at < before)
    erased = await erase_rows(session, admissions, refused)
    erased += await erase_rows(session, door_codes, door_codes.c.expires_at < before)
    alone = [row.address for row in await session.read(_of_nobody(before))]
    return erased + (await erase_rows(session, chats, chats.c.address.in_(alone)) if alone else 0)


def _of_nobody(before: datetime) -> sa.Select[tuple[str]]:
    referring = [
        column
        for table in all_tables().sorted_tables
        for column in table.c
        if any(key.column is chats.c.address for key in column.foreign_keys)
    ]
    whose = (chats.c.person_id, chats.c.stopped_id, chats.c.silent_id)
    unused = sa.func.coalesce(chats.c.used_at, chats.c.last_seen) < before
    return (
        sa.select(chats.c.address)
        .where(unused, *(one.is_(None) for one in whose), *(~sa.exists().where(one == chats.c.address) for one in referring))
        .order_by(chats.c.address)
        .limit(_MOST)
    )
