"""Keeps reminder rows for the plan's phases and milestones, and tells the office once when the holiday calendar runs out."""

from __future__ import annotations

import logging
from datetime import date

from handlers.calendar.deadlines import next_open
from handlers.calendar.planning import plan_deadline
from handlers.calendar.workdays import calendar_known
from handlers.engine.world import World
from handlers.reminders.campaign import campaign_days, day_key
from storage.database.transaction import Session, Transaction
from storage.mail import outbox
from storage.mail.messages import PUSH, Outgoing
from storage.people.persons import Role
from storage.store import Store

log = logging.getLogger(__name__)


async def keep(tx: Transaction, world: World) -> None:
    """Called at the start and daily. A day that was moved in the plan gets new rows; the old ones go."""
    today = tx.now.date()
    async with tx.session(request="job:phases") as session:
        store = Store(session)
        days = {day_key(day): day for day in campaign_days(world.plan)}
        for gone in {key for key, _, _ in await store.reminders.known("phase")} - set(days):
            await store.reminders.cancel("phase", gone)
        for key, day in days.items():
            if day >= today:
                plan_deadline(store.reminders, world.plan, "phase", key, day, tx.now, overdue=False)
        if not calendar_known(today):
            _warn(session, world, today.year, await store.reminders.acknowledgements(_town(world)))


def _town(world: World) -> dict[int, str | None]:
    """The town's officials and where to write to them."""
    town = world.directory.holding(Role.TOWN, world.plan.town.code)
    return {official.person.id: official.address for official in town}


def _warn(session: Session, world: World, year: int, told: set[tuple[int, str, str, date]]) -> None:
    """Once for each year, to each of the town's officials."""
    for person_id, address in _town(world).items():
        mark = (person_id, "calendar", str(year), date(year, 12, 31))
        if address and mark not in told:
            log.warning("no holiday calendar for %s; Monday to Friday are taken as working days", year)
            text = f"{year} 年的节假日安排还没有收录，提醒先按周一至周五算工作日。请管理员更新程序。"
            morning = next_open(session.now, world.plan.reminders)
            intent = f"calendar:{year}:{person_id}"
            outbox.post(session, address, Outgoing(text=text), priority=PUSH, intent=intent, not_before=morning)
            Store(session).reminders.acknowledge(*mark)
