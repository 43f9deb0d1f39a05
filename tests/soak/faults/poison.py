"""Rows that can't be read: damaged bytes, or sealed by us and not what belongs there."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.cases.records import clues
from storage.database.base import place_of, with_place
from storage.mail.chats import chats
from storage.mail.inbox import DONE, NEW, inbox
from storage.mail.outbox import PENDING, SENT, outbox
from storage.mail.talks import talks
from tests.soak.faults import Fault, Ground
from tests.soak.load import Report, script

_PATIENCE = 5.0
"""Seconds a culprit waits for an answer before going on without it."""


async def _strike(ground: Ground) -> None:
    """Somebody files a clue, begins another report, and finds all that is theirs destroyed."""
    desk = ground.chance.choice(ground.culprits)
    household = ground.chance.choice(desk.households)
    for step in script(Report(desk.chat, household, (1,), f"要坏掉的{household}")):
        await _say(ground, desk.chat, step.says)
    await _say(ground, desk.chat, "/report")
    address = f"telegram:{desk.chat}"
    async with ground.database.write() as conn:
        await _damage(ground, conn, talks, talks.c.journal, talks.c.address == address)
        await _damage(ground, conn, clues, clues.c.detail, clues.c.reporter_id == _person(address))
        await _damage(ground, conn, inbox, inbox.c.payload, (inbox.c.address == address) & (inbox.c.state == DONE), state=NEW)
        await _damage(
            ground, conn, outbox, outbox.c.payload, (outbox.c.address == address) & (outbox.c.state == SENT), state=PENDING
        )
    await _say(ground, desk.chat, str(household))
    await _say(ground, desk.chat, "取消")


async def _say(ground: Ground, chat: int, text: str) -> None:
    ground.api.say(chat, text)
    with contextlib.suppress(TimeoutError):
        await ground.api.next_message(chat, _PATIENCE)


def _person(address: str) -> sa.ScalarSelect[Any]:
    return sa.select(chats.c.person_id).where(chats.c.address == address).scalar_subquery()


async def _damage(
    ground: Ground, conn: AsyncConnection, table: sa.Table, cell: sa.Column[bytes], whose: sa.ColumnElement[bool], **more: str
) -> None:
    """The newest such row becomes unreadable."""
    found = (await conn.execute(sa.select(*with_place(cell)).where(whose).order_by(table.c.id.desc()).limit(1))).one_or_none()
    if found is None:
        return
    vault = ground.database.vault
    place, was = place_of(cell, found), found[0]
    sealed = (vault.seal(b"{}", place), vault.seal(b"\xff[not json", place), vault.seal(b"{}", b"elsewhere"))
    broken = ground.chance.choice((b"", was[:-3], bytes(len(was)), *sealed))
    await conn.execute(table.update().where(table.c.id == found.id).values({cell.name: broken, **more}))
    ground.damaged.add(f"{table.name}:{found.id}")


async def _again(ground: Ground) -> None:
    """One after the other, as long as the fault lasts; the last one whole."""
    until = time.monotonic() + ground.length
    while time.monotonic() < until:
        await _strike(ground)


POISON = Fault("poison", _again)
