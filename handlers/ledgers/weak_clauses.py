"""一口清薄弱条款： what people get wrong, of all together. Nobody is named, and few answers are not shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, time

from handlers.engine.world import World
from handlers.files.columns import Kind, LedgerColumn
from handlers.ledgers.base import Ledger, LedgerRow
from handlers.rights.reach import OFFICES
from handlers.wording.people import region_in_words
from storage.database.base import SHANGHAI
from storage.people.reach import Reach
from storage.store import Store

_MOST = 500


async def _rows(store: Store, world: World, reach: Sequence[Reach], today: date) -> AsyncIterator[LedgerRow]:
    plan = world.plan
    since = datetime.combine(plan.phases[0].first, time(), SHANGHAI)
    for region in dict.fromkeys(one.region for one in reach):
        for weak in await store.quiz.weak_clauses(region, since, most=_MOST):
            rate = round(100 * weak.wrong / weak.answers)
            row = (region_in_words(plan, region), plan.clause_label(weak.clause), weak.answers, weak.wrong, rate)
            yield LedgerRow(row)


WEAK_CLAUSES = Ledger(
    code="quiz",
    title="一口清薄弱条款",
    columns=(
        LedgerColumn("范围"),
        LedgerColumn("条款"),
        LedgerColumn("答题次数", Kind.NUMBER),
        LedgerColumn("答错次数", Kind.NUMBER),
        LedgerColumn("错误率", Kind.PERCENT),
    ),
    rows=_rows,
    roles=OFFICES,
)
