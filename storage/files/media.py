"""Kept files, named by their content: photos, voice messages, documents. Sealed on disk, stored once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import ONCE, Moment, metadata
from storage.database.sealing import Vault
from storage.database.transaction import Session

media = sa.Table(
    "media",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("content_type", sa.String(80), nullable=False),
    sa.Column("kept_at", Moment, nullable=False),
    info=ONCE,
)


ERASED = "erased"
"""Stands for the content type of a file that was erased; the next purge deletes it."""


class MediaStore:
    """Files under `folder`, each sealed as a whole."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def write(self, content: bytes) -> str:
        """Keep a file durably; returns its sha256. Blocking: call it from a thread."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}.{os.getpid()}")
            with draft.open("wb") as file:
                file.write(self._vault.seal(content))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        return sha256

    def read(self, sha256: str) -> bytes:
        """The content of a file. Raises FileNotFoundError when it was never kept, SealError when the file was altered."""
        return self._vault.open(self.path(sha256).read_bytes())

    def remove(self, names: Iterable[str]) -> None:
        """Delete files for good; what is not there is no error. Blocking."""
        for sha256 in names:
            self.path(sha256).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


class Media:
    """Making a kept file known within a conversation's or job's own session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, sha256: str, size: int, *, content_type: str) -> None:
        """Call it after `MediaStore.write`. A file that is known already stays as it is."""
        row = {"sha256": sha256, "size": size, "content_type": content_type, "kept_at": self._session.now}
        self._session.add(media, row)


async def register(conn: AsyncConnection, sha256: str, *, size: int, content_type: str, now: datetime) -> None:
    """Make a kept file known to the database."""
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    row = {"sha256": sha256, "size": size, "content_type": content_type, "kept_at": now}
    await conn.execute(insert(media).on_conflict_do_nothing(), row)
