"""Decides requests to join without full proof: the office for a household or a newcomer, the first phone for a second one."""

from __future__ import annotations

from functools import partial

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.notify import tell_chat
from handlers.engine.questions import Choice, HouseholdChoice
from handlers.joining.admit import Joiner, admit_to_household, admit_to_office, welcome
from handlers.joining.knocks import turn_away
from handlers.posts.transfer import expect_successor, take_over
from handlers.rights.sight import may_admit, may_invite, may_vouch
from handlers.wording.households import household_in_words
from handlers.wording.people import post_in_words, region_in_words
from storage.database.base import from_base36, to_base36
from storage.joining.admissions import Admission
from storage.joining.consents import CONSENT
from storage.mail.intents import Cause, Intent
from storage.people.persons import Role

_YES, _NO, _LATER = "yes", "no", "later"
_ALL, _EACH = "all", "each"
_LISTED = 8
NOBODY = "没有人等着加入。"
OWN_REQUEST = "这是您自己的申请，请同事来核实。"


@conversation("admit", "核实身份")
async def admit(chat: Chat) -> None:
    """Args: the request's id, and "yes" or "no" where the button says it; without any, all that wait for this office."""
    if not chat.args:
        await _admit_waiting(chat)
        return
    said, _, verdict = chat.args.partition(" ")
    asked = await _request(chat, chat.row_id(said))
    if asked is None:
        chat.refuse()
    elif asked.accepted is not None:
        await chat.say(f"{asked.name}的申请已经处理过了。")
    elif await _is_own(chat, asked):
        await chat.say(OWN_REQUEST)
    elif asked.role is Role.HOUSEHOLD:
        await _admit_household(chat, asked)
    elif await _says_yes(chat, asked, verdict):
        await _let_in(chat, asked)
        await chat.say(f"好了，{asked.name}可以用了。")
    else:
        await _keep_out(chat, asked)
        await chat.say("记下了，没有通过。")


async def _request(chat: Chat, admission_id: int) -> Admission | None:
    """The request named, if it is this person's to decide."""
    asked = await chat.store.admissions.get(admission_id)
    if asked is None:
        return None
    if asked.person_id is None:
        may = may_admit(chat.person, asked.region) if asked.role is Role.HOUSEHOLD else may_invite(chat.person, asked.region)
        return asked if may else None
    owner = await chat.store.people.get(asked.person_id)
    if owner is None or (asked.by_office and owner.id == chat.person.id):
        return None
    return asked if may_vouch(chat.person, owner, region=asked.region) else None


async def _is_own(chat: Chat, asked: Admission) -> bool:
    """Whether the request came from the person's own phone. A further phone of theirs is nobody's yet, and theirs to decide."""
    return await chat.store.chats.ever_of(asked.address) == chat.person.id


async def _admit_household(chat: Chat, asked: Admission) -> None:
    village = region_in_words(chat.world.plan, asked.region)
    options = [(_YES, "核实过，选农户"), (_NO, "不通过")]
    answer = await chat.ask("answer", Choice(f"{village}：有人自称{asked.name}，要加入自己家。核实了吗？", options))
    if answer == _NO:
        await turn_away(chat, asked)
        await chat.say("记下了，没有通过。")
        return
    household = await chat.ask("household", HouseholdChoice("是哪一户？发户主姓名、拼音首字母或户号。", [asked.region]))
    if not await chat.confirm(f"让{asked.name}加入：{household_in_words(chat.world.plan, household, with_number=True)}"):
        await chat.say("没有处理，申请还在。")
        return
    await chat.store.admissions.decide(asked.id, accepted=True, person_id=chat.person.id)
    agreed_at = asked.agreed_at or chat.now
    joiner = Joiner(asked.name, confirmed_by=chat.person.id)
    await admit_to_household(chat, asked.address, joiner, household, asked.text_version or CONSENT, agreed_at)
    await chat.say(f"好了，{asked.name}已加入{household.head}家，也告诉了这家人。")


