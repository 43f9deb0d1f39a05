"""The clock of the bot under test, which the soak can put forward and back while the bot runs."""

from __future__ import annotations

import mmap
import struct
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from unittest import mock

from bot.service import clock

_SECONDS = struct.Struct("<q")


class Offset:
    """By how many seconds the clock is wrong, shared between processes by a file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_SECONDS.pack(0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _SECONDS.size)

    @property
    def seconds(self) -> int:
        return int(_SECONDS.unpack_from(self._shared)[0])

    @seconds.setter
    def seconds(self, seconds: int) -> None:
        _SECONDS.pack_into(self._shared, 0, seconds)


def go_by(offset: Offset) -> None:
    """Make this process take its time from a clock that is wrong by `offset`."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=offset.seconds)

    mock.patch.object(clock, "datetime", Wrong).start()
