"""Joins a household by the village's QR code: consent, then a name and last four digits, or a cadre's code.

What the roster proves lets a phone in to report; it sees the household's cases when somebody who knows the family has said
whose phone it is. Wrong tries slow the way down (`handlers.joining.tries`) and lead to the office.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.questions import Choice
from handlers.engine.questions.introduction import NameAndRelation, NameTailOrCode
from handlers.joining.admit import DEAD, WAITING, Joiner, admit_to_household
from handlers.joining.tries import CODE_TRIES, COUNTED, TRIES, open_again, wait_in_words
from handlers.reading.introductions import Introduction
from handlers.wording.days import years_between
from handlers.wording.households import household_in_village
from handlers.wording.people import region_in_words
from storage.joining.consents import CONSENT
from storage.joining.door_codes import DIGITS, DoorCode
from storage.joining.invites import Invite
from storage.people.persons import Role
from storage.roster import Household

PROMPT = "请发您的姓名，加身份证或手机号的后四位，例如：张三 1234"
WRONG = "没对上。请看看姓名和后四位，再发一次，还能试 {left} 次。"
SLOWLY = "刚才试的人多，请 {wait}后再试。\n着急就找村干部当面加，几秒钟就好。"
ASKED = "没对上，已请镇里帮您查，有结果就发到这里。\n着急就找村干部当面加，几秒钟就好。"
TOO_MANY = "今天不能再试了。请明天再来，或找村干部当面加。"
HAS_CODE = "村干部给了您码，就发来，例如：4829 3017"
WRONG_CODE = "这个码没对上，可能过了时间。请村干部再给一个。"
OWN_CODE = "这个码是您自己给的，不能给自己用。\n要加入自己家，请同事或镇里帮您加，几秒钟就好。"
DECLINED = "好的，没有加入。\n有困难可以直接找村干部，一样会帮您办。"
FETCH_ADULT = "好的。请家里大人来办，或请村干部帮您报。"
CONSENT_TEXT = (
    "记什么：姓名、您说的困难和语音、照片和定位（发不发由您）。\n"
    "用来做什么：上门看看和帮您。谁能看：本村干部、镇里、县里和管这件事的站所。\n"
    "身份证号、手机号加密保存，公示时不写。\n"
    "/me 随时查看，/forget 随时申请删除。\n"
    "不同意也不影响您享受政策。"
)
_AGREE, _READ, _DECLINE = "agree", "read", "decline"
_OFFICE, _LATER = "office", "later"
_SELF, _FAMILY, _ADULT = "self", "family", "adult"

_OF_AGE, _CONSENTS, _OLD = 18, 14, 70
"""Years: who is younger or older than this is asked whether they or a relative hold the phone; below fourteen a guardian has
to consent (PIPL art. 31)."""


async def join_household(chat: Chat, invite: Invite) -> None:
    """Three messages by hand: the QR, a tap, name and last four; one more for a household that shares its phone."""
    agreed_at = await agree(chat, invite.region)
    if agreed_at is None:
        return
    refused = await chat.recall(f"refused{chat.now:%m%d}", lambda: _refusal(chat))  # tomorrow is another day
    for attempt in range(TRIES + CODE_TRIES):
        question = NameTailOrCode(f"{refused}\n{HAS_CODE}" if refused else PROMPT, DIGITS)
        claim = await chat.ask(f"claim{attempt}", question)
        if refused and claim.name:
            await chat.say(refused)
            return
        outcome = await _once_tried(chat, attempt, invite, claim)
        if door := outcome.get("door"):
            await enter_by_door(chat, DoorCode.model_validate(door), agreed_at)
            return
        if found := outcome.get("found"):
            await _matched(chat, invite, claim, found, agreed_at)
            return
        if wait := outcome.get("wait"):
            options = [(_OFFICE, "请镇里帮我查"), (_LATER, "晚点再试")]
            slow = await chat.ask(f"slow{attempt}", Choice(SLOWLY.format(wait=wait), options))
            if slow == _OFFICE:
                await _ask_office(chat, invite, claim, agreed_at)
            else:
                await chat.say(f"好的，{wait}后再扫码就行。")
            return
        if not outcome["left"]:
            if claim.name:
                await _ask_office(chat, invite, claim, agreed_at)
            else:
                await chat.say(WRONG_CODE)
            return
        await chat.say(WRONG.format(left=outcome["left"]) if claim.name else WRONG_CODE)


async def agree(chat: Chat, region: str) -> datetime | None:
    """Ask for the consent without which nothing is kept of a household; returns when it was given, None where it was not."""
    village = region_in_words(chat.world.plan, region)
    answer = await chat.ask(
        "consent",
        Choice(
            f"{village}：家里有困难，在手机上说一声，还能看办到哪一步。\n要记您的姓名和您说的情况，只给帮您办事的干部看，随时能看，能申请删除。",
            [(_AGREE, "同意，加入"), (_READ, "看全文"), (_DECLINE, "不同意")],
        ),
    )
    if answer == _READ:
        answer = await chat.ask("read", Choice(CONSENT_TEXT, [(_AGREE, "同意，加入"), (_DECLINE, "不同意")]))
    if answer != _AGREE:
        await chat.say(DECLINED)
        return None
    return datetime.fromisoformat(await chat.recall("agreed_at", lambda: _now(chat)))


async def enter_by_door(chat: Chat, code: DoorCode, agreed_at: datetime) -> None:
    """Let the phone in that a cadre has stood beside: it is confirmed from the start, unless it is that cadre's own, or they
    have left office meanwhile."""
    household = chat.world.roster.by_id.get(code.household_id)
    by = await chat.store.people.get(code.created_by)
    if by is None or await chat.store.chats.ever_of(chat.address) == by.id:
        await chat.say(OWN_CODE)
        return
    known = by.covers(code.village, Role.VILLAGE, Role.TOWN)
    if household is None or not known or not await chat.store.door_codes.take(code.id):
        await chat.say(WRONG_CODE)
        return
    joiner = Joiner(code.name, code.relation, confirmed_by=code.created_by)
    await _enter(chat, joiner, household, agreed_at)


async def _enter(chat: Chat, joiner: Joiner, household: Household, agreed_at: datetime) -> None:
    waiting = await chat.store.admissions.open_of(chat.address)
    await admit_to_household(chat, chat.address, joiner, household, CONSENT, agreed_at)
    if waiting is not None:
        await chat.store.admissions.withdraw(waiting.id)


async def _now(chat: Chat) -> str:
    return chat.now.isoformat()


async def _refusal(chat: Chat) -> str | None:
    """Why this chat may not try now."""
    if await chat.store.admissions.tries_of(chat.address, _today(chat)) < TRIES:
        return None
    return WAITING if await chat.store.admissions.open_of(chat.address) else TOO_MANY


async def _once_tried(chat: Chat, attempt: int, invite: Invite, claim: Introduction) -> Any:
    tried = _try if claim.name else _try_code
    return await chat.once(f"tried{attempt}", lambda: tried(chat, invite, claim))


async def _try(chat: Chat, invite: Invite, claim: Introduction) -> dict[str, Any]:
    """Look the claim up and count the try. Nobody is told whether a name is on the roster, nor anything while it is slow."""
    admissions = chat.store.admissions
    tries = await admissions.tries_of(chat.address, _today(chat))
    if tries >= TRIES:
        return {"left": 0}
    wrong = await admissions.wrong_tries(invite.region, invite.id, name=claim.name, since=chat.now - COUNTED)
    again = open_again(wrong)
    if again is not None and again > chat.now:
        return {"wait": wait_in_words(again - chat.now)}
    found = await chat.store.households.claimed_by(invite.region, claim.name, tail=claim.number)
    await admissions.count_try(chat.address, invite.region, invite.id, name=claim.name, matched=bool(found))
    return {"found": [household.model_dump() for household in found], "left": TRIES - tries - 1}


async def _try_code(chat: Chat, invite: Invite, claim: Introduction) -> dict[str, Any]:
    """Look a cadre's code up. However many others have guessed wrong, it opens."""
    tries = await chat.store.admissions.tries_of(chat.address, _today(chat))
    if tries >= TRIES + CODE_TRIES:
        return {"left": 0}
    if code := await chat.store.door_codes.said(claim.number, invite.region):
        return {"door": code.model_dump(mode="json")}
    await chat.store.admissions.count_try(chat.address, invite.region, invite.id, name="", matched=False)
    return {"left": TRIES + CODE_TRIES - tries - 1}


