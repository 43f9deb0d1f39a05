"""A screening list with the outcome of each row, for whoever handed it in. ID numbers are masked."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.files.ask import result_name
from handlers.files.columns import Kind, LedgerColumn, Value
from handlers.files.workbooks import write_ledger
from handlers.wording.days import full_day_in_words
from storage.cases.steps import Step
from storage.plan import Plan
from storage.screening.records import RowState, ScreeningList
from storage.screening.results import ListLine

_NAME = "筛查结果"
_COLUMNS = (
    LedgerColumn("行号", Kind.NUMBER),
    LedgerColumn("姓名"),
    LedgerColumn("身份证号"),
    LedgerColumn("村"),
    LedgerColumn("结果"),
    LedgerColumn("线索号"),
    LedgerColumn("核查情况"),
    LedgerColumn("原因"),
)


def sheet_name(screening: ScreeningList) -> str:
    """The name of the file that goes back."""
    return result_name(screening.name or _NAME, "筛查结果")


def write_list(plan: Plan, screening: ScreeningList, *, lines: Sequence[ListLine]) -> bytes:
    """As .xlsx. Blocking: call it from a thread."""
    title = f"{screening.name} 筛查结果"
    return write_ledger(_NAME, title, columns=_COLUMNS, rows=[_row(plan, line) for line in lines], notes=_notes(screening))


def _row(plan: Plan, line: ListLine) -> tuple[Value, ...]:
    row = line.row
    return (
        row.row_no,
        row.name,
        row.detail.get("id", ""),
        plan.village(row.village).name if row.village else "",
        row.state.label,
        f"{line.clue}号" if line.clue else "",
        _visit(line),
        row.why,
    )


def _visit(line: ListLine) -> str:
    if line.step is None:
        return ""
    if line.step is Step.VERIFY:
        return "待核查"
    return "属实" if line.found else "不属实"


def _notes(screening: ScreeningList) -> list[tuple[str, str]]:
    return [
        ("名单", screening.name),
        ("交来时间", f"{full_day_in_words(screening.handed_in_at)} {screening.handed_in_at:%H:%M}"),
        ("行号", "原表里的第几行"),
        (RowState.ASK.label, "村里或您逐个认是哪一户，认了才建线索"),
        (RowState.UNKNOWN.label, "不在名册里，请核对姓名、身份证号和村"),
    ]
