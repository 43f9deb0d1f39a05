"""What happens by itself: reminders, the plan's phases, erasing what is past its time, and gauges."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.delivery.caches import Caches
from bot.service import metrics
from bot.service.clock import Clock
from bot.service.scheduler import Tick, daily, each_minute, every
from bot.setup.opening import House
from handlers.burden import faults_job as faults
from handlers.burden import job as burden
from handlers.cases import follow_up_job as ask_again
from handlers.charts import job as charts
from handlers.engine.world import World
from handlers.ledgers import job as exports
from handlers.notices import job as announce
from handlers.problems import signals_job as signals
from handlers.reminders import checks_job as checks
from handlers.reminders import job as remind
from handlers.reminders import phases_job as phases
from handlers.screening import job as screening
from handlers.weekly import job as weekly
from storage.cases import voices
from storage.charts import orders as chart_orders
from storage.counting import tallies
from storage.database.transaction import Transaction, reading_first, transaction
from storage.ledgers import orders as ledger_orders
from storage.mail import inbox, outbox, talks, transcripts
from storage.notices import receipts as notice_receipts
from storage.notices import sent as notices
from storage.screening.lists import is_waiting

log = logging.getLogger(__name__)


class Jobs:
    """Each job is one transaction and can be run again at any time without a second effect."""

    def __init__(self, house: House, clock: Clock, wake_sender: Callable[[], None]) -> None:
        self._settings = house.settings
        self._database = house.database
        self._world = house.world
        self._caches = Caches(house.world)
        self._clock = clock
        self._wake_sender = wake_sender
        self._easel = charts.Easel()

    def ticks(self) -> Sequence[Tick]:
        return (
            Tick("remind", self.remind, each_minute()),
            Tick("screening", self.screening, every(2)),
            Tick("exports", self.exports, every(2)),
            Tick("charts", self.charts, every(1)),
            Tick("announce", self.announce, every(2)),
            Tick("gauges", self.gauges, every(15)),
            Tick("ask_again", self.ask_again, every(30 * 60)),
            Tick("faults", self.faults, every(15 * 60)),
            Tick("phases", self.phases, daily(0, 10)),
            Tick("signals", self.signals, daily(8, 5)),
            Tick("weekly", self.weekly, every(15 * 60)),
            Tick("burden", self.burden, daily(0, 20)),
            Tick("burden_warning", self.burden_warning, daily(8, 35)),
            Tick("purge", self.purge, daily(3, 10)),
            Tick("fold", self.fold, every(10 * 60)),
        )

    async def remind(self) -> None:
        """Queue what is due."""
        metrics.REMINDERS_FIRED.inc(await self._tell(remind.fire))

    async def faults(self) -> None:
        """Tell the town's officials what has gone wrong."""
        await self._tell(faults.tell)

    async def ask_again(self) -> None:
        """Ask households whether what was closed is really solved."""
        await self._tell(ask_again.ask)

    async def phases(self) -> None:
        """Plan the reminders of the plan's phases, and the day's of self-checks and watch-lists."""
        async with transaction(self._database, self._clock()) as tx:
            await self._caches.refresh(tx.conn)
            await phases.keep(tx, self._world)
            await checks.keep(tx, self._world)
        self._wake_sender()

    async def signals(self) -> None:
        """Put to the town as questions what does not look like work."""
        await self._tell(signals.tell)

    async def weekly(self) -> None:
        """Put the week's reports before those who write them."""
        await self._tell(weekly.tell)

    async def burden(self) -> None:
        """Count what was asked of people yesterday."""
        async with reading_first(self._database, self._clock()) as tx:
            await self._caches.refresh(tx.conn)
            await burden.count(tx, self._world)

    async def burden_warning(self) -> None:
        """Tell the town when the week before asked too much of people."""
        await self._tell(burden.warn)

    async def screening(self) -> None:
        """Read and import the screening lists that were handed in."""
        async with self._database.read() as conn:
            if not await is_waiting(conn):
                return
            await self._caches.refresh(conn)
        doors = screening.Doors(
            lambda: reading_first(self._database, self._clock()), lambda: transaction(self._database, self._clock())
        )
        await screening.work(doors, self._world)
        self._wake_sender()

    async def exports(self) -> None:
        """Make the long ledgers that were ordered."""
        async with self._database.read() as conn:
            if not await ledger_orders.is_waiting(conn):
                return
            await self._caches.refresh(conn)
        await exports.work(lambda: reading_first(self._database, self._clock()), self._world)
        self._wake_sender()

    async def charts(self) -> None:
        """Draw the wall charts that were asked for."""
        async with self._database.read() as conn:
            if not await chart_orders.is_waiting(conn):
                self._easel.rest()
                return
            await self._caches.refresh(conn)
        await charts.work(lambda: reading_first(self._database, self._clock()), self._world, self._easel.draw)
        self._wake_sender()

    async def announce(self) -> None:
        """Queue a portion of the notices that were filed."""
        async with self._database.read() as conn:
            if not await notices.is_waiting(conn):
                return
            await self._caches.refresh(conn)
        if await announce.work(lambda: reading_first(self._database, self._clock()), self._world):
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
        async with transaction(self._database, now) as tx:
            lists = await screening.forget_unconfirmed(tx)
        await self._forget_voices(now)
        log.info("erased %s messages, %s drafts and %s screening lists past their time", erased, abandoned, lists)

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

    async def _tell(self, job: Callable[[Transaction, World], Awaitable[int]]) -> int:
        """Run a job that may leave something to send; returns what it counted."""
        async with transaction(self._database, self._clock()) as tx:
            await self._caches.refresh(tx.conn)
            told = await job(tx, self._world)
        if told:
            self._wake_sender()
        return told
