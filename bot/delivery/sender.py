"""The sender: claims due rows of the outbox, sends them concurrently across chats and in order within one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.bulk_limiter import BulkLimiter
from bot.delivery.shielding import shielded
from bot.platforms.base import Away, Blocked, Busy, Platform, Refused, SendError, Unsure
from bot.service import metrics
from bot.service.clock import Clock
from storage.database.connection import Database
from storage.database.reading import noting
from storage.mail import chats, outbox
from storage.mail.messages import platform_of
from storage.mail.outbox import FAILED, PENDING, SENT, UNCERTAIN, Letter, Outcome

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 12
"""Attempts before a message is given up as failed."""

AT_ONCE = 256
"""Messages under way at most, notices aside; a platform's own limiter paces them further."""

_STARTS_AT_ONCE = 8
"""Sends begun at a stretch before others in this process have their turn: one of them may hold the write lock."""

_RECORD_WITHIN = 0.02
"""Seconds that the end of a send may wait to be recorded."""

ABANDONED = 600.0
"""Seconds that another service may take for a send before it counts as gone; no send of ours takes a tenth of it."""

LONGEST_WAIT = 5.0
"""Seconds a chat's turn may wait in place for a busy platform; longer waits go back to the outbox."""

Rows = Sequence[sa.Row[Any]]


