"""Work that goes on when it fails for a while, such as when a PostgreSQL restarts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.errors import CannotStart
from storage.database.outages import TROUBLE

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 4.0
"""Seconds between two tries. The longest is what people wait at most once the database is back."""


def _say_nothing() -> None:
    pass


async def lasting(
    name: str,
    run: Callable[[], Awaitable[None]],
    *,
    against: tuple[type[Exception], ...] = TROUBLE,
    failed: Callable[[], None] = _say_nothing,
) -> None:
    """Run until cancelled, again after each of the errors `against`; `failed` hears of each. Raises CannotStart, which only a
    person can mend.
    """
    pause = FIRST_PAUSE
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        try:
            return await run()
        except CannotStart:
            raise
        except against as error:
            if loop.time() - begun > LONGEST_PAUSE:  # it has worked since, or waited long enough by itself
                pause = FIRST_PAUSE
            failed()
            what = "has trouble with the database" if isinstance(error, TROUBLE) else "failed"
            log.exception("the %s %s; next try in %s s", name, what, pause)
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # it failed while it was being stopped
                raise asyncio.CancelledError from None
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
