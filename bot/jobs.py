"""What happens by itself: reminders, the plan's phases, erasing what is past its time, and gauges."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from bot import metrics
from bot.clock import Clock
from bot.delivery.caches import Caches
from bot.opening import House
from bot.scheduler import Tick, daily, each_minute, every
from handlers.jobs import faults, phases, remind
from storage import inbox, outbox, talks, transcripts
from storage.transaction import transaction

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

    def ticks(self) -> Sequence[Tick]:
        return (
            Tick("remind", self.remind, each_minute()),
            Tick("gauges", self.gauges, every(15)),
            Tick("faults", self.faults, every(15 * 60)),
            Tick("phases", self.phases, daily(0, 10)),
            Tick("purge", self.purge, daily(3, 10)),
        )

    async def remind(self) -> None:
        """Queue what is due."""
        async with transaction(self._database, self._clock()) as tx:
            await self._caches.refresh(tx.conn)
            fired = await remind.fire(tx, self._world)
        if fired:
            metrics.REMINDERS_FIRED.inc(fired)
            self._wake_sender()

    async def faults(self) -> None:
        """Tell the town's officials what has gone wrong."""
        async with transaction(self._database, self._clock()) as tx:
            await self._caches.refresh(tx.conn)
            told = await faults.tell(tx, self._world)
        if told:
            self._wake_sender()

    async def phases(self) -> None:
        """Plan the reminders of the plan's phases."""
        async with transaction(self._database, self._clock()) as tx:
            await self._caches.refresh(tx.conn)
            await phases.keep(tx, self._world)
        self._wake_sender()

    async def purge(self) -> None:
        """Erase messages and drafts past their time."""
        now = self._clock()
        messages = now - timedelta(days=self._settings.keep_messages_days)
        drafts = now - timedelta(days=self._settings.keep_drafts_days)
        async with self._database.write() as conn:
            erased = await inbox.purge(conn, messages) + await outbox.purge(conn, messages)
            erased += await transcripts.purge(conn, messages)
            abandoned = await talks.purge(conn, drafts)
        log.info("erased %s messages and %s drafts past their time", erased, abandoned)

    async def gauges(self) -> None:
        async with self._database.read() as conn:
            metrics.OUTBOX_WAITING.set(await outbox.pending_count(conn))
