"""The household's answer to whether a closed case is really solved; "no" files a new clue."""

from __future__ import annotations

from handlers.cases.common import check_party, clue_button, clue_named
from handlers.cases.filing import file_confirmed
from handlers.cases.procedure import parties_of
from handlers.cases.table import Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, TextWithEvidence
from handlers.wording.households import household_in_words
from storage.cases.follow_ups import FollowUp
from storage.cases.records import Clue, ClueSource
from storage.mail.intents import Cause, Intent
from storage.people.persons import Role

_YES, _NO = "yes", "no"


@conversation("solved", "回访", for_roles={Role.HOUSEHOLD, Role.VILLAGE})
async def solved(chat: Chat) -> None:
    """Args: the clue's id, and "yes" or "no" if the answer is known."""
    said, _, answer = chat.args.partition(" ")
    clue = await clue_named(chat, said)
    asked = await chat.store.follow_ups.of_clue(clue.id) if clue else None
    if clue is None or asked is None:
        chat.refuse()
    check_party(chat, clue, Party.HOUSEHOLD, Party.VILLAGE)
    if asked.solved is not None:
        await chat.say(f"{clue.number}号已经有人答过了：{'解决了' if asked.solved else '没有解决，村里会再上门'}。谢谢。")
        return
    if answer not in (_YES, _NO):
        options = [(_YES, "解决了"), (_NO, "没有")]
        answer = await chat.ask("answer", Choice(f"{clue.number}号的困难真的解决了吗？", options))
    if answer == _YES:
        await chat.store.follow_ups.answer(asked, solved=True, by=chat.person.id)
        await chat.say("好的，记下了。以后有困难，随时说一声。")
        return
    await _not_solved(chat, clue, asked)


async def _not_solved(chat: Chat, clue: Clue, asked: FollowUp) -> None:
    household = chat.world.roster.by_id.get(clue.household_id)
    if household is None:
        await chat.say("名册里找不到这一户了，请告诉镇乡村振兴办。")
        return
    prompt = "还有什么困难？打字或发语音都行。"
    told = await chat.ask("detail", TextWithEvidence(prompt, "药费还是要借钱", voice="enough"))
    await chat.store.follow_ups.answer(asked, solved=False, by=chat.person.id)
    own = Party.HOUSEHOLD in parties_of(chat.person, clue)
    source = ClueSource.SELF_REPORT if own else ClueSource.CADRE
    text = f"{clue.number}号办结后回访，困难还在：{told.text}"
    fresh = await file_confirmed(chat, household, source=source, kinds=list(clue.kinds), detail=text, shown=told)
    await chat.push(
        chat.world.directory.ids(Role.TOWN, clue.village),
        f"【回访未解决】{household_in_words(chat.world.plan, household)}\n{text}\n村里会再上门看看。",
        intent=Intent(Cause.UNSOLVED, f"{clue.id}"),
        buttons=[[clue_button(fresh)]],
        file=next(iter(told.spoken), None),
        about=[household.id],
    )
    days = chat.world.plan.clocks.verify.days
    await chat.say(f"记下了，编号 {fresh.number}，村里和镇里都知道了。{days} 个工作日内上门看看。", [[clue_button(fresh)]])
