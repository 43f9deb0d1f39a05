"""What the phone page shows: both sides of a chat, as a log that a page can catch up with from any point.

Other platforms keep their chats themselves; the web has nobody else to do it. Rows are only ever added: a change of an earlier
message is a row of its own, so a phone that was away gets it like any other line.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import FILE, Moment, Record, Sealed, bound_to, metadata
from storage.database.bulk import insert_into
from storage.database.reading import Damage
from storage.database.sealing import Unsealed, Vault
from storage.files.media import media
from storage.mail.chats import chats
from storage.mail.messages import Outgoing, pack, unpack

web_messages = sa.Table(
    "web_messages",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), nullable=False),
    sa.Column("origin", sa.String(120), nullable=False, unique=True),
    sa.Column("mine", sa.Boolean, nullable=False),
    sa.Column("edits", sa.BigInteger),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("file", sa.String(64), info=FILE),
    sa.Column("payload", Sealed, nullable=False),
    sa.Index("ix_web_messages_address", "address", "seq"),
    info=bound_to("address", "origin"),
    sqlite_autoincrement=True,
)


class TranscriptLine(Record):
    """One line of a chat. `mine` is the person's own; `edits` the line whose place `shown` takes.

    An edit without text takes only the buttons away.
    """

    seq: int
    origin: str
    mine: bool
    at: datetime
    edits: int | None
    shown: Outgoing
    content_type: str | None
    """Of the kept file that the line shows."""


class Kept(Record):
    """A file that a chat may look at."""

    content_type: str
    name: str


async def append(
    conn: AsyncConnection, vault: Vault, address: str, origin: str, shown: Outgoing, now: datetime, *, mine: bool
) -> int:
    """Add a line and return its number. A second line of the same `origin` is not added: the first one's number comes.

    The row of the chat is locked until commit, so that numbers become visible in their order and a reader who has
    seen one has seen all before it.
    """
    await conn.execute(sa.select(chats.c.address).where(chats.c.address == address).with_for_update(key_share=True))
    row = {
        "address": address,
        "origin": origin,
        "mine": mine,
        "edits": int(shown.edits) if shown.edits is not None else None,
        "at": now,
        "file": shown.file,
        "payload": Unsealed(pack(shown)),
    }
    added = insert_into(conn, web_messages).on_conflict_do_nothing(index_elements=["origin"]).returning(web_messages.c.seq)
    seq = (await conn.execute(added, vault.bind(web_messages, row, row))).scalar_one_or_none()
    if seq is None:
        known = sa.select(web_messages.c.seq).where(web_messages.c.origin == origin)
        seq = (await conn.execute(known)).scalar_one()
    return int(seq)


_LINES = (
    sa.select(web_messages, media.c.content_type)
    .outerjoin(media, media.c.sha256 == web_messages.c.file)
    .where(web_messages.c.address == sa.bindparam("whose"))
    .limit(sa.bindparam("most"))
)


DAMAGED_LINE = "（这条消息打不开了）"
"""Stands in the place of a line that can't be read."""


async def since(
    conn: AsyncConnection, vault: Vault, address: str, after: int, damage: Damage, most: int = 200
) -> list[TranscriptLine]:
    """The first `most` lines behind number `after`, in order."""
    query = _LINES.where(web_messages.c.seq > after).order_by(web_messages.c.seq)
    return _opened(vault, (await conn.execute(query, {"whose": address, "most": most})).all(), damage)


async def recent(conn: AsyncConnection, vault: Vault, address: str, damage: Damage, most: int = 200) -> list[TranscriptLine]:
    """The last `most` lines, in order: what a page shows that knows nothing yet."""
    query = _LINES.order_by(web_messages.c.seq.desc())
    return _opened(vault, (await conn.execute(query, {"whose": address, "most": most})).all()[::-1], damage)


def _opened(vault: Vault, rows: Sequence[sa.Row[Any]], damage: Damage) -> list[TranscriptLine]:
    """A line that can't be read is there with other words: a page that has seen all before it goes on behind it."""

    def line(row: sa.Row[Any]) -> TranscriptLine:
        opened = damage.read(web_messages, [row], lambda row: unpack(vault.open_cell(web_messages.c.payload, row)))
        return TranscriptLine.from_row(row, shown=opened[0] if opened else Outgoing(text=DAMAGED_LINE))

    return damage.read(web_messages, rows, line)


async def kept_for(conn: AsyncConnection, vault: Vault, address: str, sha256: str, damage: Damage) -> Kept | None:
    """The file if it was ever shown in this chat."""
    query = _LINES.where(web_messages.c.file == sha256).order_by(web_messages.c.seq.desc())
    lines = _opened(vault, (await conn.execute(query, {"whose": address, "most": 1})).all(), damage)
    return Kept(content_type=lines[0].content_type or "", name=lines[0].shown.file_name) if lines else None


async def purge(conn: AsyncConnection, before: datetime) -> int:
    """Remove lines older than `before`; returns how many."""
    return (await conn.execute(web_messages.delete().where(web_messages.c.at < before))).rowcount
