"""A spreadsheet's rows, read as figures of villages that must not fall. Pure. Cells in, figures or reasons out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from handlers.files import tables as sheets
from handlers.files.tables import Row, Wrong, below, is_blank
from handlers.indicators.trends import Trend, read_count
from handlers.reading import Unreadable
from storage.plan import Indicator, Plan

_LONGEST, _LONGEST_REASON = 60, 100


class Column(StrEnum):
    """The columns of our own template."""

    VILLAGE = "村"
    INDICATOR = "指标"
    BEFORE = "去年"
    NOW = "今年"
    REASON = "减少原因"


_ALSO_CALLED: dict[Column, tuple[str, ...]] = {
    Column.VILLAGE: ("行政村", "村名", "所在村"),
    Column.INDICATOR: ("指标名称", "项目"),
    Column.BEFORE: ("上年", "去年数", "上年数", "基数", "去年基数"),
    Column.NOW: ("本年", "今年数", "本年数", "现数"),
    Column.REASON: ("原因", "备注"),
}
_NAMES = {name: column for column, more in _ALSO_CALLED.items() for name in (column.value, *more)}

Header = sheets.Header[Column]


_NOTHING = Trend(None, None)


@dataclass(frozen=True, slots=True)
class Line:
    """One row below the headings: a village's figures of an indicator, or why not; `blank` has no figure."""

    row: int
    village: str = ""
    code: str = ""
    trend: Trend = _NOTHING
    said: str = ""
    column: str = ""
    reason: str = ""
    blank: bool = False


def find_header(rows: Sequence[Row]) -> Header:
    """The heading row among the first ones. Raises Unreadable, naming what is missing."""
    return sheets.find_header(rows, _NAMES, [Column.VILLAGE, Column.INDICATOR, Column.NOW])


def read_lines(
    rows: Sequence[Row], header: Header, plan: Plan, villages: Collection[str], mine: Sequence[Indicator]
) -> list[Line]:
    """Every row below the headings; only figures of `villages` and indicators that are `mine` are taken."""
    return [_line(at, rows[at], header, plan, villages, mine) for at in below(rows, header)]


def _line(at: int, row: Row, header: Header, plan: Plan, villages: Collection[str], mine: Sequence[Indicator]) -> Line:
    try:
        before, now = _count(header, row, Column.BEFORE), _count(header, row, Column.NOW)
        if is_blank(row) or before is now is None:
            return Line(at, blank=True)
        village = header.words(row, Column.VILLAGE, _LONGEST, needed=True)
        try:
            code = plan.village(village).code
        except KeyError:
            raise Wrong(Column.VILLAGE, f"方案里没有「{village[:20]}」这个村") from None
        if code not in villages:
            raise Wrong(Column.VILLAGE, "不由您填，请由镇里导入")
        said = header.words(row, Column.INDICATOR, _LONGEST, needed=True)
        found = next((one for one in mine if said in (one.title, one.code)), None)
        if found is None:
            raise Wrong(Column.INDICATOR, f"没有「{said[:20]}」这个指标，或不由您填。可以填：{mine[0].title}")
        reason = header.words(row, Column.REASON, _LONGEST_REASON)
        return Line(at, code, found.code, Trend(before, now), reason)
    except Wrong as wrong:
        return Line(at, column=wrong.column.value, reason=wrong.reason)


def _count(header: Header, row: Row, column: Column) -> int | None:
    said = header.words(row, column, _LONGEST)
    if not said:
        return None
    try:
        return read_count(said)
    except Unreadable:
        raise Wrong(column, f"「{said[:20]}」看不懂，请写整数，如：12") from None
