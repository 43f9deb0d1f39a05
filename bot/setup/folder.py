"""The data folder while it is in use: whether it is still the one that was opened."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Self

from bot.setup.settings import Settings

_Inode = tuple[int, int]


class FolderIdentity(NamedTuple):
    """The folder and the database file in it, as the file system numbers them; None for what is not there."""

    folder: _Inode | None
    database: _Inode | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        database = _inode(settings.database_file) if settings.database_url is None else None
        return cls(_inode(settings.data_dir), database)


def _inode(path: Path) -> _Inode | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
