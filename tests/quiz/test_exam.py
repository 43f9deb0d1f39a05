"""The oral exam: a set in a row without a word in between, one result, and nobody sees it but oneself."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from handlers.engine.words import NOT_YOURS
from storage.plan import RecitalQuestion
from storage.quiz import quiz_reviews
from tests.support.quiz import answer, asked_in
from tests.support.town import Town

pytestmark = pytest.mark.sqlite_only

_PUT = re.compile(r"(?:^| / )(\d+)/(\d+) ")


async def _reviews(town: Town, name: str) -> list[bool]:
    """Which of somebody's answers counted as the day's."""
    async with town.database.read() as conn:
        query = sa.select(quiz_reviews.c.daily).where(quiz_reviews.c.person_id == town.people[name])
        return list((await conn.execute(query)).scalars())


async def test_a_whole_set_goes_without_comment_and_ends_with_one_result(town: Town) -> None:
    (message,) = await town.say("冯水", "/exam 2")
    assert "最后一起看" in message
    recitals, said = [], 0
    while put := _PUT.search(message):
        assert not re.search("答对了|不对，|说全了|还缺", message)
        recitals.append(isinstance(asked_in(message), RecitalQuestion))
        said += 1
        assert said == int(put[1])
        (message,) = await answer(town, "冯水", message)
    assert said == 10
    assert recitals == sorted(recitals, reverse=True)
    assert recitals[0]
    assert "答了 10 题，全对" in message
    assert await _reviews(town, "冯水") == [False] * 10


async def test_what_was_missed_is_shown_with_its_clause_and_can_be_said_again(town: Town) -> None:
    (message,) = await town.say("冯水", "/exam all")
    while (question := asked_in(message)) and isinstance(question, RecitalQuestion):
        (message,) = await town.say("冯水", question.points[0].text)
    (result,) = await town.say("冯水", "结束")
    assert result.startswith("答了 5 题（共 10 题），全对的 0 题")
    assert result.count("还缺") == 5
    assert all(re.match(r"· (\(.\)\d|时间安排|强化保障)", line) for line in result.split(" / ")[1:])
    assert result.count("[再说一遍") == 3
    (again,) = await town.press("冯水", next(re.finditer(r"\[(再说一遍 [^\]]+)\]", result))[1])
    assert isinstance(asked_in(again), RecitalQuestion)


async def test_it_goes_on_after_a_restart_where_it_stopped(town: Town) -> None:
    (message,) = await town.say("李村", "口试")
    *_, message = await town.press("李村", "我负责的")
    (second,) = await answer(town, "李村", message)
    await town.say("李村", "稍后")
    await town.restart()
    (again,) = await town.press("李村", "继续")
    assert asked_in(again) == asked_in(second)
    assert "2/" in again


async def test_the_own_village_is_asked_last(town: Town) -> None:
    (message,) = await town.say("李村", "/exam mine")
    about = []
    while _PUT.search(message):
        about.append(asked_in(message) is None)
        (message,) = await answer(town, "李村", message)
    assert about == [False] * 8 + [True] * 2


async def test_ending_before_the_first_answer_keeps_nothing(town: Town) -> None:
    await town.say("冯水", "/exam rest")
    *_, result = await town.press("冯水", "结束")
    assert "一题也没答" in result
    assert await _reviews(town, "冯水") == []


async def test_no_other_set_and_nobody_outside_the_office(town: Town) -> None:
    assert await town.say("冯水", "/exam 77") == [NOT_YOURS]
    await town.join_household("张三", 1001)
    assert await town.say("张三", "/exam") == [NOT_YOURS]
