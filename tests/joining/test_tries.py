"""How fast a household may be guessed at."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.joining.tries import COUNTED, INVITATION, NAME, VILLAGE, Limit, open_again, wait_in_words, wait_of
from storage.joining.admissions import Tally, WrongTries
from tests.support.town import START

LIMITS = (NAME, INVITATION, VILLAGE)


@pytest.mark.parametrize(
    ("wrong", "minutes"), [(0, 0), (4, 0), (5, 10), (6, 20), (7, 40), (10, 320), (12, 1280), (13, 1440), (5000, 1440)]
)
def test_waits_for_one_name(wrong: int, minutes: int) -> None:
    assert wait_of(NAME, wrong) == timedelta(minutes=minutes)


@given(st.sampled_from(LIMITS), st.integers(0, 10_000))
def test_waits_grow_and_have_an_end(limit: Limit, wrong: int) -> None:
    assert wait_of(limit, wrong) <= wait_of(limit, wrong + 1) <= limit.most <= timedelta(days=1)


@pytest.mark.parametrize(("limit", "years"), [(NAME, 10), (VILLAGE, 2)])
def test_a_guesser_needs_years(limit: Limit, years: int) -> None:
    """Two of ten thousand tails are right. Whoever always tries at the first moment, with any number of phones:"""
    now = START
    tried: list[datetime] = []
    until = START + timedelta(days=365)
    while now < until:
        tried = [one for one in tried if one > now - COUNTED]
        wait = wait_of(limit, len(tried))
        if tried and now < tried[-1] + wait:
            now = tried[-1] + wait
            continue
        tried.append(now)
        now += timedelta(seconds=1)
    a_year = sum(1 for _ in tried) * (365 / COUNTED.days)
    assert a_year * 2 / 10_000 < 1 / years


def test_the_longest_wait_counts() -> None:
    long_ago, now = START - timedelta(hours=1), START
    assert open_again(WrongTries()) is None
    tries = WrongTries(Tally(5, now), Tally(30, now), Tally(40, long_ago))
    assert open_again(tries) == now + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(seconds=5), "1 分钟"),
        (timedelta(minutes=10), "10 分钟"),
        (timedelta(minutes=61), "2 小时"),
        (timedelta(days=1), "24 小时"),
    ],
)
def test_waits_in_words(wait: timedelta, words: str) -> None:
    assert wait_in_words(wait) == words
