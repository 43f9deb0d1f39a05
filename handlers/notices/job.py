"""Queues notices 通知 for their receivers in portions, after all other messages, and tells the sender when all are sent.

A portion and how far it went are one transaction: a crash between two loses nobody and doubles nobody.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from handlers.engine.absence import Away, stand_in
from handlers.engine.attendance import away_on, stand_in_note
from handlers.engine.jobs import Begin, Every, JobName, LongJob, Transactions, each_alone
from handlers.engine.notify import notify
from handlers.engine.world import World
from handlers.notices.wording import notice_button, notice_message
from handlers.reading import shortened
from storage.database.session import Conflict
from storage.mail.intents import Cause, Intent
from storage.mail.messages import BULK, Outgoing
from storage.notices.sent import Notice
from storage.store import Store

PORTION = 200
"""People for whom letters are queued in one transaction."""

ALONG = 300 * 1024
"""Bytes up to which a file goes to everybody; a larger one is fetched by those who want it."""

_NAME = JobName("announce", "发通知")
_REQUEST = f"job:{_NAME}"


async def work(transactions: Transactions, world: World) -> int:
    """One portion of the oldest notice, and word of those that are out; returns how many of these were dealt with.

    A notice that fails does not stand before the others.
    """
    begin = transactions.reading_first
    async with begin() as tx, tx.session(request=_REQUEST) as session:
        notices = Store(session).notices
        due, sending = await notices.queueing(), await notices.sending()
    done = 0
    for notice in due:
        portion = await each_alone(transactions, _NAME, {f"{notice.id}": notice}, partial(_portion, begin, world))
        done += portion
        if portion:
            break
    return done + await each_alone(
        transactions, _NAME, {f"out:{one.id}": one for one in sending}, partial(_report_sent, begin, world)
    )


JOB = LongJob(_NAME, Every(2), work, waits=False)


async def _portion(begin: Begin, world: World, notice: Notice) -> bool:
    """False when another process was quicker."""
    along = await asyncio.to_thread(_fits_along, world, notice)
    try:
        async with begin() as tx:
            async with tx.session(request=_REQUEST) as session:
                queue = _queue_again if notice.repeated_at else _queue
                reached = await queue(Store(session), world, notice, along=along)
            await tx.begin_writing()
            async with tx.session(request=_REQUEST) as session:
                await Store(session).notices.advance(notice, reached)
    except Conflict:
        return False
    return True


def _fits_along(world: World, notice: Notice) -> bool:
    path = world.media.path(notice.file) if notice.file else None
    return path is not None and path.exists() and path.stat().st_size <= ALONG


async def _queue(store: Store, world: World, notice: Notice, *, along: bool) -> int | None:
    """Letters of the first round; returns how far it got, None for the end."""
    meant = await store.notices.next_meant(notice, PORTION)
    away = away_on(world, store.session.now.date()) if world.leaves else {}
    got_for: dict[int, list[int]] = defaultdict(list)
    for one in meant:
        got_for[_deputy(world, notice, one, away) or one].append(one)
    letters = await store.notice_receipts.letters_to(notice, list(got_for))
    new = {
        receiver: notice_message(
            world.plan, notice, along=along, passed_on=stand_in_note(world, [one for one in people if one != receiver])
        )
        for receiver, people in got_for.items()
        if receiver not in letters
    }
    intent = Intent(Cause.NOTICE, f"{notice.id}")
    letters |= await notify(store, world, messages=new, intent=intent, personal=True, priority=BULK)
    for receiver, people in got_for.items():
        letter_id = letters.get(receiver)
        for one in people:
            store.notice_receipts.add(notice.id, one, receiver_id=receiver if letter_id else None, letter_id=letter_id)
    return _last_person(meant)


def _deputy(world: World, notice: Notice, person_id: int, away: Away) -> int | None:
    """Who stands in for somebody on leave. What is for a household waits for them, like all that nobody stands in for."""
    official = world.directory.person(person_id) if person_id in away else None
    audience = notice.audience
    if official is None or not (audience.people or official.person.has(*audience.roles)):
        return None
    deputy = stand_in(person_id, away)
    return deputy if deputy != notice.sender_id else None


async def _queue_again(store: Store, world: World, notice: Notice, *, along: bool) -> int | None:
    """Letters of the repeat, to whoever got the first one and has not confirmed it."""
    missing = await store.notice_receipts.next_missing(notice, PORTION)
    letter = notice_message(world.plan, notice, along=along, again=True)
    letters = {one.receiver_id: letter for one in missing}
    intent = Intent(Cause.NOTICE, f"{notice.id}", repeat="again")
    await notify(store, world, messages=letters, intent=intent, personal=True, unless_told=True, priority=BULK)
    return _last_person([one.person_id for one in missing])


def _last_person(people: Sequence[int]) -> int | None:
    return people[-1] if len(people) == PORTION else None


async def _report_sent(begin: Begin, world: World, notice: Notice) -> bool:
    """Tell the sender when the last letter is out; False while it is not, or when another process was quicker."""
    try:
        async with begin() as tx:
            async with tx.session(request=_REQUEST) as session:
                receipts = Store(session).notice_receipts
                if await receipts.under_way(notice):
                    return False
                figures = (await receipts.figures([notice.id])).get(notice.id)
            await tx.begin_writing()
            async with tx.session(request=_REQUEST) as session:
                await Store(session).notices.note_out(notice)
                sender = world.directory.person(notice.sender_id)
                if figures and sender:
                    away = f"，联系不上 {figures.unreachable} 人" if figures.unreachable else ""
                    text = f"通知「{shortened(notice.words, 20)}」已发出 {figures.delivered} 人{away}。"
                    told = Outgoing(text=text, buttons=((notice_button(notice.id, "看谁没收到"),),))
                    intent = Intent(Cause.NOTICE_OUT, f"{notice.id}")
                    await notify(Store(session), world, messages={sender.person.id: told}, intent=intent)
    except Conflict:
        return False
    return True
