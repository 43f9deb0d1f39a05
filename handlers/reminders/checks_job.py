"""Keeps the reminder rows of a working morning: one for each self-check not finished, one for each village with checks due."""

from __future__ import annotations

from datetime import datetime

from handlers.calendar.planning import plan_deadline
from handlers.calendar.workdays import is_workday
from handlers.engine.jobs import Daily, Job, JobName, each
from handlers.engine.world import World
from handlers.selfchecks.rules import holders, key_of, scopes
from storage.database.transaction import Transaction
from storage.people.persons import Role
from storage.selfchecks import Scope
from storage.store import Store

_NAME = JobName("checks", "安排核查")


async def keep(tx: Transaction, world: World) -> int:
    """A second call on the same day changes nothing. Leaves nothing to send: 0."""
    today = tx.now.date()
    if not is_workday(today):
        return 0
    due_at = max(datetime.combine(today, world.plan.reminders.opens, tx.now.tzinfo), tx.now)

    async def watch(store: Store, village: str) -> int:
        if world.directory.holding(Role.VILLAGE, village):
            store.reminders.plan("watch", village, stage="due", due_at=due_at, deadline=today)
        return 0

    await _self_checks(tx, world, due_at)
    async with tx.session(request="job:checks") as session:
        due = await Store(session).watchlists.due_by_village(world.plan.id, today, regions=[world.plan.town.code])
    await each(tx, _NAME, {f"watch:{village}": village for village in due}, watch)
    return 0


JOB = Job(_NAME, Daily(0, 10), keep)


async def _self_checks(tx: Transaction, world: World, due_at: datetime) -> None:
    """Plan a line a day for those who do the self-check;
    if there is nobody, only the deadline's stages, which tell the town."""
    plan, today = world.plan, due_at.date()
    phase = plan.phase(plan.selfcheck.phase)
    if not phase.first <= today <= phase.last:
        return
    async with tx.session(request="job:checks") as session:
        tallies = await Store(session).selfchecks.tallies(plan.id)

    async def plan_scope(store: Store, scope: Scope) -> int:
        key = key_of(scope)
        if scope not in tallies or tallies[scope].done < len(plan.items_for(scope.unit)):
            plan_deadline(store.reminders, plan, subject="selfcheck", subject_id=key, deadline=phase.last, now=due_at)
            if holders(world.directory, scope, plan=plan):
                store.reminders.plan("selfcheck", key, stage=f"day{today:%m%d}", due_at=due_at, deadline=phase.last)
        return 0

    await each(tx, _NAME, {key_of(scope): scope for scope in scopes(plan)}, plan_scope)
