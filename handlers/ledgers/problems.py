"""问题整改台账： every problem, how far it is, and what was done last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from handlers.engine.world import World
from handlers.files.columns import Kind, LedgerColumn, Value
from handlers.ledgers.base import NO, YES, Ledger, LedgerRow, head_of, village_name
from handlers.rights.sight import IN_OFFICE
from storage.ledgers.problems import ProblemLine, problem_lines
from storage.people.reach import Reach
from storage.problems.states import ProblemState
from storage.store import Store


async def _rows(store: Store, world: World, reach: Sequence[Reach], today: date) -> AsyncIterator[LedgerRow]:
    async for line in problem_lines(store.session, reach):
        yield LedgerRow(_row(world, line, today), (line.household_id,))


def _row(world: World, line: ProblemLine, today: date) -> tuple[Value, ...]:
    plan = world.plan
    lead, *assisting = [plan.unit(unit).name for unit in line.units] or [""]
    return (
        line.number,
        plan.source(line.source).label,
        plan.clause_label(line.item) if line.item else "",
        village_name(world, line.region),
        head_of(world, line.household_id),
        line.description,
        line.measures,
        lead,
        "、".join(assisting),
        line.responsible,
        line.opened_on,
        line.deadline,
        line.state.label,
        line.percent,
        YES if line.state is not ProblemState.CLOSED and line.deadline < today else NO,
        "：".join(filter(None, [line.did and line.did.label, line.said])),
        line.did_on,
        line.photos,
        line.closed_on,
    )


PROBLEMS = Ledger(
    code="problems",
    title="问题整改台账",
    columns=(
        LedgerColumn("问题编号", Kind.NUMBER),
        LedgerColumn("问题来源"),
        LedgerColumn("重点任务"),
        LedgerColumn("村"),
        LedgerColumn("户主"),
        LedgerColumn("问题描述", Kind.WORDS),
        LedgerColumn("整改措施", Kind.WORDS),
        LedgerColumn("牵头单位"),
        LedgerColumn("配合单位"),
        LedgerColumn("责任人"),
        LedgerColumn("登记日期", Kind.DAY),
        LedgerColumn("整改时限", Kind.DAY),
        LedgerColumn("状态"),
        LedgerColumn("进度", Kind.PERCENT),
        LedgerColumn("是否逾期"),
        LedgerColumn("最近进展", Kind.WORDS),
        LedgerColumn("进展日期", Kind.DAY),
        LedgerColumn("照片数", Kind.NUMBER),
        LedgerColumn("销号日期", Kind.DAY),
    ),
    rows=_rows,
    roles=IN_OFFICE,
)
