"""`cunbao check`: is everything as it should be, and if not, what to do."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import CannotStart
from bot.setup.installation import cause_of, is_there, open_database, open_plan, open_vault
from bot.setup.settings import FILE, Settings, unknown_variables
from bot.upkeep import anchors, archive
from storage.database import audit, key_checks
from storage.database.base import SHANGHAI
from storage.database.connection import Database
from storage.database.outages import TROUBLE
from storage.database.sealing import SealError, Vault
from storage.database.tables import all_tables
from storage.database.troubles import open_troubles
from storage.files.media import MediaStore, media
from storage.mail import inbox, outbox
from storage.migrations import migrate

_SAMPLE = 50
"""Media files opened to see whether they can be read; of all others only their presence is checked."""

_SLACK = timedelta(minutes=5)
"""How far clocks of two machines that write one database may differ."""

_LONG = timedelta(minutes=5)
"""A message that waits longer is not being worked on."""

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` says what to do where it is not as it should be."""

    ok: bool
    what: str
    advice: str = ""


def _passed(what: str) -> Finding:
    return Finding(ok=True, what=what)


def _failed(what: str, advice: str = "") -> Finding:
    return Finding(ok=False, what=what, advice=advice)


Findings = AsyncIterator[Finding]


async def check(settings: Settings, now: datetime) -> Findings:
    """Look at everything and change nothing; what cannot be looked at because of an earlier finding is left out."""
    for name in unknown_variables():
        yield _failed(f"环境变量 {name} 不是 cunbao 的设置", "多半是写错了，对照 README 的设置表改正")
    yield _settings_file(settings)
    yield _plan(settings)
    yield _zone(now)
    if not settings.key_path.exists():
        yield _failed(f"没有密钥文件 {settings.key_path}", "第一次使用请先运行 cunbao run；否则从备份放回密钥文件")
        return
    if not is_there(settings):
        yield _failed("还没有数据库", "第一次使用请先运行 cunbao run；否则用 cunbao restore 恢复备份")
        return
    try:
        vault = open_vault(settings, lambda _: None)
        database = open_database(settings, vault, read_only=True)
    except CannotStart as error:
        yield _failed("密钥或数据库驱动用不了", str(error))
        return
    yield _passed(f"密钥文件 {settings.key_path}")
    try:
        async for finding in _database(settings, database, vault, now):
            yield finding
    finally:
        await database.close()


def _settings_file(settings: Settings) -> Finding:
    path = settings.data_dir / FILE
    if path.exists() and path.stat().st_mode & 0o077:
        return _failed(f"设置文件 {path} 他人可读", f"里面可能有密码，请执行 chmod 600 {path}")
    return _passed("设置")


def _plan(settings: Settings) -> Finding:
    try:
        plan = open_plan(settings)
    except CannotStart as error:
        return _failed("方案", str(error))
    return _passed(f"方案：{plan.title}")


def _zone(now: datetime) -> Finding:
    if now.utcoffset() != now.astimezone(SHANGHAI).utcoffset():
        return _failed("时区", "业务时间应为北京时间")
    return _passed(f"时钟：北京时间 {now:%Y-%m-%d %H:%M}")


Look = Callable[[AsyncConnection], Awaitable[list[Finding]]]


async def _database(settings: Settings, database: Database, vault: Vault, now: datetime) -> Findings:
    store = MediaStore(settings.media_dir, vault)
    sound: Look = _integrity if database.is_sqlite else _answers
    of_this_version: list[Look] = [lambda conn: _clock(conn, now), _letters, lambda conn: _waiting(conn, now), _troubles]
    for finding in await _looked(database, sound):
        yield finding
    versions = await _looked(database, _version)
    for finding in versions:
        yield finding
    if not all(finding.ok for finding in versions):
        return
    fits = await _looked(database, lambda conn: _key_fits(conn, vault))
    for finding in fits:
        yield finding
    if all(finding.ok for finding in fits):  # with a wrong key every link of the chain looks forged
        of_this_version = [
            lambda conn: _chain(conn, vault), lambda conn: _anchored(conn, settings), lambda conn: _media(conn, store),
            *of_this_version,
        ]  # fmt: skip
    for look in of_this_version:
        for finding in await _looked(database, look):
            yield finding


