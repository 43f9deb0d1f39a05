"""An installation of cunbao: its data folder, key, plan and database, checked and brought up to date."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import CannotStart
from bot.platforms.catalog import platform_infos
from bot.service.clock import system_clock
from bot.setup.faults import comes_back, words_of
from bot.setup.folder_lock import LockHeld, hold_lock
from bot.setup.settings import Settings
from bot.upkeep import anchors
from handlers.engine.world import World
from handlers.files.process import end_all
from storage.database import key_checks
from storage.database.connection import Database
from storage.database.limits import PATIENT, Limits
from storage.database.outages import TROUBLE
from storage.database.sealing import SealError, Vault, load_vault
from storage.files.media import MediaStore
from storage.migrations import migrate
from storage.plan import Plan, PlanError, builtin_plans, load_plan

log = logging.getLogger(__name__)

_LOOK_AGAIN = 1.0
"""Seconds between two tries to open a database that is away."""

Tell = Callable[[str], None]
"""Says something to the operator."""


_ADVICE = {
    True: "请看磁盘空间和权限；文件损坏时用 cunbao restore 恢复最近的备份。",
    False: "请看 CUNBAO_DATABASE_URL 和 PostgreSQL 是否在运行。",
}


@dataclass(frozen=True, slots=True)
class Installation:
    """What the service and the commands work with."""

    settings: Settings
    database: Database
    world: World


class GivenUp(Exception):
    """Whoever waited for the database was asked to stop."""


@contextlib.asynccontextmanager
async def open_installation(
    settings: Settings, tell: Tell, *, plan: Plan | None = None, limits: Limits = PATIENT, stop: asyncio.Event | None = None
) -> AsyncIterator[Installation]:
    """Open everything, and make the tables where there are none; `plan` stands in for the one of the settings.

    `limits` are for PostgreSQL. With `stop`, a database that is away or locked is waited for until it is set. Raises
    CannotStart, also for the tables of another version; GivenUp once `stop` is set.
    """
    plan = plan or open_plan(settings)
    make_folder(settings.data_dir)
    refuse_emptied(settings)
    vault = open_vault(settings, tell)
    database = open_database(settings, vault, limits)
    try:
        await (once_it_answers(lambda: _make_ready(database), tell, stop) if stop else _make_ready(database))
        media = MediaStore(settings.media_dir, vault, database)
        yield Installation(settings, database, World(plan, media, platforms=platform_infos(settings)))
        await _note_chain(settings, database)
    finally:
        end_all()
        await database.close()


async def _note_chain(settings: Settings, database: Database) -> None:
    """What a command or the last hour of a service has changed is noted outside the database too."""
    try:
        async with database.read() as conn:
            await anchors.note(settings, conn, system_clock())
    except (*TROUBLE, SealError) as error:  # the next start notes it
        log.warning("the end of the audit chain could not be noted: %s", type(error).__name__)


def make_folder(folder: Path) -> None:
    """The data folder, for its owner alone. Raises CannotStart."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"数据目录 {folder} 建不了：{error.strerror}。请换 CUNBAO_DATA_DIR，或改目录权限。") from None


def refuse_emptied(settings: Settings) -> None:
    """Raises CannotStart where a town's database stood that is gone or empty now: a new, empty town in its place would be found
    out late, and by people."""
    file = settings.database_file
    if settings.database_url or (file.exists() and file.stat().st_size):
        return
    try:
        kept = anchors.read(settings).kept
    except OSError as error:
        raise CannotStart(f"{anchors.anchor_file(settings)} 读不了：{error.strerror}。请看文件和权限。") from None
    if kept and kept[-1].head.seq:
        raise CannotStart(
            f"这里原来有数据库（{kept[-1].at:%Y-%m-%d %H:%M} 已记到第 {kept[-1].head.seq} 条），现在 {file} 没有了或是空的。"
            f"请用 cunbao restore 恢复备份，或把文件放回去；确实要从头开始，先移走 {anchors.anchor_file(settings)}。"
        )


def open_vault(settings: Settings, tell: Tell) -> Vault:
    """The key, made at the first run. Raises CannotStart."""
    lost = not settings.key_path.exists() and settings.is_sqlite and settings.database_file.exists()
    if lost and settings.database_url is None:  # a new key would open nothing of what is there
        raise CannotStart(f"有数据库却没有密钥文件 {settings.key_path}。请从备份放回密钥文件，再试一次。")
    try:
        vault, made = load_vault(settings.key_path)
    except SealError as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"密钥文件 {settings.key_path} 用不了：{error.strerror}。") from None
    if made:
        tell(f"已生成密钥文件 {settings.key_path.resolve()}(仅本人可读)。")
        tell("请现在另存一份，与数据备份分开放：没有它，加密的数据谁也打不开。")
    return vault


@contextlib.asynccontextmanager
async def open_kept(settings: Settings, *, read_only: bool = False) -> AsyncIterator[Database]:
    """The database as it is, for upkeep: no plan is needed, nothing is made or brought up to date. Raises CannotStart."""
    if not settings.key_path.exists():
        raise CannotStart(f"没有密钥文件 {settings.key_path}。第一次使用请先运行 cunbao run；否则从备份放回密钥文件。")
    if not is_there(settings):
        raise CannotStart("还没有数据库。第一次使用请先运行 cunbao run；否则用 cunbao restore 恢复备份。")
    database = open_database(settings, open_vault(settings, lambda _: None), read_only=read_only)
    try:
        async with told(database):
            async with database.read() as conn:
                await _check_fit(conn, database.vault)
            yield database
    finally:
        await database.close()


