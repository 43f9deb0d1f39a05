"""邀请: the office lets one person into a post by a link that carries their name, or hangs out a village's QR code."""

from __future__ import annotations

from datetime import timedelta

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Option, Text
from handlers.engine.questions.next_household import VillageChoice, village_options
from handlers.joining.code_picture import kept_code
from handlers.rights.reach import villages_of
from handlers.rights.sight import may_invite
from handlers.wording.days import day_in_words, full_day_in_words
from handlers.wording.people import region_in_words, role_in_words
from storage.joining.invites import Invite
from storage.people.persons import Role

LASTS = timedelta(days=7)
"""How long one person has to open their link."""
CODE_LASTS = timedelta(days=180)
"""How long a village's QR code hangs."""
CHANGING = timedelta(days=7)
"""How long the former code goes on, so that the new one can be printed and hung first."""
LONGEST_NAME = 20

_NEW, _DOWN, _KEEP = "new", "down", "keep"
NO_LINK = "现在还没有能打开的网址，请管理员先配置好再来。"


@conversation("invite", "邀请", for_roles={Role.TOWN, Role.COUNTY}, words=("发邀请", "邀请加入", "二维码", "村里的二维码"))
async def invite(chat: Chat) -> None:
    if not chat.world.join_links(""):
        await chat.say(NO_LINK)
        return
    role = Role(await chat.ask("role", Choice("邀请谁？", _roles(chat))))
    if role is Role.HOUSEHOLD:
        await _village_code(chat)
        return
    region, unit = chat.world.plan.town.code, None
    if role is Role.VILLAGE:
        region = await chat.ask("village", _which_village(chat, "哪个村的？"))
    elif role is Role.UNIT:
        unit = await chat.ask("unit", Choice("哪个站所的？", _units(chat)))
    elif role is Role.COUNTY:
        region = chat.world.plan.county.code
    name = await chat.ask("name", Text("他叫什么名字？", max_length=LONGEST_NAME, min_length=2, example="李明"))
    until = chat.now + LASTS
    token = chat.store.invites.create(role, region, unit=unit, person_name=name, expires_at=until, created_by=chat.person.id)
    post = role_in_words(chat.world.plan, role, region=region, unit=unit)
    lines = [f"请把链接发给{name}本人，{day_in_words(until.date())}前有效，只能他一个人用。"]
    links = chat.world.join_links(token)
    lines += [*links, f"{name}一加入就告诉您。要撤回，发「发出的邀请」。"]
    picture = await kept_code(chat, token, [f"{post} {name}", f"{full_day_in_words(until.date())}前有效"])
    await chat.say("\n".join(lines), file=picture, links=links)


def _roles(chat: Chat) -> list[Option]:
    """The posts that this office fills."""
    plan, person = chat.world.plan, chat.person
    wanted = [
        (Role.VILLAGE, plan.town.code, "村干部"),
        (Role.UNIT, plan.town.code, "站所的人"),
        (Role.TOWN, plan.town.code, "镇里的人"),
        (Role.COUNTY, plan.county.code, "市里的人"),
        (Role.HOUSEHOLD, plan.town.code, "农户（村里的二维码）"),
    ]
    return [(role.value, label) for role, region, label in wanted if may_invite(person, region)]


def _which_village(chat: Chat, prompt: str) -> VillageChoice:
    return VillageChoice(prompt, village_options(villages_of(chat.person, chat.world.plan, Role.TOWN, Role.COUNTY), chat))


def _units(chat: Chat) -> list[Option]:
    return [(unit.code, unit.name) for unit in chat.world.plan.units if unit.role is Role.UNIT]


async def _village_code(chat: Chat) -> None:
    """A village's code: made where there is none, else renewed or taken down."""
    village = await chat.ask("village", _which_village(chat, "哪个村的二维码？"))
    name = region_in_words(chat.world.plan, village)
    hanging = [one for one in await chat.store.invites.open_in(village) if is_code(one)]
    if hanging:
        prompt = f"{name}的二维码{code_until(hanging[0])}。"
        options = [(_NEW, "换新的"), (_DOWN, "取下，不能再扫"), (_KEEP, "不动")]
        answer = await chat.ask("what", Choice(prompt, options))
        if answer == _KEEP:
            await chat.say("好的，没有变。")
            return
        if answer == _DOWN:
            for one in hanging:
                await chat.store.invites.revoke(one.id, chat.person.id)
            await chat.say(f"{name}的二维码取下了，扫了也进不来。请把贴着的揭下来。\n已经加入的农户照用。")
            return
    now, until = chat.now, chat.now + CODE_LASTS
    for one in hanging:
        await chat.store.invites.shorten(one.id, now + CHANGING)
    token = chat.store.invites.create(Role.HOUSEHOLD, village, uses=None, expires_at=until, created_by=chat.person.id)
    old = f"\n旧的再用 {CHANGING.days} 天，请在那之前换上。" if hanging else ""
    text = f"{name}的二维码，{full_day_in_words(until.date())}前有效，打印出来贴在村里。{old}\n农户扫了还要核对姓名和后四位。"
    picture = await kept_code(chat, token, [f"{name}：有难处，扫一扫", f"{full_day_in_words(until.date())}前有效"])
    await chat.say(text, file=picture)


def is_code(one: Invite) -> bool:
    """Whether it is a village's code on the wall, rather than a link for somebody."""
    return one.role is Role.HOUSEHOLD and one.uses_left is None


def code_until(one: Invite) -> str:
    """ "2023年4月10日前有效"."""
    return f"{full_day_in_words(one.expires_at.date())}前有效" if one.expires_at else "一直有效"
