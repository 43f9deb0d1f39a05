"""监测户台账： the monitored households, who answers for them, and what is done for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from handlers.engine.world import World
from handlers.files.columns import Kind, LedgerColumn, Value
from handlers.ledgers.base import Ledger, LedgerRow, village_name
from handlers.rights.reach import OFFICES_AND_VILLAGE
from handlers.wording.days import full_day_in_words
from handlers.wording.people import official_name
from storage.ledgers.households import HouseholdLine, MeasureLine, household_lines
from storage.measures import FINISHED
from storage.people.reach import Reach
from storage.store import Store


async def _rows(store: Store, world: World, reach: Sequence[Reach], today: date) -> AsyncIterator[LedgerRow]:
    async for line in household_lines(store.session, reach):
        yield LedgerRow(_row(world, line), (line.household_id,))


def _row(world: World, line: HouseholdLine) -> tuple[Value, ...]:
    done = sum(measure.percent == FINISHED for measure in line.measures)
    open_ones = [measure.deadline for measure in line.measures if measure.percent < FINISHED]
    return (
        line.number,
        village_name(world, line.village),
        line.group_name,
        line.head,
        line.id_number,
        line.phone,
        line.people,
        line.kind,
        "有" if line.able_to_work else "无",
        official_name(world.directory, line.responsible_id or line.helper_id),
        line.national_number,
        "\n".join(_measure(world, place, measure) for place, measure in enumerate(line.measures, 1)),
        len(line.measures),
        done,
        min(open_ones, default=None),
    )


def _measure(world: World, place: int, measure: MeasureLine) -> str:
    unit = world.plan.unit(measure.unit).name
    return f"{place}. {measure.text}({unit}，{full_day_in_words(measure.deadline)}前，{measure.percent}%)"


HOUSEHOLDS = Ledger(
    code="households",
    title="监测户台账",
    columns=(
        LedgerColumn("户号", Kind.NUMBER),
        LedgerColumn("村"),
        LedgerColumn("屯(组)"),
        LedgerColumn("户主"),
        LedgerColumn("户主身份证号", Kind.ID),
        LedgerColumn("联系电话", Kind.PHONE),
        LedgerColumn("家庭人口", Kind.NUMBER),
        LedgerColumn("监测类型"),
        LedgerColumn("有无劳动能力"),
        LedgerColumn("帮扶责任人"),
        LedgerColumn("系统编号"),
        LedgerColumn("帮扶措施", Kind.WORDS),
        LedgerColumn("措施数", Kind.NUMBER),
        LedgerColumn("已完成", Kind.NUMBER),
        LedgerColumn("最近时限", Kind.DAY),
    ),
    rows=_rows,
    roles=OFFICES_AND_VILLAGE,
    whole_for=OFFICES_AND_VILLAGE,
)