def is_there(settings: Settings) -> bool:
    """Whether there is a database file; of PostgreSQL, only asking can tell."""
    name = sa.make_url(settings.database).database
    return not settings.is_sqlite or bool(name and name != ":memory:" and Path(name).exists())


def open_database(settings: Settings, vault: Vault, limits: Limits = PATIENT, *, read_only: bool = False) -> Database:
    """Raises CannotStart when the driver is not installed."""
    require_driver(settings)
    return Database(settings.database, vault, limits, read_only=read_only)


def require_driver(settings: Settings) -> None:
    """Raises CannotStart when the driver is not installed."""
    if not settings.is_sqlite and importlib.util.find_spec("asyncpg") is None:
        raise CannotStart("连接 PostgreSQL 要先安装：pip install 'cunbao[postgres]'")


def open_plan(settings: Settings) -> Plan:
    """Raises CannotStart with the plan's mistakes."""
    try:
        return load_plan(plan_folder(settings.plan))
    except PlanError as error:
        raise CannotStart(f"方案 {settings.plan} 用不了：\n{error}\n请改好后运行 cunbao plan check {settings.plan}") from None


def plan_folder(named: str) -> Path:
    """The folder of a built-in plan's name or of a path."""
    return builtin_plans().get(named, Path(named))


@contextlib.contextmanager
def lock_data_folder(settings: Settings) -> Iterator[None]:
    """Hold the data folder for this process: on SQLite it serves one, PostgreSQL serves any number. Raises CannotStart."""
    if not settings.is_sqlite:
        yield
        return
    make_folder(settings.data_dir)
    try:
        held = contextlib.ExitStack()
        held.enter_context(hold_lock(settings.data_dir / "cunbao.lock"))
    except OSError as error:
        raise CannotStart(
            f"数据目录 {settings.data_dir} 用不了：{error.strerror}。请检查目录的权限，看硬盘是否成了只读。"
        ) from None
    except LockHeld:
        raise CannotStart(
            f"数据目录 {settings.data_dir} 正由另一个 cunbao 使用。请先停下它，或用 CUNBAO_DATA_DIR 换一个目录。"
        ) from None
    with held:
        yield


async def once_it_answers(work: Callable[[], Awaitable[object]], tell: Tell, stop: asyncio.Event) -> None:
    """Do what needs the database, again and again while that is away or locked; what only a person can mend is raised.

    Raises GivenUp once `stop` is set.
    """
    said = False
    while not stop.is_set():
        try:
            await work()
        except CannotStart as error:
            cause = error.__cause__
            if cause is None or not comes_back(cause):
                raise
            log.warning("the database can't be used yet, and is waited for: %s", cause_of(cause))
            if not said and sys.stderr.isatty():
                tell(f"数据库还用不了（{cause_of(cause)}），等它好了就启动。Ctrl-C 停止。")
            said = True
        else:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_AGAIN)
    raise GivenUp


async def _make_ready(database: Database) -> None:
    """Raises CannotStart."""
    async with told(database):
        async with database.read() as conn:
            empty = (await migrate.standing(conn)).age is migrate.Age.EMPTY
        if empty:
            await migrate.upgrade(database)
        async with database.read() as conn:
            await _check_fit(conn, database.vault)
            noted = database.vault.keys.newest in await key_checks.numbers(conn)
        if not noted:  # the key file has become newer than this copy of the database
            async with database.write() as conn:
                await key_checks.add(conn, database.vault)


async def _check_fit(conn: AsyncConnection, vault: Vault) -> None:
    """Raises CannotStart for tables of another version, or of another key."""
    standing = await migrate.standing(conn)
    if standing.age is migrate.Age.NEWER:
        raise CannotStart(standing.too_new)
    if standing.age is migrate.Age.EMPTY:
        raise CannotStart("数据库里还没有数据表。第一次使用请先运行 cunbao run；否则用 cunbao restore 恢复备份。")
    if standing.age is migrate.Age.OLDER:
        raise CannotStart(
            f"数据库是旧版本的（数据表 {standing.revision}）。请停下服务，运行 cunbao upgrade：先备份，再升级，再检查。"
        )
    try:
        await key_checks.check(conn, vault)
    except SealError as error:
        raise CannotStart(f"密钥文件不是这个数据库的：{error}请放回与这份数据一起用的密钥文件，再试一次。") from None


@contextlib.asynccontextmanager
async def told(database: Database) -> AsyncIterator[None]:
    """Say in a sentence why the database cannot be used. Raises CannotStart."""
    try:
        yield
    except migrate.Newer as error:
        raise CannotStart(str(error)) from None
    except TROUBLE as error:
        advice = words_of(error) or _ADVICE[database.is_sqlite]
        raise CannotStart(f"数据库用不了：{cause_of(error)}。{advice}") from error


def cause_of(error: BaseException) -> str:
    """What a database or the disk says, without the statement it was about."""
    return str(error.orig if isinstance(error, DBAPIError) else error)
