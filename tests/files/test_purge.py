"""Files that nothing filed refers to are purged, and no other."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.service.jobs import Jobs
from storage.database.base import FILE, FILES_WITHIN, Moment
from storage.database.connection import Database, sqlite_url
from storage.database.sealing import Unsealed
from storage.database.tables import all_tables
from storage.files import media as kept_files
from storage.files.media import MediaStore, media
from storage.files.purge import UNFILED, columns_with, purge
from tests.support.town import START, VAULT, Town

NO_FILES_IN = frozenset({
    # what people wrote or said of each other
    "clue_events.note", "clues.detail", "joined_reports.detail", "erasures.reason", "fanouts.words", "indicator_values.reason",
    "ledger_orders.reason", "measure_entries.text", "measures.text", "notices.file_name", "notices.words",
    "differences.details", "differences.note", "problem_entries.text", "problem_signals.answer", "problem_signals.detail",
    "problems.description", "problems.measures", "sample_checks.note", "screening_rows.detail", "selfchecks.note",
    "supervisions.looked_at", "visits.note", "watch_entries.name", "watch_entries.note", "watch_entries.reason",
    "weekly_reports.text",
    # numbers, and what proves a key
    "admissions.phone", "key_checks.value", "members.id_number", "members.phone", "persons.phone",
    # a message of Telegram whose file is still to be fetched, and has no name here yet
    "downloads.update",
    # shown as it was sent; the file that it shows stands in a column of its own
    "web_messages.payload",
})  # fmt: skip
"""Binary columns in which no name of a file stands. A new one is declared with `FILES_WITHIN`, or added here."""

HASHES_OF_OTHERS = frozenset({"audit.after", "audit.before", "audit.chain", "audit_head.chain"})
"""Columns as long as the name of a file that hold something else."""


def test_every_column_that_may_name_a_file_is_declared() -> None:
    undeclared = set()
    for table in all_tables().sorted_tables:
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            named = isinstance(column.type, sa.String) and column.type.length == 64 and name != "media.sha256"
            binary = isinstance(column.type, sa.LargeBinary)
            declared = column.info in (FILE, FILES_WITHIN)
            if (named or binary) and not declared and name not in NO_FILES_IN | HASHES_OF_OTHERS:
                undeclared.add(name)
    assert not undeclared, f"say what these hold, or their files are purged: {sorted(undeclared)}"
    assert {*NO_FILES_IN, *HASHES_OF_OTHERS} <= {f"{t.name}.{c.name}" for t in all_tables().sorted_tables for c in t.columns}
    for column in columns_with(FILE):
        assert isinstance(column.type, sa.String), column
    assert {str(key.parent) for table in all_tables().sorted_tables for key in table.foreign_keys
            if key.column is media.c.sha256} <= {str(column) for column in columns_with(FILE)}  # fmt: skip


def row_with(column: sa.Column[Any], value: object) -> dict[str, Any]:
    """A row of the column's table that has `value` there and something in whatever must not be empty."""
    row: dict[str, Any] = {}
    for other in column.table.columns:
        if other is column:
            row[other.name] = value
        elif other.primary_key and isinstance(other.type, sa.Integer):
            row[other.name] = uuid.uuid4().int >> 66
        elif not other.nullable:
            row[other.name] = _something(other.type)
    return row


def _something(kind: Any) -> object:
    if isinstance(kind, Moment):
        return START
    if isinstance(kind, sa.LargeBinary):
        return b"?"
    for types, value in (
        (sa.Boolean, False), (sa.Integer, 1), (sa.Float, 1.0), (sa.Date, date(2022, 10, 12)), (sa.JSON, {}),
    ):  # fmt: skip
        if isinstance(kind, types):
            return value
    return uuid.uuid4().hex[:8]


def sealed(names: list[str]) -> Unsealed:
    """As a message or a talk that speaks of files."""
    return VAULT.seal_json({"answers": {"photos": {"photos": names}}, "text": "漏雨"})


PLACES = st.sampled_from([*columns_with(FILE), *columns_with(FILES_WITHIN)])
AGES = st.integers(0, 60)


