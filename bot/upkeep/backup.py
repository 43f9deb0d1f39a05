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
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import CannotBackUp, CannotStart
from bot.setup.faults import words_of
from bot.setup.installation import cause_of, is_there, plan_folder, require_driver
from bot.setup.settings import Settings
from bot.upkeep import anchors, archive
from storage.database import audit, key_checks
from storage.database.audit import Head
from storage.database.connection import Database, open_engine, sqlite_url
from storage.database.keys import KeyFileError, read_keys, retired_file, write_keys
from storage.database.limits import PATIENT
from storage.database.outages import is_damage
from storage.database.sealing import SealError
from storage.database.sealing import open_vault as open_key_file
from storage.migrations import migrate
from storage.plan import builtin_plans

SQLITE, POSTGRES, MEDIA, PLAN, KEY = "database.sqlite3", "database.pgdump", "media", "plan", "key/cunbao.key"


async def back_up(settings: Settings, path: Path, *, now: datetime, with_key: bool = False) -> archive.Manifest:
    """Write an archive of the database, the media and the plan as they are at one moment. Raises CannotBackUp.

    The database comes first: whatever file it speaks of is on disk already, since media are written before the rows
    that name them, and never change. Nothing is changed, and neither plan nor key has to be of use.
    """
    if not is_there(settings):
        raise CannotBackUp(f"没有数据库，没有可备份的。请看 CUNBAO_DATA_DIR 对不对：{settings.data_dir}")
    require_driver(settings)
    engine = open_engine(sa.make_url(settings.database), PATIENT, read_only=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as scratch:
            name = SQLITE if settings.is_sqlite else POSTGRES
            copy = Path(scratch) / name
            async with engine.connect() as conn:
                standing = await migrate.standing(conn)
                keys = await _keys(conn)
                head = await _head(conn)
            await (_copy_sqlite(engine, copy) if settings.is_sqlite else _dump_postgres(settings, copy))
            manifest = archive.Manifest(
                version=version("cunbao"),
                made_at=now,
                database="sqlite" if settings.is_sqlite else "postgresql",
                revision=standing.revision,
                oldest=standing.needs.oldest if standing.needs else None,
                keys=tuple(keys),
                head=head,
                plan=settings.plan,
            )
            await asyncio.to_thread(_pack, settings, path, name, copy, manifest, with_key=with_key)
        return await asyncio.to_thread(archive.verify, path)
    except DBAPIError as error:
        advice = None if is_damage(error) else words_of(error)
        raise CannotBackUp(f"数据库读不全，没有备份成：{cause_of(error)}。{advice or _DAMAGED}") from error
    except archive.BadArchive as error:
        raise CannotBackUp(f"刚写的备份核对不上：{error}。请换一个磁盘再备份一次。") from error
    except OSError as error:
        raise CannotBackUp(
            f"备份没有写成：{error.filename or path} {error.strerror}。请看磁盘空间和权限，再试一次。"
        ) from error
    finally:
        await engine.dispose()


_DAMAGED = "请看磁盘空间；文件损坏时运行 cunbao check 看坏在哪里，原来的文件留着别删，再用 cunbao restore 恢复最近的备份。"


async def _keys(conn: AsyncConnection) -> list[int]:
    """The sealing keys that the values are sealed with; of a database older than numbered keys, none is known."""
    there = await conn.run_sync(lambda sync: sa.inspect(sync).has_table(key_checks.key_checks.name))
    return await key_checks.numbers(conn) if there else []


async def _head(conn: AsyncConnection) -> Head | None:
    """How far the audit chain has got before the copy is made."""
    there = await conn.run_sync(lambda sync: sa.inspect(sync).has_table(audit.audit.name))
    return await audit.head(conn) if there else None


def _pack(settings: Settings, path: Path, name: str, copy: Path, manifest: archive.Manifest, *, with_key: bool) -> None:
    with archive.Writer(path) as writer:
        writer.add(name, copy)
        if settings.media_dir.is_dir():
            writer.add_folder(MEDIA, settings.media_dir)
        writer.add_folder(PLAN, plan_folder(settings.plan))
        if with_key:
            writer.add(KEY, settings.key_path)
            if retired_file(settings.key_path).exists():
                writer.add(retired_file(Path(KEY)).as_posix(), retired_file(settings.key_path))
        writer.finish(manifest)


async def _copy_sqlite(engine: AsyncEngine, copy: Path) -> None:
    """One consistent copy beside running writers; VACUUM leaves out what was erased, which a copy of pages would not."""
    async with engine.connect() as conn:
        await conn.exec_driver_sql("VACUUM INTO ?", (str(copy),))


async def _dump_postgres(settings: Settings, copy: Path) -> None:
    url = sa.make_url(settings.database)
    await _postgres_tool(url, "pg_dump", "--format=custom", "--no-owner", "--file", str(copy))


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
    replaced in one transaction. The key file is put back only where there is none; keys that it lacks are added to it.
    """
    async with _unpacked(path, settings) as (manifest, content):
        wanted = "sqlite" if settings.is_sqlite else "postgresql"
        if manifest.database != wanted:
            raise CannotBackUp(f"备份是 {manifest.database} 的，现在用的是 {wanted}。请改 CUNBAO_DATABASE_URL。")
        _check_version(manifest)
        if not force and await _occupied(settings):
            raise CannotBackUp("这里已有数据，没有动。确要用备份替换，请加 --force（旧数据会移到一旁）。")
        _place_keys(content / KEY, settings)
        await _check_keys(manifest, content, settings)
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
        if manifest.plan not in builtin_plans() and (content / PLAN).is_dir():
            _move(settings.data_dir / PLAN, aside)
            shutil.move(content / PLAN, settings.data_dir / PLAN)
        _note_chain(settings, manifest, now)
        return manifest


def _note_chain(settings: Settings, manifest: archive.Manifest, now: datetime) -> None:
    """Say beside the key that the chain ends here on purpose. Raises CannotBackUp."""
    try:
        anchors.write(settings, manifest.head or anchors.EMPTY, now, anchors.RESTORE)
    except OSError as error:
        path = anchors.anchor_file(settings)
        raise CannotBackUp(
            f"数据已恢复，但 {path} 写不了：{error.strerror}。请改好权限，再恢复一次，不然检查会说数据是旧的。"
        ) from None


def _check_version(manifest: archive.Manifest) -> None:
    known = manifest.revision is None or migrate.knows(manifest.revision)
    if not known and not (manifest.oldest and migrate.knows(manifest.oldest)):
        raise CannotBackUp(
            f"备份是更新的版本做的：cunbao {manifest.version}（数据表 {manifest.revision}），这个程序是 {version('cunbao')}"
            f"（数据表 {migrate.head()}）。请升级 cunbao 到 {manifest.version} 或更新的版本，再恢复；现在什么都没有动。"
        )


def sqlite_file(settings: Settings) -> Path:
    return Path(sa.make_url(settings.database).database or settings.database_file)


def _place_keys(kept: Path, settings: Settings) -> None:
    """The keys of the archive, if it carries any, where they are lacking. Those of another installation open nothing."""
    place = settings.key_path
    if kept.is_file():
        if not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file, to in ((retired_file(kept), retired_file(place)), (kept, place)):
                if file.is_file():
                    shutil.move(file, to)
                    to.chmod(0o600)
        else:
            _add_keys(kept, place)
    if not place.exists():
        raise CannotStart(f"没有密钥文件 {place}。请先把备份时的密钥文件放到这里（权限 600），再试一次。")


def _add_keys(kept: Path, place: Path) -> None:
    try:
        ours, theirs = read_keys(place), read_keys(kept)
    except KeyFileError as error:
        raise CannotBackUp(str(error)) from None
    if not ours.belongs_with(theirs):
        raise CannotBackUp(f"{place} 是另一套密钥，打不开这份备份。请先把它移走，再试一次。")
    if theirs.opening.keys() - ours.opening.keys():
        write_keys(place, ours.with_sealing(theirs))


async def _check_keys(manifest: archive.Manifest, content: Path, settings: Settings) -> None:
    """Whether the keys that are there open the archive. Raises CannotBackUp before anything was replaced."""
    try:
        vault = open_key_file(settings.key_path)
    except SealError as error:
        raise CannotBackUp(str(error)) from None
    lacking = sorted(set(manifest.keys) - vault.keys.opening.keys())
    if lacking:
        numbers = "、".join(f"{number} 号" for number in lacking)
        raise CannotBackUp(
            f"这份备份用的是{numbers}密钥，密钥文件里没有。请把停用的密钥 {retired_file(settings.key_path).name} 放回 "
            f"{settings.key_path.parent}（权限 600），再试一次；现在什么都没有动。"
        )
    if settings.is_sqlite:
        database = Database(sqlite_url(content / SQLITE), vault, read_only=True)
        try:
            async with database.read() as conn:
                await (key_checks.check if manifest.keys else key_checks.try_cells)(conn, vault)
        except SealError as error:
            raise CannotBackUp(f"密钥文件不是这份备份的：{error}现在什么都没有动。") from None
        finally:
            await database.close()


async def _occupied(settings: Settings) -> bool:
    if settings.is_sqlite:
        return sqlite_file(settings).exists() or settings.media_dir.exists()
    engine = open_engine(sa.make_url(settings.database), PATIENT)
    async with engine.connect() as conn:
        tables = await conn.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    await engine.dispose()
    return bool(tables)


def _move(path: Path, aside: Path) -> None:
    if path.exists():
        aside.mkdir(mode=0o700, exist_ok=True)
        shutil.move(path, aside / path.name)
