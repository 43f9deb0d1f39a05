"""The clock's tick: claims due reminders and writes at most one merged message a person a day.

Outside the window of the plan (07:30-21:00 on working days) nothing is claimed. What became due while the system was
down comes as part of the next message, which says so.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from handlers.engine.attendance import on_duty
from handlers.engine.world import World
from handlers.jobs.matters import FINDERS, Matter, concerned_on, may_put_off, unattended
from handlers.planning import is_overdue, level_on, plan_next_overdue
from handlers.rules.deadlines import next_open
from storage import outbox, reminders
from storage.messages import PUSH, Button, Outgoing
from storage.reminders import Reminder
from storage.store import Store
from storage.transaction import Session, Transaction

_AT_ONCE = 1000
_SHOWN = 4
"""Matters named in one message; the rest is a number and /todo."""

Due = tuple[Reminder, Matter]


async def fire(tx: Transaction, world: World) -> int:
    """Claim everything due now and queue the messages, all in the caller's transaction; returns how many were claimed."""
    if next_open(tx.now, world.plan.reminders) > tx.now:
        return 0
    claimed: list[Reminder] = []
    while batch := await reminders.claim(tx.conn, tx.now, _AT_ONCE):
        claimed += batch
    if claimed:
        async with tx.session(request="job:remind") as session:
            await _tell(session, tx, world, _latest(claimed))
    return len(claimed)


def _latest(claimed: list[Reminder]) -> list[Reminder]:
    """Of several stages of one deadline that came due together, only the last still says something."""
    last: dict[tuple[str, str, int | None], Reminder] = {}
    for reminder in claimed:
        last[reminder.subject, reminder.subject_id, reminder.person_id] = reminder
    return list(last.values())


async def _tell(session: Session, tx: Transaction, world: World, due: list[Reminder]) -> None:
    store = Store(session)
    today = tx.now.date()
    by_person: dict[int, dict[Matter, Due]] = defaultdict(dict)
    matters = await _matters(store, world, due)
    for reminder in due:
        matter = matters.get((reminder.subject, reminder.subject_id))
        if matter is None or matter.deadline != reminder.deadline:  # closed, gone or moved meanwhile
            continue
        if is_overdue(reminder.stage):
            plan_next_overdue(store.reminders, world.plan, reminder, today)
        for person_id in _meant(world, reminder, matter, today):
            by_person[person_id][matter] = (reminder, matter)
    done = await store.reminders.acknowledgements(by_person)
    told = await outbox.known_intents(tx.conn, [_intent(person_id, today) for person_id in by_person])
    for person_id, items in by_person.items():
        open_items = [item for item in items.values() if (person_id, *_about(item[0])) not in done]
        official = world.directory.person(person_id)
        if not open_items or official is None:
            continue
        if _intent(person_id, today) in told:
            _put_off(store, world, person_id, open_items, tx.now)
        elif official.address:
            message = _message(world, person_id, open_items, tx.now)
            outbox.post(session, official.address, message, priority=PUSH, intent=_intent(person_id, today))


def _meant(world: World, reminder: Reminder, matter: Matter, today: date) -> tuple[int, ...]:
    """Who is to hear of it. Somebody who wanted to be told again must still have to do with it."""
    if reminder.person_id is None:
        return concerned_on(world, matter, level_on(world.plan, reminder, today), today)
    if not may_put_off(world, matter, reminder.person_id, today):
        return ()
    return tuple(on_duty(world, [reminder.person_id], today)) if matter.can_be_late else (reminder.person_id,)


async def _matters(store: Store, world: World, due: list[Reminder]) -> dict[tuple[str, str], Matter]:
    ids: dict[str, list[str]] = defaultdict(list)
    for reminder in due:
        ids[reminder.subject].append(reminder.subject_id)
    return {
        (subject, key): matter
        for subject, keys in ids.items()
        for key, matter in (await FINDERS[subject](store, world, keys)).items()
    }


def _put_off(store: Store, world: World, person_id: int, items: list[Due], now: datetime) -> None:
    """One message a day: what comes later than today's waits for the next working morning."""
    for reminder, _ in items:
        snooze(store, world, reminder.subject, reminder.subject_id, reminder.deadline, person_id, now)


def snooze(
    store: Store, world: World, subject: str, subject_id: str, deadline: date, person_id: int, now: datetime
) -> datetime:
    """Remind this one person again on the next working morning; returns when."""
    again = _next_morning(world, now)
    series = f":{person_id}:{again:%m%d}"
    store.reminders.plan(subject, subject_id, "again", again, deadline, person_id=person_id, series=series)
    return again


def _next_morning(world: World, now: datetime) -> datetime:
    """When the window of the next working day opens."""
    policy = world.plan.reminders
    return next_open(datetime.combine(now.date() + timedelta(days=1), policy.opens, now.tzinfo), policy)


def _message(world: World, person_id: int, items: list[Due], now: datetime) -> Outgoing:
    today, again = now.date(), _next_morning(world, now)
    later = "明天再提醒" if again.date() == today + timedelta(days=1) else f"{again.month}月{again.day}日再提醒"
    items = sorted(items, key=lambda item: item[0].deadline)
    lines = [_head(items, today)]
    rows = []
    for reminder, matter in items[:_SHOWN]:
        lines.append(matter.line(person_id, today) + ("（责任人空缺或联系不上）" if unattended(world, matter) else ""))
        row = [Button(label=matter.label, says=matter.does)]
        if matter.can_be_late or again.date() <= matter.deadline:
            about = f"{reminder.subject} {reminder.subject_id} {reminder.deadline:%Y%m%d}"
            row.append(Button(label=later, says=f"/snooze {about}"))
        rows.append(tuple(row))
    if rest := items[_SHOWN:]:
        own = any(person_id in matter.responsible and matter.can_be_late for _, matter in rest)
        lines.append(f"还有 {len(rest)} 件，" + ("发送 /todo 查看。" if own else "由责任人办理。"))
    return Outgoing(text="\n".join(lines), buttons=tuple(rows))


def _head(items: list[Due], today: date) -> str:
    missed = sum(1 for reminder, _ in items if reminder.due_at.date() < today)
    if not missed:
        return f"【今日提醒】{len(items)} 件"
    which = "" if missed == len(items) else f"其中 {missed} 件"
    return f"【今日提醒】{len(items)} 件，{which}因系统停用晚到"


def _intent(person_id: int, day: date) -> str:
    return f"remind:{person_id}:{day}"


def _about(reminder: Reminder) -> tuple[str, str, date]:
    return reminder.subject, reminder.subject_id, reminder.deadline
