"""Working days: holidays free, exchanged weekends worked, and weekdays alone where no calendar is published."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.workdays import add_workdays, calendar_known, is_workday, workday_from, workday_until, workdays_between

DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))
COUNTS = st.integers(-60, 60)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2022, 9, 30), True),
        (date(2022, 10, 1), False),  # National Day
        (date(2022, 10, 7), False),  # Friday of the holiday week
        (date(2022, 10, 8), True),  # Saturday worked in exchange
        (date(2022, 10, 9), True),  # Sunday worked in exchange
        (date(2022, 10, 15), False),
        (date(2022, 10, 17), True),
    ],
)
def test_holidays_and_exchanged_weekends(day: date, worked: bool) -> None:
    assert is_workday(day) is worked


def test_counting_leaps_over_the_holiday_week() -> None:
    assert add_workdays(date(2022, 9, 30), 1) == date(2022, 10, 8)
    assert add_workdays(date(2022, 10, 8), -1) == date(2022, 9, 30)
    assert workdays_between(date(2022, 9, 30), date(2022, 10, 11)) == 4


def test_zero_days_stay_where_they_are() -> None:
    assert add_workdays(date(2022, 10, 1), 0) == date(2022, 10, 1)


@pytest.mark.parametrize("year", [1999, 2099])
def test_unpublished_years_go_by_the_weekday_and_say_so(year: int) -> None:
    week = [date(year, 6, 1) + timedelta(days=offset) for offset in range(7)]
    assert not any(calendar_known(day) for day in week)
    assert [is_workday(day) for day in week] == [day.weekday() < 5 for day in week]


def test_published_years_are_known() -> None:
    assert calendar_known(date(2022, 10, 1))


@given(DAYS, COUNTS)
def test_counting_back_undoes_counting_forward(day: date, count: int) -> None:
    start = workday_from(day)
    assert add_workdays(add_workdays(start, count), -count) == start


@given(DAYS, COUNTS)
def test_between_measures_what_add_went(day: date, count: int) -> None:
    assert workdays_between(day, add_workdays(day, count)) == count


@given(DAYS, COUNTS.filter(bool))
def test_counting_ends_on_a_working_day(day: date, count: int) -> None:
    end = add_workdays(day, count)
    assert is_workday(end)
    assert (end > day) is (count > 0)


@given(DAYS, DAYS)
def test_between_is_the_same_backwards_on_working_days(one: date, other: date) -> None:
    start, end = workday_from(one), workday_from(other)
    assert workdays_between(start, end) == -workdays_between(end, start)


@given(DAYS)
def test_the_nearest_working_days_enclose_a_day(day: date) -> None:
    before, after = workday_until(day), workday_from(day)
    assert before <= day <= after
    assert is_workday(before)
    assert is_workday(after)
    assert (before == after) is is_workday(day)
