"""What the watch looks at. Each check returns what is wrong; all of them are cheap enough for every few seconds."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.platforms.base import Platform
from bot.service import metrics
from bot.service.clock import Clock
from bot.service.watch import Cause
from bot.setup.faults import words_of
from storage.database.connection import Database
from storage.database.counters import raise_stamp
from storage.database.outages import TROUBLE
from storage.mail import inbox, outbox

LATE = 60.0
"""Seconds that a message may wait, in or out, before that is a trouble."""

SILENT = 90.0
"""Seconds without a word from a platform: a poll lasts 30, and one or two may fail."""

LATE_TICK = 60.0
"""Seconds that a job may be late."""

_DYING = 3
"""So many ends of the worker process, within the seconds below, are no accident."""
_DYING_WITHIN = 120.0

_LOW_SHARE, _LOW_BYTES, _MOST_ASKED = 0.05, 200 * 1024**2, 20 * 1024**3
"""A disk is nearly full below a share of it or below some bytes. On a huge disk the share would be more than a town fills in
years: there it is enough to have what is last."""

_FAILING, _FAILING_WITHIN = 3, timedelta(minutes=5)
"""Messages of so many chats that came in within that time and could not be worked on are no accident."""

Steady = Callable[[], float]
"""A clock that never jumps, in seconds."""


@dataclass(eq=False)
class Queue:
    """Whether a queue moves: told of its oldest at every look. `now` is the steady clock."""

    now: Steady
    _oldest: int | None = None
    _since: float = 0.0

    def standing(self, oldest: int | None) -> float:
        """Seconds for which the same one has been the oldest; 0 for an empty queue."""
        if oldest != self._oldest:
            self._oldest, self._since = oldest, self.now()
        return 0.0 if oldest is None else self.now() - self._since


@dataclass(eq=False)
class MailCheck:
    """Mail is worked on. A long queue that moves is a trouble too, once it was there for a while: people wait."""

    database: Database
    platforms: Sequence[str]
    clock: Clock
    now: Steady = time.monotonic

    def __post_init__(self) -> None:
        self._queue = Queue(self.now)
        self._late_since: float | None = None

    async def __call__(self) -> Sequence[Cause]:
        async with self.database.read() as conn:
            oldest = await inbox.oldest_due(conn, self.platforms, self.clock())
        standing = self._queue.standing(oldest and oldest[0])
        waited = (self.clock() - oldest[1]).total_seconds() if oldest else 0.0
        metrics.MAIL_OLDEST.set(max(waited, standing))
        if waited <= LATE:
            self._late_since = None
        elif self._late_since is None:  # left over from before a stop, or a clock that was put forward
            self._late_since = self.now()
        lasting = self._late_since is not None and self.now() - self._late_since > LATE / 2
        late = standing > LATE or lasting
        return [Cause("mail:late", "有人发来的消息超过一分钟没有处理。", restart=True)] if late else []


@dataclass(frozen=True)
class DeadLetterCheck:
    """What people send can be worked on. A single message that fails is its sender's alone; that of several people is ours."""

    database: Database
    clock: Clock

    async def __call__(self) -> Sequence[Cause]:
        async with self.database.read() as conn:
            hit = await inbox.chats_with_dead_since(conn, self.clock() - _FAILING_WITHIN)
        return [Cause("dead:several", "好几个人发来的消息都没能处理。")] if hit >= _FAILING else []


@dataclass(eq=False)
class OutboxCheck:
    """The outbox moves, for each platform that takes letters now. `owner` is the name of our sender."""

    database: Database
    owner: str
    platforms: Sequence[Platform]
    clock: Clock
    now: Steady = time.monotonic

    def __post_init__(self) -> None:
        self._waiting = {one.name: Queue(self.now) for one in self.platforms}
        self._sending = {one.name: Queue(self.now) for one in self.platforms}

    async def __call__(self) -> Sequence[Cause]:
        open_ones = [one.name for one in self.platforms if one.standing is None or one.standing.open]
        found = []
        for name in self._waiting:
            waiting = sending = None
            if name in open_ones:
                async with self.database.read() as conn:
                    waiting = await outbox.next_due(conn, name, self.clock())
                    sending = await outbox.oldest_sending(conn, self.owner, name)
            still = max(self._waiting[name].standing(waiting), self._sending[name].standing(sending) - LATE)
            metrics.OUTBOX_STILL.labels(name).set(max(still, 0.0))
            if still > LATE:
                found.append(Cause(f"outbox:{name}", "要发出去的消息排着队，好一会儿没有动。", restart=True))
        return found


