"""Updates whose file is still to be downloaded, as their platform brought them.

A platform offers only so many updates until the first of them is confirmed, so one slow file would keep everybody else's out.
What is kept here can be confirmed at once; its file is downloaded in its own time, also after a restart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import Moment, Sealed, bound_to, id_column, metadata, new_id
from storage.database.bulk import insert_into
from storage.database.connection import Database
from storage.database.reading import noting

downloads = sa.Table(
    "downloads",
    metadata,
    id_column(),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    sa.Column("address", sa.String(80), nullable=False, index=True),
    sa.Column("update", Sealed, nullable=False),
    sa.Column("kept_at", Moment, nullable=False),
    info=bound_to("id", "address"),
)


class Waiting(NamedTuple):
    """An update, as JSON, with whatever a platform lets in, such as half a character; `key` is that of its message.

    `update` is None where it can't be read.
    """

    key: str
    address: str
    update: Any


@dataclass(frozen=True, slots=True)
class Downloads:
    """Those whose keys begin with `source`, which names a platform and our account there."""

    database: Database
    clock: Callable[[], datetime]
    source: str

    async def keep(self, updates: Sequence[Waiting]) -> None:
        """One that is there already stays as it is."""
        if not updates:
            return
        vault, now = self.database.vault, self.clock()
        rows = [
            {
                "id": new_id(),
                "key": one.key,
                "address": one.address,
                "update": vault.seal_text(json.dumps(one.update)),
                "kept_at": now,
            }
            for one in updates
        ]
        rows = [vault.bind(downloads, row, row) for row in rows]
        async with self.database.write(brief=True) as conn:
            await conn.execute(insert_into(conn, downloads).on_conflict_do_nothing(), rows)

    async def waiting(self, before: datetime | None = None) -> list[Waiting]:
        """Those kept before that moment, or all; the oldest first."""
        vault = self.database.vault
        mine = downloads.c.key.startswith(self.source, autoescape=True)
        if before is not None:
            mine &= downloads.c.kept_at <= before
        async with noting(self.database, self.clock()) as damage, self.database.read() as conn:
            rows = (await conn.execute(sa.select(downloads).where(mine).order_by(downloads.c.id))).all()
            opened = {
                row.key: update
                for row in rows
                for update in damage.read(downloads, [row], lambda row: json.loads(vault.open_cell(downloads.c.update, row)))
            }
        return [Waiting(row.key, row.address, opened.get(row.key)) for row in rows]

    async def is_kept(self, key: str) -> bool:
        """False once it was dropped, or erased with the person whose it was."""
        async with self.database.read() as conn:
            return (await conn.execute(sa.select(downloads.c.id).where(downloads.c.key == key))).first() is not None

    async def drop(self, key: str) -> None:
        """Its message is stored, or given up."""
        async with self.database.write(brief=True) as conn:
            await conn.execute(downloads.delete().where(downloads.c.key == key))


async def purge(conn: AsyncConnection, before: datetime) -> int:
    """Remove what was kept before `before`: an account that is no longer ours, or a row that can't be read."""
    return (await conn.execute(downloads.delete().where(downloads.c.kept_at < before))).rowcount
