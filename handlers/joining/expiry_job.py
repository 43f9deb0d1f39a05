"""Requests to join that nobody has decided for a month end, and who asked is told. What is known of strangers goes in time."""

from __future__ import annotations

from datetime import timedelta

from handlers.engine.jobs import Daily, Job, JobName, each
from handlers.engine.notify import tell_chat
from handlers.engine.world import World
from storage.database.transaction import Transaction
from storage.joining.admissions import Admission
from storage.people.persons import Role
from storage.privacy.strangers import erase_strangers
from storage.store import Store

_NAME = JobName("requests", "结束久没人看的申请")
_FORGET = JobName("forget_strangers", "清理没加入的人")

WAITS = timedelta(days=30)
"""How long a request to join stays open, and how long it is known after that whom it came from."""

HOME_OVER = "您申请加入已经 30 天，还没对上是哪一家，先结束了。\n请找村干部当面加，几秒钟就好。"
OFFICE_OVER = "您申请加入已经 30 天，没有人核实，先结束了。\n还要加入，请直接找镇里。"


async def expire(tx: Transaction, _: World) -> int:
    """Returns how many requests ended."""
    async with tx.session(request="job:requests") as session:
        old = {f"{one.id}": one for one in await Store(session).admissions.asked_before(tx.now - WAITS)}
    return (await each(tx, _NAME, old, _end)).done


JOB = Job(_NAME, Daily(8, 15, when_open=True), expire)


async def _end(store: Store, asked: Admission) -> int:
    await store.admissions.decide(asked.id, accepted=False, person_id=None)
    tell_chat(store, asked.address, HOME_OVER if asked.role is Role.HOUSEHOLD else OFFICE_OVER)
    return 1


async def forget_strangers(tx: Transaction, _: World) -> int:
    """Returns how many rows went."""
    async with tx.session(request="job:strangers") as session:
        return await erase_strangers(session, tx.now - WAITS)


FORGET = Job(_FORGET, Daily(3, 25), forget_strangers)
