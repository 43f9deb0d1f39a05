"""Tells the town's officials once of each trouble of the service, as soon as messages may be sent."""

from __future__ import annotations

from handlers.calendar.deadlines import next_open
from handlers.engine.jobs import Every, Job, JobName
from handlers.engine.notify import notify
from handlers.engine.world import World
from storage.database import clock_marks
from storage.database.base import to_ms
from storage.database.transaction import Transaction
from storage.database.troubles import Trouble, mark_told, open_troubles
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Outgoing
from storage.people.persons import Role
from storage.store import Store

_MOST_SHOWN = 5


async def tell(tx: Transaction, world: World) -> int:
    """Queue one message to each official with all that is new. Returns how many were queued."""
    if next_open(tx.now, world.plan.reminders) > tx.now:
        return 0
    new = [one for one in await open_troubles(tx.conn) if one.told_at is None and one.key != clock_marks.TROUBLE]
    if not new:
        return 0
    town = world.directory.ids(Role.TOWN, world.plan.town.code)
    intent = Intent(Cause.TROUBLE, f"{to_ms(tx.now)}")
    async with tx.session(request="job:troubles") as session:
        queued = await notify(Store(session), world, messages=dict.fromkeys(town, Outgoing(text=_words(new))), intent=intent)
    if queued:
        await mark_told(tx.conn, [one.key for one in new], tx.now)
    return len(queued)


JOB = Job(JobName("troubles", "报故障"), Every(15), tell, waits=False)


def _words(new: list[Trouble]) -> str:
    lines = list(dict.fromkeys(one.words for one in new))
    more = f"\n另有 {len(lines) - _MOST_SHOWN} 处。" if len(lines) > _MOST_SHOWN else ""
    return "\n".join(["【系统提醒】", *lines[:_MOST_SHOWN]]) + f"{more}\n请管理员运行 cunbao check 看一下。"
