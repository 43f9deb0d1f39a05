"""Starting the bot under test, and killing it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import resource
import signal
import sys
import time
from pathlib import Path

from tests.soak.child import READY
from tests.soak.founding import Setup
from tests.support.paths import ROOT

_FILES = 1024
"""Files that a process may have open where nobody has raised that."""

START_LIMIT = 120.0
"""Seconds a start may take before it counts as failed."""


class StartFailedError(Exception):
    """The bot does not come up; the message holds the end of its log."""


class Victim:
    """The bot's processes, one after another, on one database and one Bot API server."""

    def __init__(self, setup: Setup, log: Path) -> None:
        self._command = (sys.executable, "-m", "tests.soak.child", json.dumps(dataclasses.asdict(setup)))
        self.port = setup.port
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self.kills = 0
        self.starts: list[float] = []
        """Seconds from the start of a process until it worked."""
        self.crashes: list[str] = []
        """How processes ended that nobody had killed."""

    async def start(self) -> None:
        """Start a process; it works only some time later."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.prlimit(self._process.pid, resource.RLIMIT_NOFILE, (_FILES, most))
        self._begun = time.perf_counter()

    async def ready(self) -> None:
        """Wait until it works. Raises StartFailedError."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_LIMIT):
                told = await self._process.stdout.readline()
        except TimeoutError:
            told = b""
        if told.decode().strip() != READY:
            raise StartFailedError(self._log.read_text(errors="replace")[-3000:])
        self.starts.append(time.perf_counter() - self._begun)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def kill(self) -> None:
        """SIGKILL, unless it has ended by itself, which is noted."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        if await process.wait() == -signal.SIGKILL:
            self.kills += 1
        else:
            self.crashes.append(f"exit {process.returncode}: {self._log.read_text(errors='replace')[-300:]}")
