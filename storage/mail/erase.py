"""Erases what was said in chats that may come into other hands."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from storage.database.session import Session
from storage.mail.inbox import DONE, inbox
from storage.mail.outbox import SENDING, outbox
from storage.mail.talks import talks
from storage.mail.transcripts import web_messages


async def erase_said(session: Session, addresses: Collection[str] | sa.Select[Any]) -> None:
    """Erase what was said in these chats: what a page shows of them, their talks, what came from there and was worked on, and
    what was sent there or waits to be."""
    await session.change(web_messages.delete().where(web_messages.c.address.in_(addresses)))
    await session.change(talks.delete().where(talks.c.address.in_(addresses)))
    await session.change(inbox.delete().where(inbox.c.address.in_(addresses), inbox.c.state == DONE))
    await session.change(outbox.delete().where(outbox.c.address.in_(addresses), outbox.c.state != SENDING))
