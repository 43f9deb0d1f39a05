"""How long `cunbao --help` takes, with the interpreter's own start."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.support.figures import Figure, at_most

_ROUNDS = 9


async def figures() -> list[Figure]:
    return [at_most("help_seconds", statistics.median(_seconds() for _ in range(_ROUNDS)), "s", 0.5)]


def _seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bot", "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
