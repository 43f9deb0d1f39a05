"""A ledger opened as an office would: does it look right, can it be filtered and printed, is a number still a number?"""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.files.columns import Kind, LedgerColumn, hides_something, masked
from handlers.files.workbooks import NOTES, write_ledger

COLUMNS = (
    LedgerColumn("姓名"),
    LedgerColumn("身份证号", Kind.ID),
    LedgerColumn("电话", Kind.PHONE),
    LedgerColumn("情况", Kind.WORDS),
    LedgerColumn("日期", Kind.DAY),
    LedgerColumn("进度", Kind.PERCENT),
    LedgerColumn("编号", Kind.NUMBER),
)
ROW = ("张三", "220881197001011001", "13800001001", "厨房漏雨", date(2022, 10, 12), 60, 17)


def written(*rows: tuple[Any, ...]) -> openpyxl.Workbook:
    notes = [("导出人", "周镇"), ("行数", "2")]
    return openpyxl.load_workbook(io.BytesIO(write_ledger("台账", "白塔村台账", columns=COLUMNS, rows=rows, notes=notes)))


def test_title_headings_and_rows_are_where_an_office_looks() -> None:
    sheet = written(ROW)["台账"]
    assert sheet["A1"].value == "白塔村台账"
    assert [str(one) for one in sheet.merged_cells.ranges] == ["A1:H1"]
    assert [cell.value for cell in sheet[2]] == ["序号", "姓名", "身份证号", "电话", "情况", "日期", "进度", "编号"]
    assert [cell.value for cell in sheet[3]][:5] == [1, "张三", "220881197001011001", "13800001001", "厨房漏雨"]


def test_headings_stay_in_sight_and_can_be_filtered() -> None:
    sheet = written(ROW, ROW)["台账"]
    assert sheet.freeze_panes == "A3"
    assert sheet.auto_filter.ref == "A2:H4"


def test_it_prints_on_a4_across_with_the_headings_on_every_page() -> None:
    sheet = written(ROW)["台账"]
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (int(sheet.page_setup.fitToWidth), int(sheet.page_setup.fitToHeight)) == (1, 0)
    assert sheet.print_title_rows == "$1:$2"
    assert "&P" in sheet.oddFooter.center.text


def test_numbers_that_name_somebody_are_text_and_days_are_days() -> None:
    sheet = written(ROW)["台账"]
    for place in ("C3", "D3"):
        assert (sheet[place].data_type, sheet[place].number_format) == ("s", "@")
    assert sheet["F3"].value == datetime(2022, 10, 12)  # noqa: DTZ001  as Excel keeps a day
    assert sheet["F3"].number_format == "yyyy-mm-dd"
    assert (sheet["G3"].value, sheet["G3"].number_format) == (60, '0"%"')
    assert (sheet["H3"].data_type, sheet["H3"].value) == ("n", 17)


@pytest.mark.parametrize("evil", ["=HYPERLINK(A1)", "=1+1", "#N/A", "+86", "-1", "@SUM(A1)"])
def test_what_looks_like_a_formula_is_text(evil: str) -> None:
    cell = written((evil, *ROW[1:]))["台账"]["B3"]
    assert (cell.value, cell.data_type) == (evil, "s")


def test_columns_are_as_wide_as_what_is_in_them_but_no_page_wide() -> None:
    long = "墙" * 400
    sheet = written(ROW, (ROW[0], ROW[1], ROW[2], long, *ROW[4:]))["台账"]
    width = {letter: sheet.column_dimensions[letter].width for letter in "ABCDE"}
    assert width["C"] >= 18
    assert width["A"] < width["C"] < width["E"] < 50
    assert sheet["E4"].alignment.wrap_text


def test_an_empty_ledger_is_still_a_ledger() -> None:
    sheet = written()["台账"]
    assert sheet.auto_filter.ref == "A2:H2"
    assert sheet.max_row == 2


def test_the_notes_say_who_exported_what() -> None:
    assert list(written(ROW)[NOTES].iter_rows(values_only=True)) == [("导出人", "周镇"), ("行数", "2")]


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_any_text_can_be_written(text: str) -> None:
    assert written((text, *ROW[1:]))["台账"].max_row == 3


def test_masking_hides_numbers_also_within_words() -> None:
    row = masked(COLUMNS, (*ROW[:3], "电话13800001001，已通知", *ROW[4:]))
    assert row[1:4] == ("2208**********1001", "138****1001", "电话138****1001，已通知")
    assert (row[0], row[4:]) == (ROW[0], ROW[4:])


def test_only_some_columns_hide_something() -> None:
    assert hides_something(COLUMNS)
    assert not hides_something([LedgerColumn("村"), LedgerColumn("日期", Kind.DAY)])
