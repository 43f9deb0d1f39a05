"""Reading many rows: one that can't be read is left out, logged and told to the office, and takes none of the others along.

A row can't be read when a sealed value of it does not open, when a value is of a kind that its column never holds, or when
the values together are no record. Each is read by itself; `Damage` collects those that fail, and the matters that a job could
not deal with. `note` writes them down as troubles once whoever was reading is done, also when all of that was undone, and
ends the troubles of what is right again.
"""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import DAMAGED, SHANGHAI, metadata
from storage.database.outages import in_a_line
from storage.database.troubles import Trouble, begin_trouble, end_trouble, open_troubles

if TYPE_CHECKING:
    from storage.database.connection import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

CALLED = {
    "admissions": "加入申请",
    "arrivals": "加入记录",
    "assignments": "指派",
    "burden_days": "负担账",
    "chart_orders": "要画的图",
    "clue_events": "线索办理",
    "clues": "线索",
    "consents": "同意书",
    "differences": "对账差异",
    "door_codes": "当面加入的码",
    "downloads": "还没取来的文件",
    "erasures": "删除个人信息的申请",
    "fanout_tasks": "举一反三答复",
    "fanouts": "举一反三",
    "follow_ups": "回访",
    "handovers": "交接",
    "households": "农户",
    "inbox": "来信",
    "indicator_values": "指标",
    "invites": "邀请",
    "joined_reports": "并入线索的话",
    "leaves": "请假",
    "looks": "查看记录",
    "ledger_orders": "要导出的台账",
    "measure_entries": "措施进展",
    "measures": "帮扶措施",
    "members": "家庭成员",
    "notices": "通知",
    "outbox": "要发的消息",
    "passages": "政策条文",
    "persons": "人员",
    "policies": "政策文件",
    "posts": "职务",
    "problem_entries": "问题整改",
    "problem_signals": "疑点",
    "problems": "问题",
    "quiet_times": "免打扰设置",
    "quiz_cards": "学习",
    "reconciliations": "对账",
    "reminders": "提醒",
    "sample_checks": "抽查",
    "samples": "抽样",
    "screening_lists": "筛查名单",
    "screening_rows": "筛查名单里的人",
    "selfchecks": "自查",
    "supervisions": "督导",
    "supports": "帮扶",
    "talks": "没办完的事",
    "visits": "走访",
    "watch_entries": "清单里的人",
    "web_messages": "手机网页上的消息",
    "weekly_reports": "周报",
}
"""What people call the rows of each table."""

_NUMBERED = ("clues", "households", "problems")
"""Tables whose rows people know by number."""

_MOST = 20
"""Damaged rows of one table that are told one by one; with more, the key is wrong or the file is, and one word says it."""

_REMEMBERED = timedelta(hours=1)
"""How long a process that has noted something does not note it again, however often it meets it."""

_RESTS = timedelta(minutes=10)

_OUTLIVED = timedelta(days=7)
"""How long a matter is a trouble that no job has met again since."""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=SHANGHAI)


class DamagedRow(Exception):
    """A row that was wanted by itself and can't be read. The text is for people."""


class SetAside(NamedTuple):
    """A row that was left out: `key` and `words` of its trouble, and where it failed, without what it holds."""

    key: str
    words: str
    trace: str


