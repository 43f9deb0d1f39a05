"""Work of chats that is done beside the worker's batches; meanwhile each such chat is held, and all others go on.

The hold is a lease: renewed while the work goes on, so that after a kill the message is taken up again some seconds later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.delivery.shielding import shielded
from bot.service.clock import Clock
from handlers.engine.asides import Aside, Asides
from storage.database.connection import Database
from storage.database.transaction import transaction
from storage.mail import inbox, outbox
from storage.mail.inbox import Mail
from storage.mail.messages import Outgoing

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=6)
PATIENCE = 2.0
"""Seconds after which a hold is renewed, and its person told that the work takes a moment."""


class Beside:
    """Does the asides of one worker. `done` hears when a chat can go on, `said` when somebody was told to wait."""

    def __init__(
        self,
        database: Database,
        asides: Asides,
        clock: Clock,
        *,
        patience: float,
        done: Callable[[], None],
        said: Callable[[], None],
    ) -> None:
        self._database = database
        self._asides = asides
        self._clock = clock
        self._patience = patience
        self._done = done
        self._said = said
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, mail: Mail, work: Aside, held_until: datetime) -> None:
        """Do the work of a chat that is held."""
        task = asyncio.create_task(self._do(mail, work, held_until))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> bool:
        """Wait until nothing is under way; returns whether anything was."""
        tasks = list(self._tasks)
        await asyncio.gather(*tasks)
        return bool(tasks)

    async def stop(self) -> None:
        """Leave what is under way undone; its chats can be worked on at once."""
        await asyncio.sleep(0)  # each has begun by then, and so has something to end
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _do(self, mail: Mail, work: Aside, until: datetime) -> None:
        making = asyncio.create_task(self._asides.do(work))
        told = False
        try:
            while not (await asyncio.wait([making], timeout=self._patience))[0]:
                try:
                    until = await self._hold(mail, until, work if not told else None)
                    told = True
                except Exception:  # the hold ends by itself, and the work goes on
                    log.warning("the hold of %s could not be renewed", mail.message.address, exc_info=True)
        finally:
            making.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await making
            await shielded(self._release(mail, until))
            self._done()

    async def _hold(self, mail: Mail, held: datetime, telling: Aside | None) -> datetime:
        async with transaction(self._database, self._clock()) as tx:
            until = tx.now + LEASE
            ours = await inbox.hold_on(tx.conn, mail.message.address, held, until=until)
            if ours and telling is not None:
                async with tx.session(request=f"inbox:{mail.id}") as session:
                    outbox.post(session, mail.message.address, Outgoing(text=telling.told()))
        if telling is not None:
            self._said()
        return until if ours else held

    async def _release(self, mail: Mail, held: datetime) -> None:
        try:
            async with self._database.write() as conn:
                await inbox.hold_on(conn, mail.message.address, held, until=None)
        except Exception:  # it ends by itself
            log.warning("the hold of %s could not be ended", mail.message.address, exc_info=True)
