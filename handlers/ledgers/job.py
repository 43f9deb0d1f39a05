"""Makes the ledgers that were too long for a chat to wait for."""

from __future__ import annotations

from functools import partial

from handlers.engine.jobs import Every, JobName, LongJob, Transactions
from handlers.engine.words import NOT_YOURS
from handlers.engine.world import World
from handlers.files.keeping import keep
from handlers.files.orders import Making, fill_orders
from handlers.files.spreadsheets import XLSX
from handlers.ledgers.catalog import LEDGERS
from handlers.ledgers.making import Export, as_message, draft_export
from handlers.rights.reach import reach_of
from storage.ledgers.orders import LedgerOrder, LedgerOrders
from storage.mail.messages import Outgoing
from storage.store import Store

FAILED = "台账没有做成，已记下原因。请过一会儿再试，还不行请找系统管理员。"


async def work(transactions: Transactions, world: World) -> int:
    """Everything ordered; returns how many orders were dealt with."""
    make = partial(_made, world)
    return await fill_orders(transactions.reading_first, _queue, make=make, job=_NAME, failed=FAILED)


_NAME = JobName("exports", "导出台账")
JOB = LongJob(_NAME, Every(2), work, waits=False)


def _queue(store: Store) -> LedgerOrders:
    return store.ledger_orders


async def _made(world: World, store: Store, order: LedgerOrder) -> Making | Outgoing:
    ledger = LEDGERS[order.ledger]
    person = await store.people.get(order.person_id)
    reach = reach_of(person, ledger.roles & ledger.whole_for if order.reason else ledger.roles) if person else []
    if person is None or not reach:
        return Outgoing(text=NOT_YOURS)
    draft = await draft_export(store, world, ledger=ledger, reach=reach, person=person, reason=order.reason)

    async def content() -> bytes:
        return (await draft.made()).content

    async def sent(store: Store, content: bytes) -> Outgoing:
        draft.note(store, world)
        made = Export(content, len(draft.rows), draft.file_name)
        return as_message(made, await keep(store, world, content=content, content_type=XLSX), ledger, person, order.reason)

    return Making(content, sent)
