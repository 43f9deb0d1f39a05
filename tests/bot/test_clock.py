"""The time is the computer's, but for a jump of more than a day, which has to be believed first."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bot.service.clock import BELIEVED_AFTER, GuardedClock, system_clock
from tests.support.computer import DAY, HOUR, MINUTE, YEAR, Computer
from tests.support.town import START

LONG = timedelta(seconds=BELIEVED_AFTER)


def test_it_is_the_computers_time() -> None:
    computer = Computer()
    assert computer.passes(HOUR) == START + HOUR
    assert not computer.clock.waits
    assert computer.clock.doubted is None


@pytest.mark.parametrize("jump", [HOUR, DAY - MINUTE, -HOUR, -DAY + MINUTE])
def test_a_jump_within_a_day_is_followed_at_once(jump: timedelta) -> None:
    computer = Computer()
    computer.shows += jump
    assert computer.passes(MINUTE) == START + jump + MINUTE
    assert computer.clock.doubted is None


@pytest.mark.parametrize("jump", [2 * DAY, YEAR, -2 * DAY, -YEAR])
def test_a_longer_one_is_followed_after_ten_minutes(jump: timedelta) -> None:
    computer = Computer()
    computer.shows += jump
    assert computer.passes(MINUTE) == START + MINUTE
    assert computer.clock.doubted == START + jump + MINUTE
    assert computer.passes(LONG - MINUTE) == START + LONG
    assert computer.passes(MINUTE) == START + jump + LONG + MINUTE
    assert computer.clock.doubted is None


def test_one_tick_a_year_ahead_leaves_no_trace() -> None:
    computer = Computer()
    computer.shows += YEAR
    assert computer.passes(MINUTE) == START + MINUTE
    computer.shows -= YEAR
    assert computer.passes(LONG) == START + MINUTE + LONG
    assert not computer.clock.fell()


def test_each_new_jump_is_doubted_for_ten_minutes() -> None:
    computer = Computer()
    for _ in range(5):
        computer.shows += YEAR
        before = computer.clock()
        assert computer.passes(LONG - MINUTE) == before + LONG - MINUTE


def _say(computer: Computer, *, right: bool) -> bool:
    return computer.clock.told(computer.clock.doubted or computer.clock(), right=right)


def test_what_the_office_calls_right_is_followed_at_once() -> None:
    computer = Computer()
    computer.shows += YEAR
    computer.passes(MINUTE)
    assert _say(computer, right=True)
    assert computer.clock() == START + YEAR + MINUTE
    assert not _say(computer, right=True)


def test_what_the_office_calls_wrong_is_followed_when_the_computer_shows_something_else() -> None:
    computer = Computer()
    computer.shows += YEAR
    computer.passes(MINUTE)
    assert _say(computer, right=False)
    assert computer.passes(10 * LONG) == START + MINUTE + 10 * LONG
    computer.shows -= YEAR
    assert computer.passes(MINUTE) == START + 2 * MINUTE + 10 * LONG
    computer.shows += YEAR
    assert computer.clock.doubted == computer.shows
    assert computer.passes(LONG + MINUTE) == START + 3 * MINUTE + 11 * LONG + YEAR


def test_the_office_may_call_it_wrong_after_it_was_followed() -> None:
    computer = Computer()
    computer.shows += YEAR
    computer.clock()
    computer.passes(LONG)
    assert computer.clock() == START + LONG + YEAR
    assert not computer.clock.fell()
    assert _say(computer, right=False)
    assert computer.clock() == START + LONG
    assert computer.clock.fell(), "something may be written in that future"


def test_a_word_about_another_moment_changes_nothing() -> None:
    computer = Computer()
    computer.shows += YEAR
    assert not computer.clock.told(START + 2 * YEAR, right=True)
    assert computer.clock() == START


@pytest.mark.parametrize("off", [MINUTE, HOUR, DAY])
def test_after_a_night_nothing_waits(off: timedelta) -> None:
    computer = Computer()
    computer.clock.begin(START - off)
    assert not computer.clock.waits
    assert computer.clock() == START


def test_after_a_longer_absence_people_are_served_and_jobs_wait_ten_minutes() -> None:
    computer = Computer()
    computer.clock.begin(START - YEAR)
    assert computer.clock() == START
    assert computer.clock.waits
    assert computer.clock.far_off == YEAR
    computer.passes(LONG - MINUTE)
    assert computer.clock.waits
    assert computer.passes(MINUTE) == START + LONG
    assert not computer.clock.waits


def test_after_an_absence_the_office_may_say_that_the_time_is_right() -> None:
    computer = Computer()
    computer.clock.begin(START - YEAR)
    assert _say(computer, right=True)
    assert not computer.clock.waits
    assert computer.clock() == START


def test_after_an_absence_a_wrong_time_goes_on_from_what_is_stored() -> None:
    computer = Computer()
    computer.clock.begin(START - YEAR)
    computer.passes(MINUTE)
    assert _say(computer, right=False)
    assert computer.clock() == START - YEAR + MINUTE
    assert not computer.clock.waits, "reminders go on by that time"
    assert computer.clock.fell()
    assert computer.passes(10 * LONG) == START - YEAR + MINUTE + 10 * LONG


def test_put_right_after_a_start_it_is_compared_with_what_is_stored_again() -> None:
    computer = Computer()
    computer.clock.begin(START - YEAR)
    computer.passes(MINUTE)
    computer.shows -= YEAR - HOUR
    assert computer.clock() == START - YEAR + HOUR + MINUTE
    assert not computer.clock.waits
    assert computer.clock.doubted is None
    assert computer.clock.fell(), "people were served in that future"


def test_a_computer_that_starts_in_the_past_goes_on_from_what_is_stored() -> None:
    """A flat battery: the clock begins anew, and a time server puts it right a little later."""
    computer = Computer()
    computer.clock.begin(START + YEAR)
    assert computer.passes(MINUTE) == START + YEAR + MINUTE
    assert not computer.clock.waits
    computer.shows += YEAR + HOUR
    assert computer.passes(MINUTE) == START + YEAR + HOUR + 2 * MINUTE
    assert computer.clock.doubted is None


@pytest.mark.parametrize(("jump", "fell"), [(-HOUR, True), (-MINUTE, False), (HOUR, False)])
def test_it_says_once_that_it_was_put_back(jump: timedelta, fell: bool) -> None:
    computer = Computer()
    computer.shows += jump
    computer.clock()
    assert computer.clock.fell() is fell
    assert not computer.clock.fell()


def test_it_goes_on_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is started anew during a jump doubts it as the service does."""

    def ahead(real: Callable[[], datetime]) -> Callable[[], datetime]:
        return lambda: real() + YEAR

    clock = GuardedClock()
    before = clock()
    monkeypatch.setattr(clock, "wall", ahead(system_clock))
    assert clock.doubted is not None
    monkeypatch.setattr(clock, "wall", system_clock)
    copy = pickle.loads(pickle.dumps(clock))  # noqa: S301
    copy.wall = ahead(system_clock)
    assert before <= copy() < before + HOUR
