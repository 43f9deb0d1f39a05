"""Counts each night what cunbao asked of people the day before, and tells the town once a week when it was too much."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta

from handlers.burden.account import alarm_in_words, command_words, conversation_begun_by, week_end
from handlers.burden.rules import tally
from handlers.calendar.deadlines import next_open
from handlers.calendar.workdays import add_workdays
from handlers.engine.jobs import Daily, Job, JobName, LongJob, Transactions
from handlers.engine.notify import notify
from handlers.engine.world import World
from handlers.weekly.text import monday_of
from storage.burden import news_between, received_between, without_content
from storage.database.base import SHANGHAI
from storage.database.transaction import Transaction
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing
from storage.people.persons import Role
from storage.store import Store

_CATCHES_UP = timedelta(days=14)
_KEPT = timedelta(days=60)


async def count(transactions: Transactions, world: World) -> int:
    """Count the days up to yesterday that are not counted yet, before messages are erased. Returns how many rows it made."""

    def role_of(person_id: int) -> Role:
        official = world.directory.person(person_id)
        return official.person.posts[0].role if official else Role.HOUSEHOLD

    async with transactions.reading_first() as tx:
        today = tx.now.date()
        async with tx.session(request="job:burden") as session:
            last = await Store(session).burden.last_day()
        first = max(last + timedelta(days=1), today - _CATCHES_UP) if last else today - timedelta(days=1)
        if first >= today:
            return 0
        begin, end = _midnight(first), _midnight(today)
        news = await news_between(tx.conn, begin, end=end)
        sealed = await received_between(tx.conn, begin, end=end)
        received = await asyncio.to_thread(without_content, tx.vault, sealed, words=command_words())
        rows = tally(news, received, role_of, conversation_begun_by)
        await tx.begin_writing()
        async with tx.session(request="job:burden") as session:
            store = Store(session)
            store.burden.add(rows)
            await store.burden.forget(today - _KEPT)
    return len(rows)


COUNT = LongJob(JobName("burden", "记负担账"), Daily(0, 20), count)


async def warn(tx: Transaction, world: World) -> int:
    """Warn the town once of the last week if it was above the ceiling, on its first morning after it. Returns how many were
    told."""
    if next_open(tx.now, world.plan.reminders) > tx.now:
        return 0
    week = monday_of(add_workdays(monday_of(tx.now.date()), -1))
    async with tx.session(request="job:burden") as session:
        store = Store(session)
        words = alarm_in_words(world, week, await store.burden.between(week, week_end(week)))
        if not words:
            return 0
        town = world.directory.ids(Role.TOWN, world.plan.town.code)
        message = Outgoing(text=words, buttons=((Button(label="看账本", says=f"/burden {week:%Y%m%d}"),),))
        return len(
            await notify(
                store, world, messages=dict.fromkeys(town, message), intent=Intent(Cause.BURDEN, f"{week}"), unless_told=True
            )
        )


WARN = Job(JobName("burden_warning", "负担提醒"), Daily(8, 35, when_open=True), warn)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
