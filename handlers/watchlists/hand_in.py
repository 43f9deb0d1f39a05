"""A watch-list comes in as a spreadsheet: shown first, then taken in, and the outcome of each row goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice
from handlers.files.ask import AGAIN, MOST_SHOWN, NOTHING_DONE, Template, ask_for_file, read_sent, result_name, table_file
from handlers.files.keeping import keep
from handlers.files.reader import IN_A_TALK
from handlers.files.spreadsheets import XLSX
from handlers.screening.reading import read_list
from handlers.watchlists.importing import KNOWN, NEW, WRONG, Judged, judge, take_in, template
from handlers.watchlists.rules import bringer, brought_by
from storage.mail.messages import Button, SentFile
from storage.people.persons import Post, Role
from storage.plan import Watchlist

_END, _KEEP = "end", "keep"


@conversation("watchlist", "导入清单", for_roles={Role.TOWN, Role.UNIT}, words=("清单导入",))
async def watchlist(chat: Chat) -> None:
    """Args: the code of a list; without it, those one answers for are offered."""
    plan, person = chat.world.plan, chat.person
    offered = brought_by(person, plan)
    if chat.args:
        offered = [one for one in offered if one.code == chat.args] or chat.refuse()
    if not offered:
        await chat.say("方案里没有由您单位提供的清单。")
        return
    listed = offered[0]
    if len(offered) > 1:
        options = [(one.code, one.title) for one in offered]
        listed = plan.watchlist(await chat.ask("list", Choice("导入哪份清单？", options)))
    post = bringer(person, listed, plan)
    if post is None:
        raise ValueError("a list was offered to somebody who may not bring it")
    form = Template(f"{listed.title}模板.xlsx", partial(asyncio.to_thread, template, listed, plan))
    prompt = f"请发「{listed.title}」.xlsx 或 .csv，要有姓名、身份证号、村。"
    sent, seen = await ask_for_file(chat, table_file(prompt), preview=partial(_preview, chat, listed, post), template=form)
    drop = False
    if seen["missing"]:
        prompt = f"有 {seen['missing']} 人在清单上，这份表里没有。怎么办？"
        drop = await chat.ask("missing", Choice(prompt, [(_END, "移出清单"), (_KEEP, "留着")])) == _END
    if (seen["new"] or drop) and not await chat.confirm(_summary(listed, seen, drop=drop)):
        await chat.say(NOTHING_DONE)
        return
    await _take(chat, listed, post, sent, drop=drop)


async def _preview(chat: Chat, listed: Watchlist, post: Post, sent: SentFile) -> dict[str, Any]:
    judged = await _judged(chat, listed, post, sent)
    counts = {"new": judged.count(NEW), "known": judged.count(KNOWN), "wrong": judged.count(WRONG)}
    return {**counts, "missing": len(judged.missing), "first": judged.errors()[:MOST_SHOWN]}


async def _judged(chat: Chat, listed: Watchlist, post: Post, sent: SentFile) -> Judged:
    """Raises Unreadable when the file is no list of people."""
    rows = await read_sent(chat, sent, read=read_list, plan=chat.world.plan, today=chat.now.date(), limits=IN_A_TALK)
    return await judge(chat.store, chat.world, listed, post, rows)


def _summary(listed: Watchlist, seen: Mapping[str, Any], *, drop: bool) -> str:
    counts = f"新增 {seen['new']} 人，已在清单跳过 {seen['known']} 人，有误 {seen['wrong']} 行。"
    ended = [f"移出清单 {seen['missing']} 人。"] if drop else []
    every = f"提交后由村里每 {listed.every_days} 天核查一次。"
    return "\n".join([f"{listed.title}：{counts}", *seen["first"], *ended, every])


async def _take(chat: Chat, listed: Watchlist, post: Post, sent: SentFile, *, drop: bool) -> None:
    judged = await _judged(chat, listed, post, sent)
    await take_in(chat.store, chat.world.plan, listed, post, judged, chat.now.date())
    ended = 0
    for one in judged.missing if drop else ():
        entry = await chat.store.watchlists.get(one.id)
        if entry is not None:
            await chat.store.watchlists.end(entry, chat.person.id, reason="新清单里没有")
            ended += 1
    wrong = judged.count(WRONG)
    text = f"{listed.title}：新增 {judged.count(NEW)} 人，跳过 {judged.count(KNOWN)} 人，有误 {wrong} 行"
    text += f"，移出 {ended} 人。" if ended else "。"
    text += AGAIN if wrong else ""
    content = await asyncio.to_thread(judged.as_sheet, listed.title)
    result = await keep(chat.store, chat.world, content=content, content_type=XLSX)
    chat.took(*(one.household.id for one in judged.verdicts if one.household))
    buttons = [[Button(label="看清单情况", says="/watchlists")]]
    await chat.say(text, buttons, file=result, file_name=result_name(listed.title, "导入结果"))
