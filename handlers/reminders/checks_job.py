"""Keeps the reminder rows of a working morning: one for each self-check not finished, one for each village with checks due."""

from __future__ import annotations

from datetime import datetime

from handlers.calendar.planning import plan_deadline
from handlers.calendar.workdays import is_workday
from handlers.engine.jobs import Daily, Job
from handlers.engine.world import World
from handlers.selfchecks.rules import holders, key_of, scopes
from storage.database.transaction import Transaction
from storage.people.persons import Role
from storage.store import Store


async def keep(tx: Transaction, world: World) -> int:
    """Called at the start and daily; a second call on the same day changes nothing. Leaves nothing to send: 0."""
    today = tx.now.date()
    if not is_workday(today):
        return 0
    opens = datetime.combine(today, world.plan.reminders.opens, tx.now.tzinfo)
    async with tx.session(request="job:checks") as session:
        store = Store(session)
        await _self_checks(store, world, max(opens, tx.now))
        for village in await store.watchlists.due_by_village(world.plan.id, today, regions=[world.plan.town.code]):
            if world.directory.holding(Role.VILLAGE, village):
                store.reminders.plan("watch", village, stage="due", due_at=max(opens, tx.now), deadline=today)
    return 0


JOB = Job("checks", Daily(0, 10), keep, at_start=True)


async def _self_checks(store: Store, world: World, due_at: datetime) -> None:
    """Plan a line a day for those who do the self-check;
    if there is nobody, only the deadline's stages, which tell the town."""
    plan, today = world.plan, due_at.date()
    phase = plan.phase(plan.selfcheck.phase)
    if not phase.first <= today <= phase.last:
        return
    tallies = await store.selfchecks.tallies(plan.id)
    for scope in scopes(plan):
        if scope in tallies and tallies[scope].done >= len(plan.items_for(scope.unit)):
            continue
        key = key_of(scope)
        plan_deadline(store.reminders, plan, subject="selfcheck", subject_id=key, deadline=phase.last, now=due_at)
        if holders(world.directory, scope, plan=plan):
            store.reminders.plan("selfcheck", key, stage=f"day{today:%m%d}", due_at=due_at, deadline=phase.last)