def _today(chat: Chat) -> datetime:
    return chat.now.replace(hour=0, minute=0, second=0, microsecond=0)


async def _matched(chat: Chat, invite: Invite, claim: Introduction, found: list[dict[str, Any]], agreed_at: datetime) -> None:
    households = {str(row["id"]): Household.model_validate(row) for row in found}
    chosen = next(iter(households))
    if len(households) > 1:
        options = [(key, household_in_village(one)) for key, one in households.items()]
        chosen = await chat.ask("household", Choice("您是哪一家的？", options))
    joiner = await _joiner(chat, households[chosen], claim.name)
    if joiner is None:
        await chat.say(FETCH_ADULT)
    elif not await chat.store.invites.take(invite.id):
        await chat.say(DEAD)
    else:
        await _enter(chat, joiner, households[chosen], agreed_at)


async def _joiner(chat: Chat, household: Household, name: str) -> Joiner | None:
    """Who holds the phone; only of the young and the old is it asked. None where an adult has to come first."""
    years = await chat.recall("years", lambda: _years(chat, household, name))
    if years is None or _OF_AGE <= years < _OLD:
        return Joiner(name)
    own = (_ADULT, "请大人来") if years < _CONSENTS else (_SELF, "是本人")
    whose = await chat.ask("whose", Choice(f"您是{name}本人，还是家里人替他办？", [own, (_FAMILY, "我替他办")]))
    if whose != _FAMILY:
        return Joiner(name) if whose == _SELF else None
    relative = await chat.ask("relative", NameAndRelation("请发您的姓名和关系，例如：李明 外孙"))
    return Joiner(relative.name, f"{name}的{relative.number}")


async def _years(chat: Chat, household: Household, name: str) -> int | None:
    """How old somebody of the household is, where the roster tells."""
    born = await chat.store.households.birthday_of(household.id, name)
    return None if born is None else years_between(born, chat.now.date())


async def _ask_office(chat: Chat, invite: Invite, claim: Introduction, agreed_at: datetime) -> None:
    """Leave a request; the town finds it in one line the next morning, however many there are."""
    if await chat.store.admissions.open_of(chat.address):
        await chat.say(WAITING)
        return
    chat.store.admissions.ask(
        chat.address, claim.name, role=Role.HOUSEHOLD, region=invite.region, text_version=CONSENT, agreed_at=agreed_at
    )
    await chat.say(ASKED)
