"""The burden account 负担账本： how much of people's time cunbao itself took this week, by role; no names, no ranking."""

from __future__ import annotations

from datetime import date, timedelta

from handlers.burden.account import week_end, week_in_words
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.weekly.text import monday_of, period, week_named
from storage.mail.messages import Button
from storage.people.persons import Role


@conversation("burden", "负担账本", for_roles={Role.TOWN, Role.COUNTY}, words=("减负", "占用时间"))
async def burden(chat: Chat) -> None:
    """Args: the Monday of a week; without, the one that yesterday lies in, up to which is counted each night."""
    week = week_named(chat.args) if chat.args else monday_of(chat.now.date() - timedelta(days=1))
    if week is None or week > chat.now.date():
        chat.refuse()
    asked = await chat.store.burden.between(week, week_end(week))
    before = [[Button(label="上一周", says=f"/burden {week - timedelta(days=7):%Y%m%d}")]]
    if not asked:
        await chat.say(f"{period(week)}还没有账。每天夜里记前一天的，明天再来看。", before)
        return
    await chat.say(week_in_words(chat.world, week, asked) + _until(week, chat.now.date()), before)


def _until(week: date, today: date) -> str:
    return "" if week_end(week) < today else "\n记到昨天为止。"
