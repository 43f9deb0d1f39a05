"""Shows the town the weekly reports: who has sent, a village's in one text, all as a Word file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

from handlers.engine.attendance import away_on
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.files.keeping import keep
from handlers.files.word import DOCX
from handlers.weekly.file import as_docx
from handlers.weekly.text import monday_of, period, week_named
from handlers.wording.paging import is_page, page_named, page_of
from storage.mail.messages import Button
from storage.people.persons import Official, Role
from storage.weekly.reports import WeeklyReport

_WORD = "word"
_ABOVE = (Role.TOWN, Role.COUNTY)


@conversation("weeklies", "周报情况", for_roles=set(_ABOVE), words=("谁报了周报", "周报汇总"))
async def weeklies(chat: Chat) -> None:
    """Args: the Monday of a week, and behind it a village's code, "word" for the file, or a page of the villages."""
    named, _, wanted = chat.args.partition(" ")
    running = monday_of(chat.now.date())
    week = running if is_page(named) and not week_named(named) else week_named(named)
    if week is None or week > running:
        chat.refuse()
    sent = [one for one in await _sent_reports(chat, week) if chat.person.covers(one.village, *_ABOVE)]
    villages = [one.code for one in chat.world.plan.villages if chat.person.covers(one.code, *_ABOVE)]
    if wanted == _WORD:
        await _file(chat, week, sent)
    elif wanted in villages:
        await _village(chat, week, wanted, sent)
    elif is_page(wanted):
        await _all(chat, week, villages, sent, page_named(wanted or named))
    else:
        chat.refuse()


async def _sent_reports(chat: Chat, week: date) -> list[WeeklyReport]:
    return await chat.store.weekly_reports.sent(week, chat.world.plan.county.code)


async def _all(chat: Chat, week: date, villages: Sequence[str], sent: Sequence[WeeklyReport], page: int) -> None:
    """Villages with somebody still to send come first; who is on leave is not waited for."""
    have = {report.person_id for report in sent}
    away = away_on(chat.world, min(chat.now.date(), week + timedelta(days=6)))
    expected = {
        code: [one for one in _cadres(chat, code) if one.person.id in have or one.person.id not in away] for code in villages
    }
    counts = [(code, sum(one.person.id in have for one in people), len(people)) for code, people in expected.items()]
    counts.sort(key=lambda one: one[1] >= one[2])
    lacking = sum(done < all_ for _, done, all_ in counts)
    done, total = sum(one[1] for one in counts), sum(one[2] for one in counts)
    head = f"{period(week)}的周报：{done}/{total} 人已报" + (f"，{lacking} 个村没报全：" if lacking else "，都齐了。")
    shown, turn = page_of(counts, page, command=f"/weeklies {week:%Y%m%d}")
    rows = [
        [Button(label=f"{chat.world.plan.village(code).name} {done}/{total}人", says=f"/weeklies {week:%Y%m%d} {code}")]
        for code, done, total in shown
    ]
    before = week - timedelta(days=7)
    ways = [Button(label="导出 Word", says=f"/weeklies {week:%Y%m%d} {_WORD}")] if sent else []
    ways.append(Button(label="上一周", says=f"/weeklies {before:%Y%m%d}"))
    await chat.say(head, [*rows, *turn, ways])


async def _village(chat: Chat, week: date, village: str, sent: Sequence[WeeklyReport]) -> None:
    """One text of all that a village sent, and who has not sent."""
    reports = [report for report in sent if report.village == village]
    have = {report.person_id for report in reports}
    missing = "、".join(one.person.name for one in _cadres(chat, village) if one.person.id not in have)
    names = await _names(chat, reports)
    parts = [f"{chat.world.plan.village(village).name} {period(week)}"]
    parts += [f"{names[report.person_id]}：{''.join(report.lines)}" for report in reports]
    parts += [f"还没报：{missing}"] if missing else []
    await chat.say("\n".join(parts), [[Button(label="看各村", says=f"/weeklies {week:%Y%m%d}")]])


async def _file(chat: Chat, week: date, sent: Sequence[WeeklyReport]) -> None:
    if not sent:
        await chat.say("这一周还没有人报，等报上来再导出。")
        return
    names = await _names(chat, sent)
    villages = {
        one.name: [(names[report.person_id], report.lines) for report in sent if report.village == one.code]
        for one in chat.world.plan.villages
    }
    told = {name: reports for name, reports in villages.items() if reports}
    title = f"{chat.world.plan.town.name}驻村工作周报"
    content = await asyncio.to_thread(as_docx, title, period(week), told, chat.now)
    await chat.say(
        f"{period(week)}的周报，{len(told)} 个村 {len(sent)} 人，可在 Word 里改。",
        file=await keep(chat.store, chat.world, content=content, content_type=DOCX),
        file_name=f"{title}-{week:%Y%m%d}.docx",
    )


def _cadres(chat: Chat, village: str) -> list[Official]:
    return chat.world.directory.holding(Role.VILLAGE, village)


async def _names(chat: Chat, reports: Sequence[WeeklyReport]) -> dict[int, str]:
    """The writers' names, also of those who have left since."""
    found = {report.person_id: await chat.store.people.get(report.person_id) for report in reports}
    return {person_id: person.name if person else "" for person_id, person in found.items()}
