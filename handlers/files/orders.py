"""Makes the files that were ordered, one at a time, while chats go on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from handlers.engine.jobs import Begin, JobName, words_of_matter
from storage.database.outages import is_away
from storage.database.session import Conflict
from storage.files.orders import Order, Orders
from storage.mail import outbox
from storage.mail.messages import Outgoing
from storage.store import Store

log = logging.getLogger(__name__)

AnyOrder = TypeVar("AnyOrder", bound=Order)
Queue = Callable[[Store], Orders[AnyOrder]]


@dataclass(frozen=True, slots=True)
class Making:
    """A file still to be made, of what was read: its `content`, in no transaction, and the message `sent` with it then."""

    content: Callable[[], Awaitable[bytes]]
    sent: Callable[[Store, bytes], Awaitable[Outgoing]]


Make = Callable[[Store, AnyOrder], Awaitable[Making | Outgoing]]
"""Reads what an order needs, within the posts that its person holds now; or the message that there is nothing for them."""


async def fill_orders(begin: Begin, queue: Queue[AnyOrder], *, make: Make[AnyOrder], job: JobName, failed: str) -> int:
    """Make everything ordered; returns how many orders were dealt with.

    `begin` opens transactions that only read until they are told to write; `failed` is said where a file could not be made:
    such an order does not stand before the others.
    """
    async with begin() as tx, tx.session(request=f"job:{job}") as session:
        orders = await queue(Store(session)).waiting()
        waiting = [order for order in orders if not tx.damage.rests(job, f"{order.id}", tx.now)]

    async def sorry(store: Store, order: AnyOrder) -> Outgoing:
        return Outgoing(text=failed)

    done = 0
    for order in waiting:
        request = f"{job}:{order.id}"
        try:
            done += await _fill(begin, queue, make, order, request)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("order %s failed", request)
            done += await _say_sorry(begin, queue, sorry, order, job, error)
    return done


async def _say_sorry(
    begin: Begin, queue: Queue[AnyOrder], sorry: Make[AnyOrder], order: AnyOrder, job: JobName, error: Exception
) -> bool:
    """End an order that failed; where even that fails, it rests, and the others go on."""
    done = False
    try:
        done = await _fill(begin, queue, sorry, order, f"{job}:{order.id}")
    except Exception as second:
        if is_away(second):
            raise
        log.exception("order %s:%s could not be ended", job, order.id)
        error = second
    async with begin() as tx:
        tx.damage.fail(job, f"{order.id}", words_of_matter(job), error)
    return done


async def _fill(begin: Begin, queue: Queue[AnyOrder], make: Make[AnyOrder], order: AnyOrder, request: str) -> bool:
    """False when another process was quicker."""
    actor = f"person:{order.person_id}"
    try:
        async with begin() as tx, tx.session(actor, request) as session:
            made = await make(Store(session), order)
        content = await made.content() if isinstance(made, Making) else b""
        async with begin() as tx:
            async with tx.session(actor, request) as session:
                message = await made.sent(Store(session), content) if isinstance(made, Making) else made
                outbox.post(session, order.address, message)
            await tx.begin_writing()
            async with tx.session(actor, request) as session:
                await queue(Store(session)).done(order)
    except Conflict:
        return False
    return True
