"""The watch: looks every few seconds whether the service does its work, and keeps what is wrong.

`/healthz`, `/metrics`, the office and systemd's watchdog all go by the same last look.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.delivery.shielding import shielded
from bot.service import metrics
from bot.service.clock import Clock
from bot.setup.faults import words_of
from storage.database.connection import Database
from storage.database.outages import TROUBLE, is_damage
from storage.database.troubles import begin_trouble, end_trouble, open_troubles

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two looks."""

_WAITS = 5.0
"""Seconds a look waits for its checks; one that takes longer is told by the next look."""

_HUNG_AFTER = 60.0
"""Seconds after which a check that has not ended is itself what is wrong."""

_STALE_AFTER = 60.0
"""Seconds after which the last look says nothing any more."""

_PATIENCE = 300.0
"""Seconds that a new start is put off where it may mend what is wrong: most of it passes by itself."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong. `key` begins with the kind of its check, such as "telegram:refused"; `words` say it to the
    office. `restart`: whether a new start of the service may mend it."""

    key: str
    words: str
    restart: bool = False

    @property
    def kind(self) -> str:
        return self.key.partition(":")[0]


Check = Callable[[], Awaitable[Sequence[Cause]]]
"""Looks at one thing; returns what is wrong with it. What it raises is taken for a database that is away."""

KINDS = ("mail", "dead", "outbox", "tick", "platform", "part", "worker", "database", "write", "disk")
"""Kinds of causes; each is a line of the gauge `cunbao_trouble`."""

_AWAY = Cause("database:away", "数据库现在用不了，消息先由各平台存着，恢复后接着办。")
_STALE = Cause("part:watch", "服务没有在干活，可能卡住了。", restart=True)


@dataclass(slots=True)
class _Look:
    """What one check last found, and the look that is under way."""

    found: Sequence[Cause] = ()
    task: asyncio.Task[Sequence[Cause]] | None = None
    began: float = 0.0


@dataclass(eq=False)
class Watch:
    """Runs `checks`, by the kind of what they find. `owner` names this process in what it notes for the office; `now` is a
    steady clock in seconds."""

    checks: Mapping[str, Check]
    database: Database
    clock: Clock
    owner: str
    now: Callable[[], float] = time.monotonic
    _looks: dict[str, _Look] = field(default_factory=dict, init=False)
    _noted: set[str] | None = field(default=None, init=False)
    _since: dict[str, float] = field(default_factory=dict, init=False)
    _noting: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._looks = {kind: _Look() for kind in self.checks}
        self._looked_at = self.now()

    @property
    def causes(self) -> list[Cause]:
        """What is wrong by the last look, or that there was none for too long."""
        if self.now() - self._looked_at > _STALE_AFTER:
            return [_STALE]
        found = {cause.key: cause for look in self._looks.values() for cause in look.found}
        return list(found.values())

    @property
    def works(self) -> bool:
        """Whether a new start would mend nothing: all is well, or what is wrong lies elsewhere."""
        stuck = [cause for cause in self.causes if cause.restart]
        return not any(cause is _STALE or self.now() - self._since[cause.key] > _PATIENCE for cause in stuck)

    async def run(self, looked: Callable[[], None]) -> None:
        """Look until cancelled; `looked` is called after each look."""
        try:
            while True:
                await shielded(self.look())
                looked()
                await asyncio.sleep(EVERY)
        finally:
            await self.finish()

    async def look(self) -> None:
        """Look once, tell the log and the gauges what has changed, and note it for the office."""
        await self._check()
        self._looked_at = self.now()
        causes = {cause.key: cause for cause in self.causes}
        for key in causes.keys() - self._since.keys():
            log.error("wrong now: %s", key)
        for key in self._since.keys() - causes.keys():
            log.warning("right again: %s, after %.0f s", key, self.now() - self._since[key])
        self._since = {key: self._since.get(key, self.now()) for key in causes}
        kinds = {cause.kind for cause in causes.values()}
        for kind in KINDS:
            metrics.TROUBLE.labels(kind).set(kind in kinds)
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note(causes))
        await asyncio.wait([self._noting], timeout=_WAITS)

    async def finish(self) -> None:
        """End what is under way: what has not ended by itself after a while is given up."""
        running = [task for task in (self._noting, *(look.task for look in self._looks.values())) if task is not None]
        if running:
            _, hanging = await asyncio.wait(running, timeout=_WAITS)
            for task in hanging:
                task.cancel()

    async def _check(self) -> None:
        for kind, look in self._looks.items():
            if look.task is None:
                look.task, look.began = asyncio.ensure_future(self.checks[kind]()), self.now()
        running = [look.task for look in self._looks.values() if look.task is not None]
        if running:
            await asyncio.wait(running, timeout=_WAITS)
        for kind, look in self._looks.items():
            if look.task is not None and look.task.done():
                look.found, look.task = _outcome(kind, look.task), None
            elif self.now() - look.began > _HUNG_AFTER:
                look.found = [Cause(f"{kind}:hung", "服务的一项自检一直没有结果，可能卡住了。")]

    async def _note(self, causes: Mapping[str, Cause]) -> None:
        """Write what began and what ended since it was last written; where that fails, at a later look."""
        try:
            await self._write(causes)
        except TROUBLE:
            log.debug("what is wrong could not be noted", exc_info=True)
        except Exception:
            log.exception("what is wrong could not be noted")

    async def _write(self, causes: Mapping[str, Cause]) -> None:
        if self._noted is None:  # what the run before has left open
            async with self.database.read() as conn:
                self._noted = {one.key for one in await open_troubles(conn) if one.key.endswith(f"@{self.owner}")}
        keys = {f"{key}@{self.owner}": cause for key, cause in causes.items()}
        began, ended = keys.keys() - self._noted, self._noted - keys.keys()
        if not began and not ended:
            return
        async with self.database.write() as conn:
            for key in began:
                await begin_trouble(conn, key, keys[key].words, self.clock())
            for key in ended:
                await end_trouble(conn, key, self.clock())
        self._noted = set(keys)


def _outcome(kind: str, task: asyncio.Task[Sequence[Cause]]) -> Sequence[Cause]:
    try:
        return task.result()
    except TROUBLE as error:
        log.warning("the check of %s fails: %s", kind, error)
        return [Cause("database:damaged", words_of(error) or _AWAY.words) if is_damage(error) else _AWAY]
    except Exception:
        log.exception("the check of %s fails", kind)
        return [Cause(f"{kind}:check", "服务的一项自检出错了。")]
