"""Work in a process of its own: it is done again when the process is killed, with all that it was given."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from handlers.files.process import MUCH, aside


def killed_once(mark: Path, *, word: str) -> str:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return word


async def test_a_process_that_is_killed_is_replaced_once(tmp_path: Path) -> None:
    assert await aside(killed_once, tmp_path / "mark", rows=MUCH, word="读完了") == "读完了"
