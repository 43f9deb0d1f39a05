"""The buttons of a reminder: snooze it, or acknowledge it."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.reminders.finders import FINDERS
from handlers.reminders.job import snooze
from handlers.reminders.work_item import ReminderKey, WorkItem, may_snooze
from handlers.rights.sight import IN_OFFICE
from handlers.wording.days import day_in_words


@conversation("snooze", "明天再提醒", for_roles=IN_OFFICE, personal=True)
async def snooze_reminder(chat: Chat) -> None:
    """Args: subject, id and deadline, as in "clue 17 20221014"."""
    about, _ = await _found(chat)
    again = snooze(chat.store, chat.world, about, chat.person.id)
    await chat.say(f"好的，{day_in_words(again)}早上再提醒您。")


@conversation("done", "知道了", for_roles=IN_OFFICE, personal=True)
async def acknowledge(chat: Chat) -> None:
    """Args as for `snooze_reminder`. Only for what has no step of its own to do, such as a phase: its button says just this."""
    about, item = await _found(chat)
    if item.command != f"/done {chat.args}":
        chat.refuse()
    chat.store.reminders.acknowledge(chat.person.id, *about)
    await chat.say("好的，这一项不再提醒您。")


async def _found(chat: Chat) -> tuple[ReminderKey, WorkItem]:
    """The work that a reminder's button names. Refuses if it is closed, its deadline moved, or it does not concern
    this person."""
    try:
        about = ReminderKey.read(chat.args)
        found = await FINDERS[about.subject](chat.store, chat.world, [about.subject_id])
    except (ValueError, KeyError):  # nothing a reminder of ours ever said
        chat.refuse()
    item = found.get(about.subject_id)
    if item is None or item.deadline != about.deadline:
        chat.refuse()
    if not may_snooze(chat.world, item, chat.person.id, chat.now.date()):
        chat.refuse()
    return about, item
