"""Offers each village cadre the week's report on its last working afternoon, to be sent with one tap."""

from __future__ import annotations

from datetime import time

from handlers.calendar.deadlines import next_open
from handlers.engine.attendance import away_on
from handlers.engine.jobs import Every, Job, JobName, each
from handlers.engine.notify import notify
from handlers.engine.world import World
from handlers.weekly.common import report_buttons, report_in_words, village_of, work_since
from handlers.weekly.text import draft, last_workday, monday_of
from storage.database.transaction import Transaction
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Outgoing
from storage.people.persons import Official, Role
from storage.reminders import rows as reminders
from storage.store import Store
from storage.weekly.work import Work

_NAME = JobName("weekly", "周报")
_FROM = time(15)


async def tell(tx: Transaction, world: World) -> int:
    """Put the week's draft before those who have one to send and are not on leave; returns how many were queued.

    Who wants only mornings is not called: the next morning's message says that it is there.
    """
    now, week = tx.now, monday_of(tx.now.date())
    if now.date() != last_workday(week) or now.time() < _FROM or next_open(now, world.plan.reminders) > now:
        return 0
    if not await reminders.alone(tx.conn):
        return 0
    away = away_on(world, now.date())
    async with tx.session(request="job:weekly") as session:
        store = Store(session)
        begun = await store.weekly_reports.begun(week)
        meant = [
            one
            for one in world.directory.officials
            if one.address and one.person.has(Role.VILLAGE) and one.person.id not in away and one.person.id not in begun
        ]
        if not meant:
            return 0
        quiet = await store.quiet_times.all()
        done = await work_since(store, [one.person.id for one in meant], week)

    async def offer(store: Store, one: Official) -> int:
        person_id, address = one.person.id, one.address or ""
        store.weekly_reports.begin(person_id, week, village=village_of(one.person))
        if address in quiet and quiet[address].holds:
            return 0
        rows = tuple(tuple(row) for row in report_buttons(week))
        shown = Outgoing(text=report_in_words(week, draft(done.get(person_id, Work()))), buttons=rows)
        intent = Intent(Cause.WEEKLY, f"{week}")
        return len(await notify(store, world, messages={person_id: shown}, intent=intent, personal=True))

    return (await each(tx, _NAME, {f"{one.person.id}": one for one in meant}, offer)).done


JOB = Job(_NAME, Every(15 * 60), tell)
