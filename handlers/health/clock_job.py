"""Asks the town's officials once whether the time to which the computer's clock suddenly jumped is right."""

from __future__ import annotations

from datetime import datetime

from handlers.calendar.deadlines import next_open
from handlers.engine.jobs import Every, Job, JobName
from handlers.engine.notify import notify
from handlers.engine.world import World
from handlers.wording.days import full_day_in_words
from storage.database.base import to_base36, to_ms
from storage.database.clock_marks import TROUBLE, Claimed, Word
from storage.database.transaction import Transaction
from storage.database.troubles import mark_told, open_troubles
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing
from storage.people.persons import Role
from storage.store import Store

LABELS = {Word.RIGHT: "时间是对的", Word.WRONG: "不对"}


def jump_in_words(at: datetime) -> str:
    return f"电脑的时间一下子变成了 {full_day_in_words(at)} {at:%H:%M}，对吗？"


async def ask(tx: Transaction, world: World) -> int:
    """Queue the question to each official, with a button for each answer. Returns how many were queued."""
    if next_open(tx.now, world.plan.reminders) > tx.now:
        return 0
    if not any(one.key == TROUBLE and one.told_at is None for one in await open_troubles(tx.conn)):
        return 0
    town = world.directory.ids(Role.TOWN, world.plan.town.code)
    async with tx.session(request="job:clock") as session:
        store = Store(session)
        claimed = await store.clock_marks.claimed()
        if claimed is None or claimed.word is not None:
            return 0
        message = Outgoing(
            text=f"{jump_in_words(claimed.at)}\n没人说不对，十分钟后就按这个时间办。", buttons=(_buttons(claimed),)
        )
        intent = Intent(Cause.TROUBLE, f"clock:{to_ms(claimed.at)}")
        queued = await notify(store, world, messages=dict.fromkeys(town, message), intent=intent, unless_told=True)
    if queued:
        await mark_told(tx.conn, [TROUBLE], tx.now)
    return len(queued)


JOB = Job(JobName("clock", "核对时间"), Every(15), ask, waits=False)


def _buttons(claimed: Claimed) -> tuple[Button, ...]:
    return tuple(Button(label=label, says=f"/clock {word} {key_of(claimed)}") for word, label in LABELS.items())


def key_of(claimed: Claimed) -> str:
    """The moment in question, as an answer names it."""
    return to_base36(to_ms(claimed.at))
