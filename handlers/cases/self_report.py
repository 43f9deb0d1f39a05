"""A household reports its own difficulty from its phone; it is already known who asks, so four answers are enough."""

from __future__ import annotations

from handlers.cases.filing import NEW, ask_same_case, file_clue
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Evidence, Photos, Several, TextWithEvidence
from handlers.wording.kinds import risk_options
from storage.cases.records import ClueSource
from storage.people.persons import Role


@conversation(
    "selfreport",
    "我要申报",
    for_roles={Role.HOUSEHOLD},
    words=("申报", "我有困难"),
    menu=2,
    intent="report",
    intent_label="申报困难",
)
async def self_report(chat: Chat) -> None:
    household = chat.world.roster.by_id.get(chat.person.household_id or 0)
    if household is None:
        await chat.say("名册里找不到您家了，请找村干部看看。")
        return
    joined = await ask_same_case(chat, household, "您家有一件事正在办，是同一件吗？")
    kinds: list[str] = []
    if joined == NEW:
        kinds = await chat.ask("kinds", Several("家里有什么困难？可以选几样。", risk_options(chat.world.plan)))
    told = await chat.ask("detail", TextWithEvidence("说说情况，打字或发语音都行。", "厨房漏雨，墙有裂缝", voice="enough"))
    pictures = Photos("有照片就发来，没有就跳过。", optional=True, with_voice=True)
    shown = await chat.ask_optional("photos", pictures) or Evidence()
    shown = Evidence(
        photos=(*told.photos, *shown.photos), place=shown.place or told.place, voices=(*told.voices, *shown.voices)
    )
    await file_clue(chat, household, ClueSource.SELF_REPORT, joined, kinds, told.text, shown)
