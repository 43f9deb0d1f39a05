"""How the help for a household is said."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.world import World
from handlers.wording.days import day_in_words
from storage.cases.records import Clue
from storage.measures import Measure, Support

_SHOWN = 5


async def measures_in_words(chat: Chat, clue: Clue) -> list[str]:
    """Who answers for the household and what is being done, a line each; nothing before help has begun."""
    support = await chat.store.measures.support_of(clue.id)
    if support is None:
        return []
    measures = await chat.store.measures.of(clue.id)
    lines = [line(chat.world, measure) for measure in measures[:_SHOWN]]
    if len(measures) > _SHOWN:
        lines.append(f"……共 {len(measures)} 项")
    return [f"帮扶责任人：{responsible_name(chat.world, support) or '未定'}", *lines]


def line(world: World, measure: Measure) -> str:
    unit = world.plan.unit(measure.unit).name
    far = "已完成" if measure.done else f"{day_in_words(measure.deadline)}前，{measure.percent}%"
    return f"{'✓' if measure.done else '·'} {measure.text}（{unit}，{far}）"


def responsible_name(world: World, support: Support) -> str:
    official = world.directory.person(support.responsible_id or 0)
    return official.person.name if official else ""
