"""What happens by itself: the jobs that the subjects declare, erasing what is past its time, and gauges."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, time, timedelta

from bot.delivery.caches import Caches
from bot.service import metrics
from bot.service.clock import Clock
from bot.service.scheduler import Tick
from bot.setup.installation import Installation
from bot.upkeep import anchors
from handlers.calendar.deadlines import next_open
from handlers.engine.jobs import Daily, Every, Job, JobName, LongJob, Transactions, jobs, run_job, words_of_job
from handlers.engine.world import World
from handlers.joining.tries import COUNTED
from storage import looks
from storage.cases import voices
from storage.counting import tallies
from storage.database import daily_runs, troubles
from storage.database.reading import end_outlived, noting
from storage.database.session import Conflict
from storage.database.transaction import Transaction, transaction
from storage.files import purge as files
from storage.files.media import FORGOTTEN
from storage.joining import admissions
from storage.mail import downloads, inbox, outbox, talks, transcripts
from storage.notices import receipts as notice_receipts
from storage.notices import sent as notices

log = logging.getLogger(__name__)

_MINUTE = Every(60)
_FORGOTTEN = JobName("purge_forgotten", "删除已同意删除的文件")
_FOLD = JobName("fold", "汇总数字")
_ANCHOR = JobName("anchor", "另存操作记录的末尾")

_CHAIN = "record:chain"
_CHAIN_WORDS = "操作记录与另存的对不上：末尾可能被删过，或放回了旧的数据库。"

_PATIENCE = 30.0
"""Seconds that a job waits for those of the day that come before it; one of them may hang."""

_LONG = 60 * 60.0
"""Seconds that a long job may take; it works in small pieces, and a county's list is one."""


