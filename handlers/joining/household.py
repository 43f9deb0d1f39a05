"""Joins a household by the village's QR code: consent, name and last four digits; after three tries the office decides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.questions import Choice
from handlers.engine.questions.introduction import NameAndTail
from handlers.joining.admit import DEAD, WAITING, admit_to_household
from handlers.reading.introductions import Introduction
from handlers.wording.households import household_in_village
from handlers.wording.people import region_in_words
from storage.database.base import to_base36
from storage.joining.consents import CONSENT
from storage.joining.invites import Invite
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.roster import Household

TRIES = 3
"""Wrong or right, a chat may name somebody of the roster so often a day; then the office looks."""
TRIES_PER_NAME = 12
"""All chats together for one name of a village; a family's phones stay below it, a guesser with many accounts not."""

WRONG = "没对上。请看看姓名和后四位，再发一次，还能试 {left} 次。"
ASKED = "没对上，已请镇里帮您查，有结果就发到这里。\n着急就直接找村干部。"
TOO_MANY = "今天不能再试了。请明天再来，或请村干部帮忙。"
DECLINED = "好的，没有加入。\n有困难可以直接找村干部，一样会帮您办。"
CONSENT_TEXT = (
    "记什么：姓名、您说的困难和语音、照片和定位（发不发由您）。\n"
    "用来做什么：上门看看和帮您。谁能看：本村干部、镇里、县里和管这件事的站所。\n"
    "身份证号、手机号加密保存，公示时不写。\n"
    "/me 随时查看，/forget 随时申请删除。\n"
    "不同意也不影响您享受政策。"
)
_AGREE, _READ, _DECLINE = "agree", "read", "decline"


async def join_household(chat: Chat, invite: Invite) -> None:
    """Three messages by hand: the QR, a tap, name and last four; one more for a household that shares its phone."""
    if not await _agreed(chat, invite):
        await chat.say(DECLINED)
        return
    agreed_at = await chat.recall("agreed_at", lambda: _now(chat))
    refused = await chat.recall("refused", lambda: _refusal(chat))
    if refused:
        await chat.say(refused)
        return
    for attempt in range(TRIES):
        claim = await chat.ask(f"claim{attempt}", NameAndTail("请发您的姓名，加身份证或手机号的后四位，例如：张三 1234"))
        outcome = await _once_tried(chat, attempt, invite, claim)
        if outcome["found"]:
            await _matched(chat, invite, claim, outcome["found"], agreed_at)
            return
        if not outcome["left"]:
            await _ask_office(chat, invite, claim, agreed_at)
            return
        await chat.say(WRONG.format(left=outcome["left"]))


async def _agreed(chat: Chat, invite: Invite) -> bool:
    village = region_in_words(chat.world.plan, invite.region)
    answer = await chat.ask(
        "consent",
        Choice(
            f"{village}：家里有困难，在手机上说一声，还能看办到哪一步。\n要记您的姓名和您说的情况，只给帮您办事的干部看，随时能看能删。",
            [(_AGREE, "同意，加入"), (_READ, "看全文"), (_DECLINE, "不同意")],
        ),
    )
    if answer == _READ:
        answer = await chat.ask("read", Choice(CONSENT_TEXT, [(_AGREE, "同意，加入"), (_DECLINE, "不同意")]))
    return answer == _AGREE


async def _now(chat: Chat) -> str:
    return chat.now.isoformat()


async def _refusal(chat: Chat) -> str | None:
    """Why this chat may not try now."""
    tries, _ = await chat.store.admissions.tried(chat.address, "", name="", since=_today(chat))
    if tries < TRIES:
        return None
    return WAITING if await chat.store.admissions.open_of(chat.address) else TOO_MANY


async def _once_tried(chat: Chat, attempt: int, invite: Invite, claim: Introduction) -> Any:
    return await chat.once(f"tried{attempt}", lambda: _try(chat, invite, claim))


async def _try(chat: Chat, invite: Invite, claim: Introduction) -> dict[str, Any]:
    """Look the claim up and count the try. Nobody is told whether a name is on the roster."""
    admissions = chat.store.admissions
    tries, for_name = await admissions.tried(chat.address, invite.region, name=claim.name, since=_today(chat))
    if tries >= TRIES or for_name >= TRIES_PER_NAME:
        return {"found": [], "left": 0}
    await admissions.count_try(chat.address, invite.region, name=claim.name)
    found = await chat.store.households.claimed_by(invite.region, claim.name, tail=claim.number)
    return {"found": [household.model_dump() for household in found], "left": TRIES - tries - 1}


def _today(chat: Chat) -> datetime:
    return chat.now.replace(hour=0, minute=0, second=0, microsecond=0)


async def _matched(chat: Chat, invite: Invite, claim: Introduction, found: list[dict[str, Any]], agreed_at: str) -> None:
    households = {str(row["id"]): Household.model_validate(row) for row in found}
    chosen = next(iter(households))
    if len(households) > 1:
        options = [(key, household_in_village(one)) for key, one in households.items()]
        chosen = await chat.ask("household", Choice("您是哪一家的？", options))
    if not await chat.store.invites.take(invite.id):
        await chat.say(DEAD)
        return
    moment = datetime.fromisoformat(agreed_at)
    waiting = await chat.store.admissions.open_of(chat.address)
    await admit_to_household(chat, chat.address, claim.name, households[chosen], CONSENT, moment)
    if waiting is not None:
        await chat.store.admissions.withdraw(waiting.id)


async def _ask_office(chat: Chat, invite: Invite, claim: Introduction, agreed_at: str) -> None:
    if await chat.store.admissions.open_of(chat.address):
        await chat.say(WAITING)
        return
    asked = chat.store.admissions.ask(
        chat.address,
        claim.name,
        role=Role.HOUSEHOLD,
        region=invite.region,
        text_version=CONSENT,
        agreed_at=datetime.fromisoformat(agreed_at),
    )
    village = region_in_words(chat.world.plan, invite.region)
    await chat.push(
        chat.world.directory.ids(Role.TOWN, invite.region),
        f"{village}有人自称{claim.name}，扫码加入时{TRIES}次没对上。请核实是哪一户。",
        intent=Intent(Cause.ADMIT, f"{asked.id}"),
        buttons=[[Button(label="去核实", says=f"/admit {to_base36(asked.id)}")]],
    )
    await chat.say(ASKED)
