"""The buttons of a reminder: again tomorrow, or done with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.reminders.finders import FINDERS
from handlers.reminders.job import snooze
from handlers.reminders.matter import Matter, may_put_off
from handlers.rights.sight import IN_OFFICE
from handlers.wording.days import day_in_words


@conversation("snooze", "明天再提醒", for_roles=IN_OFFICE, personal=True)
async def put_off(chat: Chat) -> None:
    """Args: subject, id and deadline, as in "clue 17 20221014"."""
    meant = await _meant(chat)
    if meant is None:
        chat.refuse()
    again = snooze(
        chat.store, chat.world, meant.subject, meant.subject_id, meant.matter.deadline, chat.person.id, chat.now
    )
    await chat.say(f"好的，{day_in_words(again)}早上再提醒您。")


@conversation("done", "知道了", for_roles=IN_OFFICE, personal=True)
async def acknowledge(chat: Chat) -> None:
    """Args as for `put_off`. Only for what has no step of its own to do, such as a phase: its button says just this."""
    meant = await _meant(chat)
    if meant is None or meant.matter.does != f"/done {chat.args}":
        chat.refuse()
    chat.store.reminders.acknowledge(
        chat.person.id, meant.subject, subject_id=meant.subject_id, deadline=meant.matter.deadline
    )
    await chat.say("好的，这一项不再提醒您。")


@dataclass(frozen=True, slots=True)
class _Meant:
    subject: str
    subject_id: str
    matter: Matter


async def _meant(chat: Chat) -> _Meant | None:
    """What a reminder's button names, if it is still open, has that deadline and concerns this person."""
    try:
        subject, subject_id, day = chat.args.split()
        deadline = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
        found = await FINDERS[subject](chat.store, chat.world, [subject_id])
    except (ValueError, KeyError):  # nothing a reminder of ours ever said
        return None
    matter = found.get(subject_id)
    if matter is None or matter.deadline != deadline:
        return None
    if not may_put_off(chat.world, matter, chat.person.id, chat.now.date()):
        return None
    return _Meant(subject, subject_id, matter)
