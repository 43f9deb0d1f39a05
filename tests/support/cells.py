"""Sealed cells written as a test wants them, past everything that keeps the record."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import place_of, with_place
from storage.database.sealing import Vault


async def put_text(
    conn: AsyncConnection, vault: Vault, column: sa.Column[Any], which: sa.ColumnElement[bool], text: str
) -> None:
    """Seal this text into a column of every row that `which` meets."""
    assert isinstance(column.table, sa.Table)
    keys = list(column.table.primary_key)
    for row in (await conn.execute(sa.select(*keys, *with_place(column)).where(which))).all():
        sealed = vault.seal(text.encode(), place_of(column, row))
        this = sa.and_(*(key == row._mapping[key] for key in keys))
        await conn.execute(column.table.update().where(this).values({column.name: sealed}))


_FORMER = bytes.fromhex("01000102030405060708090a0b")


def former(vault: Vault, plain: bytes) -> bytes:
    """As values were sealed before keys had numbers and cells had places."""
    return _FORMER + AESGCM(vault.keys.seal[1]).encrypt(_FORMER[1:], plain, None)