async def _looked(database: Database, look: Look) -> list[Finding]:
    """What one look finds, or that it could not be made: the others are made all the same."""
    try:
        async with database.read() as conn:
            return await look(conn)
    except TROUBLE as error:
        advice = "检查 CUNBAO_DATABASE_URL、磁盘和权限；损坏时用 cunbao restore 恢复备份"
        return [_failed(f"数据库读不了：{cause_of(error)}", advice)]


async def _version(conn: AsyncConnection) -> list[Finding]:
    standing = await migrate.standing(conn)
    if standing.age is migrate.Age.NEWER:
        return [_failed("数据表版本", standing.too_new)]
    if standing.age in (migrate.Age.EMPTY, migrate.Age.OLDER):
        advice = "运行 cunbao upgrade：先备份，再升级，再检查"
        return [_failed(f"数据表版本 {standing.revision}，程序需要 {migrate.head()}", advice)]
    newer = "，是更新的版本建的，这个版本也能用" if standing.age is migrate.Age.FITTING else ""
    return [_passed(f"数据表版本 {standing.revision}{newer}")]


async def _integrity(conn: AsyncConnection) -> list[Finding]:
    """SQLite's own checks of pages, indexes and foreign keys."""
    found = list((await conn.exec_driver_sql("PRAGMA integrity_check")).scalars())
    found = [] if found == ["ok"] else found
    dangling = (await conn.exec_driver_sql("PRAGMA foreign_key_check")).mappings()
    found += [f"{row['table']} 第 {row['rowid']} 行缺少 {row['parent']}" for row in dangling]
    if found:
        return [_failed(f"数据库文件有 {len(found)} 处损坏：{'；'.join(found[:_SHOWN])}", "请用 cunbao restore 恢复最近的备份")]
    return [_passed("数据库文件完整")]


async def _answers(conn: AsyncConnection) -> list[Finding]:
    """PostgreSQL checks its pages itself; that it answers is enough."""
    await conn.execute(sa.select(1))
    return [_passed("数据库连得上")]


async def _key_fits(conn: AsyncConnection, vault: Vault) -> list[Finding]:
    try:
        await key_checks.check(conn, vault)
        await key_checks.try_cells(conn, vault)
    except SealError as error:
        return [_failed("密钥与数据不配套", f"{error}请放回与这份数据一起用的密钥文件")]
    if len(await key_checks.numbers(conn)) > 1:
        return [_passed("密钥与数据配套；旧密钥还没有停用，见 cunbao key list")]
    return [_passed("密钥与数据配套")]


async def _chain(conn: AsyncConnection, vault: Vault) -> list[Finding]:
    all_tables()  # the chain vouches for tables that this command has had no reason to import
    faults = await audit.verify(conn, vault)
    if not faults:
        return [_passed("审计链完整")]
    told = [_failed(f"{fault.where}：{fault.what}") for fault in faults[:_SHOWN]]
    advice = "请保留现场，查清谁动过数据库，再决定是否恢复备份"
    return [*told, _failed(f"审计链有 {len(faults)} 处不符", advice)]


async def _anchored(conn: AsyncConnection, settings: Settings) -> list[Finding]:
    """Compare the chain with what was noted of it outside the database: beside the key, and in the newest backup."""
    found, noted = [], list[anchors.Anchor]()
    path = anchors.anchor_file(settings)
    try:
        read = anchors.read(settings)
    except OSError as error:
        return [_failed(f"另存的审计链尾 {path} 读不了：{error.strerror}", "请检查这个文件的权限")]
    if read.unread:
        found.append(_failed(f"另存的审计链尾 {path} 有 {read.unread} 行读不懂", "这个文件可能被改过，请查清谁动过"))
    if read.others and not read.kept:
        advice = "数据库搬过地方是正常的，服务再启动一次就从这里记起；没搬过，请查清谁换了它"
        found.append(_failed(f"另存的审计链尾有 {read.others} 处，都是别处数据库的，没有比对", advice))
    noted += read.kept
    made = (settings.data_dir / "backups").glob("*.tar")
    for archived in sorted(made, key=lambda file: file.stat().st_mtime)[-1:]:
        try:
            manifest = archive.manifest_of(archived)
        except archive.BadArchive as error:
            found.append(_failed(f"最近的备份读不了：{error}", "请再做一份备份：cunbao backup"))
            continue
        if manifest.head and not (read.restored_at and manifest.made_at <= read.restored_at):
            noted.append(anchors.Anchor(manifest.made_at, manifest.head, anchors.HOUR, archived.name))
    if lost := await anchors.amiss(conn, sorted(noted, key=lambda one: one.at)):
        return [*found, _failed(f"审计链与另存的有 {len(lost)} 处对不上：{lost[0]}", _LOST)]
    return found or [_passed(f"审计链与另存的 {len(noted)} 处链尾相符")]


