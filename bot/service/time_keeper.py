"""Keeps what the database knows of the time, asks the office about a jump, and mends what was written in a wrong future."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.service.clock import GuardedClock
from handlers.health.clock_job import jump_in_words
from storage import futures
from storage.database import clock_marks, troubles
from storage.database.connection import Database
from storage.database.transaction import transaction
from storage.mail import inbox

log = logging.getLogger(__name__)

_STORED_EVERY = timedelta(minutes=1)

_LONGEST_OFF = timedelta(days=15)
"""A computer may be off over the longest holiday; nobody is asked about that, and jobs wait for ten minutes only."""


class TimeKeeper:
    """`told` is called when the office's word has changed the time, for those who have a clock of their own."""

    def __init__(self, database: Database, clock: GuardedClock, told: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._told = told
        self._stored: datetime | None = None
        self._claims = False

    async def begin(self) -> None:
        """Compare with the newest stored moment, and mend what lies in a future: once at the start.

        The newest moment is the one stored every minute; a database that has none yet says when it last got a message.
        """
        async with self._database.read() as conn:
            newest = await clock_marks.believed(conn) or await inbox.last_received(conn)
        self._clock.begin(newest)
        self._claims = True  # one that a last run has left is ours to take back
        if self._clock.waits:
            log.warning("the time is %s, and was %s when it was last stored: timed jobs wait", self._clock(), newest)
        await self._mend()

    async def tick(self) -> None:
        """Store the time, and deal with a jump; every few seconds."""
        now, doubted = self._clock(), self._clock.doubted
        async with self._database.read() as conn:
            claimed = await clock_marks.claimed(conn)
        if doubted is not None:
            if claimed is None or not claimed.is_about(doubted):
                await self._ask(doubted, now)
            elif claimed.word is not None:
                self._hear(claimed)
        elif claimed is not None:
            await self._settle(claimed, now)
        if self._clock.fell():
            await self._mend()
        if not self._clock.waits and (self._stored is None or abs(now - self._stored) >= _STORED_EVERY):
            async with self._database.write() as conn:
                await clock_marks.believe(conn, self._clock())
            self._stored = now

    async def _ask(self, doubted: datetime, now: datetime) -> None:
        """Note a new jump, for the office to say what it is, and have it asked where the jump is no mere absence."""
        self._claims = True
        log.warning("the computer's clock jumped to %s; the time goes on from %s", doubted, now)
        async with self._database.write() as conn:
            await clock_marks.claim(conn, doubted)
            if not self._clock.waits or self._clock.far_off > _LONGEST_OFF:
                await troubles.end_trouble(conn, clock_marks.TROUBLE, now)
                await troubles.begin_trouble(conn, clock_marks.TROUBLE, jump_in_words(doubted), now)

    async def _settle(self, claimed: clock_marks.Claimed, now: datetime) -> None:
        """A jump that is no longer doubted: the office may still call it wrong, until a day has passed."""
        if claimed.word is clock_marks.Word.WRONG:
            self._hear(claimed)
        if self._clock.doubted is not None or (claimed.word is None and claimed.is_about(now)) or not self._claims:
            return
        self._claims = False
        async with self._database.write() as conn:
            await clock_marks.drop_claim(conn)
            await troubles.end_trouble(conn, clock_marks.TROUBLE, now)

    def _hear(self, claimed: clock_marks.Claimed) -> None:
        if self._clock.told(claimed.at, right=claimed.word is clock_marks.Word.RIGHT):
            log.warning("the office says that %s is %s", claimed.at, claimed.word)
            self._told()

    async def _mend(self) -> None:
        async with transaction(self._database.patient, self._clock()) as tx:
            mended = await futures.mend(tx)
        if mended:
            log.warning("%s rows written in a future were mended", mended)
