"""What happens by itself: the jobs that the subjects declare, erasing what is past its time, and gauges."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.delivery.caches import Caches
from bot.service import metrics
from bot.service.clock import Clock
from bot.service.scheduler import Tick
from bot.setup.installation import Installation
from handlers.engine.jobs import Daily, Every, Job, LongJob, Transactions, jobs
from storage.cases import voices
from storage.counting import tallies
from storage.mail import inbox, outbox, talks, transcripts
from storage.notices import receipts as notice_receipts
from storage.notices import sent as notices

log = logging.getLogger(__name__)


class Jobs:
    """Runs jobs. Each can be run again at any time without a second effect."""

    def __init__(self, installation: Installation, clock: Clock, wake_sender: Callable[[], None]) -> None:
        self._settings = installation.settings
        self._database = installation.database
        self._world = installation.world
        self._caches = Caches(installation.world)
        self._clock = clock
        self._wake_sender = wake_sender
        self._transactions = Transactions(installation.database, clock)

    def ticks(self) -> Sequence[Tick]:
        return (
            *(Tick(job.name, functools.partial(self.run, job), job.schedule) for job in jobs()),
            Tick("gauges", self.gauges, Every(15)),
            Tick("purge", self.purge, Daily(3, 10)),
            Tick("fold", self.fold, Every(10 * 60)),
        )

    async def at_start(self) -> None:
        """Run the jobs that the bot starts with."""
        for job in jobs():
            if isinstance(job, Job) and job.at_start:
                await self.run(job)

    async def run(self, job: Job | LongJob) -> None:
        """Run a job, and wake the sender if it did something."""
        if isinstance(job, Job):
            async with self._transactions.writing() as tx:
                await self._caches.refresh(tx.conn)
                done = await job.run(tx, self._world)
        else:
            async with self._database.read() as conn:
                await self._caches.refresh(conn)
            done = await job.run(self._transactions, self._world)
        metrics.JOB_DONE.labels(job.name).inc(done)
        if done:
            self._wake_sender()

    async def purge(self) -> None:
        """Erase messages and drafts past their time."""
        now = self._clock()
        messages = now - timedelta(days=self._settings.keep_messages_days)
        drafts = now - timedelta(days=self._settings.keep_drafts_days)
        async with self._database.write() as conn:
            erased = await inbox.purge(conn, messages) + await outbox.purge(conn, messages)
            erased += await transcripts.purge(conn, messages)
            erased += await notice_receipts.purge(conn, now - notices.KEPT)
            abandoned = await talks.purge(conn, drafts)
        await self._forget_voices(now)
        log.info("erased %s messages and %s drafts past their time", erased, abandoned)

    async def _forget_voices(self, now: datetime) -> None:
        """Remove voice messages that were erased, or never filed and no longer part of any chat or draft."""
        kept = self._settings.keep_messages_days + self._settings.keep_drafts_days
        async with self._database.read() as conn:
            names = await voices.outdated(conn, now - timedelta(days=kept))
        await asyncio.to_thread(self._world.media.remove, names)
        async with self._database.write() as conn:
            await voices.forget(conn, names)

    async def fold(self) -> None:
        """Keep the totals of the overview short."""
        async with self._database.write() as conn:
            await tallies.fold(conn)

    async def gauges(self) -> None:
        async with self._database.read() as conn:
            metrics.OUTBOX_WAITING.set(await outbox.pending_count(conn))
