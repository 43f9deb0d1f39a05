"""What an invented household gets: who answers for it, a measure against each risk, and how far those are."""

from __future__ import annotations

from collections.abc import Sequence
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


class Help:
    """Help for one household. `measures` are there once it has begun."""

    def __init__(self, store: Store, plan: Plan, household: Household, story: ClueStory, responsible: int) -> None:
        self._store = store
        self._plan = plan
        self._household = household
        self._story = story
        self._responsible = responsible
        self.measures: list[Measure] = []

    async def begin(self, clue_id: int, deadlines: Sequence[date]) -> None:
        helped, household = self._store.measures, self._household
        support = helped.open(
            clue_id=clue_id,
            household_id=household.id,
            national_number=national_number(household),
            kind=household.kind,
        )
        support = await helped.assign(support, self._responsible)
        for kind, deadline in zip(self._story.kinds, deadlines, strict=True):
            text = next(iter(self._plan.risk(kind).helps), _OTHERWISE)
            unit = self._plan.units_for_risk(kind)[0].code
            measure = helped.add(support, kind=kind, text=text, unit=unit, deadline=deadline)
            self.measures.append(measure)

    async def report(self, percent: int) -> None:
        text = self._story.help if percent == FINISHED else _UNDER_WAY
        self.measures = [
            await self._store.measures.progress(measure, by=self._responsible, text=text, percent=percent)
            for measure in self.measures
        ]
