"""Going through the differences between lists, a few taps each; the town sees whose are still open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, HouseholdChoice, Text
from handlers.engine.said import LATER
from handlers.reconciling.settle import (
    BACK,
    LOOK,
    OURS,
    correct_field,
    in_words,
    owned,
    put_on_roster,
    refusal,
    right_kinds,
    ways,
)
from handlers.wording.people import post_in_words, region_in_words
from storage.database.base import from_base36, to_base36
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.reconciling import Difference, DifferenceKind, DifferenceState, HowSettled, Owner

_AT_ONCE = 8
_SHOWN = 5
_MINE = "mine"
_NEW, _MEMBER = "new", "member"
_GONE = "这一处已经有人处理过了。"


class _Way(Choice):
    """What is done about a difference; there is nothing to cancel, since what was settled before is kept."""

    controls = (LATER,)


@conversation("differences", "对账差异", for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN}, words=("差异", "核对差异"))
async def differences(chat: Chat) -> None:
    """Args: "mine", or whose open differences the town wants to see (a village's or a unit's code)."""
    if not chat.args and chat.person.has(Role.TOWN):
        await _overview(chat)
    elif chat.args in ("", _MINE):
        await _go_through(chat)
    else:
        await _look_at(chat, chat.args)


async def _overview(chat: Chat) -> None:
    counts = [count for post in chat.person.posts_as(Role.TOWN) for count in await _by_owner(chat, post.region)]
    if not counts:
        await chat.say("对账差异都了结了。")
        return
    mine = [count for owner, count in counts if owner in owned(chat.person)]
    rows = [[Button(label=f"要您核的 {sum(mine)} 处", says=f"/differences {_MINE}")]] if mine else []
    others = [(owner, count) for owner, count in counts if owner not in owned(chat.person)]
    rows += [
        [Button(label=f"{_whose(chat, owner)} {count} 处", says=f"/differences {owner.unit or owner.region}")]
        for owner, count in others[:_SHOWN]
    ]
    more = f"\n列出最多的 {_SHOWN} 家。" if len(others) > _SHOWN else ""
    await chat.say(f"未了结的对账差异 {sum(count for _, count in counts)} 处：{more}", rows)


async def _by_owner(chat: Chat, region: str) -> list[tuple[Owner, int]]:
    return await chat.store.reconciliations.by_owner(region)


def _whose(chat: Chat, owner: Owner) -> str:
    if owner.role is Role.VILLAGE:
        return region_in_words(chat.world.plan, owner.region)
    return post_in_words(chat.world.plan, owner)


async def _look_at(chat: Chat, said: str) -> None:
    """The first open differences of another post within the town's reach."""
    regions = [post.region for post in chat.person.posts_as(Role.TOWN)]
    counts = [count for region in regions for count in await _by_owner(chat, region)]
    owner = next((owner for owner, _ in counts if said in (owner.unit, owner.region if not owner.unit else "")), None)
    if owner is None:
        chat.refuse()
    listed, total = await chat.store.reconciliations.open_of([owner], _SHOWN)
    chat.looked(*(one.household_id for one in listed))
    lines = [in_words(chat.world.plan, one).replace("\n", "；") for one in listed]
    await chat.say("\n".join([f"{_whose(chat, owner)}未了结 {total} 处，最前面的：", *lines]))


async def _go_through(chat: Chat) -> None:
    seen = await chat.recall("mine", partial(_mine, chat))
    if not seen["ids"]:
        await chat.say("没有要您核对的差异。")
        return
    for place, key in enumerate(seen["ids"], 1):
        await _one(chat, key, f"第 {place} 处，共 {seen['total']} 处")
    left = seen["total"] - len(seen["ids"])
    rows = [[Button(label="接着核", says=f"/differences {_MINE}")]] if left else []
    await chat.say(f"这一批核完了，还有 {left} 处。" if left else "都核完了，谢谢。", rows)


async def _mine(chat: Chat) -> dict[str, Any]:
    listed, total = await chat.store.reconciliations.open_of(owned(chat.person), _AT_ONCE)
    return {"ids": [to_base36(one.id) for one in listed], "total": total}


async def _open(chat: Chat, key: str) -> Difference | None:
    """The difference, if it is still this person's to settle."""
    one = await chat.store.reconciliations.get(from_base36(key))
    return one if one is not None and one.state is not DifferenceState.SETTLED and one.owner in owned(chat.person) else None


async def _see(chat: Chat, key: str) -> dict[str, Any]:
    one = await _open(chat, key)
    if one is None:
        return {}
    chat.looked(one.household_id)
    home = chat.world.roster.by_id.get(one.household_id or 0)
    return {
        "text": in_words(chat.world.plan, one),
        "ways": ways(one),
        "kind": one.kind.value,
        "village": one.village,
        "kinds": right_kinds(one, home.kind) if home else [],
        "refused": refusal(one),
        "listed": await _listed(chat, one) if one.kind is DifferenceKind.NOT_OURS else None,
    }


