"""Recorded conversations: played anew and compared, or written down again.

`CUNBAO_RECORD=1 make test` writes what really happened into the files; read the diff before you commit it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tests.support.town import Town, play


async def check(path: Path, town: Town, *, restart: bool, names: Mapping[str, str] | None = None) -> None:
    """Play the file in `town`, with a restart between any two lines if so wanted.

    `names` stand in the file for what differs at each run, such as an invitation's token.
    """
    recorded = _read(path)
    names = names or {}
    back = {value: name for name, value in names.items()}
    played = await play(town, [_renamed(line, names) for line in recorded], restart)
    played = [_renamed(line, back) for line in played]
    if os.environ.get("CUNBAO_RECORD") and not restart:
        _write(path, played)
        return
    assert played == recorded


def _renamed(line: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        line = line.replace(old, new)
    return line


def _read(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n")
