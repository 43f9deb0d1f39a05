"""A unit hands in a screening list: the file is read aside, its sender sees the counts and says whether to import it."""

from __future__ import annotations

import functools
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import Takes, conversation
from handlers.engine.questions import Several
from handlers.files.ask import table_file
from handlers.files.reader import TABLES
from handlers.screening.news import GO, LIST, STOP, preview, preview_buttons
from handlers.screening.rights import acting_post, deals_with
from handlers.wording.days import moment_in_words
from handlers.wording.kinds import risk_options
from storage.database.base import to_base36
from storage.mail.messages import Button, SentFile
from storage.people.persons import Role
from storage.screening.records import ListState, ScreeningList

_UNNAMED = "筛查名单"


@conversation(
    "screening",
    "筛查名单导入",
    for_roles={Role.UNIT, Role.TOWN},
    words=("筛查名单", "导入筛查名单", "交名单"),
    first_question="file",
    takes=Takes(TABLES, words=("筛查",)),
)
async def screening(chat: Chat) -> None:
    """Args: nothing, to hand a list in; or a list's id, with GO or STOP behind it."""
    key, _, word = chat.args.partition(" ")
    if not key:
        await _hand_in(chat)
        return
    found = await named(chat, key)
    if found is None:
        chat.refuse()
    elif found.state is not ListState.READ:
        await _explain(chat, found)
    elif word == GO:
        await _import(chat, found)
    elif word == STOP:
        await chat.store.screening_lists.drop(found)
        await chat.say(f"「{found.name}」没有导入，名单已删掉。")
    else:
        await chat.say((await preview(chat.store, found)).text, preview_buttons(found))


async def named(chat: Chat, key: str) -> ScreeningList | None:
    """The list of an id, if this person deals with it."""
    found = await chat.store.screening_lists.get(chat.row_id(key))
    return found if found is not None and deals_with(chat.person, found) else None


async def _hand_in(chat: Chat) -> None:
    sent = await chat.ask("file", table_file("请发筛查名单（.xlsx 或 .csv）。\n要有姓名，还要有身份证号或村；最好写明原因。"))
    post = acting_post(chat.person)
    if not isinstance(sent, SentFile) or post is None:
        raise PermissionError("only units and the town hand lists in")
    known = await chat.store.screening_lists.of_content(sent.sha256)
    if known is not None:
        await _explain(chat, known)
        return
    chat.store.screening_lists.hand_in(
        sent.sha256, sent.name or _UNNAMED, sender_id=chat.person.id, region=post.region, unit=post.unit
    )
    await chat.say("收到，正在和名册核对。好了就告诉您，这里可以先办别的。")


async def _explain(chat: Chat, found: ScreeningList) -> None:
    """Why a list is not taken in (again)."""
    if not deals_with(chat.person, found):
        await chat.say("这份名单别的单位已经交过，不会重复导入。")
        return
    who = await chat.name_of(found.sender_id)
    told = f"这份名单{who}在 {moment_in_words(found.handed_in_at)} 交过"
    if found.state is ListState.READ:
        seen = await preview(chat.store, found)
        await chat.say(f"{told}，还没导入。\n{seen.text}", preview_buttons(found))
    elif found.state is ListState.DONE:
        see = Button(label="要结果表", says=f"/screened {to_base36(found.id)} {LIST}")
        await chat.say(f"{told}并导入了，不会重复导入。", [[see]])
    else:
        await chat.say(f"{told}，正在办，好了会告诉交的人。")


async def _import(chat: Chat, found: ScreeningList) -> None:
    unclear = await chat.recall("unclear", functools.partial(_unclear, chat, found))
    kinds: list[str] = []
    if unclear:
        kinds = await chat.ask(
            "kinds", Several(f"有 {unclear} 行看不出风险类型，按哪类算？可多选。", risk_options(chat.world.plan))
        )
    changes: dict[str, Any] = {"kinds": kinds} if kinds else {}
    await chat.store.screening_lists.amend(found, state=ListState.IMPORTING.value, **changes)
    await chat.say("开始导入。导完把逐行结果发给您，并通知各村。")


async def _unclear(chat: Chat, found: ScreeningList) -> int:
    return (await preview(chat.store, found)).unclear
