"""The form of a backup: a tar with `manifest.json` as its last entry, which lists every file with size and sha256."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tarfile
import time
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from pydantic import ValidationError

from storage.database.audit import Head
from storage.database.base import Record

MANIFEST = "manifest.json"
_PIECE = 1024 * 1024


class BadArchive(Exception):
    """An archive that is damaged, incomplete or none of ours; the message says which."""


class ArchivedFile(Record):
    """One file of the archive."""

    name: str
    size: int
    sha256: str


class Manifest(Record):
    """What an archive holds. `revision` is the migration step of its database, `oldest` the one that a program has to know.

    `keys` are the numbers of the sealing keys it takes; `head` is how far the audit chain had got; `unread` are files that
    should be in it but could not be read.
    """

    format: Literal[1] = 1
    version: str
    made_at: datetime
    database: Literal["sqlite", "postgresql"]
    revision: str | None
    oldest: str | None = None
    keys: tuple[int, ...] = ()
    head: Head | None = None
    plan: str
    files: tuple[ArchivedFile, ...] = ()
    unread: tuple[str, ...] = ()


class _Hashing:
    """Passes a file through and keeps its digest."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self.digest.update(piece)
        return piece


class Writer:
    """Writes an archive next to its place and moves it there when it is whole; mode 600."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.part")
        self._entries: list[ArchivedFile] = []
        self._unread: list[str] = []

    def __enter__(self) -> Writer:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        whole = False
        try:
            self._tar.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            whole = not failed
        finally:
            with contextlib.suppress(OSError):  # closing writes what is left once more: the error of the flush is told
                self._file.close()
            if not whole:
                self._draft.unlink()
        if whole:
            self._draft.replace(self._path)

    def add(self, name: str, source: Path) -> None:
        with source.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def add_folder(self, name: str, folder: Path) -> None:
        """Every file below `folder` that is whole; names that begin with a dot are drafts of the media store.

        One that cannot be read is left out and named in the manifest, for the sake of all others.
        """

        def miss(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):  # that one was erased in between
                self._unread.append(_within(name, folder, Path(error.filename)))

        for place, folders, files in os.walk(folder, onerror=miss):
            folders.sort()
            for path in sorted(Path(place) / file for file in files if not file.startswith(".")):
                try:
                    content = path.read_bytes()
                except OSError as error:
                    miss(error)
                else:
                    self._add(_within(name, folder, path), io.BytesIO(content), len(content))

    def _add(self, name: str, source: IO[bytes], size: int) -> None:
        hashing = _Hashing(source)
        self._tar.addfile(_header(name, size), hashing)
        self._entries.append(ArchivedFile(name=name, size=size, sha256=hashing.digest.hexdigest()))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest; without it an archive counts as incomplete."""
        content = (
            manifest.model_copy(update={"files": tuple(self._entries), "unread": tuple(self._unread)})
            .model_dump_json(indent=1)
            .encode()
        )
        self._tar.addfile(_header(MANIFEST, len(content)), io.BytesIO(content))


def _within(name: str, folder: Path, path: Path) -> str:
    return f"{name}/{path.relative_to(folder).as_posix()}"


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, 0o600, int(time.time())
    return header


def verify(path: Path) -> Manifest:
    """Read the whole archive and compare it with its manifest. Raises BadArchive."""
    seen: dict[str, ArchivedFile] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None or not _sound(member.name) or member.name in seen:
                    raise BadArchive(f"备份里有不该有的内容：{member.name}")
                if member.name == MANIFEST:
                    manifest = Manifest.model_validate_json(content.read())
                    continue
                seen[member.name] = ArchivedFile(name=member.name, size=member.size, sha256=_digest(content))
    except FileNotFoundError:
        raise BadArchive(f"没有这个文件：{path}") from None
    except (tarfile.TarError, EOFError, OSError):
        raise BadArchive(f"{path} 不是完整的备份文件") from None
    except ValidationError:
        raise BadArchive(f"{path} 的清单读不懂，可能来自更新的版本") from None
    if manifest is None:
        raise BadArchive(f"{path} 不完整：缺少清单 {MANIFEST}")
    wrong = {entry.name for entry in manifest.files} ^ seen.keys()
    wrong |= {entry.name for entry in manifest.files if seen.get(entry.name) != entry}
    if wrong:
        raise BadArchive(f"{path} 与清单不符({len(wrong)} 处，如 {min(wrong)})，可能已损坏或被改动")
    return manifest


def manifest_of(path: Path) -> Manifest:
    """What an archive says of itself, without comparing. Raises BadArchive."""
    try:
        with tarfile.open(path, "r:") as tar:
            content = tar.extractfile(MANIFEST)
            return Manifest.model_validate_json(content.read() if content else b"")
    except (tarfile.TarError, EOFError, OSError, KeyError, ValidationError):
        raise BadArchive(f"{path} 不是完整的备份文件，或来自更新的版本") from None


def extract(path: Path, folder: Path) -> None:
    """Unpack a verified archive into an empty folder."""
    with tarfile.open(path, "r:") as tar:
        tar.extractall(folder, filter="data")  # names are checked by `verify`, links refused by the filter


def _sound(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and ".." not in parts and not name.startswith("/")


def _digest(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
