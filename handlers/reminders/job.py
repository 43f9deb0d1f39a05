"""The clock's tick: claims due reminders and writes at most one message a person a day.

The first tick of a working morning writes to everybody who has something due, something new, or questions to answer; what
falls due later in the day reaches at once who has had no message yet. Outside the window of the plan (07:30-21:00 on working
days) nothing is claimed. What became due while the system was down comes as part of the next message, which says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from handlers.calendar.deadlines import next_open
from handlers.calendar.planning import is_overdue, level_on, plan_next_overdue
from handlers.engine.attendance import on_duty
from handlers.engine.jobs import Every, Job, JobName, each
from handlers.engine.notify import notify
from handlers.engine.world import World
from handlers.reminders.finders import find_items, is_lost
from handlers.reminders.morning import REMIND, DueLine, MorningNews, message, morning_news
from handlers.reminders.work_item import ReminderKey, WorkItem, concerned_on, may_snooze, unattended
from handlers.wording.days import day_in_words
from storage.database.transaction import Transaction
from storage.mail import outbox
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing
from storage.mail.quiet import Quiet
from storage.reminders import rows as reminders
from storage.reminders.rows import Reminder
from storage.store import Store

_AT_ONCE = 1000

_TRIED_AGAIN = timedelta(hours=1)
"""After which a reminder comes again whose matter can't be read."""


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder whose time has come, and the open work that it is about."""

    reminder: Reminder
    item: WorkItem

    @property
    def about(self) -> ReminderKey:
        return ReminderKey(self.reminder.subject, self.reminder.subject_id, self.reminder.deadline)


async def fire(tx: Transaction, world: World) -> int:
    """Claim everything due now and queue the messages, all in the caller's transaction.

    Returns how many reminders were claimed, and for a morning how many messages were queued beside. What is about something
    that can't be read is tried again in an hour; whom nothing could be written to, on the next working morning.
    """
    if next_open(tx.now, world.plan.reminders) > tx.now or not await reminders.alone(tx.conn):
        return 0
    claimed: list[Reminder] = []
    count = 0
    while (batch := await reminders.claim(tx, _AT_ONCE, request=_REQUEST))[0]:
        count += batch[0]
        claimed += batch[1]
    async with tx.session(request=_REQUEST) as session:
        store = Store(session)
        last = await store.mornings.last()
        is_morning = last is None or last[0] < tx.now.date()
        if not claimed and not is_morning:
            return count
        quiet = await store.quiet_times.all()
    latest = _latest_stages(claimed)
    items = await find_items(tx, world, REMIND, [(one.subject, one.subject_id) for one in latest])
    due = await _due(tx, world, latest, items)
    news = await morning_news(tx, world, last and last[1]) if is_morning else {}
    without_due = await _queue(tx, world, due, news, quiet)
    async with tx.session(request=_REQUEST) as session:
        if is_morning:
            store = Store(session)
            store.mornings.begin(tx.now.date())
            await _release(store, quiet, tx.now)
    return count + without_due


_AGAIN = JobName("remind_again", "提醒")
_REQUEST = f"job:{REMIND}"
JOB = Job(REMIND, Every(60), fire)


async def _queue(
    tx: Transaction, world: World, due: Mapping[int, list[Due]], news: Mapping[int, MorningNews], quiet: Mapping[str, Quiet]
) -> int:
    """Queue each person's message, or put off what is due; returns how many messages have nothing that is due.

    `news` is empty for what comes up after the morning's round.
    """
    now = tx.now
    intent = Intent(Cause.REMIND, repeat=f"{now.date()}")
    people = {f"{person_id}": person_id for person_id in [*due, *news]}
    async with tx.session(request=_REQUEST) as session:
        told = await outbox.known_intents(session, [intent.to(person_id) for person_id in people.values()])

    async def write(store: Store, person_id: int) -> int:
        official, mine = world.directory.person(person_id), due.get(person_id, [])
        if official is None or not official.address:
            return 0
        wanted = quiet.get(official.address) or Quiet(address=official.address)
        waits = wanted.off_on == now.date() or (wanted.holds and not news)
        if waits or intent.to(person_id) in told:  # one message a day: the rest waits for the next working morning
            for one in mine:
                snooze(store, world, one.about, person_id)
        elif written := _message(world, person_id, mine, news.get(person_id, MorningNews()), now):
            letter, about = written
            await notify(
                store,
                world,
                messages={person_id: letter},
                intent=intent,
                personal=True,
                not_before=_earliest(wanted, now),
                about=about,
            )
            return int(not mine)
        return 0

    async def put_off(store: Store, person_id: int) -> int:
        for one in due.get(person_id, []):
            snooze(store, world, one.about, person_id)
        return 0

    dealt = await each(tx, REMIND, people, write)
    if dealt.failed:
        await each(tx, _AGAIN, {key: people[key] for key in dealt.failed}, put_off)
    return dealt.done


async def _release(store: Store, quiet: Mapping[str, Quiet], now: datetime) -> None:
    """Let what was held back for this morning go out with it."""
    for one in quiet.values():
        if one.holds and one.off_on != now.date():
            await store.quiet_times.release(one, _earliest(one, now))


def _earliest(quiet: Quiet, now: datetime) -> datetime:
    """The first moment at which this morning's message may be sent to a chat."""
    return max(now, datetime.combine(now.date(), quiet.opens, now.tzinfo)) if quiet.opens else now


