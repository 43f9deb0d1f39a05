"""The household agrees to a check of income and assets, without which there is none (PIPL art. 13).

The household agrees on its own phone, or signs on paper and the cadre photographs it. It is recorded whose consent it is; a
minor cannot give it.
"""

from __future__ import annotations

from handlers.cases.common import home_in_words, next_step_row, own_clue_at, relation_to, take_step
from handlers.cases.procedure import parties_of
from handlers.cases.table import Act, Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Photos, Text
from handlers.engine.questions.introduction import NameAndRelation
from handlers.wording.days import years_between
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.people.persons import Role

TEXT_VERSION = "authorize-2"
_TEXT = "要帮您家，得先查一查收入、存款、车、房子和保险，只用在这件事上，不给别人看。\n您可以不同意；不同意就先不往下办。"
_YES, _NO = "yes", "no"
_FAMILY, _GUARDIAN = "family", "guardian"
_OF_AGE = 18
_MINOR = "没满 18 岁的，这一步要家里大人来点同意。\n请家里大人加入，或请村干部来家里办。"


@conversation("authorize", "农户授权", for_roles={Role.VILLAGE, Role.HOUSEHOLD})
async def authorize(chat: Chat) -> None:
    """Args: the clue's id."""
    clue = await own_clue_at(chat, Step.AUTHORIZE, Party.VILLAGE, Party.HOUSEHOLD)
    if clue is None:
        return
    if Party.HOUSEHOLD in parties_of(chat.person, clue):
        await _by_phone(chat, clue)
    else:
        await _on_paper(chat, clue)


async def _by_phone(chat: Chat, clue: Clue) -> None:
    relation = relation_to(chat.person, clue.household_id)
    if relation is None and await chat.recall("minor", lambda: _is_minor(chat, clue, chat.person.name)):
        await chat.say(_MINOR)
        return
    who = f"{chat.person.name}（{relation}）" if relation else "农户"
    if await chat.ask("agreed", Choice(_TEXT, [(_YES, "同意"), (_NO, "不同意")])) == _YES:
        chat.store.consents.add(chat.person.id, TEXT_VERSION, agreed_at=chat.now)
        await take_step(chat, clue, what=Act.AUTHORIZE, note=f"{who}在手机上同意")
        await chat.say("收到，谢谢您。接下来村里开会商量，有结果就告诉您。")
        return
    await take_step(chat, clue, what=Act.DECLINE, note=f"{who}在手机上表示不同意")
    await chat.say("好的，先不往下办。想办时再申报就行。")


async def _on_paper(chat: Chat, clue: Clue) -> None:
    prompt = f"{home_in_words(chat, clue)}签授权承诺书了吗？（农户绑定了手机的，也可以自己点同意）"
    head = chat.world.roster.by_id.get(clue.household_id)
    minor = head is not None and await chat.recall("minor", lambda: _is_minor(chat, clue, head.head))
    signed = [(_GUARDIAN, "监护人签了，拍照")] if minor else [(_YES, "签了，拍照"), (_FAMILY, "家里人代签，拍照")]
    answer = await chat.ask("signed", Choice(prompt, [*signed, (_NO, "农户不同意")]))
    if answer != _NO:
        note, facts = "农户已在纸上签字", {"signed": answer}
        if answer != _YES:
            signer = await chat.ask("signer", NameAndRelation("谁签的？请发姓名和关系，例如：李明 外孙"))
            note = f"{signer.name}（{signer.number}）{'作为监护人' if minor else '代'}在纸上签字"
            facts |= {"signer": signer.name, "relation": signer.number}
        shown = await chat.ask("photos", Photos("请拍下签好字的授权承诺书。", with_place=False))
        clue = await take_step(chat, clue, what=Act.AUTHORIZE, note=note, facts=facts, photos=shown.photos)
        await chat.say("收到授权书。接下来开会评议。", next_step_row(clue))
        return
    reason = await chat.ask("reason", Text("农户为什么不同意？", min_length=2, example="不愿意查存款"))
    await take_step(chat, clue, what=Act.DECLINE, note=reason)
    await chat.say("记下了。农户想办时再申报。")


async def _is_minor(chat: Chat, clue: Clue, name: str) -> bool:
    """Whether the roster has somebody of the household and this name under eighteen."""
    born = await chat.store.households.birthday_of(clue.household_id, name)
    return born is not None and years_between(born, chat.now.date()) < _OF_AGE
