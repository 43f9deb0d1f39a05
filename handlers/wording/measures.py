"""How the help for a household is said."""

from __future__ import annotations

from handlers.wording.days import day_in_words
from handlers.wording.people import official_name
from storage.cases.records import Clue
from storage.measures import Measure
from storage.people.persons import Directory
from storage.plan import Plan
from storage.store import Store

_SHOWN = 5


async def help_in_words(store: Store, plan: Plan, *, directory: Directory, clue: Clue) -> list[str]:
    """Who answers for the household and what is being done, a line each; nothing before help has begun."""
    support = await store.measures.support_of(clue.id)
    if support is None:
        return []
    measures = await store.measures.of(clue.id)
    lines = [measure_in_words(plan, measure) for measure in measures[:_SHOWN]]
    if len(measures) > _SHOWN:
        lines.append(f"……共 {len(measures)} 项")
    return [f"帮扶责任人：{official_name(directory, support.responsible_id) or '未定'}", *lines]


def measure_in_words(plan: Plan, measure: Measure) -> str:
    """ "· 修东屋的炕（白塔村，10月31日前，50%）", with ✓ once it is done."""
    progress = "已完成" if measure.done else f"{day_in_words(measure.deadline)}前，{measure.percent}%"
    return f"{'✓' if measure.done else '·'} {measure.text}（{plan.unit(measure.unit).name}，{progress}）"