_LOST = (
    "先停下服务、留好现场，查清谁动过数据库。要回到最近的备份，用 cunbao restore；确定现在这份才是对的，"
    "先 cunbao backup，再用 cunbao restore --force 放回刚做的这份，以后从这里记起"
)


async def _media(conn: AsyncConnection, store: MediaStore) -> list[Finding]:
    names = list((await conn.execute(sa.select(media.c.sha256))).scalars())
    missing = [name for name in names if not store.path(name).is_file()]
    broken = []
    present = sorted(set(names) - set(missing))
    for name in random.sample(present, min(_SAMPLE, len(present))):
        try:
            store.read(name)
        except (SealError, OSError):
            broken.append(name)
    advice = "请从备份的 media 目录放回这些文件"
    found = []
    if missing:
        found.append(_failed(f"缺少 {len(missing)} 个照片文件，如 {missing[0][:16]}", advice))
    if broken:
        found.append(_failed(f"抽查中 {len(broken)} 个照片文件打不开或被换过，如 {broken[0][:16]}", advice))
    return found or [_passed(f"照片文件 {len(names)} 个齐全")]


async def _clock(conn: AsyncConnection, now: datetime) -> list[Finding]:
    """Compare the clock with the last record: a clock that was put back would send reminders on wrong days."""
    latest = (await conn.execute(sa.select(sa.func.max(audit.audit.c.at)))).scalar_one_or_none()
    if latest is not None and latest > now + _SLACK:
        return [_failed(f"最后一条记录的时间 {latest:%Y-%m-%d %H:%M} 在未来", "本机时钟可能慢了，请校准时间")]
    return [_passed("时钟与记录一致")]


async def _waiting(conn: AsyncConnection, now: datetime) -> list[Finding]:
    """What the service should have worked on, or sent, long ago."""
    found = []
    mail, letter = await inbox.oldest_waiting(conn), await outbox.oldest_waiting(conn, now)
    if mail is not None and now - mail > _LONG:
        found.append(
            _failed(f"最早一条消息 {mail:%m-%d %H:%M} 收到，还没有处理", "服务没在运行就运行 cunbao run，在运行就看日志")
        )
    if letter is not None and now - letter > _LONG:
        found.append(_failed(f"最早一条 {letter:%m-%d %H:%M} 该发的消息还没有发出去", "看服务是否在运行、对方平台是否连得上"))
    return found or [_passed("没有积压的消息")]


async def _troubles(conn: AsyncConnection) -> list[Finding]:
    """What the service itself has found wrong and not yet right again."""
    return [
        _failed(
            f"{one.words}（{one.since:%m-%d %H:%M} 起）",
            f"见 docs/trouble.md 的「{_section(one.key)}」：{one.key.partition('@')[0]}",
        )
        for one in await open_troubles(conn)
    ]


def _section(key: str) -> str:
    if key.startswith(("record:", "file:")):
        return "The record"
    return "A row that can't be read" if key.startswith(("row:", "job:")) else "It is red: what now"


async def _letters(conn: AsyncConnection) -> list[Finding]:
    dead = await inbox.dead_letters(conn)
    if dead:
        return [_failed(f"有 {len(dead)} 条消息没能处理", "运行 cunbao dead-letters list 查看，retry 重试")]
    return [_passed("没有搁置的消息")]