async def _listed(chat: Chat, one: Difference) -> int | None:
    """The number of the household that has the person by now."""
    found = await chat.store.households.listed_as(one.village, one.name, id_number=one.told.get("身份证号"))
    home = chat.world.roster.by_id.get(found or 0)
    return home.number if home else None


async def _one(chat: Chat, key: str, lead: str) -> None:
    seen = await chat.recall(f"see {key}", partial(_see, chat, key))
    if not seen:
        return
    way = await chat.ask(key, _Way(f"{lead}\n{seen['text']}", [(value, label) for value, label in seen["ways"]]))
    if way == LOOK:
        note = await chat.ask_optional(f"note {key}", Text("要看什么？说一句，没有就跳过。", 100, optional=True))
        told = await _do(chat, key, partial(_leave, note=note or "要入户看"))
    elif way == BACK:
        reason = await chat.ask(f"why {key}", Text("请说明名单为什么没错。", 100, example="系统里 9 月已更新"))
        told = await _do(chat, key, partial(_return, reason=reason))
    elif way == OURS:
        told = await _do(chat, key, _settle_ours)
    elif seen["refused"]:
        told = await _do(chat, key, partial(_leave, note="对方的对，名册待改", told=seen["refused"]))
    else:
        told = await _correct(chat, key, seen)
    await chat.say(told)


async def _correct(chat: Chat, key: str, seen: dict[str, Any]) -> str:
    if seen["kind"] == DifferenceKind.NOT_LISTED:
        kind = await chat.ask(f"kind {key}", Choice("这户现在是哪一类？", [(kind, kind) for kind, _ in seen["kinds"]]))
        return await _do(chat, key, partial(_retype, kind=kind))
    if seen["kind"] == DifferenceKind.FIELD:
        return await _do(chat, key, _take_theirs)
    if seen["listed"]:
        return await _do(chat, key, partial(_already, number=seen["listed"]))
    options = [(_MEMBER, "某一户的家人")]
    if seen["village"] != chat.world.plan.town.code:
        options.insert(0, (_NEW, "新的一户"))
    where = await chat.ask(f"where {key}", Choice("补到名册哪里？", options))
    home = None
    if where == _MEMBER:
        prompt = "是哪一户？发户主姓名、拼音首字母或户号。"
        home = (await chat.ask(f"home {key}", HouseholdChoice(prompt, [seen["village"]]))).id
    return await _do(chat, key, partial(_put, household_id=home))


Act = Callable[[Chat, Difference], Awaitable[str]]


async def _do(chat: Chat, key: str, act: Act) -> str:
    """Do it once, unless somebody else has settled the difference meanwhile; returns what to say."""

    async def write() -> str:
        one = await _open(chat, key)
        return _GONE if one is None else await act(chat, one)

    return await chat.once(f"do {key}", write)


async def _settle_ours(chat: Chat, one: Difference) -> str:
    await chat.store.reconciliations.settle(one, HowSettled.OURS, by=chat.person.id)
    return "记下了：名单要改。" if one.owner.role is Role.UNIT else "记下了：名册没错，请对方改名单。"


async def _take_theirs(chat: Chat, one: Difference) -> str:
    if trouble := await correct_field(chat, one):
        return await _leave(chat, one, note="对方的对，名册待改", told=trouble)
    await chat.store.reconciliations.settle(one, HowSettled.THEIRS, by=chat.person.id)
    return f"名册已改：{one.name}的{one.field}。"


async def _retype(chat: Chat, one: Difference, kind: str) -> str:
    if one.household_id is not None:
        await chat.store.households.correct(one.household_id, kind=kind)
    await chat.store.reconciliations.settle(one, HowSettled.THEIRS, by=chat.person.id)
    return f"名册已改：{one.name}家现在是{kind}。"


async def _put(chat: Chat, one: Difference, household_id: int | None) -> str:
    await put_on_roster(chat, one, household_id)
    await chat.store.reconciliations.settle(one, HowSettled.THEIRS, by=chat.person.id)
    return f"{one.name}已补进名册。"


async def _already(chat: Chat, one: Difference, number: int) -> str:
    await chat.store.reconciliations.settle(one, HowSettled.THEIRS, by=chat.person.id)
    return f"{one.name}已在名册 {number} 号户，这一处了结了。"


async def _leave(chat: Chat, one: Difference, note: str, told: str = "先记着，看过再来核。") -> str:
    await chat.store.reconciliations.leave_open(one, chat.person.id, note=note)
    return told


async def _return(chat: Chat, one: Difference, reason: str) -> str:
    """Back to who answers for the household."""
    town = one.village == chat.world.plan.town.code
    owner = Owner(role=Role.TOWN if town else Role.VILLAGE, region=one.village)
    await chat.store.reconciliations.leave_open(one, chat.person.id, note=f"站所说明：{reason}", owner=owner)
    return "退回去了，请那边再核。"
