"""Whose words a cadre's report is made of: of somebody without a phone, who cannot read, or is a minor."""

from __future__ import annotations

from handlers.cases.common import clue_named
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions.introduction import NameAndRelation
from storage.cases.records import ClueSource, SaidBy
from storage.cases.steps import Step
from storage.joining.consents import SPOKEN
from storage.people.persons import Role


@conversation("words", "谁说的", for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN})
async def whose_words(chat: Chat) -> None:
    """Args: the clue's id, and "self" or "family": whoever reported it says that the household itself, or a relative, asked
    for it and agrees to the visit."""
    said, _, whose = chat.args.partition(" ")
    clue = await clue_named(chat, said)
    if clue is None or clue.reporter_id != chat.person.id or clue.source is not ClueSource.CADRE:
        chat.refuse()
    if clue.step is not Step.VERIFY:
        await chat.say(f"{clue.number}号已经往下办了，不能再改。")
        return
    said_by = SaidBy.FAMILY if whose == SaidBy.FAMILY else SaidBy.SELF
    speaker = None
    if said_by is SaidBy.FAMILY:
        relative = await chat.ask("relative", NameAndRelation("谁说的？请发姓名和跟他家的关系，例如：李明 外孙"))
        speaker = f"{relative.name}（{relative.number}）"
    await chat.store.clues.attribute(clue, said_by, speaker=speaker, consent=SPOKEN)
    await chat.say(f"记下了：{speaker + '说的' if speaker else said_by.label}，同意上门看看。")