@pytest.mark.sqlite_only
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.tuples(AGES, st.lists(PLACES, max_size=2, unique_by=str)), max_size=12))
async def test_nothing_referred_to_is_ever_deleted(
    sqlite_template: Path, tmp_path: Path, files: list[tuple[int, list[sa.Column[Any]]]]
) -> None:
    folder = tmp_path / uuid.uuid4().hex
    path = folder / "cunbao.db"
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread(shutil.copy, sqlite_template, path)
    database, store = Database(sqlite_url(path), VAULT), MediaStore(folder / "media", VAULT)
    names = []
    async with database.engine.connect() as conn:
        await conn.exec_driver_sql("PRAGMA foreign_keys=OFF")
        for place, (days, columns) in enumerate(files):
            names.append(store.write(f"file {place}".encode()))
            row = {"sha256": names[-1], "size": 6, "content_type": "image/jpeg", "kept_at": START - timedelta(days=days)}
            await conn.execute(media.insert(), row)
            for column in columns:
                value = names[-1] if column.info == FILE else sealed([names[-1]])
                row = row_with(column, value)
                await conn.execute(column.table.insert(), VAULT.bind(column.table, row, row))
        await conn.commit()
    removed = await purge(database, store, START - UNFILED)
    async with database.read() as conn:
        left = set((await conn.execute(sa.select(media.c.sha256))).scalars())
    stale = {name for name, (days, columns) in zip(names, files, strict=True) if days > 30 and not columns}
    assert left == set(names) - stale
    assert removed == len(stale)
    assert {name for name in names if store.path(name).exists()} == left
    await database.close()


async def test_a_photo_that_is_sent_again_is_as_new(town: Town) -> None:
    store, database = town.world.media, town.database
    old = await kept_files.keep(database, store, b"photo", content_type="image/jpeg", now=START - timedelta(days=40))
    await kept_files.keep(database, store, b"photo", content_type="image/jpeg", now=START)
    assert await purge(database, store, START - UNFILED) == 0
    assert store.read(old) == b"photo"


async def test_a_purge_in_the_middle_of_keeping_takes_nothing_away(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file was there when it was written, and gone when the row was."""
    store, database = town.world.media, town.database
    old = await kept_files.keep(database, store, b"photo", content_type="image/jpeg", now=START - timedelta(days=40))
    register = kept_files.register

    async def late(*args: Any, **named: Any) -> None:
        monkeypatch.setattr(kept_files, "register", register)
        conn = args[0]
        await conn.execute(media.delete())  # what the purge does, before this row is written
        store.remove([old])
        await register(*args, **named)

    monkeypatch.setattr(kept_files, "register", late)
    await kept_files.keep(database, store, b"photo", content_type="image/jpeg", now=START)
    assert store.read(old) == b"photo"


async def test_a_photo_of_a_talk_that_goes_on_stays(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.say("张三", "/selfreport")
    await town.press("张三", "住房安全")
    await town.press("张三", "选好了（1项）")
    await town.say("张三", "漏雨")
    await town.send_photo("张三", b"my roof")
    town.now += timedelta(days=2)
    await town.say("张三", "稍后")
    (name,) = await kept(town)
    assert await night(town, town.now + timedelta(days=29)) == [name]
    assert await night(town, town.now + timedelta(days=31)) == []


async def test_who_is_forgotten_is_forgotten_with_their_files_at_once(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.say("张三", "/selfreport")
    await town.press("张三", "住房安全")
    await town.press("张三", "选好了（1项）")
    await town.say("张三", "漏雨")
    await town.send_photo("张三", b"filed")
    await town.say("张三", "完成")
    await town.press("张三", "提交")
    filed = (await kept(town))[0]
    await town.send_photo("张三", b"never filed")
    await town.say("李村", files=())
    other = await town.keep(b"somebody else's", "image/jpeg")
    await town.say("张三", "/cancel")
    await town.say("张三", "/forget")
    await town.press("张三", "申请删除")
    await town.press("周镇", "去审核")
    await town.press("周镇", "同意删除")
    await town.press("周镇", "提交")
    await jobs(town, town.now).purge_forgotten()
    assert sorted(await kept(town)) == sorted([filed, other])
    assert town.world.media.read(filed) == b"filed"


async def kept(town: Town) -> list[str]:
    async with town.database.read() as conn:
        return list((await conn.execute(sa.select(media.c.sha256))).scalars())


def jobs(town: Town, now: datetime) -> Jobs:
    limits: Any = SimpleNamespace(keep_messages_days=30, keep_drafts_days=30)
    house: Any = SimpleNamespace(settings=limits, database=town.database, world=town.world)
    return Jobs(house, lambda: now, lambda: None)


async def night(town: Town, now: datetime) -> list[str]:
    """What is kept after a night's purge."""
    await jobs(town, now).purge()
    return await kept(town)
