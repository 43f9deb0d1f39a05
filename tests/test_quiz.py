"""The quiz over days: what is due, what is kept, what the town sees of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from fsrs import Rating
from hypothesis import given
from hypothesis import strategies as st

from handlers.engine.desk import NOT_YOURS
from handlers.rules.repetition import answered, area_of, choose, choose_extra, remember, shuffled
from storage.base import SHANGHAI
from storage.plan import (
    NumberQuestion,
    Plan,
    Question,
    RecitalQuestion,
    SeveralQuestion,
    SingleQuestion,
    TrueFalseQuestion,
    builtin_plans,
    load_plan,
)
from storage.quiz import Card, quiz_reviews
from storage.store import Store
from tests.town import START, Town

PLAN = load_plan(builtin_plans()["wafang-2022"])
DAY = timedelta(days=1)
TODAY = START.date()


def cards_of(*held: tuple[Question, Rating, datetime]) -> dict[str, Card]:
    return {question.id: answered(None, question, rating, at) for question, rating, at in held}


def changed(plan: Plan, question: str, **changes: object) -> Plan:
    """The plan with one question worded anew."""
    written = tuple(
        one.model_copy(update=changes) if one.id == question else one for one in plan.written
    )  # fmt: skip
    return Plan.model_construct(**{name: getattr(plan, name) for name in Plan.model_fields} | {"written": written})


def asked_in(message: str) -> Question:
    """The question a message puts."""
    return next(question for question in PLAN.questions if question.text in message)


def right(question: Question) -> str:
    """What somebody who knows it says."""
    match question:
        case SingleQuestion():
            return question.answer
        case SeveralQuestion():
            return "、".join(question.answers)
        case TrueFalseQuestion():
            return "对" if question.answer else "错"
        case NumberQuestion():
            return f"{question.answer:g}"
        case RecitalQuestion():
            return "、".join(point.text for point in question.points)


async def answer(town: Town, name: str, message: str) -> list[str]:
    """Answer the question of a message rightly."""
    return await town.say(name, right(asked_in(message)))


async def kept(town: Town, name: str) -> int:
    async with town.database.read() as conn:
        query = sa.select(sa.func.count()).where(quiz_reviews.c.person_id == town.people[name])
        return (await conn.execute(query)).scalar_one()


def test_right_answers_come_back_later_and_later_and_a_wrong_one_tomorrow() -> None:
    now, memory, waits = START, None, []
    for _ in range(5):
        memory = remember(memory, Rating.Good, now)
        waits.append((memory.due_on - now.date()).days)
        now = datetime.combine(memory.due_on, START.time(), SHANGHAI)
    assert waits == sorted(waits)
    assert waits[-1] > 30
    assert remember(memory, Rating.Again, now).due_on - now.date() < timedelta(waits[-1] / 3)
    assert remember(None, Rating.Again, START).due_on == TODAY + DAY


@given(
    st.lists(st.sampled_from([Rating.Again, Rating.Hard, Rating.Good]), min_size=1, max_size=12),
    st.integers(0, 23), st.integers(0, 60),
)  # fmt: skip
def test_nothing_is_due_on_the_day_it_was_answered(ratings: list[Rating], hour: int, late: int) -> None:
    now, memory = START.replace(hour=hour), None
    for rating in ratings:
        memory = remember(memory, rating, now)
        assert memory.due_on > now.date()
        now = datetime.combine(memory.due_on + late * DAY, now.timetz())


def test_the_longest_overdue_come_first_and_then_new_ones() -> None:
    first, second, third = PLAN.questions[10:13]
    cards = cards_of(
        (first, Rating.Again, START - 2 * DAY), (second, Rating.Again, START - 9 * DAY), (third, Rating.Good, START)
    )
    chosen = choose(PLAN, cards, TODAY, 5, (), "seed")
    assert chosen[:2] == [second, first]
    assert not {one.id for one in chosen[2:]} & cards.keys()
    assert len(chosen) == 5


@given(st.text(max_size=8))
def test_new_ones_are_of_different_areas_and_all_forms(seed: str) -> None:
    chosen = choose(PLAN, {}, TODAY, 5, (), seed)
    assert len({area_of(PLAN, question) for question in chosen}) == 5
    assert len({question.form for question in chosen}) == 5


def test_what_one_answers_for_comes_first() -> None:
    chosen = choose(PLAN, {}, TODAY, 5, {"2.5"}, "seed")
    assert [question.clause for question in chosen].count("2.5") == 1
    assert chosen[0].clause == "2.5"


def test_a_changed_question_is_due_and_learned_anew() -> None:
    question = PLAN.question("n-sample")
    known = cards_of((question, Rating.Good, START))
    assert question not in choose(PLAN, known, TODAY, 200, (), "")
    plan = changed(PLAN, "n-sample", answer=40.0)
    (due,) = choose(plan, known, TODAY, 1, (), "")
    assert due == plan.question("n-sample")
    assert answered(known["n-sample"], due, Rating.Good, START).memory == remember(None, Rating.Good, START)
    assert due not in choose(changed(PLAN, "n-sample", explanation="更清楚的说明。"), known, TODAY, 200, (), "")


def test_there_is_always_something_to_practise() -> None:
    cards = cards_of(*((question, Rating.Good, START) for question in PLAN.questions))
    assert choose(PLAN, cards, TODAY, 5, (), "") == []
    assert len(choose_extra(PLAN, cards, TODAY, 5, (), "")) == 5


@given(st.lists(st.integers(), max_size=6), st.text(max_size=5))
def test_the_order_of_options_stays(things: list[int], seed: str) -> None:
    assert shuffled(things, seed) == shuffled(list(things), seed)
    assert sorted(shuffled(things, seed)) == sorted(things)


async def test_answers_are_kept_one_by_one_and_cannot_be_taken_back(town: Town) -> None:
    (message,) = await town.say("赵村", "/quiz")
    for number in (1, 2):
        (message,) = await answer(town, "赵村", message)
        assert await kept(town, "赵村") == number
    await town.restart()
    (refused,) = await town.say("赵村", "上一步")
    assert "已经是第一步了" in refused
    for _ in range(3):
        (message,) = await answer(town, "赵村", message)
    assert "全对" in message
    assert await kept(town, "赵村") == 5


async def test_an_abandoned_sitting_goes_on_where_it_stopped(town: Town) -> None:
    (message,) = await town.say("赵村", "/quiz")
    (message,) = await answer(town, "赵村", message)
    await town.say("赵村", "取消")
    (again,) = await town.say("赵村", "/quiz")
    assert asked_in(again) == asked_in(message)
    assert again.startswith("1/4")


async def test_a_wrong_answer_comes_back_first_on_the_next_morning(town: Town) -> None:
    (message,) = await town.say("赵村", "/quiz")
    wrong = asked_in(message)
    (message,) = await town.say("赵村", "跳过")
    for _ in range(4):
        (message,) = await answer(town, "赵村", message)
    assert "对 4 题" in message
    assert PLAN.clause_label(wrong.clause) in message
    town.now += DAY
    (message,) = await town.say("赵村", "/quiz")
    assert asked_in(message) == wrong


async def test_extra_practice_leaves_the_day_as_it_was(town: Town) -> None:
    (message,) = await town.say("赵村", "/quiz more")
    for _ in range(5):
        (message,) = await answer(town, "赵村", message)
    assert "又练了 5 题" in message
    (message,) = await town.say("赵村", "/quiz")
    assert message.startswith("1/5")


async def test_several_are_ticked_and_the_order_stays(town: Town) -> None:
    (message,) = await town.say("赵村", "/quiz")
    while not isinstance(question := asked_in(message), SeveralQuestion):
        (message,) = await answer(town, "赵村", message)
    for option in question.answers:
        (message,) = await town.press("赵村", option.removeprefix("☑ "))
    done = f"选好了({len(question.answers)}项)"
    assert done in message
    edited, verdict = await town.press("赵村", done)
    assert "您选了" in edited
    assert verdict.startswith("答对了")


async def test_a_question_that_changes_while_it_waits_is_left_out(town: Town) -> None:
    (message,) = await town.say("赵村", "/quiz")
    gone = asked_in(message)
    town.world.plan = changed(PLAN, gone.id, text="这道题改了")
    (message,) = await town.say("赵村", "1")
    assert message.startswith("1/4")
    assert gone.text not in message


async def test_a_household_has_no_quiz(town: Town) -> None:
    await town.join_household("张三", 1001)
    assert await town.say("张三", "/quiz") == [NOT_YOURS]


async def weak(town: Town, wrong: dict[str, list[str]], right: dict[str, list[str]]) -> None:
    """Let people (named per clause) answer wrongly and rightly."""
    for answers, rating in ((wrong, Rating.Again), (right, Rating.Good)):
        for clause, names in answers.items():
            question = next(one for one in PLAN.questions if one.clause == clause)
            for name in names:
                async with town.transaction() as tx, tx.session("test") as session:
                    card = answered(None, question, rating, town.now)
                    await Store(session).quiz.learn(town.people[name], card, clause, rating, daily=True)


async def test_the_town_sees_weak_clauses_and_no_names(town: Town) -> None:
    await weak(
        town,
        {
            "2.5": ["李村", "赵村", "冯水"],
            "2.4": ["李村", "赵村", "孙村", "王建"],
            "2.3": ["李村", "李村", "李村", "李村", "赵村"],
            "2.2": ["李村", "赵村", "孙村"],
        },
        {"2.5": ["李村", "孙村"], "2.4": ["王建"], "2.2": ["陈医"], "3.3": ["李村", "赵村", "孙村", "王建", "陈医"]},
    )
    (message,) = await town.say("周镇", "/weak")
    assert [line.split(" ", 1)[0] for line in message.split(" / ")[1:]] == ["(二)4", "(二)5"]
    assert "5 次里错 4 次(80%)" in message
    assert not any(name in message for name in town.people)
    assert await town.say("李村", "/weak") == [NOT_YOURS]


async def test_old_answers_say_nothing_of_today(town: Town) -> None:
    await weak(town, {"2.5": ["李村", "赵村", "孙村", "李村", "赵村"]}, {})
    town.now += timedelta(days=31)
    (message,) = await town.say("郑市", "/weak")
    assert "没有看出" in message


@pytest.mark.parametrize("day", [date(2022, 10, 8), date(2022, 10, 9)])
async def test_weekends_worked_in_exchange_are_working_days(town: Town, day: date) -> None:
    town.now = datetime.combine(day, START.time(), SHANGHAI)
    (message,) = await town.say("赵村", "/quiz")
    assert message.startswith("1/5")
