"""排查台账： every household of the roster, visited or not, so that none is left out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from handlers.engine.world import World
from handlers.files.columns import Kind, LedgerColumn, Value
from handlers.ledgers.base import NO, YES, Ledger, LedgerRow, village_name
from handlers.rights.reach import OFFICES_AND_VILLAGE
from storage.ledgers.sweep import SweepLine, sweep_lines
from storage.people.reach import Reach
from storage.store import Store


async def _rows(store: Store, world: World, reach: Sequence[Reach], today: date) -> AsyncIterator[LedgerRow]:
    async for line in sweep_lines(store.session, reach, round=world.round):
        yield LedgerRow(_row(world, line), (line.household_id,))


def _row(world: World, line: SweepLine) -> tuple[Value, ...]:
    return (
        line.number,
        village_name(world, line.village),
        line.group_name,
        line.head,
        line.kind,
        YES if line.outcome is not None and line.outcome.met else NO,
        line.visited_on,
        line.visitor,
        line.outcome.label if line.outcome else "",
        line.note,
    )


SWEEP = Ledger(
    code="sweep",
    title="排查台账",
    columns=(
        LedgerColumn("户号", Kind.NUMBER),
        LedgerColumn("村"),
        LedgerColumn("屯(组)"),
        LedgerColumn("户主"),
        LedgerColumn("户类型"),
        LedgerColumn("是否排查"),
        LedgerColumn("入户日期", Kind.DAY),
        LedgerColumn("入户人"),
        LedgerColumn("结果"),
        LedgerColumn("情况", Kind.WORDS),
    ),
    rows=_rows,
    roles=OFFICES_AND_VILLAGE,
    whole_for=OFFICES_AND_VILLAGE,
)
