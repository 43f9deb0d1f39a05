"""Looking at the figures that must not fall 看指标: last year, this year, and whose fell."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.indicators.trends import Trend, falls_first, total
from handlers.rights.reach import villages_of
from handlers.rights.sight import IN_OFFICE
from handlers.wording.paging import is_page, page_named, page_of
from storage.mail.messages import Button
from storage.plan import Indicator

_AT_ONCE = 8
_ACROSS = 2


@conversation("indicators", "看指标", for_roles=IN_OFFICE, words=("只增不减", "指标情况"))
async def indicators(chat: Chat) -> None:
    """Args: an indicator's code, and a page, to see it by village."""
    villages = villages_of(chat.person, chat.world.plan, *IN_OFFICE)
    listed = chat.world.plan.indicators
    if not listed or not villages:
        await chat.say("方案里没有要比的指标。")
        return
    trends = await _trends(chat, villages)
    code, _, page = chat.args.partition(" ")
    wanted = next((one for one in listed if one.code == code), None)
    if code and (wanted is None or not is_page(page)):
        chat.refuse()
    elif wanted is not None:
        await _by_village(chat, wanted, villages, trends, page_named(page))
    elif len(villages) == 1:
        await _one_village(chat, villages[0], trends)
    else:
        await _totals(chat, villages, trends)


async def _trends(chat: Chat, villages: Sequence[str]) -> dict[tuple[str, str], Trend]:
    """By village and indicator."""
    year, plan = chat.now.year, chat.world.plan
    region = villages[0] if len(villages) == 1 else plan.town.code
    found = await chat.store.indicators.of([year - 1, year], region)
    values = {key: figure.value for key, figure in found.items()}
    return {
        (village, one.code): Trend(values.get((year - 1, village, one.code)), values.get((year, village, one.code)))
        for village in villages
        for one in plan.indicators
    }


async def _one_village(chat: Chat, village: str, trends: dict[tuple[str, str], Trend]) -> None:
    plan = chat.world.plan
    listed = sorted(plan.indicators, key=lambda one: falls_first(trends[village, one.code]))
    lines = [f"{one.title} {trends[village, one.code]}" for one in listed[:_AT_ONCE]]
    await chat.say("\n".join([f"{plan.village(village).name}：", *lines]), [[Button(label="填指标", says="/indicator")]])


async def _totals(chat: Chat, villages: Sequence[str], trends: dict[tuple[str, str], Trend]) -> None:
    totals = {one: total(trends[village, one.code] for village in villages) for one in chat.world.plan.indicators}
    listed = sorted(totals, key=lambda one: (falls_first(totals[one].trend), -totals[one].falling))[:_AT_ONCE]
    lines = []
    for one in listed:
        found = totals[one]
        beside = [f"{found.falling} 村减少"] if found.falling else []
        beside += [f"{found.lacking} 村没填全"] if found.lacking else []
        lines.append(f"{one.title} {found.trend}" + (f"({'，'.join(beside)})" if beside else ""))
    buttons = [Button(label=one.title, says=f"/indicators {one.code}") for one in listed]
    rows = [buttons[start : start + _ACROSS] for start in range(0, len(buttons), _ACROSS)]
    await chat.say("\n".join([f"{len(villages)} 个村合计（两年都填了的）：", *lines]), rows)


async def _by_village(
    chat: Chat, wanted: Indicator, villages: Sequence[str], trends: dict[tuple[str, str], Trend], page: int
) -> None:
    listed = sorted(villages, key=lambda village: falls_first(trends[village, wanted.code]))
    shown, turn = page_of(listed, page, command=f"/indicators {wanted.code}")
    lines = [f"{chat.world.plan.village(one).name} {trends[one, wanted.code]}" for one in shown]
    await chat.say("\n".join([f"{wanted.title}({wanted.unit})，减少的在前：", *lines]), turn)
