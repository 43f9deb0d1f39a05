"""只增不减指标台账： each village's figures beside last year's, with the reason where one fell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from handlers.engine.world import World
from handlers.files.columns import Kind, LedgerColumn, Value
from handlers.indicators.trends import Trend
from handlers.ledgers.base import NO, YES, Ledger, LedgerRow
from handlers.rights.reach import reaches
from handlers.rights.sight import IN_OFFICE
from storage.indicators import IndicatorValue
from storage.people.reach import Reach
from storage.plan import Indicator
from storage.store import Store


async def _rows(store: Store, world: World, reach: Sequence[Reach], today: date) -> AsyncIterator[LedgerRow]:
    plan, year = world.plan, today.year
    found = await store.indicators.of([year - 1, year], plan.town.code)
    for village in plan.villages:
        for one in plan.indicators:
            if reaches(reach, village.code, units={unit.code for unit in plan.units_for(one.item)}):
                before, now = found.get((year - 1, village.code, one.code)), found.get((year, village.code, one.code))
                yield LedgerRow((village.name, *_row(one, before, now)))


def _row(one: Indicator, before: IndicatorValue | None, now: IndicatorValue | None) -> tuple[Value, ...]:
    trend = Trend(before.value if before else None, now.value if now else None)
    falls = "" if trend.change is None else YES if trend.falls else NO
    return (
        one.title,
        one.unit,
        trend.before,
        trend.now,
        trend.change,
        falls,
        now.reason if now else "",
        now.at.date() if now else None,
    )


INDICATORS = Ledger(
    code="indicators",
    title="只增不减指标台账",
    columns=(
        LedgerColumn("村"),
        LedgerColumn("指标"),
        LedgerColumn("单位"),
        LedgerColumn("去年", Kind.NUMBER),
        LedgerColumn("今年", Kind.NUMBER),
        LedgerColumn("增减", Kind.NUMBER),
        LedgerColumn("是否减少"),
        LedgerColumn("减少原因", Kind.WORDS),
        LedgerColumn("填报日期", Kind.DAY),
    ),
    rows=_rows,
    roles=IN_OFFICE,
)
