"""Reminders of deadlines: never on a holiday, in order, once each, and climbing while nothing is done."""

from __future__ import annotations

import itertools
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.deadlines import TOP_LEVEL, Stage, last_day, next_open, next_overdue, stages
from handlers.calendar.workdays import is_workday, workdays_between
from storage.database.base import SHANGHAI
from storage.plan import Clock, ReminderPolicy

POLICY = ReminderPolicy(before=(7, 3, 1, 0), overdue_every=2, climb_after=2, opens=time(7, 30), closes=time(21, 0))
DAYS = st.dates(date(2021, 1, 1), date(2030, 12, 31))
DISTANCES = st.integers(-40, 60).map(timedelta)
POLICIES = st.builds(
    ReminderPolicy,
    before=st.sets(st.integers(0, 20), max_size=5).map(lambda days: tuple(sorted(days, reverse=True))),
    overdue_every=st.integers(1, 7),
    climb_after=st.integers(1, 7),
    opens=st.just(time(7, 30)),
    closes=st.just(time(21, 0)),
)
MOMENTS = st.datetimes(datetime(2021, 1, 1), datetime(2030, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=SHANGHAI)
)


def overdue_run(deadline: date, policy: ReminderPolicy, count: int) -> list[Stage]:
    """The first `count` overdue stages, each found from the one before it, as the clock does."""
    run = [next_overdue(deadline, policy, deadline)]
    while len(run) < count:
        run.append(next_overdue(deadline, policy, run[-1].day))
    return run


def test_the_end_of_the_rectification_phase() -> None:
    found = stages(date(2022, 10, 31), POLICY, date(2022, 10, 12))
    assert [(stage.name, f"{stage.day:%m-%d}", stage.level) for stage in found] == [
        ("before7", "10-20", 0),
        ("before3", "10-26", 0),
        ("before1", "10-28", 0),
        ("due", "10-31", 0),
        ("overdue1", "11-02", 1),
    ]


def test_a_deadline_on_a_holiday_is_spoken_of_before_it() -> None:
    found = stages(date(2022, 10, 1), POLICY, date(2022, 9, 28))
    assert [(stage.name, f"{stage.day:%m-%d}") for stage in found] == [
        ("before1", "09-29"),
        ("due", "09-30"),
        ("overdue1", "10-09"),
    ]


def test_what_is_past_is_not_named_again() -> None:
    found = stages(date(2022, 10, 31), POLICY, date(2022, 11, 7))
    assert [(stage.name, stage.day) for stage in found] == [("overdue3", date(2022, 11, 8))]


def test_a_stage_opens_with_the_window() -> None:
    stage = stages(date(2022, 10, 31), POLICY, date(2022, 10, 31))[0]
    assert stage.due_at(POLICY) == datetime(2022, 10, 31, 7, 30, tzinfo=SHANGHAI)


def test_overdue_climbs_to_the_town_after_two_working_days_and_then_to_the_county() -> None:
    run = overdue_run(date(2022, 10, 31), POLICY, 4)
    assert [stage.level for stage in run] == [1, 2, 2, 2]


def test_a_slower_climb_tells_those_responsible_first() -> None:
    slow = POLICY.model_copy(update={"climb_after": 5})
    assert [stage.level for stage in overdue_run(date(2022, 10, 31), slow, 6)] == [0, 0, 1, 1, 2, 2]


@given(DAYS, POLICIES, DISTANCES)
def test_stages_fall_on_working_days_in_order_and_once(deadline: date, policy: ReminderPolicy, distance: timedelta) -> None:
    today = deadline - distance
    found = stages(deadline, policy, today)
    days = [stage.day for stage in found]
    assert all(is_workday(day) and day >= today for day in days)
    assert all(earlier < later for earlier, later in itertools.pairwise(days))
    assert len({stage.name for stage in found}) == len(found)


@given(DAYS, POLICIES)
def test_only_overdue_stages_come_after_the_deadline(deadline: date, policy: ReminderPolicy) -> None:
    *ahead, overdue = stages(deadline, policy, deadline - timedelta(days=90))
    assert len(ahead) == len(policy.before)
    assert all(stage.day <= deadline and stage.level == 0 for stage in ahead)
    assert overdue.day > deadline


@given(DAYS, POLICIES)
def test_overdue_goes_on_at_its_pace_and_climbs(deadline: date, policy: ReminderPolicy) -> None:
    run = overdue_run(deadline, policy, 8)
    assert [stage.name for stage in run] == [f"overdue{number}" for number in range(1, 9)]
    for stage in run:
        late = workdays_between(deadline, stage.day)
        assert is_workday(stage.day)
        assert late % policy.overdue_every == 0
        assert (stage.level >= 1) is (late >= policy.climb_after)
        assert (stage.level == TOP_LEVEL) is (late >= TOP_LEVEL * policy.climb_after)


@given(DAYS, POLICIES, DISTANCES)
def test_the_next_overdue_stage_skips_none(deadline: date, policy: ReminderPolicy, distance: timedelta) -> None:
    after = deadline + distance
    expected = next(stage for stage in overdue_run(deadline, policy, 60) if stage.day > after)
    assert next_overdue(deadline, policy, after) == expected


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2022-10-12T06:00", "2022-10-12T07:30"),  # too early
        ("2022-10-12T09:15", "2022-10-12T09:15"),  # now is fine
        ("2022-10-12T21:00", "2022-10-13T07:30"),  # just closed
        ("2022-09-30T22:00", "2022-10-08T07:30"),  # over the holiday week to a worked Saturday
        ("2022-10-16T10:00", "2022-10-17T07:30"),  # a Sunday
    ],
)
def test_people_are_called_in_the_window_only(now: str, opens: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=SHANGHAI)
    assert next_open(moment, POLICY) == datetime.fromisoformat(opens).replace(tzinfo=SHANGHAI)


@given(MOMENTS)
def test_the_next_opening_is_inside_the_window_and_is_its_own(now: datetime) -> None:
    opening = next_open(now, POLICY)
    assert opening >= now
    assert is_workday(opening.date())
    assert POLICY.opens <= opening.time() < POLICY.closes
    assert next_open(opening, POLICY) == opening


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next_open(datetime(2022, 10, 12, 9, 0), POLICY)  # noqa: DTZ001


def test_clocks_count_working_or_calendar_days() -> None:
    assert last_day(date(2022, 9, 30), Clock(days=2, working=True)) == date(2022, 10, 9)
    assert last_day(date(2022, 9, 30), Clock(days=5, working=False)) == date(2022, 10, 5)
