"""Tells the town's officials of faults that only the keeper of the computer can mend."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from handlers.calendar.deadlines import next_open
from handlers.engine.jobs import Every, Job, JobName
from handlers.engine.notify import notify
from handlers.engine.world import World
from storage.database.base import SHANGHAI
from storage.database.transaction import Transaction
from storage.mail import inbox, outbox
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Outgoing
from storage.people.persons import Role
from storage.store import Store

_LOOKS_BACK = 7
"""Days; what is older and was not told of in time only `cunbao outbox` and `cunbao dead-letters` still list."""


async def tell(tx: Transaction, world: World) -> int:
    """Queue one message a working day to each official if there are new faults. Returns how many were queued.

    New is what came up since the day somebody was last told, that day included, so that nothing after that day's message
    is missed.
    """
    today = tx.now.date()
    town = world.directory.ids(Role.TOWN, world.plan.town.code)
    if next_open(tx.now, world.plan.reminders) > tx.now:
        return 0
    days = [today - timedelta(days=back) for back in range(_LOOKS_BACK)]
    keys = {_intent(day).to(person_id): day for day in days for person_id in town}
    async with tx.session(request="job:faults") as session:
        told = {keys[key] for key in await outbox.known_intents(session, list(keys))}
        last = max(told - {today}, default=days[-1])
        words = await _words(tx, datetime.combine(last, time(), SHANGHAI))
        if not words:
            return 0
        messages = dict.fromkeys(town, Outgoing(text=words))
        return len(await notify(Store(session), world, messages=messages, intent=_intent(today), unless_told=True))


JOB = Job(JobName("faults", "报故障"), Every(15 * 60), tell)


async def _words(tx: Transaction, since: datetime) -> str:
    """The faults in counts and what to do; empty if there are none. No names: it may be read aloud in an office."""
    dead = await inbox.dead_since(tx.conn, since)
    failed, uncertain = await outbox.troubles_since(tx.conn, since)
    parts = [f"{dead} 条来信没处理成"] if dead else []
    parts += [f"{failed} 条消息没发出去"] if failed else []
    parts += [f"{uncertain} 条不知是否送到"] if uncertain else []
    if not parts:
        return ""
    commands = ["cunbao dead-letters list"] if dead else []
    commands += ["cunbao outbox"] if failed or uncertain else []
    return f"【系统提醒】有{'，'.join(parts)}。\n请管理员运行：{'、'.join(commands)}"


def _intent(day: date) -> Intent:
    return Intent(Cause.FAULTS, f"{day}")
