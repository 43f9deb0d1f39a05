"""The command `cunbao` and its service, run by tests on a data folder of their own."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from unittest import mock

from click.testing import CliRunner, Result

from bot.cli import cli
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import PREFIX, load_settings
from storage.database.transaction import transaction
from storage.people.persons import Role
from storage.store import Store
from tests.support.paths import ROOT
from tests.support.plan import BAITA
from tests.support.town import START


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """An environment without settings but these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    named = {PREFIX + name.upper(): value for name, value in settings.items()}
    return clean | {PREFIX + "DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)} | named


def cunbao(folder: Path, *arguments: str, says: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, here: in a process of its own most of the time would go into its imports."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        tempfile.TemporaryFile("w+") as source,
        mock.patch.dict(os.environ, environment(folder, **settings), clear=True),
        mock.patch("sys.stdin", source),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        source.write(says)
        source.seek(0)
        try:
            cli(arguments, prog_name="cunbao")
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def started(folder: Path, **settings: str) -> subprocess.Popen[str]:
    """A running service, ready to take messages."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        env=environment(folder, **settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "已启动" in line, process.communicate(timeout=10)
    return process


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def run(*arguments: str) -> Result:
    """Run a command to its end in the environment of the test."""
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def inside(folder: Path, work: Callable[[Installation], Awaitable[None]]) -> None:
    """Do something with the data of a folder."""

    async def enter() -> None:
        async with open_installation(load_settings(data_dir=folder), lambda _: None) as installation:
            await work(installation)

    asyncio.run(enter())


async def add_people(installation: Installation, *names: str, village: str = BAITA) -> None:
    """Village cadres of these names."""
    async with transaction(installation.database, START) as tx, tx.session("test", "people") as session:
        store = Store(session)
        for name in names:
            store.people.appoint(store.people.add(name), Role.VILLAGE, region=village)
