"""Makes the ledgers that were too long for a chat to wait for, one at a time, while chats go on."""

from __future__ import annotations

import logging

from handlers.engine.jobs import Begin, Every, LongJob, Transactions
from handlers.engine.words import NOT_YOURS
from handlers.engine.world import World
from handlers.files.keeping import keep
from handlers.files.spreadsheets import XLSX
from handlers.ledgers.catalog import LEDGERS
from handlers.ledgers.making import as_message, make_export, signature
from handlers.rights.reach import reach_of
from storage.database.transaction import Conflict
from storage.ledgers.orders import LedgerOrder
from storage.mail import outbox
from storage.mail.messages import Outgoing
from storage.store import Store

log = logging.getLogger(__name__)

FAILED = "台账没有做成，已记下原因。请过一会儿再试，还不行请找系统管理员。"


async def work(transactions: Transactions, world: World) -> int:
    """Everything ordered; returns how many orders were dealt with."""
    begin = transactions.reading_first
    async with begin() as tx, tx.session(request="job:exports") as session:
        waiting = await Store(session).ledger_orders.waiting()
    return sum([await _one(begin, world, order) for order in waiting])


JOB = LongJob("exports", Every(2), work)


async def _one(begin: Begin, world: World, order: LedgerOrder) -> bool:
    """False when another process was quicker."""
    try:
        async with begin() as tx:
            actor, request = f"person:{order.person_id}", f"export:{order.id}"
            async with tx.session(actor, request) as session:
                message = await _made(Store(session), world, order)
                outbox.post(session, order.address, message)
            await tx.begin_writing()
            async with tx.session(actor, request) as session:
                await Store(session).ledger_orders.done(order)
    except Conflict:
        return False
    except Exception:
        log.exception("ledger order %s failed", order.id)
        await _give_up(begin, order)
    return True


async def _give_up(begin: Begin, order: LedgerOrder) -> None:
    """An order that cannot be carried out must not stand before the others."""
    async with begin() as tx:
        await tx.begin_writing()
        async with tx.session(request=f"export:{order.id}") as session:
            outbox.post(session, order.address, Outgoing(text=FAILED))
            await Store(session).ledger_orders.done(order)


async def _made(store: Store, world: World, order: LedgerOrder) -> Outgoing:
    """The file, within the posts the person holds now."""
    ledger = LEDGERS[order.ledger]
    person = await store.people.get(order.person_id)
    reach = reach_of(person, ledger.roles & ledger.whole_for if order.reason else ledger.roles) if person else []
    if person is None or not reach:
        return Outgoing(text=NOT_YOURS)
    by = signature(world.plan, person)
    made = await make_export(store, world, ledger, reach, store.session.now, by, order.reason)
    return as_message(made, await keep(store, world, made.content, XLSX), ledger, person, order.reason)
