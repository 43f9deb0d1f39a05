"""Notes outside the database of how far the audit chain had got: whoever cuts off its end, or puts an old copy back, shows.

They stand in a file beside the key, `cunbao.key.anchors`, to which lines are only added:

    2026-10-12T03:00:00+08:00 8f21c0aa93d1 4711 90ab... hour

when; which database, as a hash of its address; number and signature of the chain's last row; and why it was noted. After a
`restore` only what was noted since then counts.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.setup.settings import Settings
from storage.database import audit
from storage.database.audit import Head

HOUR, RESTORE = "hour", "restore"

_LINE = re.compile(r"(\S+) ([0-9a-f]{12}) (\d{1,18}) ([0-9a-f]{64}) (hour|restore)")

EMPTY = Head(seq=0, chain=audit.START)


class Anchor(NamedTuple):
    """The chain's end at a moment; `where` says for people where it was noted."""

    at: datetime
    head: Head
    why: str
    where: str


class Anchors(NamedTuple):
    """What was noted of a database since it was last restored, the oldest first; how many lines can't be read, and how many are
    of a database in another place."""

    kept: Sequence[Anchor] = ()
    unread: int = 0
    others: int = 0

    @property
    def restored_at(self) -> datetime | None:
        return self.kept[0].at if self.kept and self.kept[0].why == RESTORE else None


def anchor_file(settings: Settings) -> Path:
    return settings.key_path.with_name(f"{settings.key_path.name}.anchors")


def read(settings: Settings) -> Anchors:
    """Raises OSError for a file that can't be read."""
    path = anchor_file(settings)
    if not path.exists():
        return Anchors()
    kept: list[Anchor] = []
    unread = others = 0
    ours = _database_of(settings)
    for line in path.read_text("utf-8", errors="replace").splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            unread += 1
        elif found[2] == ours:
            if found[5] == RESTORE:
                kept.clear()
            head = Head(seq=int(found[3]), chain=found[4])
            kept.append(Anchor(datetime.fromisoformat(found[1]), head, found[5], path.name))
        else:
            others += 1
    return Anchors(kept, unread, others)


def write(settings: Settings, head: Head, now: datetime, why: str) -> None:
    """Add a line, durably. Blocking. Raises OSError."""
    line = f"{now.isoformat(timespec='seconds')} {_database_of(settings)} {head.seq} {head.chain} {why}\n"
    handle = os.open(anchor_file(settings), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


async def note(settings: Settings, conn: AsyncConnection, now: datetime) -> Head | None:
    """Note how far the chain has got, if that is news. Returns what was noted. Raises OSError."""
    head = await audit.head(conn)
    known = (await asyncio.to_thread(read, settings)).kept
    if head is None or head in [one.head for one in known[-1:]]:
        return None
    await asyncio.to_thread(write, settings, head, now, HOUR)
    return head


async def amiss(conn: AsyncConnection, anchors: Sequence[Anchor]) -> list[str]:
    """What of the chain is not as it was when it was noted, in sentences for people, the earliest first."""
    links = await audit.links(conn, {one.head.seq for one in anchors})
    end = await audit.head(conn) or EMPTY
    found = []
    for one in anchors:
        if one.head.seq == 0 or links.get(one.head.seq) == one.head.chain:
            continue
        noted = f"{one.at:%Y-%m-%d %H:%M} 已记到第 {one.head.seq} 条（{one.where}）"
        if one.head.seq in links:
            found.append(f"{noted}，现在这一条却是另一条：数据库被换过，或记录被重写过")
        else:
            found.append(f"{noted}，现在只到第 {end.seq} 条：末尾的记录被删了，或放回了旧的数据库")
    return found


def _database_of(settings: Settings) -> str:
    """Which database the settings name, whoever connects to it; a trial restore elsewhere is another."""
    url = sa.make_url(settings.database)
    name = f"{Path(url.database or '').resolve()}" if settings.is_sqlite else f"{url.host}:{url.port}/{url.database}"
    return hashlib.sha256(name.encode()).hexdigest()[:12]
