"""Decides requests to join without full proof: the office for a household, the first phone for a second one."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, HouseholdChoice
from handlers.joining.admit import admit_to_household, admit_to_office, tell_chat, welcome
from handlers.posts.transfer import take_over
from handlers.rights.sight import may_admit, may_vouch
from handlers.wording.households import household_in_words
from handlers.wording.people import post_in_words, region_in_words
from storage.joining.admissions import Admission
from storage.joining.consents import CONSENT
from storage.mail.intents import Cause, Intent
from storage.people.persons import Role

_YES, _NO = "yes", "no"


@conversation("admit", "核实身份")
async def admit(chat: Chat) -> None:
    """Args: the request's id."""
    asked = await _request(chat)
    if asked is None:
        chat.refuse()
    elif asked.accepted is not None:
        await chat.say(f"{asked.name}的申请已经处理过了。")
    elif asked.person_id is None:
        await _admit_household(chat, asked)
    else:
        await _admit_phone(chat, asked, asked.person_id)


async def _request(chat: Chat) -> Admission | None:
    """The request named, if it is this person's to decide."""
    asked = await chat.store.admissions.get(chat.row_id(chat.args))
    if asked is None or asked.person_id is None:
        return asked if asked and may_admit(chat.person, asked.region) else None
    owner = await chat.store.people.get(asked.person_id)
    return asked if owner and may_vouch(chat.person, owner, region=asked.region) else None


async def _admit_household(chat: Chat, asked: Admission) -> None:
    village = region_in_words(chat.world.plan, asked.region)
    options = [(_YES, "核实过，选农户"), (_NO, "不通过")]
    answer = await chat.ask("answer", Choice(f"{village}：有人自称{asked.name}，要加入自己家。核实了吗？", options))
    if answer == _NO:
        await _refuse(chat, asked, "镇里没对上您是哪一家。请带身份证找村干部，当面就能办。")
        return
    household = await chat.ask("household", HouseholdChoice("是哪一户？发户主姓名、拼音首字母或户号。", [asked.region]))
    if not await chat.confirm(f"让{asked.name}加入：{household_in_words(chat.world.plan, household, with_number=True)}"):
        await chat.say("没有处理，申请还在。")
        return
    await chat.store.admissions.decide(asked.id, accepted=True, person_id=chat.person.id)
    agreed_at = asked.agreed_at or chat.now
    await admit_to_household(chat, asked.address, asked.name, household, asked.text_version or CONSENT, agreed_at)
    await chat.say(f"好了，{asked.name}已加入{household.head}家，也告诉了这家人。")


async def _admit_phone(chat: Chat, asked: Admission, owner: int) -> None:
    post = post_in_words(chat.world.plan, asked.role, region=asked.region, unit=asked.unit)
    mine = owner == chat.person.id
    prompt = f"新手机要加入：{post}。\n" + ("是您本人吗？" if mine else f"核实过是{asked.name}本人吗？")
    if await chat.ask("answer", Choice(prompt, [(_YES, "是本人"), (_NO, "不是")])) == _NO:
        await _refuse(chat, asked, "身份没有核实通过，没有加入。请找镇里。")
        town = chat.world.directory.ids(Role.TOWN, asked.region)
        news = f"有人冒用{asked.name}的姓名和手机号加入「{post}」，没有通过。请留意。"
        await chat.push(town, news, Intent(Cause.ADMIT_REFUSED, f"{asked.id}"))
        return
    await chat.store.admissions.decide(asked.id, accepted=True, person_id=chat.person.id)
    await admit_to_office(chat, asked.address, owner, asked.role, asked.region, asked.unit)
    await take_over(chat, owner, address=asked.address)
    await welcome(chat, asked.address, owner, f"{asked.name}，核实好了，您是：{post}。")
    await chat.say("好了，新手机可以用了。")


async def _refuse(chat: Chat, asked: Admission, text: str) -> None:
    await chat.store.admissions.decide(asked.id, accepted=False, person_id=chat.person.id)
    tell_chat(chat, asked.address, text)
    await chat.say("记下了，没有通过。")
