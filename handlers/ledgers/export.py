"""A ledger as a file on the phone: numbers hidden, unless an office that may see them says what for."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Text
from handlers.files.keeping import keep
from handlers.files.spreadsheets import XLSX
from handlers.ledgers.base import Ledger
from handlers.ledgers.catalog import LEDGERS
from handlers.ledgers.making import WHOLE, TooLong, as_message, draft_export, may_see_whole
from handlers.rights.reach import LEAST_REASON, MOST_REASON, reach_of
from handlers.rights.sight import IN_OFFICE

MOST_AT_ONCE = 2000
"""Rows that are written while the chat waits, a second of work at most; longer ledgers are made aside."""


@conversation("export", "导出台账", for_roles=IN_OFFICE, words=("导出", "台账"))
async def export(chat: Chat) -> None:
    """Args: a ledger by code or name, and "whole" for whole numbers; without any it is asked for."""
    named, _, whole = chat.args.partition(" ")
    offered = [ledger for ledger in LEDGERS.values() if chat.person.has(*ledger.roles)]
    if not named:
        named = await chat.ask("ledger", Choice("要哪本台账？", [(one.code, one.title) for one in offered]))
    ledger = next((one for one in offered if named in (one.code, one.title)), None)
    if ledger is None:
        chat.refuse()
    if whole != WHOLE:
        await _send(chat, ledger)
    elif may_see_whole(ledger, chat.person):
        prompt = f"《{ledger.title}》要完整号码做什么用？会留下记录。"
        text = Text(prompt, max_length=MOST_REASON, min_length=LEAST_REASON, example="向市局报送监测户信息")
        await _send(chat, ledger, await chat.ask("reason", text))
    else:
        await chat.say("完整号码不给您这个岗位。确实要用，请找镇乡村振兴办导出。")


async def _send(chat: Chat, ledger: Ledger, reason: str = "") -> None:
    person, world = chat.person, chat.world
    reach = reach_of(person, ledger.roles & ledger.whole_for if reason else ledger.roles)
    try:
        draft = await draft_export(
            chat.store, world, ledger=ledger, reach=reach, person=person, reason=reason, most=MOST_AT_ONCE
        )
    except TooLong:
        chat.store.ledger_orders.add(person.id, chat.address, ledger=ledger.code, reason=reason)
        await chat.say(f"这本台账超过 {MOST_AT_ONCE} 行，正在做，好了就发给您。")
        return
    made = await draft.made_at_once(chat.store, world)
    message = as_message(made, await keep(chat.store, world, content=made.content, content_type=XLSX), ledger, person, reason)
    await chat.say(message.text or "", message.buttons, file=message.file, file_name=message.file_name)
