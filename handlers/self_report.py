"""A household reports its own difficulty from its phone; it is already known who asks, so four answers are enough."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Evidence, Photos, Several, Text
from handlers.filing import NEW, ask_same_case, file_clue, risk_options
from storage.clues import ClueSource
from storage.people import Role


@conversation("selfreport", "我要申报", for_roles={Role.HOUSEHOLD}, words=("申报", "我有困难"), menu=2)
async def self_report(chat: Chat) -> None:
    household = chat.world.roster.by_id.get(chat.person.household_id or 0)
    if household is None:
        await chat.say("您家不在名册里了，请联系村干部。")
        return
    joined = await ask_same_case(chat, household, "您家有一件事正在办，是同一件吗？")
    kinds: list[str] = []
    if joined == NEW:
        kinds = await chat.ask("kinds", Several("家里有什么困难？可选多项，如：1 4", risk_options(chat)))
    detail = await chat.ask("detail", Text("请说说情况(可以用语音输入)"))
    shown = await chat.ask_optional("photos", Photos("有照片就发来，没有就跳过。", optional=True)) or Evidence()
    await file_clue(chat, household, ClueSource.SELF_REPORT, joined, kinds, detail, shown)
