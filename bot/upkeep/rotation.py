"""A change of the sealing keys: a new key, everything sealed anew with it, and the old key put away.

Works beside a running service, and goes on where it was killed: what is sealed with an older key tells what is left to do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from bot.errors import CannotStart
from bot.setup.folder_lock import LockHeld, hold_lock
from bot.setup.installation import Tell
from storage.database import key_checks, reseal
from storage.database.base import Record
from storage.database.connection import Database
from storage.database.keys import KeyFileError, Keys, read_keys, write_keys
from storage.database.sealing import SealError
from storage.database.transaction import transaction
from storage.files.media import MediaStore, held

_ROWS = 200
"""Rows of a batch: the service waits for one at most, some ten milliseconds."""

_FILES = 20

_PAUSE = 0.5
_MOST_IDLE = 20
"""Seconds between looks at rows that the service holds, and how many looks are taken."""


class KeyUse(Record):
    """A sealing key, and what is sealed with it."""

    number: int
    newest: bool
    values: int
    files: int


class Rotated(NamedTuple):
    """What was sealed anew; what is left under older keys; and how much of that does not open."""

    values: int
    files: int
    left: int
    broken: int


async def key_uses(database: Database, media: MediaStore) -> list[KeyUse]:
    """Every sealing key that is in use or would be, by number."""
    async with database.read() as conn:
        values = await reseal.in_use(conn)
    files = {number: len(names) for number, names in (await asyncio.to_thread(media.in_use)).items() if number}
    keys = database.vault.keys
    return [
        KeyUse(number=number, newest=number == keys.newest, values=values[number], files=files.get(number, 0))
        for number in sorted(keys.seal.keys() | values.keys() | files.keys())
    ]


async def rotate(database: Database, media: MediaStore, path: Path, now: datetime, tell: Tell) -> Rotated:
    """Make a new key in the key file `path`, unless the last change is not finished, and seal everything with it.

    Raises CannotStart when the key file cannot be used or another change is under way.
    """
    with _alone(path):
        await asyncio.to_thread(media.remove_drafts)
        keys, older = _read(path), [one for one in await key_uses(database, media) if not one.newest]
        if len(keys.seal) > 1 and any(one.values or one.files for one in older):
            tell(f"上次换密钥没有做完，接着换成 {keys.newest} 号。")
            await _begin(database, now)
            rest = await _seal_all(database, media, tell)
            if rest.values or rest.files or rest.left > rest.broken:
                return rest
        keys = _write(path, keys.with_new())
        tell(f"已生成 {keys.newest} 号密钥，写进 {path}。请现在把这个文件另存一份，与数据备份分开放。")
        await _begin(database, now)
        return await _seal_all(database, media, tell)


async def _begin(database: Database, now: datetime) -> None:
    """Note in the audit chain, and in the database, that the newest key is in use."""
    database.vault.refresh()
    newest = database.vault.keys.newest
    async with transaction(database, now) as tx, tx.session("operator", "key rotate") as session:
        session.note("key.rotate", f"key:{newest}", text=f"改用 {newest} 号密钥")
        await key_checks.add(tx.conn, database.vault)


async def retire(database: Database, media: MediaStore, path: Path, now: datetime) -> list[int]:
    """Put away the keys that nothing is sealed with any longer; returns their numbers. Raises CannotStart."""
    with _alone(path):
        keys = _read(path)
        used = {one.number for one in await key_uses(database, media) if one.values or one.files}
        idle = set(keys.seal) - used - {keys.newest}
        if idle:
            _write(path, keys.without(idle))
            async with transaction(database, now) as tx, tx.session("operator", "key retire") as session:
                for number in sorted(idle):
                    session.note("key.retire", f"key:{number}", text=f"停用 {number} 号密钥")
                await key_checks.drop(tx.conn, idle)
        return sorted(idle)


async def _seal_all(database: Database, media: MediaStore, tell: Tell) -> Rotated:
    """Pass after pass, until one finds nothing: the service may have written under the old key what it had begun before."""
    values = files = idle = 0
    strangers: set[str] = set()
    while True:
        tables = [await _seal_table(database, table) for table in reseal.sealed_tables()]
        sealed, broken = (sum(counts) for counts in zip(*tables, strict=True))
        moved, damaged, strangers = await _seal_files(database, media, strangers)
        values, files, broken = values + sealed, files + moved, broken + damaged
        if sealed or moved:
            tell(f"已换 {values} 处、{files} 个文件……")
            continue
        left = sum(one.values + one.files for one in await key_uses(database, media) if not one.newest)
        idle += 1
        if left <= broken or idle == _MOST_IDLE:
            return Rotated(values, files, left, broken)
        await asyncio.sleep(_PAUSE)  # for what the service holds


async def _seal_table(database: Database, table: sa.Table) -> tuple[int, int]:
    """How many values were sealed anew, and how many do not open."""
    clock = asyncio.get_running_loop().time
    sealed = broken = 0
    after = None
    while True:
        begun = clock()
        async with database.write() as conn:
            batch = await reseal.reseal(conn, database.vault, table, after, _ROWS)
        sealed, broken, after = sealed + batch.sealed, broken + batch.broken, batch.last
        if after is None:
            return sealed, broken
        await asyncio.sleep(clock() - begun)  # half of the time belongs to the service


async def _seal_files(database: Database, media: MediaStore, unknown: set[str]) -> tuple[int, int, set[str]]:
    """How many files were sealed anew, how many do not open, and those of which the database knows nothing (yet).

    A file is replaced while its row is held, so that one that is being erased does not come back; one that was `unknown`
    in the pass before is nobody's, and safe.
    """
    done, broken, strangers = 0, 0, set[str]()
    found = await asyncio.to_thread(media.in_use)
    newest = database.vault.keys.newest
    names = [name for number, listed in found.items() if number not in (0, newest) for name in listed]
    for start in range(0, len(names), _FILES):
        chunk = names[start : start + _FILES]
        drafts = await asyncio.to_thread(_drafts, media, chunk)
        broken += len(chunk) - len(drafts)
        async with database.write() as conn:
            safe = await held(conn, drafts) | unknown
            for name, draft in drafts.items():
                if name in safe and media.path(name).exists():
                    draft.replace(media.path(name))
                    done += 1
                else:
                    draft.unlink()
                    strangers.add(name)
    return done, broken, strangers - unknown


def _drafts(media: MediaStore, names: list[str]) -> dict[str, Path]:
    drafts = {}
    for name in names:
        with contextlib.suppress(OSError, SealError):  # one that does not open stays, is counted as left, and named by `check`
            drafts[name] = media.draft_anew(name)
    return drafts


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    try:
        with hold_lock(path.with_name(f".{path.name}.lock")):
            yield
    except LockHeld:
        raise CannotStart("另一个 cunbao key 正在换密钥，请等它做完。") from None


def _read(path: Path) -> Keys:
    try:
        return read_keys(path)
    except KeyFileError as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"密钥文件 {error.filename} 读不了：{error.strerror}。密钥没有换。") from None


def _write(path: Path, keys: Keys) -> Keys:
    try:
        write_keys(path, keys)
    except OSError as error:
        raise CannotStart(f"密钥文件 {path} 写不了：{error.strerror}。密钥没有换。") from None
    return keys