async def _says_yes(chat: Chat, asked: Admission, verdict: str) -> bool:
    """The tap, or else the question."""
    if verdict in (_YES, _NO):
        return verdict == _YES
    post = _post(chat, asked)
    if asked.person_id is None:
        prompt = f"{asked.name}打开了邀请，想加入：{post}。\n是{asked.name}本人吗？"
    else:
        mine = asked.person_id == chat.person.id
        prompt = f"新手机要加入：{post}。\n" + ("是您本人吗？" if mine else f"核实过是{asked.name}本人吗？")
    return await chat.ask("answer", Choice(prompt, [(_YES, "是本人"), (_NO, "不是")])) == _YES


async def _let_in(chat: Chat, asked: Admission) -> None:
    store = chat.store
    await store.admissions.decide(asked.id, accepted=True, person_id=chat.person.id)
    owner = asked.person_id or await store.chats.owner(asked.address)
    person_id = owner or store.people.add(asked.name, asked.phone)
    invite = await store.invites.get(asked.invite_id) if asked.invite_id else None
    if invite is not None:
        await expect_successor(chat, invite, person_id=person_id)
    await admit_to_office(
        chat, asked.address, person_id, role=asked.role, region=asked.region, unit=asked.unit, newcomer=owner is None
    )
    await take_over(chat, person_id, address=asked.address)
    await welcome(chat, asked.address, person_id, f"{asked.name}，核实好了，您是：{_post(chat, asked)}。")


async def _keep_out(chat: Chat, asked: Admission) -> None:
    await chat.store.admissions.decide(asked.id, accepted=False, person_id=chat.person.id)
    tell_chat(chat.store, asked.address, "身份没有核实通过，没有加入。请找镇里。")
    if asked.person_id is not None:
        town = chat.world.directory.ids(Role.TOWN, asked.region)
        news = f"有人用{asked.name}的名字加入「{_post(chat, asked)}」，没有通过。请留意。"
        await chat.push(town, news, Intent(Cause.ADMIT_REFUSED, f"{asked.id}"))


async def _admit_waiting(chat: Chat) -> None:
    """All that wait for this office: with one tap, or one after the other."""
    keys = await chat.recall("waiting", partial(_waiting, chat))
    found = [await _request(chat, from_base36(key)) for key in keys]
    waiting = [one for one in found if one and one.accepted is None and not await _is_own(chat, one)]
    if not waiting:
        await chat.say(NOBODY)
        return
    answer = _EACH
    if len(waiting) > 1:
        lines = "\n".join(f"{one.name}：{_post(chat, one)}" for one in waiting)
        options = [(_ALL, "都是本人"), (_EACH, "逐个看")]
        answer = await chat.ask("answer", Choice(f"{len(waiting)} 人等着加入：\n{lines}\n都是本人吗？", options))
    verdicts = dict.fromkeys((one.id for one in waiting), _YES)
    if answer == _EACH:
        choices = [(_YES, "是他"), (_NO, "不是"), (_LATER, "先放着")]
        for one in waiting:
            prompt = f"{one.name}：{_post(chat, one)}。\n是本人吗？"
            verdicts[one.id] = await chat.ask(f"one{to_base36(one.id)}", Choice(prompt, choices))
    for one in waiting:
        if verdicts[one.id] == _YES:
            await _let_in(chat, one)
        elif verdicts[one.id] == _NO:
            await _keep_out(chat, one)
    counts = [list(verdicts.values()).count(one) for one in (_YES, _NO, _LATER)]
    words = [f"{count} 人{what}" for count, what in zip(counts, ("加入了", "没有通过", "先放着"), strict=True) if count]
    await chat.say(f"好了，{'，'.join(words)}。")


async def _waiting(chat: Chat) -> list[str]:
    """The oldest requests for offices that this person may decide."""
    regions = {post.region for post in chat.person.posts_as(Role.TOWN, Role.COUNTY)}
    found = await chat.store.admissions.open_to_office(*sorted(regions))
    mine = [to_base36(one.id) for one in found if await _request(chat, one.id)]
    return mine[:_LISTED]


def _post(chat: Chat, asked: Admission) -> str:
    return post_in_words(chat.world.plan, asked)
