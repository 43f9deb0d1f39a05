"""Silence: a page that nobody opens for a month is signed out, since the phone may be in other hands by then."""

from __future__ import annotations

import sqlalchemy as sa

from storage.database.session import Session
from storage.mail.chats import chats
from storage.mail.erase import erase_said

MOST_IDLE = 30
"""Nights. They are counted as they pass, so that a clock that jumps ahead signs nobody out."""


async def pass_night(session: Session, platform: str) -> int:
    """Count a night for the chats of a platform, and sign out those that are past `MOST_IDLE`; returns how many there were.

    What was said there is erased: whoever opens the page next has to prove themselves first.
    """
    bound = (chats.c.platform == platform) & chats.c.person_id.is_not(None)
    await session.change(chats.update().where(bound).values(idle=chats.c.idle + 1))
    silent = bound & (chats.c.idle > MOST_IDLE)
    await erase_said(session, sa.select(chats.c.address).where(silent))
    count = await session.change_all(chats, silent, silent_id=chats.c.person_id, person_id=None, session=chats.c.session + 1)
    if count:
        session.touch("people")
    return count
