"""The county draws its sample from a published seed, once; county and town see how far the checks are."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Text
from handlers.inspections.draw import additional, draw
from handlers.rights.reach import villages_of
from handlers.wording.days import moment_in_words
from handlers.wording.paging import is_page, page_named, page_of
from storage.inspections.samples import Progress, Sample
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.roster import Household

_LONGEST_SEED = 60
_CHECK = [[Button(label="抽查入户", says="/check")]]


class SampleDraw(NamedTuple):
    """A draw: from how many households, who was drawn, and who comes in addition."""

    roster: int
    households: list[Household]
    closed: list[Household]


@conversation("sample", "抽样", for_roles={Role.COUNTY, Role.TOWN}, words=("抽查", "抽查进度"))
async def sample(chat: Chat) -> None:
    """Args: a page of the list of villages."""
    if not is_page(chat.args):
        chat.refuse()
    known = await current_sample(chat)
    if known is not None:
        await _progress(chat, known, page_named(chat.args))
    elif chat.person.has(Role.COUNTY):
        await _draw(chat)
    else:
        await chat.say("市里还没有抽样。抽好了会告诉您。")


async def _draw(chat: Chat) -> None:
    if not any(chat.world.roster.by_village.values()):
        await chat.say("名册还是空的，没有户可以抽。请先导入农户名册。")
        return
    example = "10月17日福彩3D 5 2 8"
    prompt = f"请发事先谁也不知道、事后谁都能查到的种子，例如：{example}\n抽一次就定下，不能重抽。"
    seed = await chat.ask("seed", Text(prompt, max_length=_LONGEST_SEED, example=example))
    drawn = await draw_from_roster(chat, seed)
    if not await chat.confirm(_published(chat, seed, drawn)):
        await chat.say("没有抽样。")
        return
    chat.store.samples.add(
        chat.world.round, seed, by=chat.person.id, roster=drawn.roster, drawn=drawn.households, closed=drawn.closed
    )
    offices = [
        official.person.id
        for role, region in ((Role.COUNTY, chat.world.plan.county.code), (Role.TOWN, chat.world.plan.town.code))
        for official in chat.world.directory.holding(role, region)
    ]
    await chat.push(
        offices,
        f"【市抽查】{_published(chat, seed, drawn)}",
        intent=Intent(Cause.SAMPLE, chat.world.round),
        buttons=[[Button(label="抽查进度", says="/sample")]],
    )
    await chat.say("抽好了，种子和户数已发给市、镇。", _CHECK)


def _published(chat: Chat, seed: str, drawn: SampleDraw) -> str:
    villages = len({household.village for household in drawn.households})
    ratio = chat.world.plan.sampling_ratio
    more = f"，另加有已办结事项的 {len(drawn.closed)} 户" if drawn.closed else ""
    return f"种子：{seed}\n{villages} 个村 {drawn.roster} 户，每村不少于 {ratio:.0%}，抽中 {len(drawn.households)} 户{more}。"


async def _progress(chat: Chat, known: Sample, page: int) -> None:
    progress = await chat.store.samples.progress(known)
    listed = [
        (code, progress[code]) for code in villages_of(chat.person, chat.world.plan, Role.COUNTY, Role.TOWN) if code in progress
    ]
    listed.sort(key=lambda one: (one[1].checked == one[1].households, one[1].checked / one[1].households))
    households = sum(one.households for _, one in listed)
    checked = sum(one.checked for _, one in listed)
    wrong = sum(one.wrong for _, one in listed)
    head = [
        f"种子：{known.seed}\n{moment_in_words(known.at)} 从 {known.roster} 户中抽 {households} 户。",
        f"已查 {checked} 户，不符 {wrong} 户。" + (f"还差 {households - checked} 户：" if checked < households else "查完了。"),
    ]
    shown, turn = page_of(listed, page, command="/sample")
    lines = [f"{chat.world.plan.village(code).name} {_how_far(one)}" for code, one in shown]
    await chat.say("\n".join([*head, *lines]), [*turn, *(_CHECK if chat.person.has(Role.COUNTY) else [])])


def _how_far(progress: Progress) -> str:
    return f"{progress.checked}/{progress.households}" + (f"，不符 {progress.wrong}" if progress.wrong else "")


async def draw_from_roster(chat: Chat, seed: str) -> SampleDraw:
    """Draw from all villages of the person's county."""
    roster = chat.world.roster
    listed = [
        one for village in villages_of(chat.person, chat.world.plan, Role.COUNTY) for one in roster.by_village.get(village, [])
    ]
    drawn = await asyncio.to_thread(draw, seed, listed, ratio=chat.world.plan.sampling_ratio)
    ids = await chat.store.samples.households_with_closed(chat.world.plan.county.code)
    closed = additional(drawn, [one for one in listed if one.id in ids])
    return SampleDraw(len(listed), [one for village in drawn.values() for one in village], closed)


async def current_sample(chat: Chat) -> Sample | None:
    """The sample of the plan; there is one and it is not drawn again."""
    return await chat.store.samples.of(chat.world.round)
