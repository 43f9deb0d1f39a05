"""Days and delays in words: one way for each, and the same count of working days wherever a deadline is named."""

from __future__ import annotations

import re
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.workdays import workdays_between
from handlers.charts.figures import ChartHead, Gantt, Span
from handlers.charts.words import deadline_and_state
from handlers.reminders.work_item import WorkItem
from handlers.wording.days import (
    day_in_words,
    deadline_in_words,
    full_day_in_words,
    moment_in_words,
    span_in_words,
    time_left_in_words,
)
from storage.database.base import SHANGHAI
from storage.problems.states import ProblemState

DAYS = st.dates(date(2022, 1, 1), date(2023, 12, 31))


@pytest.mark.parametrize(
    ("deadline", "today", "words"),
    [
        (date(2022, 10, 21), date(2022, 10, 12), "10月21日，还剩 7 个工作日"),
        (date(2022, 10, 21), date(2022, 10, 21), "今天到期"),
        (date(2022, 10, 13), date(2022, 10, 21), "10月13日，逾期 6 个工作日"),
        (date(2022, 9, 30), date(2022, 10, 8), "9月30日，逾期 1 个工作日"),  # the holiday week does not count
        (date(2022, 10, 14), date(2022, 10, 16), "10月14日，逾期不到 1 个工作日"),  # over a weekend
        (date(2022, 10, 16), date(2022, 10, 14), "10月16日，还剩不到 1 个工作日"),
    ],
)
def test_a_deadline(deadline: date, today: date, words: str) -> None:
    assert deadline_in_words(deadline, today) == words


def test_days_and_moments() -> None:
    first, last = date(2022, 10, 2), date(2022, 11, 15)
    assert (day_in_words(first), full_day_in_words(first)) == ("10月2日", "2022年10月2日")
    assert (span_in_words(first, last), span_in_words(first, first)) == ("10月2日至11月15日", "10月2日")
    assert moment_in_words(datetime(2022, 10, 2, 8, 5, tzinfo=SHANGHAI)) == "10月2日 08:05"


@given(DAYS, DAYS)
def test_words_count_working_days(deadline: date, today: date) -> None:
    words = time_left_in_words(deadline, today)
    count = int((re.findall(r" (\d+) 个工作日", words) or ["0"])[0])
    assert count == workdays_between(min(deadline, today), max(deadline, today))
    assert words.startswith("今天" if deadline == today else "还剩" if deadline > today else "逾期")


@given(DAYS, DAYS)
def test_a_reminder_and_a_chart_say_the_same(deadline: date, today: date) -> None:
    words = deadline_in_words(deadline, today)
    item = WorkItem((("17号问题", ()),), deadline, "/problem 8z", "查看", (1,), "220881100201")
    now = datetime.combine(today, time(9), SHANGHAI)
    working = Span(ProblemState.WORKING, now, now)
    figures = Gantt(ChartHead("17号", "", now), "白塔村", deadline, [], [working], [])
    assert item.line(1, today).endswith(f"：{words}")
    assert f"期限 {words}，现在" in deadline_and_state(figures)


@given(DAYS, DAYS)
def test_a_day_of_the_campaign_is_never_late(deadline: date, today: date) -> None:
    day = WorkItem((("「排查整改」阶段结束", ()),), deadline, "/done", "知道了", (1,), "220881100", can_be_late=False)
    line = day.line(1, today)
    assert ("逾期" in line, "⚠" in line) == (False, False)
