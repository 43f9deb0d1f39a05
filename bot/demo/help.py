"""What an invented household gets: who answers for it, a measure against each risk, and how far those are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.demo.stories import ClueStory
from storage.measures import FINISHED, Measure
from storage.plan import Plan
from storage.roster import Household
from storage.store import Store

_OTHERWISE = "村里想办法解决"
"""Where the plan suggests nothing."""
_UNDER_WAY = "正在办。"


def national_number(household: Household) -> str:
    return f"示例{household.number:04d}"


@dataclass
class Help:
    """Help for one household. `measures` are there once it has begun."""

    store: Store
    plan: Plan
    household: Household
    story: ClueStory
    responsible: int
    measures: list[Measure] = field(default_factory=list, init=False)

    async def begin(self, clue_id: int, deadlines: Sequence[date]) -> None:
        helped, household = self.store.measures, self.household
        support = helped.open(
            clue_id=clue_id, household_id=household.id, national_number=national_number(household), kind=household.kind
        )
        support = await helped.assign(support, self.responsible)
        for kind, deadline in zip(self.story.kinds, deadlines, strict=True):
            text = next(iter(self.plan.risk(kind).helps), _OTHERWISE)
            unit = self.plan.units_for_risk(kind)[0].code
            measure = helped.add(support, kind=kind, text=text, unit=unit, deadline=deadline)
            self.measures.append(measure)

    async def report(self, percent: int) -> None:
        text = self.story.help if percent == FINISHED else _UNDER_WAY
        self.measures = [
            await self.store.measures.progress(measure, by=self.responsible, text=text, percent=percent)
            for measure in self.measures
        ]
