"""Backup while the bot runs, and restore. The archive's form is in `bot.upkeep.archive`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bot.errors import CannotBackUp, CannotStart
from bot.setup.installation import Installation, plan_folder
from bot.setup.settings import Settings
from bot.upkeep import archive
from storage.database.connection import Database
from storage.migrations import migrate
from storage.plan import builtin_plans

SQLITE, POSTGRES, MEDIA, PLAN, KEY = "database.sqlite3", "database.pgdump", "media", "plan", "key/cunbao.key"


async def back_up(installation: Installation, path: Path, *, now: datetime, with_key: bool = False) -> archive.Manifest:
    """Write an archive of the database, the media and the plan as they are at one moment. Raises CannotBackUp.

    The database comes first: whatever file it speaks of is on disk already, since media are written before the rows
    that name them, and never change.
    """
    settings, database = installation.settings, installation.database
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as scratch:
        name = SQLITE if database.is_sqlite else POSTGRES
        copy = Path(scratch) / name
        await (_copy_sqlite if database.is_sqlite else _dump_postgres)(database, copy)
        manifest = archive.Manifest(
            version=version("cunbao"),
            made_at=now,
            database="sqlite" if database.is_sqlite else "postgresql",
            revision=await migrate.current(database),
            plan=settings.plan,
        )
        await asyncio.to_thread(_pack, settings, path, name, copy, manifest, with_key=with_key)
    return await asyncio.to_thread(archive.verify, path)


def _pack(settings: Settings, path: Path, name: str, copy: Path, manifest: archive.Manifest, *, with_key: bool) -> None:
    with archive.Writer(path) as writer:
        writer.add(name, copy)
        if settings.media_dir.is_dir():
            writer.add_folder(MEDIA, settings.media_dir)
        writer.add_folder(PLAN, plan_folder(settings.plan))
        if with_key:
            writer.add(KEY, settings.key_path)
        writer.finish(manifest)


async def _copy_sqlite(database: Database, copy: Path) -> None:
    """One consistent copy beside running writers; VACUUM leaves out what was erased, which a copy of pages would not."""
    async with database.engine.connect() as conn:
        await conn.exec_driver_sql("VACUUM INTO ?", (str(copy),))


async def _dump_postgres(database: Database, copy: Path) -> None:
    await _postgres_tool(database.url, "pg_dump", "--format=custom", "--no-owner", "--file", str(copy))


async def _postgres_tool(url: sa.URL, tool: str, *arguments: str) -> None:
    """Run a tool of PostgreSQL on our database; the password goes by the environment, where `ps` does not show it."""
    path = shutil.which(tool)
    if path is None:
        raise CannotBackUp(f"没有找到 {tool}。请安装与服务器同版本的 PostgreSQL 客户端工具，再试一次。")
    plain = url.set(drivername="postgresql", password=None)
    process = await asyncio.create_subprocess_exec(
        path, "--dbname", plain.render_as_string(), *arguments,
        env={**os.environ, "PGPASSWORD": url.password or ""},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    if process.returncode:
        last = errors.decode(errors="replace").strip().splitlines()[-1:]
        raise CannotBackUp(f"{tool} 没有成功：{' '.join(last)}")


@contextlib.asynccontextmanager
async def _unpacked(path: Path, settings: Settings) -> AsyncIterator[tuple[archive.Manifest, Path]]:
    """The verified content of an archive, on the same disk as the data folder."""
    try:
        manifest = await asyncio.to_thread(archive.verify, path)
    except archive.BadArchive as error:
        raise CannotBackUp(str(error)) from None
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data_dir) as scratch:
        await asyncio.to_thread(archive.extract, path, Path(scratch))
        yield manifest, Path(scratch)


async def restore(path: Path, settings: Settings, now: datetime, *, force: bool = False) -> archive.Manifest:
    """Put an archive in place of what is there; call it while no process uses the data. Raises CannotBackUp.

    What is there is moved aside to `before-restore-...` in the data folder (SQLite, media); on PostgreSQL the tables are
    replaced in one transaction. The key file is put back only where there is none.
    """
    async with _unpacked(path, settings) as (manifest, content):
        wanted = "sqlite" if settings.is_sqlite else "postgresql"
        if manifest.database != wanted:
            raise CannotBackUp(f"备份是 {manifest.database} 的，现在用的是 {wanted}。请改 CUNBAO_DATABASE_URL。")
        _place_key(content / KEY, settings)
        if not force and await _occupied(settings):
            raise CannotBackUp("这里已有数据，没有动。确要用备份替换，请加 --force(旧数据会移到一旁)。")
        aside = settings.data_dir / f"before-restore-{now:%Y%m%d-%H%M%S}"
        if settings.is_sqlite:
            file = sqlite_file(settings)
            for suffix in ("", "-wal", "-shm"):
                _move(Path(f"{file}{suffix}"), aside)
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(content / SQLITE, file)
        else:
            await _postgres_tool(
                sa.make_url(settings.database), "pg_restore", "--clean", "--if-exists", "--no-owner",
                "--single-transaction", "--exit-on-error", str(content / POSTGRES),
            )  # fmt: skip
        _move(settings.media_dir, aside)
        if (content / MEDIA).is_dir():
            shutil.move(content / MEDIA, settings.media_dir)
        if manifest.plan not in builtin_plans():
            _move(settings.data_dir / PLAN, aside)
            shutil.move(content / PLAN, settings.data_dir / PLAN)
        return manifest


def sqlite_file(settings: Settings) -> Path:
    return Path(sa.make_url(settings.database).database or settings.database_file)


def _place_key(kept: Path, settings: Settings) -> None:
    """The key of the archive, if it carries one and none is there. Another key that is there would open nothing."""
    place = settings.key_path
    if kept.is_file() and not place.exists():
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(kept, place)
        place.chmod(0o600)
    elif kept.is_file() and kept.read_text().strip() != place.read_text().strip():
        raise CannotBackUp(f"{place} 是另一把密钥，打不开这份备份。请先把它移走，再试一次。")
    if not place.exists():
        raise CannotStart(f"没有密钥文件 {place}。请先把备份时的密钥文件放到这里(权限 600)，再试一次。")


async def _occupied(settings: Settings) -> bool:
    if settings.is_sqlite:
        return sqlite_file(settings).exists() or settings.media_dir.exists()
    engine = create_async_engine(settings.database)
    async with engine.connect() as conn:
        tables = await conn.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    await engine.dispose()
    return bool(tables)


def _move(path: Path, aside: Path) -> None:
    if path.exists():
        aside.mkdir(mode=0o700, exist_ok=True)
        shutil.move(path, aside / path.name)
