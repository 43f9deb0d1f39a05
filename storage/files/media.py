"""Kept files, named by their content: photos, voice messages, documents. Sealed on disk, stored once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import ONCE, SHANGHAI, Moment, from_ms, metadata
from storage.database.bulk import insert_into
from storage.database.connection import Database
from storage.database.reading import Damage, SetAside, note
from storage.database.sealing import HEADER, SealError, UnknownKey, Vault, number_of
from storage.database.session import Session

media = sa.Table(
    "media",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("content_type", sa.String(80), nullable=False),
    sa.Column("kept_at", Moment, nullable=False, index=True),
    info=ONCE,
)

FORGOTTEN = from_ms(0)
"""Stands for when a file was kept that nobody shall keep: unless something filed refers to it, the next purge deletes it."""


ERASED = "erased"
"""Stands for the content type of a file that was erased; the next purge deletes it."""


_ANEW = ".anew"

_ALTERED = "这个文件被换过或改过，没有打开。"
_TOLD = "有个照片或文件被换过或改过，没有给人看。请从备份放回。"


class AlteredFile(SealError):
    """A kept file that is not what its name says. The text is for people."""


class MediaStore:
    """Files under `folder`, each sealed as a whole."""

    def __init__(self, folder: Path, vault: Vault, database: Database | None = None) -> None:
        """`database`, where given, is told of files that can't be opened."""
        self._folder = folder
        self._vault = vault
        self._database = database

    def write(self, content: bytes) -> str:
        """Keep a file durably; returns its sha256. Blocking: call it from a thread."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sealed(content, path.with_name(f".{path.name}.{os.getpid()}")).replace(path)
        return sha256

    def _sealed(self, content: bytes, draft: Path) -> Path:
        self._vault.refresh()
        with draft.open("wb") as file:
            file.write(self._vault.seal(content, _place(hashlib.sha256(content).hexdigest())))
            file.flush()
            os.fsync(file.fileno())
        return draft

    def read(self, sha256: str) -> bytes:
        """The content of a file. Raises FileNotFoundError when it was never kept, AlteredFile when it is another's or was
        altered, SealError where the key is not there. Blocking."""
        try:
            content = self._vault.open(self.path(sha256).read_bytes(), _place(sha256))
        except UnknownKey:
            raise
        except SealError:
            raise AlteredFile(_ALTERED) from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise AlteredFile(_ALTERED)
        return content

    async def fetch(self, sha256: str) -> bytes:
        """As `read`, in a thread; the office is told once of a file that was altered."""
        key = f"file:{sha256}"
        try:
            content = await asyncio.to_thread(self.read, sha256)
        except AlteredFile as error:
            if self._database is not None:
                damage = Damage()
                damage.found[key] = SetAside(key, _TOLD, str(error))
                await note(self._database, damage, datetime.now(SHANGHAI))
            raise
        if self._database is not None and key in self._database.noted:
            damage = Damage()
            damage.right.add(key)
            await note(self._database, damage, datetime.now(SHANGHAI))
        return content

    def in_use(self) -> dict[int, list[str]]:
        """The files by the number of the key they are sealed with; 0 for those that cannot be read. Blocking."""
        found: dict[int, list[str]] = {}
        for path in sorted(self._folder.glob("??/" + "[0-9a-f]" * 64)):
            with contextlib.suppress(FileNotFoundError):  # erased in between
                found.setdefault(_number(path), []).append(path.name)
        return found

    def draft_anew(self, sha256: str) -> Path:
        """A draft of the file, sealed with the newest key, to be put in its place or removed. Blocking. As `read`."""
        return self._sealed(self.read(sha256), self.path(sha256).with_name(f".{sha256}{_ANEW}"))

    def remove_drafts(self) -> None:
        """Delete what `draft_anew` left behind when its process was killed. Blocking."""
        for draft in self._folder.glob(f"??/.*{_ANEW}"):
            draft.unlink(missing_ok=True)

    def remove(self, names: Iterable[str]) -> None:
        """Delete files for good; what is not there is no error. Blocking."""
        for sha256 in names:
            self.path(sha256).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _place(sha256: str) -> bytes:
    """What the content of a file is sealed to: its name."""
    return f"media\0{sha256}".encode()


def _number(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return number_of(file.read(HEADER))
    except FileNotFoundError:
        raise
    except (OSError, SealError):
        return 0


class Media:
    """Making a kept file known within a conversation's or job's own session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, sha256: str, size: int, *, content_type: str) -> None:
        """Call it after `MediaStore.write`. A file that is known already stays as it is."""
        row = {"sha256": sha256, "size": size, "content_type": content_type, "kept_at": self._session.now}
        self._session.add(media, row)


async def keep(database: Database, store: MediaStore, content: bytes, *, content_type: str, now: datetime) -> str:
    """Keep a file that a person sent, and make it known; returns its sha256. Raises what the disk and the database raise.

    It is written before the database speaks of it, and looked for again afterwards: a purge may have been at work on what
    somebody had sent before.
    """
    sha256 = await asyncio.to_thread(store.write, content)
    async with database.write() as conn:
        await register(conn, sha256, size=len(content), content_type=content_type, now=now)
    await asyncio.to_thread(store.write, content)
    return sha256


async def held(conn: AsyncConnection, names: Iterable[str]) -> set[str]:
    """Which of these files the database knows; their rows are held until the transaction ends."""
    query = sa.select(media.c.sha256).where(media.c.sha256.in_(list(names))).with_for_update()
    return set((await conn.execute(query)).scalars())


async def register(conn: AsyncConnection, sha256: str, *, size: int, content_type: str, now: datetime) -> None:
    """Make a kept file known to the database. One that is sent again is as new, also if it had been erased."""
    insert = insert_into(conn, media)
    again = {"content_type": insert.excluded.content_type, "kept_at": insert.excluded.kept_at}
    row = {"sha256": sha256, "size": size, "content_type": content_type, "kept_at": now}
    await conn.execute(insert.on_conflict_do_update(index_elements=["sha256"], set_=again), row)
