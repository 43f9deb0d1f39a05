"""Erases what was said in chats that may come into other hands."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from storage.database.transaction import Session
from storage.mail.outbox import PENDING, outbox
from storage.mail.talks import talks
from storage.mail.transcripts import web_messages


async def erase_said(session: Session, addresses: Collection[str] | sa.Select[Any]) -> None:
    """Erase what a page shows of these chats, their talks, and what waits to be sent there."""
    await session.change(web_messages.delete().where(web_messages.c.address.in_(addresses)))
    await session.change(talks.delete().where(talks.c.address.in_(addresses)))
    await session.change(outbox.delete().where(outbox.c.address.in_(addresses), outbox.c.state == PENDING))
