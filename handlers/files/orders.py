"""Makes the files that were ordered, one at a time, while chats go on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from handlers.engine.jobs import Begin
from storage.database.transaction import Conflict
from storage.files.orders import Order, Orders
from storage.mail import outbox
from storage.mail.messages import Outgoing
from storage.store import Store

log = logging.getLogger(__name__)

AnyOrder = TypeVar("AnyOrder", bound=Order)
Queue = Callable[[Store], Orders[AnyOrder]]
Make = Callable[[Store, AnyOrder], Awaitable[Outgoing]]
"""Makes the file of an order and keeps it, within the posts that its person holds now; returns the message with it."""


async def fill_orders(begin: Begin, queue: Queue[AnyOrder], *, make: Make[AnyOrder], name: str, failed: str) -> int:
    """Make everything ordered; returns how many orders were dealt with.

    `begin` opens transactions that only read until they are told to write, `name` stands in the audit, and `failed` is
    said where a file could not be made: such an order does not stand before the others.
    """
    async with begin() as tx, tx.session(request=f"job:{name}s") as session:
        waiting = await queue(Store(session)).waiting()

    async def sorry(store: Store, order: AnyOrder) -> Outgoing:
        return Outgoing(text=failed)

    done = 0
    for order in waiting:
        request = f"{name}:{order.id}"
        try:
            done += await _fill(begin, queue, make, order, request)
        except Exception:
            log.exception("order %s failed", request)
            done += await _fill(begin, queue, sorry, order, request)
    return done


async def _fill(begin: Begin, queue: Queue[AnyOrder], make: Make[AnyOrder], order: AnyOrder, request: str) -> bool:
    """False when another process was quicker."""
    actor = f"person:{order.person_id}"
    try:
        async with begin() as tx:
            async with tx.session(actor, request) as session:
                outbox.post(session, order.address, await make(Store(session), order))
            await tx.begin_writing()
            async with tx.session(actor, request) as session:
                await queue(Store(session)).done(order)
    except Conflict:
        return False
    return True