@dataclass(frozen=True)
class TickCheck:
    """No job is late. `late` says by how many seconds each is."""

    late: Callable[[], Mapping[str, float]]

    async def __call__(self) -> Sequence[Cause]:
        late = {job: seconds for job, seconds in self.late().items() if seconds > LATE_TICK}
        metrics.TICK_LATE.set(max(self.late().values(), default=0.0))
        words = "有定时的工作没有按时做，提醒可能发不出去。"
        return [Cause(f"tick:{job}", words, restart=True) for job in late]


@dataclass(frozen=True)
class PlatformCheck:
    """Each platform is heard from. `labels` are their names for people."""

    platforms: Sequence[Platform]
    labels: Callable[[str], str]

    async def __call__(self) -> Sequence[Cause]:
        found = []
        for platform in self.platforms:
            standing = platform.standing
            if standing is None:
                continue
            metrics.PLATFORM_SILENT.labels(platform.name).set(standing.silence)
            label = self.labels(platform.name)
            if standing.refused:
                words = f"{label} 不认我们的机器人了，在 {label} 上发来的消息收不到。手机网页和提醒照常。"
                found.append(Cause(f"platform:{platform.name}:refused", words))
            elif standing.silence > SILENT:
                words = f"连不上 {label}，在 {label} 上发来的消息暂时收不到。手机网页照常。"
                found.append(Cause(f"platform:{platform.name}:silent", words))
        return found


@dataclass(frozen=True)
class WorkerCheck:
    """The worker process lives. `ends` are the moments at which it ended by itself, on the steady clock."""

    ends: Sequence[float]
    now: Steady = time.monotonic

    async def __call__(self) -> Sequence[Cause]:
        lately = [end for end in self.ends if self.now() - end < _DYING_WITHIN]
        return [Cause("worker:dying", "处理消息的进程一再退出。")] if len(lately) >= _DYING else []


@dataclass(frozen=True)
class WriteCheck:
    """A small write to the database and to the media folder succeeds."""

    database: Database
    folder: Path

    async def __call__(self) -> Sequence[Cause]:
        try:
            await asyncio.to_thread(_write_file, self.folder)
        except OSError as error:
            return [Cause("write:media", f"照片和文件存不下来。{words_of(error) or error.strerror}")]
        try:
            async with self.database.write() as conn:
                await raise_stamp(conn, "watch")
        except TROUBLE as error:
            if not self.database.is_sqlite:
                raise  # it is away, as the other checks say
            return [Cause("write:database", words_of(error) or "数据库写不进去。")]
        return []


@dataclass(frozen=True)
class DiskCheck:
    """The disk of the data folder has room."""

    folder: Path
    usage: Callable[[Path], tuple[int, int, int]] = field(default=shutil.disk_usage)

    async def __call__(self) -> Sequence[Cause]:
        total, _, free = await asyncio.to_thread(self.usage, self.folder)
        metrics.DISK_FREE.set(free)
        if free >= max(_LOW_BYTES, min(total * _LOW_SHARE, _MOST_ASKED)):
            return []
        return [Cause("disk:full", f"硬盘快满了，只剩 {_size(free)}。请清理出空间，满了就什么也存不下。")]


def _write_file(folder: Path) -> None:
    """Make a file and remove it: in a folder that takes no new one, what is there may still be written to. Blocking.

    Raises OSError.
    """
    try:
        folder.mkdir(exist_ok=True)
        path = folder / ".watch"
        path.unlink(missing_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, b"watched\n")
            os.fsync(file)
        finally:
            os.close(file)
            path.unlink()
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{folder.name} 目录") from error


def _size(count: int) -> str:
    return f"{count / 1024**3:.1f} GB" if count >= 1024**3 else f"{count // 1024**2} MB"