class Sender:
    """`owner` names this process among those that share the outbox; a successor of the same name adopts its open sends."""

    def __init__(self, database: Database, platforms: Sequence[Platform], clock: Clock, owner: str) -> None:
        self._database = database
        self._platforms: Mapping[str, Platform] = {platform.name: platform for platform in platforms}
        self._limiters = {name: BulkLimiter(platform.rate) for name, platform in self._platforms.items()}
        self._sent = {name: metrics.SENT.labels(name) for name in self._platforms}
        self._seconds = {name: metrics.SEND_SECONDS.labels(name) for name in self._platforms}
        self._clock = clock
        self._owner = owner
        self._woken = asyncio.Event()
        self._finished: list[Outcome] = []
        self._of_others: dict[tuple[int, int], float] = {}
        self._blocked: set[str] = set()
        self._under_way = 0
        self._record_timer: asyncio.TimerHandle | None = None
        self._turns: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        self._woken.set()

    async def adopt(self) -> int:
        """Mark what a predecessor left open as of unknown outcome, before the first send. Returns how many there were."""
        async with self._database.write() as conn:
            return await outbox.adopt(conn, self._owner, self._clock())

    async def adopt_from_others(self) -> None:
        """Adopt what another service has been sending for so long that it must be gone: nothing else of that chat would go out.

        By our own looks at it, since the clocks of two machines may differ.
        """
        now = self._loop_time()
        async with self._database.read() as conn:
            sends = await outbox.sends_of_others(conn, self._owner)
        self._of_others = {send: self._of_others.get(send, now) for send in sends}
        gone = [send for send, since in self._of_others.items() if now - since >= ABANDONED]
        if gone:
            async with self._database.write() as conn:
                adopted = await outbox.adopt_from_others(conn, gone, self._clock())
            log.warning("%s sends of a service that is gone have an unknown outcome; see `cunbao outbox`", adopted)
            self.wake()

    async def run(self, idle_seconds: float = 1.0) -> None:
        """Send until cancelled; then wait for what is under way and record it."""
        try:
            while True:
                self._woken.clear()
                if not await shielded(self._cycle(claim=True)):
                    try:
                        await asyncio.wait_for(self._woken.wait(), min(idle_seconds, self._pause()))
                    except TimeoutError:
                        continue
        finally:
            await asyncio.gather(*self._turns)
            await self._cycle(claim=False)

    async def drain(self) -> None:
        """Send everything that is due now, and return when it is sent."""
        while await self._cycle(claim=True, look=True) or self._turns or self._finished or self._pause() < inf:
            if self._turns:
                await asyncio.wait(self._turns, return_when=asyncio.FIRST_COMPLETED)
            elif self._pause() < inf:
                await asyncio.sleep(self._pause())

    async def _cycle(self, *, claim: bool, look: bool = False) -> int:
        """Record what has ended and take what is due, in one transaction. Returns how many were taken.

        `look`: for notices too, even if there were none a moment ago.
        """
        room = AT_ONCE - self._under_way if claim else 0
        finished, self._finished = self._finished, []
        blocked, self._blocked = self._blocked, set()
        if not finished and room < AT_ONCE // 4:
            return 0
        now = self._clock()
        try:
            async with self._database.write(brief=True) as conn:
                if finished:
                    await outbox.finish(conn, finished, now)
                if blocked:
                    await chats.mark_blocked(conn, list(blocked), now=now)
                names = [name for name, platform in self._platforms.items() if _is_open(platform)]
                claimed = await outbox.claim(conn, self._owner, names, now, room) if room and names else []
                bulk = await self._claim_bulk(conn, now, look=look) if claim else {}
        except BaseException:
            self._finished = finished + self._finished
            self._blocked |= blocked
            raise
        await self._begin(claimed)
        for name, (room, rows) in bulk.items():
            self._limiters[name].took(room, len(rows), self._loop_time())
            await self._begin(rows, self._limiters[name])
        return len(claimed) + sum(len(rows) for _, rows in bulk.values())

    async def _claim_bulk(self, conn: AsyncConnection, now: datetime, *, look: bool) -> dict[str, tuple[int, Rows]]:
        """Letters of notices by platform, as many as its limiter lets through now, and how many that is."""
        found = {}
        for name, limiter in self._limiters.items():
            if _is_open(self._platforms[name]) and (room := limiter.room(self._loop_time(), look=look)):
                found[name] = (room, await outbox.claim(conn, self._owner, [name], now, room, bulk=True))
        return found

    async def _begin(self, rows: Rows, limiter: BulkLimiter | None = None) -> None:
        """Send what was claimed, each chat on its own; `limiter` is given for notices."""
        by_chat: dict[str, list[Letter]] = {}
        async with noting(self._database, self._clock()) as damage:
            letters = damage.read(outbox.outbox, rows, self._letter)
        if limiter is None:
            for name, count in Counter(platform_of(letter.address) for letter in letters).items():
                self._limiters[name].passed(count, self._loop_time())
        for letter in letters:
            by_chat.setdefault(letter.address, []).append(letter)
        for row_id in {row.id for row in rows} - {letter.id for letter in letters}:
            self._finished.append(Outcome(id=row_id, state=FAILED, error=outbox.UNREADABLE))
            if limiter:
                limiter.ended()
        if limiter is None:
            self._under_way += sum(len(turn) for turn in by_chat.values())
        for started, turn in enumerate(filter(None, by_chat.values()), 1):
            task = asyncio.create_task(self._turn(turn, limiter))
            self._turns.add(task)
            task.add_done_callback(self._turns.discard)
            if started % _STARTS_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _letter(self, row: sa.Row[Any]) -> Letter:
        letter = outbox.letter_of(self._database.vault, row)
        if platform_of(letter.address) not in self._platforms:
            raise ValueError("an address of no platform that letters are claimed for")
        return letter

    async def _turn(self, letters: list[Letter], limiter: BulkLimiter | None) -> None:
        """Send one chat's letters in order. When one has to wait for long, so do those behind it."""
        platform = self._platforms[platform_of(letters[0].address)]
        wait: Outcome | None = None
        for letter in letters:
            if wait is not None:
                outcome = Outcome(id=letter.id, state=PENDING, untried=True)  # `outbox.claim` leaves it behind the first
            else:
                outcome = await self._send(platform, letter)
                wait = outcome if outcome.state == PENDING else None
            self._finished.append(outcome)
            if limiter:
                limiter.ended()
            else:
                self._under_way -= 1
        self._record_soon()

    def _pause(self) -> float:
        """Return the seconds until a platform has room for notices that wait; infinite when none waits."""
        now = self._loop_time()
        waiting = (limiter.pause(now) for name, limiter in self._limiters.items() if _is_open(self._platforms[name]))
        return min(waiting, default=inf)

    def _record_soon(self) -> None:
        """Record what has ended with the next claim, or by itself a little later: that saves most transactions."""
        if self._under_way > AT_ONCE // 2:
            self.wake()
        elif self._record_timer is None or self._record_timer.cancelled() or self._record_timer.when() < self._loop_time():
            self._record_timer = asyncio.get_running_loop().call_later(_RECORD_WITHIN, self.wake)

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()

    async def _send(self, platform: Platform, letter: Letter) -> Outcome:
        """Send one letter, with as many tries as fit into a short wait."""
        started = time.perf_counter()
        unsure = False
        tries = letter.attempts
        try:
            while True:
                try:
                    reference = await platform.send(letter)
                except Busy as busy:
                    self._limiters[platform.name].hold_back(busy.seconds, self._loop_time())
                    if busy.seconds > LONGEST_WAIT or tries > 1:
                        raise
                    await asyncio.sleep(busy.seconds)
                    tries += 1
                else:
                    self._sent[platform.name].inc()
                    return Outcome(id=letter.id, state=SENT, reference=reference, unsure=unsure)
        except Exception as error:
            outcome = self._trouble(platform, letter, error)
            metrics.SEND_TROUBLE.labels(platform.name, outcome.state).inc()
            return outcome
        finally:
            self._seconds[platform.name].observe(time.perf_counter() - started)

    def _trouble(self, platform: Platform, letter: Letter, error: Exception) -> Outcome:
        """Decide what follows from a send that did not succeed."""
        words = f"{type(error).__name__}: {error}"
        if isinstance(error, Blocked):
            self._blocked.add(letter.address)
            return Outcome(id=letter.id, state=FAILED, error=words)
        if isinstance(error, Refused):
            log.error("message %s refused by %s: %s", letter.id, platform.name, error)
            return Outcome(id=letter.id, state=FAILED, error=words)
        if not isinstance(error, SendError):
            log.error("sending message %s failed", letter.id, exc_info=error)
        if isinstance(error, UnicodeError):  # no later try would make it sendable, and those behind it would wait
            return Outcome(id=letter.id, state=FAILED, error=type(error).__name__)
        unsure = isinstance(error, Unsure)
        if unsure:
            metrics.UNCERTAIN.labels(platform.name).inc()
            if not letter.must_arrive:
                return Outcome(id=letter.id, state=UNCERTAIN, error=words, unsure=True)
        away = isinstance(error, Away)
        if letter.attempts >= MAX_ATTEMPTS and not away:
            return Outcome(id=letter.id, state=FAILED, error=words, unsure=unsure)
        seconds = error.seconds if isinstance(error, Busy) else min(2.0**letter.attempts, 300)
        again = self._clock() + timedelta(seconds=seconds)
        # the first attempt stays counted: that keeps what comes behind it in the same chat from overtaking it
        untried = away and letter.attempts > 1
        return Outcome(id=letter.id, state=PENDING, error=words, unsure=unsure, not_before=again, untried=untried)


def _is_open(platform: Platform) -> bool:
    """Whether letters can be handed to it; else they stay where they are, in order and with all their attempts."""
    return platform.standing is None or platform.standing.open
