"""Bringing the tables of an earlier version up to date: a backup first, then all steps in one transaction."""

from __future__ import annotations

import logging
from datetime import datetime

from bot.errors import CannotStart
from bot.setup.installation import Tell, is_there, open_database, open_vault, told
from bot.setup.settings import Settings
from bot.upkeep.backup import back_up
from storage.database.connection import Database
from storage.database.sealing import SealError
from storage.migrations import migrate

log = logging.getLogger(__name__)


async def upgrade(settings: Settings, now: datetime, tell: Tell) -> bool:
    """Whether there was anything to bring up to date. Each step is told.

    Raises CannotBackUp, and nothing is changed then; CannotStart, and the database is as it was.
    """
    if not is_there(settings):
        return False
    database = open_database(settings, open_vault(settings, tell))
    try:
        async with told(database), database.read() as conn:
            before = await migrate.standing(conn)
        if before.age is migrate.Age.NEWER:
            raise CannotStart(before.too_new)
        if before.age is not migrate.Age.OLDER:
            return False
        path = settings.data_dir / "backups" / f"cunbao-before-upgrade-{before.revision}-{now:%Y%m%d-%H%M%S}.tar"
        tell(f"数据库是旧版本的（数据表 {before.revision}），先备份……")
        await back_up(settings, path, now=now)
        tell(f"已备份：{path}")
        await migrate_kept(database, f"备份在 {path}。")
        tell(f"数据表已从 {before.revision} 升到 {migrate.head()}。")
        return True
    finally:
        await database.close()


async def migrate_kept(database: Database, kept: str) -> None:
    """Run the steps. Raises CannotStart, which says with `kept` where the data of before are."""
    try:
        await migrate.upgrade(database)
    except migrate.Newer as error:
        raise CannotStart(str(error)) from None
    except SealError as error:
        raise CannotStart(f"密钥文件不是这个数据库的：{error}数据库没有动。") from None
    except Exception as error:
        log.exception("the upgrade failed; the database is as it was")
        raise CannotStart(f"升级没有成功，数据库还是原样，可以接着用原来的版本。{kept}请把日志发给开发者。") from error
