"""Mends what was written in a wrong future, so that it silences nobody once the computer's time is right again.

A row made in a future is known by its id, which holds when it was made; other rows by a day or moment that they can only
have from there. What is meant to lie ahead, such as a message for tomorrow morning or a leave next month, is left alone.
What was sent in a future was sent, and is not sent again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from storage.burden import burden_days
from storage.database.base import SHANGHAI, Moment, first_id_of, ids_in, ms_of_id, to_ms
from storage.database.daily_runs import daily_runs
from storage.database.session import Session
from storage.database.transaction import Transaction
from storage.database.troubles import troubles
from storage.joining.admissions import claim_attempts
from storage.mail import outbox as mail
from storage.mail.chats import chats
from storage.mail.outbox import outbox
from storage.mail.quiet import quiet_times
from storage.notices.sent import notices
from storage.quiz import quiz_cards, quiz_reviews
from storage.reminders import rows as due
from storage.reminders.mornings import mornings
from storage.reminders.rows import reminders
from storage.watchlists import watch_entries
from storage.weekly.reports import ReportState, weekly_reports

SLACK = timedelta(minutes=5)
"""Two computers that share a database may differ by so much."""

_LONGEST_HOLD = timedelta(minutes=2)
"""A chat is held for a minute at most after a failure."""

_LONGEST_RETRY = timedelta(minutes=10)
"""A send is tried again after five minutes at most; where a platform wants us to wait longer, it says so again."""

_LONGEST_CLOSED = timedelta(days=15)
"""What waits for a working morning waits no longer."""

_AT_ONCE = 500
"""Rows of one statement."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


async def mend(tx: Transaction) -> int:
    """Mend every kind of row. Returns how many there were; where nothing was written in a future, none."""
    now = tx.now
    mended = 0
    for statement in _statements(now):
        mended += (await tx.conn.execute(statement)).rowcount
    mended += await _free_intents(tx, now)
    async with tx.session(request="clock") as session:
        mended += await _send_again(session, now) + await _plan_anew(session, now)
        mended += await _forget_weeks(session, now.date()) + await _watch_again(session, now.date())
    return mended


def _statements(now: datetime) -> Iterable[sa.Update | sa.Delete]:
    today, tomorrow = now.date(), datetime.combine(now.date() + timedelta(days=1), time(), SHANGHAI)
    yesterday = sa.literal(datetime.combine(today, time(), SHANGHAI) - timedelta(milliseconds=1), Moment)
    first_ahead = first_id_of(now + SLACK)
    # mail that was to wait for less than it was ahead: as long from now as it was to wait then, and once, since mended it
    # lies before its own id
    waiting = outbox.update().where(outbox.c.state == mail.PENDING)
    made, not_before = ms_of_id(outbox.c.id), sa.type_coerce(outbox.c.not_before, sa.BigInteger)
    wait, lead = not_before - made, made - to_ms(now)
    ahead = waiting.where(outbox.c.id >= first_ahead, wait.between(-SLACK // timedelta(milliseconds=1), lead))
    yield ahead.values(not_before=not_before - lead)
    yield waiting.where(outbox.c.attempts > 0, outbox.c.not_before > now + _LONGEST_RETRY).values(not_before=now)
    yield chats.update().where(chats.c.held_until > now + _LONGEST_HOLD).values(held_until=None)
    yield chats.update().where(chats.c.used_at > now + SLACK).values(used_at=now)
    # days that are done with
    yield mornings.delete().where(mornings.c.day > today)
    yield mornings.update().where(mornings.c.at > now + SLACK).values(at=now)
    yield daily_runs.delete().where(daily_runs.c.day > today)
    yield burden_days.delete().where(burden_days.c.day >= today)  # only whole days are counted
    yield troubles.update().where(troubles.c.told_at > now + SLACK).values(told_at=now)
    # what somebody chose for a day that has not come
    hold = sa.case((quiet_times.c.morning_only, sa.literal(now, Moment)))
    yield quiet_times.update().where(quiet_times.c.off_on > today).values(off_on=None, holds_since=hold)
    yield quiet_times.update().where(quiet_times.c.holds_since >= tomorrow).values(holds_since=now)
    # what was answered or tried on a day to come counts for none of today's
    yield quiz_reviews.update().where(quiz_reviews.c.at >= tomorrow).values(at=yesterday)
    yield quiz_cards.update().where(quiz_cards.c.reviewed_at >= tomorrow).values(reviewed_at=yesterday, due_on=today)
    yield claim_attempts.update().where(claim_attempts.c.at >= tomorrow).values(at=yesterday)


async def _send_again(session: Session, now: datetime) -> int:
    """Notices that were to be repeated, and reminders: a stage is claimed on its day, never before."""
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), SHANGHAI)
    late = await session.change_all(notices, notices.c.repeated_at > now + _LONGEST_CLOSED, repeated_at=now)
    claimed = (reminders.c.state == due.CLAIMED) & (reminders.c.due_at >= tomorrow)
    return late + await session.change_all(reminders, claimed, state=due.PENDING)


async def _plan_anew(session: Session, now: datetime) -> int:
    """Reminders planned on a day to come: they and their ids are moved back, so that the last of them was planned now."""
    ahead = (reminders.c.state == due.PENDING) & (reminders.c.id >= first_id_of(now + timedelta(days=1)))
    newest = sa.select(sa.func.max(ms_of_id(reminders.c.id)).label("at")).where(ahead)
    lead = ((await session.read(newest))[0].at or 0) - to_ms(now)
    rows = [row._mapping for row in await session.read(sa.select(reminders).where(ahead)) if isinstance(row.due_at, datetime)]
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        await session.remove_all(reminders, reminders.c.id.in_([row["id"] for row in some]))
        for row in some:
            due_at = row["due_at"] - timedelta(milliseconds=lead)
            session.add(reminders, {**row, "id": row["id"] - ids_in(lead), "due_at": due_at})
    return len(rows)


async def _free_intents(tx: Transaction, now: datetime) -> int:
    """Let what names a day to come be told when that day comes; such messages have gone out already."""
    query = sa.select(outbox.c.id, outbox.c.intent).where(outbox.c.id >= first_id_of(now + SLACK), outbox.c.intent.is_not(None))
    today = f"{now.date()}"
    early = [row.id for row in await tx.conn.execute(query) if any(day > today for day in _DAY.findall(row.intent))]
    free = outbox.update().where(outbox.c.id == sa.bindparam("row")).values(intent=None)
    if early:
        await tx.conn.execute(free, [{"row": one} for one in early])
    return len(early)


async def _forget_weeks(session: Session, today: date) -> int:
    """Weekly reports begun for a week to come, which would not be offered when it is there."""
    draft = weekly_reports.c.state == ReportState.DRAFT.value
    rows = await session.read(sa.select(weekly_reports).where(weekly_reports.c.week > today, draft))
    for row in rows:
        await session.remove(weekly_reports, row._mapping)
    return len(rows)


async def _watch_again(session: Session, today: date) -> int:
    """People who were looked after on a day to come: the next time is as far from today as it was from then."""
    rows = await session.read(sa.select(watch_entries).where(watch_entries.c.checked_on > today))
    for row in rows:
        next_on = max(today, row.next_on - (row.checked_on - today))
        await session.amend(watch_entries, row._mapping, checked_on=today, next_on=next_on)
    return len(rows)
