"""A cadre reports what was seen in a household: the clue every later step of a case begins with."""

from __future__ import annotations

from handlers.cases.filing import ask_and_file
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import HouseholdChoice
from storage.people.persons import Role


@conversation(
    "report",
    "上报风险",
    for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN},
    words=("上报", "报风险"),
    menu=1,
    intent="report",
    intent_label="上报困难",
)
async def report_risk(chat: Chat) -> None:
    household = await chat.ask(
        "household",
        HouseholdChoice("哪一户？发户主姓名、拼音首字母或户号。", within=[post.region for post in chat.person.posts]),
    )
    await ask_and_file(chat, household)
