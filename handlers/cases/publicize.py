"""The publicity 公示 in the village: the bot writes it, counts the days, and takes objections."""

from __future__ import annotations

import asyncio

from handlers.cases.common import home_in_words, next_step_row, own_clue_at, take_step
from handlers.cases.procedure import publicity_ends
from handlers.cases.publicity_file import as_docx
from handlers.cases.publicity_text import Publicity, write_publicity
from handlers.cases.table import Act, Party
from handlers.engine.chat import Chat, Rows
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Text
from handlers.files.keeping import keep
from handlers.files.word import DOCX
from handlers.wording.days import day_in_words
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.people.persons import Role

_POSTED, _LATER, _OPPOSED, _UNOPPOSED = "posted", "later", "opposed", "unopposed"


@conversation("publicize", "村内公示", for_roles={Role.VILLAGE})
async def publicize(chat: Chat) -> None:
    """Args: the clue's id."""
    clue = await own_clue_at(chat, Step.PUBLICIZE, Party.VILLAGE)
    if clue is None:
        return
    if clue.posted:
        await _watch(chat, clue)
    else:
        await _post(chat, clue)


async def _post(chat: Chat, clue: Clue) -> None:
    publicity = _publicity(chat, clue)
    file = await chat.once("file", lambda: _keep(chat, clue, publicity))
    await chat.say(publicity.text, file=file, file_name=f"{publicity.title}.docx")
    prompt = "公示稿在上面，可以打印。只贴在本村，不发网上、不发群。贴好了吗？"
    if await chat.ask("posted", Choice(prompt, [(_POSTED, "已张贴"), (_LATER, "还没贴")])) != _POSTED:
        await chat.say("贴好了再点一次「村内公示」。")
        return
    await take_step(chat, clue, what=Act.POST)
    last = publicity_ends(chat.now.date(), chat.world.plan.clocks)
    await chat.say(f"记下了。公示到 {day_in_words(last)}，第二天我提醒您办下一步。有人提异议，点「村内公示」记下来。")


async def _watch(chat: Chat, clue: Clue) -> None:
    """While the publicity lasts only objections are taken; afterwards it can end without one."""
    last = publicity_ends(clue.since, chat.world.plan.clocks)
    over = chat.now.date() > last
    options = [(_OPPOSED, "有人提异议"), (_LATER, "没事，再看看")]
    if over:
        options.insert(0, (_UNOPPOSED, "期满，没有异议"))
    until = "已期满" if over else f"到 {day_in_words(last)}"
    what = await chat.ask("what", Choice(f"{home_in_words(chat, clue)}的公示{until}。怎么样？", options))
    if what == _LATER:
        await chat.say("好的。")
    elif what == _UNOPPOSED:
        clue = await take_step(chat, clue, what=Act.UNOPPOSED)
        await chat.say("公示期满，没有异议。" + ("已报镇里复核。" if clue.clearing else ""), _next(clue))
    else:
        reason = await chat.ask("reason", Text("什么异议？（不用写是谁提的）", min_length=2, example="他家有一台农机没算"))
        clue = await take_step(chat, clue, what=Act.OPPOSE, note=reason)
        await chat.say("记下了，要重新评议。", next_step_row(clue))


def _next(clue: Clue) -> Rows:
    return next_step_row(clue) if clue.step is Step.NOMINATE else ()


def _publicity(chat: Chat, clue: Clue) -> Publicity:
    plan, today = chat.world.plan, chat.now.date()
    household = chat.world.roster.by_id[clue.household_id]
    kinds = [plan.risk(kind) for kind in clue.kinds]
    return write_publicity(
        plan.village(clue.village).name,
        f"{household.group_name}{household.head}户",
        tuple(kind.label for kind in kinds if not kind.health),
        clearing=clue.clearing,
        first=today,
        last=publicity_ends(today, plan.clocks),
        objections_to=plan.town.name + "乡村振兴办",
    )


async def _keep(chat: Chat, clue: Clue, publicity: Publicity) -> str:
    chat.took(clue.household_id)
    content = await asyncio.to_thread(as_docx, publicity, chat.now)
    return await keep(chat.store, chat.world, content=content, content_type=DOCX)
