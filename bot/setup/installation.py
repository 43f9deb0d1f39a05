"""An installation of cunbao: its data folder, key, plan and database, checked and brought up to date."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from bot.errors import CannotStart
from bot.platforms.catalog import platform_infos
from bot.setup.folder_lock import LockHeld, hold_lock
from bot.setup.settings import Settings
from handlers.engine.world import World
from storage.database.connection import Database
from storage.database.sealing import SealError, Vault, load_vault
from storage.files.media import MediaStore
from storage.migrations import migrate
from storage.plan import Plan, PlanError, builtin_plans, load_plan

Tell = Callable[[str], None]
"""Says something to the operator."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What the service and the commands work with."""

    settings: Settings
    database: Database
    world: World


@contextlib.asynccontextmanager
async def open_installation(settings: Settings, tell: Tell, *, plan: Plan | None = None) -> AsyncIterator[Installation]:
    """Open everything; `plan` stands in for the one of the settings. Raises CannotStart."""
    plan = plan or open_plan(settings)
    make_folder(settings.data_dir)
    vault = open_vault(settings, tell)
    database = open_database(settings, vault)
    try:
        await _bring_up_to_date(database)
        media = MediaStore(settings.media_dir, vault)
        yield Installation(settings, database, World(plan, media, platforms=platform_infos(settings)))
    finally:
        await database.close()


def make_folder(folder: Path) -> None:
    """The data folder, for its owner alone. Raises CannotStart."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"数据目录 {folder} 建不了：{error.strerror}。请换 CUNBAO_DATA_DIR，或改目录权限。") from None


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


def open_database(settings: Settings, vault: Vault) -> Database:
    """Raises CannotStart when the driver is not installed."""
    if not settings.is_sqlite and importlib.util.find_spec("asyncpg") is None:
        raise CannotStart("连接 PostgreSQL 要先安装：pip install 'cunbao[postgres]'")
    return Database(settings.database, vault)


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
        with hold_lock(settings.data_dir / "cunbao.lock"):
            yield
    except LockHeld:
        raise CannotStart(
            f"数据目录 {settings.data_dir} 正由另一个 cunbao 使用。请先停下它，或用 CUNBAO_DATA_DIR 换一个目录。"
        ) from None


async def _bring_up_to_date(database: Database) -> None:
    try:
        await migrate.upgrade(database)
    except migrate.Newer:
        raise CannotStart("数据库是更新的版本建的。请升级 cunbao，或恢复旧备份。") from None
    except (DBAPIError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise CannotStart(f"数据库打不开：{cause}。请检查 CUNBAO_DATABASE_URL、磁盘空间和权限。") from None
