"""A spreadsheet's rows, read as figures of villages that must not fall. Pure. Cells in, figures or reasons out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from handlers.files.tables import Layout, Row, Table, TableColumn, TableRow, Wrong
from handlers.indicators.trends import Trend, read_count
from handlers.reading import Unreadable
from storage.plan import Indicator, Plan

_LONGEST, _LONGEST_REASON = 60, 100


class IndicatorColumn(TableColumn):
    """The columns of our own template."""

    VILLAGE = "村", "行政村", "村名", "所在村"
    INDICATOR = "指标", "指标名称", "项目"
    BEFORE = "去年", "上年", "去年数", "上年数", "基数", "去年基数"
    NOW = "今年", "本年", "今年数", "本年数", "现数"
    REASON = "减少原因", "原因", "备注"


INDICATORS = Layout(IndicatorColumn, ((IndicatorColumn.VILLAGE,), (IndicatorColumn.INDICATOR,), (IndicatorColumn.NOW,)))


@dataclass(frozen=True, slots=True)
class VillageFigures:
    """What a row says of an indicator in a village, by their codes; `why` it is less than last year."""

    village: str
    code: str
    trend: Trend
    why: str


def read_figures(
    table: Table[IndicatorColumn], plan: Plan, villages: Collection[str], mine: Sequence[Indicator]
) -> list[TableRow[VillageFigures]]:
    """Every row that has a figure; only those of `villages` and of indicators that are `mine` are taken."""
    return table.read(lambda row: _figures(table, row, plan, villages, mine))


def _figures(
    table: Table[IndicatorColumn], row: Row, plan: Plan, villages: Collection[str], mine: Sequence[Indicator]
) -> VillageFigures | None:
    before, now = (_count(table, row, column) for column in (IndicatorColumn.BEFORE, IndicatorColumn.NOW))
    if before is now is None:
        return None
    village = table.words(row, IndicatorColumn.VILLAGE, _LONGEST, needed=True)
    try:
        code = plan.village_named(village).code
    except KeyError:
        raise Wrong(IndicatorColumn.VILLAGE, f"方案里没有「{village[:20]}」这个村") from None
    if code not in villages:
        raise Wrong(IndicatorColumn.VILLAGE, "不由您填，请由镇里导入")
    said = table.words(row, IndicatorColumn.INDICATOR, _LONGEST, needed=True)
    found = next((one for one in mine if said in (one.title, one.code)), None)
    if found is None:
        told = f"没有「{said[:20]}」这个指标，或不由您填。可以填：{mine[0].title}"
        raise Wrong(IndicatorColumn.INDICATOR, told)
    why = table.words(row, IndicatorColumn.REASON, _LONGEST_REASON)
    return VillageFigures(code, found.code, Trend(before, now), why)


def _count(table: Table[IndicatorColumn], row: Row, column: IndicatorColumn) -> int | None:
    said = table.words(row, column, _LONGEST)
    if not said:
        return None
    try:
        return read_count(said)
    except Unreadable:
        raise Wrong(column, f"「{said[:20]}」看不懂，请写整数，如：12") from None
