"""The quiz over days: what is due, what is kept, what the town sees of it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from fsrs import Rating
from hypothesis import given
from hypothesis import strategies as st

from handlers.engine.words import NOT_YOURS
from handlers.quiz.repetition import answered, area_of, choose, choose_extra, digest_of, remember, shuffled
from storage.database.base import SHANGHAI
from storage.plan import Plan, Question, RecitalQuestion, SeveralQuestion
from storage.quiz import Card, quiz_reviews
from storage.store import Store
from tests.support.plan import BAITA, PLAN
from tests.support.quiz import answer, asked_in
from tests.support.town import START, Town

DAY = timedelta(days=1)
TODAY = START.date()


def cards_of(*held: tuple[Question, Rating, datetime]) -> dict[str, Card]:
    return {question.id: answered(None, question, rating=rating, now=at) for question, rating, at in held}


def changed(plan: Plan, question: str, **changes: object) -> Plan:
    """The plan with one question worded anew."""
    written = tuple(
        one.model_copy(update=changes) if one.id == question else one for one in plan.written
    )  # fmt: skip
    return Plan.model_construct(**{name: getattr(plan, name) for name in Plan.model_fields} | {"written": written})


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
    chosen = choose(PLAN, cards, today=TODAY, count=5, own=(), seed="seed")
    assert chosen[:2] == [second, first]
    assert not {one.id for one in chosen[2:]} & cards.keys()
    assert len(chosen) == 5


@given(st.text(max_size=8))
def test_new_ones_are_of_different_areas_and_all_forms(seed: str) -> None:
    chosen = choose(PLAN, {}, today=TODAY, count=5, own=(), seed=seed)
    assert len({area_of(PLAN, question) for question in chosen}) == 5
    assert len({question.form for question in chosen}) == 5


def test_what_one_answers_for_comes_first() -> None:
    chosen = choose(PLAN, {}, today=TODAY, count=5, own={"2.5"}, seed="seed")
    assert [question.clause for question in chosen].count("2.5") == 1
    assert chosen[0].clause == "2.5"


def test_a_changed_question_is_due_and_learned_anew() -> None:
    question = PLAN.question("n-sample")
    known = cards_of((question, Rating.Good, START))
    assert question not in choose(PLAN, known, today=TODAY, count=200, own=(), seed="")
    plan = changed(PLAN, "n-sample", answer=40.0)
    (due,) = choose(plan, known, today=TODAY, count=1, own=(), seed="")
    assert due == plan.question("n-sample")
    assert answered(known["n-sample"], due, rating=Rating.Good, now=START).memory == remember(None, Rating.Good, START)
    assert due not in choose(
        changed(PLAN, "n-sample", explanation="更清楚的说明。"), known, today=TODAY, count=200, own=(), seed=""
    )


def test_one_wording_more_brings_no_recital_back() -> None:
    question = PLAN.question("r-procedure")
    assert isinstance(question, RecitalQuestion)
    first, *others = question.points
    heard_also = question.model_copy(update={"points": (first.model_copy(update={"accept": (*first.accept, "村报")}), *others)})
    asks_else = question.model_copy(update={"points": (first, *others[1:])})
    assert digest_of(heard_also) == digest_of(question) != digest_of(asks_else)


def test_there_is_always_something_to_practise() -> None:
    cards = cards_of(*((question, Rating.Good, START) for question in PLAN.questions))
    assert choose(PLAN, cards, today=TODAY, count=5, own=(), seed="") == []
    assert len(choose_extra(PLAN, cards, today=TODAY, count=5, own=(), seed="")) == 5


@given(st.lists(st.integers(), max_size=6), st.text(max_size=5))
def test_the_order_of_options_stays(things: list[int], seed: str) -> None:
    assert shuffled(things, seed) == shuffled(list(things), seed)
    assert sorted(shuffled(things, seed)) == sorted(things)


async def test_the_five_of_a_morning_take_five_messages(town: Town) -> None:
    """After the one that starts it, which is a button of the morning message; nobody presses what is offered besides."""
    (message, *_) = await town.say("赵村", "/quiz")
    said = 0
    while re.search(r"\d/5 ", message):
        question = asked_in(message)
        wrong = isinstance(question, RecitalQuestion)
        *_, message = await (town.say("赵村", "记不全了") if wrong else answer(town, "赵村", message))
        said += 1
    assert said == 5
    assert await kept(town, "赵村") == 5
    assert "5 题做完" in message


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
    assert wrong is not None
    *_, message = await town.say("赵村", "跳过")
    for _ in range(4):
        *_, message = await answer(town, "赵村", message)
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
    done = f"选好了（{len(question.answers)}项）"
    assert done in message
    edited, verdict = await town.press("赵村", done)
    assert "您选了" in edited
    assert verdict.startswith("答对了")


async def test_a_question_that_changes_while_it_waits_is_left_out(town: Town) -> None:
    (message,) = await town.say("赵村", "/quiz")
    gone = asked_in(message)
    assert gone is not None
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
                    card = answered(None, question, rating=rating, now=town.now)
                    await Store(session).quiz.learn(town.people[name], card, clause=clause, rating=rating, daily=True)


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
    assert "5 次里错 4 次（80%）" in message
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


async def taken(town: Town, name: str) -> dict[str, Card]:
    async with town.transaction() as tx, tx.session("test", "cards") as session:
        return await Store(session).quiz.cards(town.people[name])


@pytest.mark.sqlite_only
async def test_what_was_missed_can_be_said_again_and_the_first_try_counts(town: Town) -> None:
    await town.say("冯水", "/recite r-procedure")
    first = await town.say("冯水", "村提名单，镇复核")
    assert "还不全，4 点说到 2 点。还缺：县级确定、系统管理" in first[0]
    assert "见(三)3 监测程序" in first[0]
    before, answers = (await taken(town, "冯水"))["r-procedure"], await kept(town, "冯水")
    (again,) = await town.press("冯水", "再说一遍")
    assert again.startswith("纳入监测要走哪四步？")
    (better,) = await town.say("冯水", "村里提名，镇上再复核，县里开会定，进系统")
    assert "4 点都说全了" in better
    assert "再说一遍" not in better
    assert (await taken(town, "冯水"))["r-procedure"] == before
    assert await kept(town, "冯水") == answers
    town.now += DAY
    await town.say("冯水", "/recite r-procedure")
    await town.say("冯水", "村提名单，镇复核，县确定，系统管理")
    assert (await taken(town, "冯水"))["r-procedure"].memory.stability > before.memory.stability


@pytest.mark.sqlite_only
async def test_a_missed_recital_of_the_morning_offers_another_try_and_the_morning_goes_on(town: Town) -> None:
    (message,) = await town.say("冯水", "/quiz")
    while not isinstance(asked_in(message), RecitalQuestion):
        *_, message = await answer(town, "冯水", message)
    await town.say("冯水", "记不清了")
    (again,) = await town.press("冯水", "再说一遍")
    assert asked_in(again) == asked_in(message)
    heard = await answer(town, "冯水", again)
    assert "说全了" in heard[0]
    assert any("接着刚才的「一口清」" in line for line in heard)
    assert heard[-1].startswith("2/5")


@pytest.mark.sqlite_only
async def test_any_recital_can_be_chosen_and_nothing_else(town: Town) -> None:
    (first,) = await town.say("冯水", "背一条")
    assert first.count("[") == 9
    (second,) = await town.press("冯水", "下一页（1/3）")
    assert second != first
    assert "上一页" in second
    for other in ("n-sample", "r-none-such", "zz"):
        assert await town.say("冯水", f"/recite {other}") == [NOT_YOURS]


@pytest.mark.sqlite_only
async def test_a_village_is_asked_what_its_roster_says_today(town: Town) -> None:
    texts: set[str] = set()
    for _ in range(8):
        (message, *_) = await town.say("赵村", "/quiz")
        for _ in range(5):
            if re.search(r"\d/\d ", message) and asked_in(message) is None:
                texts.add(message.split(" ", 1)[1].split(" /")[0].split(" [")[0])
            if not re.search(r"\d/\d ", message):
                break
            *_, message = await answer(town, "赵村", message)
        town.now += 3 * DAY
    assert any("多少户" in text for text in texts)
    assert any("是哪一类户" in text for text in texts)
    assert not any(name in text for text in texts for name in ("马六", "2001", "2002"))
    cards = await taken(town, "赵村")
    assert {key for key in cards if key.startswith("village-")} <= {
        f"village-{key}" for key in (
            f"all-{BAITA}", f"poor-{BAITA}", f"watched-{BAITA}", "kind-1001",
            "kind-1002", "kind-1003", "kind-1004", "kind-1005",
        )
    }  # fmt: skip


@pytest.mark.sqlite_only
async def test_a_wrong_answer_about_the_village_points_to_the_roster(town: Town) -> None:
    (message, *_) = await town.say("赵村", "/quiz")
    while asked_in(message) is not None:
        *_, message = await answer(town, "赵村", message)
    (told,) = await town.say("赵村", "跳过")
    assert "以名册为准。" in told
    assert "见本村情况" not in told


@pytest.mark.sqlite_only
async def test_who_has_no_village_is_asked_about_none(town: Town) -> None:
    for _ in range(3):
        (message, *_) = await town.say("周镇", "/quiz")
        while re.search(r"\d/\d ", message):
            assert asked_in(message) is not None
            *_, message = await answer(town, "周镇", message)
        town.now += DAY
    assert not any(key.startswith("village-") for key in await taken(town, "周镇"))
