"""What systemd is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bot.service import systemd
from tests.support.commands import free_port, started


def hear(path: Path) -> socket.socket:
    """The socket that systemd listens on."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.bind(str(path))
    line.settimeout(60)
    return line


def test_a_service_says_that_it_is_ready_that_it_lives_and_that_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hear(tmp_path / "notify") as line:
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        process = started(tmp_path / "data", web_port=str(free_port()))
        heard = {line.recv(100).decode(), line.recv(100).decode()}
        process.terminate()
        process.communicate(timeout=60)
        while (last := line.recv(100).decode()) == systemd.ALIVE:
            continue
    assert heard == {systemd.READY, systemd.ALIVE}
    assert last == systemd.STOPPING


def test_nothing_is_said_where_nobody_listens(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd.notify(systemd.READY)
    assert not caplog.records
    monkeypatch.setenv("NOTIFY_SOCKET", "@cunbao-nobody")
    systemd.notify(systemd.READY)
    assert "could not be told" in caplog.text
