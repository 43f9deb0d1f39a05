"""Sends the monthly summary of a village or town as a Word file of one page."""

from __future__ import annotations

import asyncio

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice
from handlers.files.keeping import keep
from handlers.files.word import DOCX
from handlers.reading import Unreadable
from handlers.reports.month_figures import summary_of
from handlers.reports.month_file import as_docx
from handlers.reports.month_text import month_before, month_named, title_of
from handlers.rights.reach import OFFICES_AND_VILLAGE, reach_of
from handlers.wording.days import day_in_words
from handlers.wording.people import region_in_words
from storage.mail.messages import Button


@conversation("summary", "月报", for_roles=OFFICES_AND_VILLAGE, words=("出月报", "写月报"))
async def monthly(chat: Chat) -> None:
    """Args: a month such as 2022-10; without one it is the present month up to today."""
    today = chat.now.date()
    try:
        month = month_named(chat.args or f"{today:%Y-%m}", today)
    except Unreadable as error:
        await chat.say(str(error))
        return
    summary = await summary_of(chat.store, chat.world, region=await _region(chat), month=month, now=chat.now)
    content = await asyncio.to_thread(as_docx, summary)
    before = month_before(month.first)
    began = before >= chat.world.plan.phases[0].first.replace(day=1)
    earlier = Button(label=f"{before.month}月的", says=f"/summary {before:%Y-%m}")
    await chat.say(
        f"{summary.place}{month.first.month}月月报，数字到 {day_in_words(month.last)}，可在 Word 里改。",
        [[earlier]] if began else [],
        file=await keep(chat.store, chat.world, content=content, content_type=DOCX),
        file_name=f"{title_of(summary)}.docx",
    )


async def _region(chat: Chat) -> str:
    """The region of the person's post; of several, the one they pick."""
    regions = [one.region for one in reach_of(chat.person, OFFICES_AND_VILLAGE)]
    if len(regions) == 1:
        return regions[0]
    options = [(region, region_in_words(chat.world.plan, region)) for region in regions]
    return await chat.ask("region", Choice("要哪里的月报？", options))