class Damage:
    """The rows that somebody who reads could not read, and the matters that somebody could not deal with.

    `noted` are the keys of what is known to be wrong, so that it is noticed when one of them is right.
    """

    def __init__(self, noted: dict[str, datetime] | None = None) -> None:
        self.noted: dict[str, datetime] = {} if noted is None else noted
        self.found: dict[str, SetAside] = {}
        self.keys: set[str] = set()
        """Of all rows and matters that were set aside, also of those too many to be told one by one."""
        self.right: set[str] = set()
        self._counts: Counter[str] = Counter()

    def read(self, table: sa.Table, rows: Iterable[Any], read: Callable[[Any], T]) -> list[T]:
        """What `read` makes of each row, without those of which it can make nothing. `table` is whose rows they are."""
        made = []
        watched = any(key.startswith(f"row:{table.name}") for key in self.noted)
        for row in rows:
            try:
                made.append(_read(row, read))
            except Exception as error:
                self.put(table, row, error)
            else:
                if watched:
                    self.succeeded(key_of(table, row))
        return made

    def one(self, table: sa.Table, rows: Sequence[Any], read: Callable[[Any], T]) -> T | None:
        """What `read` makes of the first row; None where there is none. Raises DamagedRow where it can't be read."""
        if not rows:
            return None
        if made := self.read(table, rows[:1], read):
            return made[0]
        raise DamagedRow(f"{_named(table, rows[0])}的记录读不了，已告诉管理员。")

    def know(self, open_now: Iterable[Trouble]) -> None:
        """Learn of the troubles that were noted before this process began, so that they can end."""
        for trouble in open_now:
            self.noted.setdefault(trouble.key, _LONG_AGO)

    def take(self, other: Damage) -> None:
        """Have what another has set aside noted with this one's."""
        self.found |= other.found
        self.keys |= other.keys
        other.found.clear()

    def put(self, table: sa.Table, row: Any, error: Exception) -> None:
        """Note a row that `error` kept from being read."""
        words = f"{_named(table, row)}的记录读不了，已先放在一边，其他照常。"
        many = f"有很多条{CALLED.get(table.name, '')}的记录读不了，可能是密钥文件放错了。"
        self._put(f"row:{table.name}", key_of(table, row), words, many, error)

    def fail(self, job: str, matter: str, words: str, error: BaseException) -> None:
        """Note a matter that a job could not deal with."""
        self._put(f"job:{job}", matter_key(job, matter), words, words, error)

    def fail_whole(self, job: str, words: str, error: BaseException) -> None:
        """Note a job that failed as a whole."""
        self._put(f"job:{job}", f"job:{job}", words, words, error)

    def rests(self, job: str, matter: str, now: datetime) -> bool:
        """Whether a matter failed so short a time ago that a job that comes every few seconds leaves it alone."""
        last = self.noted.get(matter_key(job, matter))
        return last is not None and abs(now - last) < _RESTS

    def succeeded(self, key: str) -> None:
        """Have the trouble of this key end, if there is one."""
        if key in self.noted:
            self.right.add(key)

    def _put(self, kind: str, key: str, words: str, many: str, error: BaseException) -> None:
        if key in self.keys:
            return
        self.keys.add(key)
        self.right.discard(key)
        self._counts[kind] += 1
        trace = in_a_line(error) or "".join([*traceback.format_tb(error.__traceback__), type(error).__name__])
        told = SetAside(key, words, trace) if self._counts[kind] <= _MOST else SetAside(f"{kind}:*", many, trace)
        self.found.setdefault(told.key, told)


@contextlib.asynccontextmanager
async def noting(database: Database, now: datetime) -> AsyncIterator[Damage]:
    """What is set aside in the block is noted when it has ended, in whatever way."""
    damage = Damage(database.noted)
    try:
        yield damage
    finally:
        await note(database, damage, now)


async def note(database: Database, damage: Damage, now: datetime) -> None:
    """Log what was set aside and make it troubles, in a transaction of its own; end those of what is right.

    What this process has noted lately is left.
    """
    known = database.noted
    new = [one for one in damage.found.values() if one.key not in known or abs(now - known[one.key]) > _REMEMBERED]
    for one in new:
        log.error("%s is set aside\n%s", one.key, one.trace)
    if not new and not damage.right:
        return
    try:
        async with database.write(brief=True) as conn:
            for one in new:
                await begin_trouble(conn, one.key, one.words, now)
            for key in damage.right:
                await end_trouble(conn, key, now)
    except Exception:  # who meets it next notes it; what was done without it stays right
        log.exception("troubles could not be noted")
        return
    known.update((one.key, now) for one in new)
    for key in damage.right:
        known.pop(key, None)


async def end_outlived(conn: AsyncConnection, now: datetime) -> None:
    """End the troubles of rows that are gone, and those of a job's matters that nobody has met for long."""
    for trouble in await open_troubles(conn):
        kind, _, about = trouble.key.partition(":")
        name, *rest = about.split(":", 1)
        table = metadata.tables.get(name)
        if kind == "job" and rest and now - trouble.since > _OUTLIVED:
            await end_trouble(conn, trouble.key, now)
        elif kind == "row" and rest and rest != ["*"] and table is not None and len(table.primary_key) == 1:
            (column,) = table.primary_key
            if not await _is_there(conn, column, rest[0]):
                await end_trouble(conn, trouble.key, now)


async def _is_there(conn: AsyncConnection, column: sa.Column[Any], key: str) -> bool:
    try:
        value = key if isinstance(column.type, sa.String) else int(key)
    except ValueError:  # no row has such a key
        return False
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return False
    return (await conn.execute(sa.select(column).where(column == value))).first() is not None


def _read(row: Any, read: Callable[[Any], T]) -> T:
    if DAMAGED in (row.values() if isinstance(row, Mapping) else row):
        raise ValueError("a value that its column never holds")
    return read(row)


def matter_key(job: str, matter: str) -> str:
    """The key of the trouble of a job's matter."""
    return f"job:{job}:{matter}"[:120]


def key_of(table: sa.Table, row: Any) -> str:
    """The key of the trouble of a row."""
    return f"row:{table.name}:{':'.join(str(_value(row, column)) for column in table.primary_key)}"[:120]


def _named(table: sa.Table, row: Any) -> str:
    called = CALLED.get(table.name, "")
    number = _value(row, table.c.number) if table.name in _NUMBERED else None
    return f"{called} {number} 号" if isinstance(number, int) else f"一条{called}"


def _value(row: Any, column: sa.Column[Any]) -> Any:
    """What a row has in a column, None where that was not asked for."""
    values = row if isinstance(row, Mapping) else row._mapping
    return values[column] if column in values else values.get(column.name)
