"""A person's own weekly report 周报: shown, changed line by line, and sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Text
from handlers.engine.questions.base import Answer, More
from handlers.engine.said import Said
from handlers.weekly.common import EDIT, SEND, SKIP, lines_of, report_buttons, report_in_words, village_of
from handlers.weekly.text import apply_edit, monday_of, numbered, period, week_named
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.weekly.reports import ReportState, WeeklyReport

_HOW = "要加一句，直接说。要改一行，先说第几行，如：2 走访了18户。不要哪行，如：删2"


@conversation("weekly", "周报", for_roles={Role.VILLAGE}, words=("本周工作", "写周报", "驻村周报"))
async def weekly(chat: Chat) -> None:
    """Args: the Monday of a week and what to do with its report; without, the running week's is shown."""
    named, _, way = chat.args.partition(" ")
    running = monday_of(chat.now.date())
    week = week_named(named) if named else running
    if week is None or week > running or way not in ("", SEND, EDIT, SKIP):
        chat.refuse()
    kept = await chat.store.weekly_reports.of(chat.person.id, week)
    if way == EDIT:
        await _edit(chat, week, kept)
    elif way == SEND:
        await _send(chat, week, kept)
    elif way == SKIP:
        await _skip(chat, week, kept)
    else:
        await _show(chat, week, await lines_of(chat.store, chat.person.id, week, kept), kept)


async def _show(chat: Chat, week: date, lines: list[str], kept: WeeklyReport | None) -> None:
    sent = "\n已经发给镇里了，想改随时改。" if kept is not None and kept.state is ReportState.SENT else ""
    await chat.say(report_in_words(week, lines) + sent, report_buttons(week))


@dataclass(frozen=True)
class Change(Text):
    """What to change in the report of these `lines`."""

    max_length: int = 120
    example: str = "参加镇里培训一天"
    lines: tuple[str, ...] = ()

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        outcome = await super().read(said, partial, chat)
        if isinstance(outcome, Answer):
            apply_edit(self.lines, outcome.raw)
        return outcome


async def _edit(chat: Chat, week: date, kept: WeeklyReport | None) -> None:
    """One sentence a change: a new line, or another in the place of one."""
    lines = tuple(await chat.recall("lines", lambda: lines_of(chat.store, chat.person.id, week, kept)))
    lines = tuple(apply_edit(lines, await chat.ask("change", Change(f"{numbered(lines)}\n{_HOW}", lines=lines))))
    sent = kept is not None and kept.state is ReportState.SENT
    state = ReportState.SENT if sent else ReportState.DRAFT
    await chat.store.weekly_reports.keep(chat.person.id, week, village=village_of(chat.person), state=state, lines=lines)
    if sent:
        again = Button(label="再改一处", says=f"/weekly {week:%Y%m%d} {EDIT}")
        await chat.say(f"改好了，镇里看到的也是新的。\n{numbered(lines)}", [[again]])
    else:
        await chat.say(report_in_words(week, lines), report_buttons(week))


async def _send(chat: Chat, week: date, kept: WeeklyReport | None) -> None:
    lines = await lines_of(chat.store, chat.person.id, week, kept)
    await chat.store.weekly_reports.keep(
        chat.person.id, week, village=village_of(chat.person), state=ReportState.SENT, lines=lines
    )
    await chat.say(f"{period(week)}的周报发给镇里了，辛苦了。")


async def _skip(chat: Chat, week: date, kept: WeeklyReport | None) -> None:
    if kept is not None and kept.state is ReportState.SENT:
        await chat.say("这周的周报已经发给镇里了，想改随时改。", report_buttons(week))
        return
    lines = list(kept.lines) if kept is not None and kept.lines else None
    await chat.store.weekly_reports.keep(
        chat.person.id, week, village=village_of(chat.person), state=ReportState.SKIPPED, lines=lines
    )
    await chat.say("好的，这周不报，也不再提。改主意了回复：周报")