class Jobs:
    """Runs jobs. Each can be run again at any time without a second effect."""

    def __init__(
        self,
        installation: Installation,
        clock: Clock,
        wake_sender: Callable[[], None],
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """`waits` says whether nobody knows yet if the time is right."""
        self._settings = installation.settings
        self._database = installation.database
        self._world = installation.world
        self._caches = Caches(installation.world)
        self._clock = clock
        self._wake_sender = wake_sender
        self._waits = waits
        self._patient = installation.database.patient
        self._transactions = Transactions(self._patient, clock)
        self._jobs = [*jobs(), LongJob(JobName("purge", "清理旧消息"), Daily(3, 10), self._purge)]
        self._done: dict[str, date] = {}
        self._catching_up: asyncio.Future[None] | None = None

    def ticks(self) -> Sequence[Tick]:
        """Jobs of fixed hours look every minute; of these the short ones run in their order, one after the other."""
        return (
            *(self._tick(job) for job in self._jobs if not (isinstance(job, Job) and isinstance(job.schedule, Daily))),
            Tick("daily", self.catch_up, _MINUTE),
            Tick("gauges", self.gauges, Every(15)),
            Tick(_FORGOTTEN, functools.partial(self._upkeep, _FORGOTTEN, self.purge_forgotten), _MINUTE),
            Tick(_FOLD, functools.partial(self._upkeep, _FOLD, self.fold), Every(10 * 60)),
            Tick(_ANCHOR, functools.partial(self._upkeep, _ANCHOR, self.anchor), Every(60 * 60)),
        )

    def _tick(self, job: Job | LongJob) -> Tick:
        takes = _LONG if isinstance(job, LongJob) else 0
        if isinstance(job.schedule, Every):
            return Tick(job.name, functools.partial(self.run, job), job.schedule, takes)
        return Tick(job.name, functools.partial(self.run_daily, job), _MINUTE, takes)

    async def start(self) -> None:
        """Run what only keeps rows, done today or not: the plan may have been changed. Then what has been missed."""
        for job in self._short_daily():
            if isinstance(job.schedule, Daily) and not job.schedule.when_open:
                await _logged(job, functools.partial(self.run_daily, again=True))
        await self.catch_up()
        try:
            await self._upkeep(_ANCHOR, self.anchor)
        except Exception:  # told as a trouble; people are served all the same
            log.exception("the audit chain could not be noted")

    async def catch_up(self, patience: float | None = None) -> None:
        """Run the short jobs of the day whose hour has come and that are not done; whoever calls meanwhile waits for it,
        for `patience` seconds at most."""
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.ensure_future(self._catch_up())
        try:
            await asyncio.wait([self._catching_up], timeout=patience)
        except asyncio.CancelledError:
            self._catching_up.cancel()
            raise

    async def _catch_up(self) -> None:
        for job in self._short_daily():
            await _logged(job, self.run_daily)

    def _short_daily(self) -> list[Job]:
        return [job for job in self._jobs if isinstance(job, Job) and isinstance(job.schedule, Daily)]

    async def run(self, job: Job | LongJob) -> None:
        """Run a job, and wake the sender if it did something. One that acts on the time finds the day's rows kept."""
        if job.waits and self._waits():
            return
        if isinstance(job, LongJob):
            self._wake_for(job, await self._run_long(job))
            return
        if job.waits and isinstance(job.schedule, Every):
            await self.catch_up(_PATIENCE)
        async with self._told(job.name):
            done = await run_job(job, self._begin, self._world)
        self._wake_for(job, done)

    async def run_daily(self, job: Job | LongJob, *, again: bool = False) -> None:
        """Run a job of a fixed hour if that has come and it is not done today, by whichever process, or is to be `again`.

        A short one is noted as done in its own transaction; a long one after it, so it may run twice beside another process.
        """
        today = self._clock().date()
        if self._done.get(job.name) == today or self._waits() or not self._is_time(job.schedule):
            return
        async with self._database.read() as conn:
            last = (await daily_runs.last_runs(conn)).get(job.name)
        if last is None or last < today or again:
            if isinstance(job, LongJob):
                done = await self._run_long(job)
                async with self._database.write() as conn:
                    await daily_runs.claim_run(conn, job.name, today)
            else:

                async def once(tx: Transaction, world: World) -> int:
                    mine = await daily_runs.claim_run(tx.conn, job.name, today)
                    return await job.run(tx, world) if mine or again else 0

                async with self._told(job.name):
                    done = await run_job(replace(job, run=once), self._begin, self._world)
            self._wake_for(job, done)
        self._done[job.name] = today

    def _is_time(self, schedule: Every | Daily) -> bool:
        now = self._clock()
        return isinstance(schedule, Daily) and (
            now.time() >= time(schedule.hour, schedule.minute)
            and (not schedule.when_open or next_open(now, self._world.plan.reminders) <= now)
        )

    async def _run_long(self, job: LongJob) -> int:
        async with self._told(job.name):
            async with self._transactions.reading_first() as tx:
                await self._caches.refresh_in(tx)
            return await job.run(self._transactions, self._world)

    def _wake_for(self, job: Job | LongJob, done: int) -> None:
        metrics.JOB_DONE.labels(job.name).inc(done)
        if done:
            self._wake_sender()

    async def _upkeep(self, name: JobName, run: Callable[[], Awaitable[None]]) -> None:
        async with self._told(name):
            await run()

    @contextlib.asynccontextmanager
    async def _begin(self) -> AsyncIterator[Transaction]:
        async with transaction(self._database, self._clock()) as tx:
            await self._caches.refresh_in(tx)
            yield tx

    @contextlib.asynccontextmanager
    async def _told(self, name: JobName) -> AsyncIterator[None]:
        """What fails in the block is a trouble until it succeeds again."""
        async with noting(self._database, self._clock()) as damage:
            try:
                yield
            except Exception as error:
                if not isinstance(error, Conflict):
                    damage.fail_whole(name, words_of_job(name), error)
                raise
            damage.succeeded(f"job:{name}")

    async def _purge(self, _: Transactions, __: World) -> int:
        await self.purge()
        return 0

    async def purge(self) -> None:
        """Erase messages and drafts past their time."""
        now = self._clock()
        messages = now - timedelta(days=self._settings.keep_messages_days)
        drafts = now - timedelta(days=self._settings.keep_drafts_days)
        async with transaction(self._patient, now) as tx, tx.session(request="job:purge") as session:
            conn = tx.conn
            erased = await inbox.purge(conn, messages) + await outbox.purge(conn, messages)
            erased += await transcripts.purge(conn, messages) + await downloads.purge(conn, messages)
            erased += await notice_receipts.purge(session, now - notices.KEPT)
            await end_outlived(conn, now)
            erased += await troubles.purge(conn, messages)
            erased += await admissions.purge(conn, now - COUNTED)
            erased += await looks.purge(conn, (now - looks.KEPT).date())
            abandoned = await talks.purge(conn, drafts)
        unfiled = await files.purge(self._patient, self._world.media, now - files.UNFILED)
        await self.purge_forgotten()
        log.info("erased %s messages, %s drafts and %s files past their time", erased, abandoned, unfiled)

    async def purge_forgotten(self) -> None:
        """Remove the files of who asked to be forgotten: their voice messages, and what they sent that was never filed."""
        await files.purge(self._patient, self._world.media, FORGOTTEN + timedelta(milliseconds=1))
        async with self._patient.read() as conn:
            names = await voices.erased(conn)
        await asyncio.to_thread(self._world.media.remove, names)
        if names:
            async with self._patient.write() as conn:
                await voices.forget(conn, names)
            await asyncio.to_thread(self._world.media.remove, names)  # a change of keys may have put one back in between

    async def anchor(self) -> None:
        """Note outside the database how far the audit chain has got, and tell of a chain that has lost what was noted."""
        known = (await asyncio.to_thread(anchors.read, self._settings)).kept
        async with self._database.read() as conn:
            lost = await anchors.amiss(conn, known)
        async with self._database.write() as conn:
            if lost:
                log.error("the audit chain is not the one that was noted: %s", lost[0])
                await troubles.begin_trouble(conn, _CHAIN, _CHAIN_WORDS, self._clock())
            else:
                await troubles.end_trouble(conn, _CHAIN, self._clock())
        async with self._database.read() as conn:
            head = await anchors.note(self._settings, conn, self._clock())
        if head is not None:
            log.info("the audit chain ends at %s %s", head.seq, "-".join(textwrap.wrap(head.chain, 8)))

    async def fold(self) -> None:
        """Keep the totals of the overview short."""
        async with self._patient.write() as conn:
            await tallies.fold(conn)

    async def gauges(self) -> None:
        async with self._database.read() as conn:
            metrics.OUTBOX_WAITING.set(await outbox.pending_count(conn))


async def _logged(job: Job, run: Callable[[Job], Awaitable[None]]) -> None:
    """One that fails holds up no other."""
    try:
        await run(job)
    except Exception:
        log.exception("job %s failed", job.name)
