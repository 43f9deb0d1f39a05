"""Keeps reminder rows for the plan's phases and milestones, and tells the office once when the holiday calendar runs out."""

from __future__ import annotations

import logging
from datetime import date

from handlers.calendar.deadlines import next_open
from handlers.calendar.planning import plan_deadline
from handlers.calendar.workdays import calendar_known
from handlers.engine.jobs import Daily, Job, JobName, each
from handlers.engine.notify import notify
from handlers.engine.world import World
from handlers.reminders.campaign import campaign_days, day_key
from storage.database.transaction import Transaction
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Outgoing
from storage.people.persons import Role
from storage.store import Store

log = logging.getLogger(__name__)

_NAME = JobName("phases", "安排阶段提醒")


async def keep(tx: Transaction, world: World) -> int:
    """Returns how many were warned of a missing calendar.

    A day that was moved in the plan gets new rows; the old ones go.
    """
    today = tx.now.date()

    async def plan_day(store: Store, day: date) -> int:
        if day >= today:
            plan_deadline(
                store.reminders, world.plan, subject="phase", subject_id=day_key(day), deadline=day, now=tx.now, overdue=False
            )
        return 0

    days = {day_key(day): day for day in campaign_days(world.plan)}
    async with tx.session(request="job:phases") as session:
        reminders = Store(session).reminders
        for gone in {key for key, _, _ in await reminders.known("phase")} - set(days):
            await reminders.cancel("phase", gone)
    await each(tx, _NAME, days, plan_day)
    if calendar_known(today):
        return 0
    async with tx.session(request="job:phases") as session:
        return await _warn(Store(session), world, today.year)


JOB = Job(_NAME, Daily(0, 10), keep)


async def _warn(store: Store, world: World, year: int) -> int:
    """Tell each of the town's officials once for each year; returns how many were told."""
    town = [one.person.id for one in world.directory.holding(Role.TOWN, world.plan.town.code) if one.address]
    known = await store.reminders.acknowledgements(town)
    marks = {person_id: (person_id, "calendar", f"{year}", date(year, 12, 31)) for person_id in town}
    untold = [person_id for person_id in town if marks[person_id] not in known]
    text = f"{year} 年的节假日安排还没有收录，提醒先按周一至周五算工作日。请管理员更新程序。"
    told = await notify(
        store, world, messages=dict.fromkeys(untold, Outgoing(text=text)), intent=Intent(Cause.CALENDAR, f"{year}"),
        unless_told=True, not_before=next_open(store.session.now, world.plan.reminders),
    )  # fmt: skip
    if told:
        log.warning("no holiday calendar for %s; Monday to Friday are taken as working days", year)
        for person_id in untold:  # by who stands in for them, those on leave have been told
            store.reminders.acknowledge(*marks[person_id])
    return len(told)
