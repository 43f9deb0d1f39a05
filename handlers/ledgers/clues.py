"""风险线索台账： every clue, the step it stands at, and what its visit found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from handlers.cases.table import Act
from handlers.engine.world import World
from handlers.files.columns import Kind, LedgerColumn, Value
from handlers.ledgers.base import NO, YES, Ledger, LedgerRow, head_of, village_name
from handlers.rights.reach import OFFICES_AND_VILLAGE, reaches
from handlers.rights.sight import IN_OFFICE
from handlers.wording.kinds import kinds_in_words
from storage.cases.records import ClueSource
from storage.cases.steps import Step
from storage.ledgers.clues import ClueLine, clue_lines
from storage.people.reach import Reach
from storage.store import Store


async def _rows(store: Store, world: World, reach: Sequence[Reach], today: date) -> AsyncIterator[LedgerRow]:
    async for line in clue_lines(store.session, reach):
        units = {unit.code for kind in line.kinds for unit in world.plan.units_for_risk(kind)}
        if reaches(reach, line.village, units=units):
            yield LedgerRow(_row(world, line, today), (line.household_id,))


def _row(world: World, line: ClueLine, today: date) -> tuple[Value, ...]:
    closed = line.step is Step.CLOSED
    household = world.roster.by_id.get(line.household_id)
    return (
        line.number,
        village_name(world, line.village),
        household.number if household else None,
        head_of(world, line.household_id),
        kinds_in_words(world.plan, line.kinds),
        ClueSource(line.source).label,
        line.reported_on,
        line.step.label,
        ((line.since if closed else today) - line.reported_on).days,
        None if closed else line.due_on,
        YES if not closed and line.due_on is not None and line.due_on < today else NO,
        Act(line.verified).label if line.verified else "",
        line.verified_on,
        line.note,
    )


CLUES = Ledger(
    code="clues",
    title="风险线索台账",
    columns=(
        LedgerColumn("线索编号", Kind.NUMBER),
        LedgerColumn("村"),
        LedgerColumn("户号", Kind.NUMBER),
        LedgerColumn("户主"),
        LedgerColumn("风险类型"),
        LedgerColumn("线索来源"),
        LedgerColumn("报告日期", Kind.DAY),
        LedgerColumn("当前环节"),
        LedgerColumn("已用天数", Kind.NUMBER),
        LedgerColumn("环节期限", Kind.DAY),
        LedgerColumn("是否逾期"),
        LedgerColumn("核查结果"),
        LedgerColumn("核查日期", Kind.DAY),
        LedgerColumn("核查情况", Kind.WORDS),
    ),
    rows=_rows,
    roles=IN_OFFICE,
    whole_for=OFFICES_AND_VILLAGE,
)
