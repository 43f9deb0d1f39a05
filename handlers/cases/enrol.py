"""The town enters a decided household in the national system and records its number here."""

from __future__ import annotations

from handlers.cases.common import clue_in_words, own_clue_at, take_step
from handlers.cases.table import Act, Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Text
from storage.cases.steps import Step
from storage.people.persons import Role


@conversation("enrol", "系统管理", for_roles={Role.TOWN}, was=("register",))
async def enrol(chat: Chat) -> None:
    """Args: the clue's id."""
    clue = await own_clue_at(chat, Step.ENROL, Party.TOWN)
    if clue is None:
        return
    number = await chat.ask(
        "number", Text(f"{clue_in_words(chat, clue)}\n国家系统里的编号是？", max_length=40, example="JC2208810001")
    )
    kinds = [(kind.label, kind.label) for kind in chat.world.plan.household_types if kind.monitored]
    kind = await chat.ask("kind", Choice("登记为哪一类？", kinds))
    clue = await take_step(chat, clue, what=Act.ENROL, note=f"{kind}，系统编号 {number}")
    await chat.store.households.correct(clue.household_id, kind=kind)
    chat.store.measures.open(clue_id=clue.id, household_id=clue.household_id, national_number=number, kind=kind)
    await chat.say(f"已登记。{chat.world.plan.village(clue.village).name}接着定帮扶人和措施。")
