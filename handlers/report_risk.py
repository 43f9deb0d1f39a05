"""A cadre reports what was seen in a household: the clue every later step of a case begins with."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import HouseholdChoice, Photos, Several, Text
from handlers.engine.questions.shown import Evidence
from handlers.filing import NEW, ask_same_case, file_clue, risk_options
from storage.clues import ClueSource
from storage.people import Role


@conversation(
    "report",
    "上报风险",
    for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN},
    words=("上报", "报风险"),
    menu=1,
)
async def report_risk(chat: Chat) -> None:
    household = await chat.ask(
        "household",
        HouseholdChoice("哪一户？发户主姓名、拼音首字母或户号。", within=[post.region for post in chat.person.posts]),
    )
    joined = await ask_same_case(chat, household, f"{household.head}家已有没办结的线索，是同一件事吗？")
    kinds: list[str] = []
    if joined == NEW:
        kinds = await chat.ask("kinds", Several("有什么困难？可选多项，如：1 4", risk_options(chat)))
    detail = await chat.ask("detail", Text("请说说情况，可以用语音输入。"))
    shown = await chat.ask_optional("photos", Photos("拍照或发定位，没有就跳过。", optional=True)) or Evidence()
    await file_clue(chat, household, ClueSource.CADRE, joined, kinds, detail, shown)
