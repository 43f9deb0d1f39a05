"""The household objects to how its case ended, and the town answers."""

from __future__ import annotations

from handlers.cases.common import clue_in_words, own_clue, own_clue_at, take_step
from handlers.cases.procedure import apply, parties_of
from handlers.cases.table import Act, Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Text, TextWithEvidence
from handlers.rights.errors import NotAllowed
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.people.persons import Role

_VERDICTS = [(Act.OVERTURN.value, "请村里再核查"), (Act.UPHOLD.value, "维持原结论")]


@conversation("object", "我不同意", for_roles={Role.HOUSEHOLD})
async def object_to(chat: Chat) -> None:
    """Args: the clue's id."""
    clue = await own_clue(chat, Party.HOUSEHOLD)
    if clue.step is Step.OBJECTION:
        await chat.say("您说的不同意，镇里收到了，正在看。")
        return
    if refusal := _refusal(chat, clue):
        await chat.say(refusal)
        return
    prompt = "哪里不对？打字或发语音都行，镇里会看。"
    why = await chat.ask("why", TextWithEvidence(prompt, "房子只修了一间，另一间还漏", voice="enough"))
    await take_step(chat, clue, what=Act.OBJECT, note=why.text, photos=why.photos, voices=why.spoken)
    days = chat.world.plan.clocks.answer.days
    await chat.say(f"已交给镇里，{days} 个工作日内给您回话。")


def _refusal(chat: Chat, clue: Clue) -> str | None:
    """Why nothing can be objected to now, before the household writes a word."""
    try:
        apply(
            clue,
            Act.OBJECT,
            parties=parties_of(chat.person, clue),
            today=chat.now.date(),
            clocks=chat.world.plan.clocks,
            reason="为什么",
        )
    except NotAllowed as refused:
        return str(refused)
    return None


@conversation("objection", "答复异议", for_roles={Role.TOWN})
async def objection(chat: Chat) -> None:
    """Args: the clue's id."""
    clue = await own_clue_at(chat, Step.OBJECTION, Party.TOWN)
    if clue is None:
        return
    *before, objected = await chat.store.clues.events(clue.id)
    ended = f"\n原来的结论：{Act(before[-1].outcome).label}，{before[-1].note}" if before else ""
    for voice in await chat.store.voices.about(clue.id):
        if voice.at == objected.at:
            await chat.say("农户的语音：", file=voice.sha256)
    verdict = await chat.ask("verdict", Choice(f"{clue_in_words(chat, clue)}{ended}\n农户说：{objected.note}", _VERDICTS))
    reason = await chat.ask("reason", Text("请写几句答复，农户会看到。", min_length=2, example="已请村里和驻村队一起再去看"))
    await take_step(chat, clue, what=Act(verdict), note=reason)
    await chat.say("已答复农户。")