def _latest_stages(claimed: list[Reminder]) -> list[Reminder]:
    """Of several stages of one deadline that came due together, only the last still says something."""
    last: dict[tuple[str, str, int | None], Reminder] = {}
    for reminder in claimed:
        last[reminder.subject, reminder.subject_id, reminder.person_id] = reminder
    return list(last.values())


async def _due(
    tx: Transaction, world: World, claimed: list[Reminder], items: Mapping[tuple[str, str], WorkItem]
) -> dict[int, list[Due]]:
    """What is due for each person, without what they have acknowledged."""
    today = tx.now.date()
    by_person: dict[int, dict[WorkItem, Due]] = defaultdict(dict)

    async def take(store: Store, reminder: Reminder) -> int:
        item = items.get((reminder.subject, reminder.subject_id))
        if item is None or item.deadline != reminder.deadline:  # closed, gone or moved meanwhile
            return 0
        receivers = _receivers(world, reminder, item, today)
        if is_overdue(reminder.stage):
            plan_next_overdue(store.reminders, world.plan, fired=reminder, today=today)
        for person_id in receivers:
            by_person[person_id][item] = Due(reminder, item)
        return 0

    lost = [one for one in claimed if is_lost(tx.damage, REMIND, one.subject, one.subject_id)]
    found = {f"{one.subject}:{one.subject_id}:{one.person_id or ''}": one for one in claimed if one not in lost}
    dealt = await each(tx, REMIND, found, take)
    again = [one.id for one in [*lost, *(found[key] for key in dealt.failed)]]
    if again:
        async with tx.session(request=_REQUEST) as session:
            await reminders.put_back(session, again, tx.now + _TRIED_AGAIN)
    async with tx.session(request=_REQUEST) as session:
        done = await Store(session).reminders.acknowledgements(by_person)
    still = {
        person_id: [one for one in due.values() if (person_id, *one.about) not in done] for person_id, due in by_person.items()
    }
    return {person_id: due for person_id, due in still.items() if due}


def _receivers(world: World, reminder: Reminder, item: WorkItem, today: date) -> tuple[int, ...]:
    """The receivers of a reminder. A snoozed one goes to its person only while the work concerns them."""
    if reminder.person_id is None:
        return concerned_on(world, item, level_on(world.plan, reminder, today=today), today)
    if not may_snooze(world, item, reminder.person_id, today):
        return ()
    return tuple(on_duty(world, [reminder.person_id], day=today)) if item.can_be_late else (reminder.person_id,)


def snooze(store: Store, world: World, about: ReminderKey, person_id: int) -> datetime:
    """Remind this one person again on the next working morning; returns when."""
    again = _next_morning(world, store.session.now)
    series = f":{person_id}:{again:%m%d}"
    store.reminders.plan(
        about.subject, about.subject_id, stage="again", due_at=again, deadline=about.deadline,
        person_id=person_id, series=series,
    )  # fmt: skip
    return again


def _next_morning(world: World, now: datetime) -> datetime:
    """When the window of the next working day opens."""
    policy = world.plan.reminders
    return next_open(datetime.combine(now.date() + timedelta(days=1), policy.opens, now.tzinfo), policy)


def _message(
    world: World, person_id: int, due: list[Due], news: MorningNews, now: datetime
) -> tuple[Outgoing, list[int | None]] | None:
    """One person's message and the households of which it tells; None where there is nothing to say."""
    due = sorted(due, key=lambda one: one.item.deadline)
    return message(world, person_id, [_line(world, person_id, one, now) for one in due], news)


def _line(world: World, person_id: int, due: Due, now: datetime) -> DueLine:
    item, today, again = due.item, now.date(), _next_morning(world, now)
    later = "明天再提醒" if again.date() == today + timedelta(days=1) else f"{day_in_words(again)}再提醒"
    may_wait = item.can_be_late or again.date() <= item.deadline
    return DueLine(
        item=item,
        line=item.line(person_id, today) + ("（责任人空缺或联系不上）" if unattended(world, item) else ""),
        late=due.reminder.due_at.date() < today,
        later=Button(label=later, says=f"/snooze {due.about}") if may_wait else None,
    )
