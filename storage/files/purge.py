"""Purging kept files that nothing refers to any more.

What refers to a file is declared at its column (`storage.database.base.FILE`, `FILES_WITHIN`); a table that is added later and
declares its own is heeded without a word here.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.database.base import FILE, FILES_WITHIN, with_place
from storage.database.connection import Database
from storage.database.sealing import SealError, UnknownKey, Vault
from storage.database.tables import all_tables
from storage.files.media import ERASED, MediaStore, media

log = logging.getLogger(__name__)

UNFILED = timedelta(days=30)
"""How long a file is kept that nothing filed refers to: as long as a talk that nobody came back to."""

AT_ONCE = 5000
"""Files of one round; what there is more is found in the next."""

_PAGE = 1000
_NAME = re.compile(rb"[0-9a-f]{64}")
_ONWARD = ("inbox", "talks", "outbox")
"""The order in which a file's name moves on between the sealed columns: looked through so, it is not missed on its way."""


async def purge(database: Database, store: MediaStore, before: datetime) -> int:
    """Remove the files kept before `before` that nothing refers to; returns how many.

    The row goes first, in the transaction that looks once more at what refers to it; a file that is sent again meanwhile
    is kept anew (`storage.files.media.keep`).
    """
    removed = 0
    while True:
        async with database.read() as conn:
            found = {row.sha256 for row in await conn.execute(_unfiled(before).limit(AT_ONCE))}
        try:
            mentioned = await _mentioned(database, found) if found else set()
        except UnknownKey as error:  # what a key that may come back would show must not be gone by then
            log.warning("no files are purged: %s", error)
            return removed
        names = sorted(found - mentioned)
        if names:
            async with database.write() as conn:
                gone = [row.sha256 for row in await conn.execute(_unfiled(before).where(media.c.sha256.in_(names)))]
                await conn.execute(media.delete().where(media.c.sha256.in_(gone)))
                await asyncio.to_thread(store.remove, gone)
            removed += len(gone)
        if len(found) < AT_ONCE or not names:
            return removed


def columns_with(mark: dict[str, str]) -> list[sa.Column[Any]]:
    """The columns that are declared to hold names of files, as `mark` says."""
    return [column for table in all_tables().sorted_tables for column in table.columns if column.info == mark]


def names_in(content: bytes) -> set[str]:
    """Everything in `content` that may be the name of a file."""
    return {found.decode() for found in _NAME.findall(content)}


def _unfiled(before: datetime) -> sa.Select[tuple[str]]:
    named = sa.union_all(*(sa.select(column).where(column.is_not(None)) for column in columns_with(FILE)))
    return (
        sa.select(media.c.sha256)
        .where(media.c.kept_at < before, media.c.content_type != ERASED, media.c.sha256.not_in(named))
        .order_by(media.c.kept_at)
    )


async def _mentioned(database: Database, names: set[str]) -> set[str]:
    """Those of `names` that stand in a sealed column. Reads page by page, so that nobody waits."""
    mentioned: set[str] = set()
    for column in sorted(columns_with(FILES_WITHIN), key=lambda one: _ONWARD.index(one.table.name)):
        key, last = column.table.c.id, -1
        while True:
            page = sa.select(*with_place(column)).where(key > last).order_by(key).limit(_PAGE)
            async with database.read() as conn:
                rows = (await conn.execute(page)).all()
            if not rows:
                break
            last = rows[-1]._mapping[key]
            mentioned |= names & await asyncio.to_thread(names_sealed_in, database.vault, column, rows)
    return mentioned


def names_sealed_in(
    vault: Vault, column: sa.Column[Any], rows: Sequence[sa.Row[Any]], *, unknown_keys: bool = False
) -> set[str]:
    """The names of files in a sealed column of these rows. Raises UnknownKey for one whose key is not there, unless with
    `unknown_keys`."""
    found: set[str] = set()
    for row in rows:
        try:
            found |= names_in(vault.open_cell(column, row))
        except UnknownKey:
            if not unknown_keys:
                raise
        except SealError:
            continue  # what nobody will ever read shows no file to anybody
    return found
