"""At the door: a cadre shows a code by which a phone joins the household, whatever strangers have tried before."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, HouseholdChoice
from handlers.engine.questions.introduction import NameAndRelation
from handlers.joining.code_picture import kept_code
from handlers.joining.household import OWN_CODE, agree, enter_by_door
from handlers.wording.households import household_in_words
from storage.joining.door_codes import LASTS, DoorCode
from storage.people.persons import Role
from storage.roster import Household

_OTHER = "other"
_MOST_NAMED = 8


@conversation("vouch", "帮他加入", for_roles={Role.VILLAGE, Role.TOWN}, words=("当面加", "帮农户加入"))
async def vouch(chat: Chat) -> None:
    within = [post.region for post in chat.person.posts_as(Role.VILLAGE, Role.TOWN)]
    household = await chat.ask("household", HouseholdChoice("帮哪一户加入？发户主姓名、拼音首字母或户号。", within))
    name, relation = await _who(chat, household)
    if name == chat.person.name and relation is None:
        await chat.say(OWN_CODE)
        return
    shown = chat.store.door_codes.create(household.id, household.village, name=name, relation=relation, by=chat.person.id)
    home = household_in_words(chat.world.plan, household)
    minutes = int(LASTS.total_seconds() // 60)
    text = (
        f"{home}，{name}用这个码：{shown.code[:4]} {shown.code[4:]}\n"
        f"{minutes} 分钟内有效，用一次。请当着他的面给。\n"
        "让他扫村里的二维码，问姓名时发这个码；或直接扫下面的码。"
    )
    await chat.say(text, file=await kept_code(chat, shown.token, [f"{name}：扫一扫就加入", f"{minutes} 分钟内有效"]))


async def _who(chat: Chat, household: Household) -> tuple[str, str | None]:
    """The name of who joins, and for whom if not for themselves."""
    listed = await chat.recall("listed", lambda: _names(chat, household))
    options = [*((str(place), name) for place, name in enumerate(listed)), (_OTHER, "家里别的人替他用")]
    chosen = await chat.ask("who", Choice("谁的手机？", options))
    if chosen != _OTHER:
        return listed[int(chosen)], None
    relative = await chat.ask("relative", NameAndRelation("他叫什么，和户主是什么关系？例如：李明 外孙"))
    return relative.name, f"{household.head}的{relative.number}"


async def _names(chat: Chat, household: Household) -> list[str]:
    named = [name for name, _ in await chat.store.households.names_in(household.id)]
    return list(dict.fromkeys(named))[:_MOST_NAMED]


async def join_by_door(chat: Chat, code: DoorCode) -> None:
    """The link of a code: a tap, and the phone is of the household."""
    if agreed_at := await agree(chat, code.village):
        await enter_by_door(chat, code, agreed_at)
