"""What is asked about one's own village: from today's roster, of one's own households alone."""

from __future__ import annotations

import re
from datetime import date

import pytest
from fsrs import Rating

from handlers.quiz.repetition import answered, choose_of_village, digest_of
from handlers.quiz.village_questions import AskedHome, about_entrusted, about_home, about_village
from storage.plan import NumberQuestion, SeveralQuestion, SingleQuestion
from storage.problems.records import NewProblem
from storage.roster import Household
from storage.store import Store
from tests.support.cases import TO_SUPPORT, case_after, helped
from tests.support.plan import BAITA
from tests.support.town import START, Town

PEOPLE = ["李村", "赵村", "孙村", "王建", "冯水"]
HELPS = ["修缮房屋", "申请低保", "安排公益岗位", "办理慢病签约", "发放助学金"]
HOMES = [
    Household(
        id=number, number=number, village=BAITA, group_name="一屯", head=f"户{number}",
        kind="脱贫户" if number % 2 else "边缘易致贫户", able_to_work=number % 3 > 0,
    )
    for number in range(1, 101)
]  # fmt: skip


def test_counts_are_of_today_and_nothing_is_asked_of_which_there_is_none() -> None:
    asked = {one.id: one for one in about_village(BAITA, "白塔村", HOMES, 0) if isinstance(one, NumberQuestion)}
    assert {key: (one.answer, one.tolerance) for key, one in asked.items()} == {
        f"village-all-{BAITA}": (100, 2),
        f"village-poor-{BAITA}": (50, 0),
        f"village-watched-{BAITA}": (50, 0),
        f"village-unable-{BAITA}": (33, 0),
    }
    assert [one.text for one in about_village(BAITA, "白塔村", [], 7)] == ["白塔村还有多少个问题没有销号？"]


def test_the_helper_is_among_real_colleagues_and_measures_among_usual_ones() -> None:
    home = AskedHome(household=HOMES[0], helper="赵村", measures=("翻修屋顶", "临时救助"))
    helper, kind, measures = about_home(home, PEOPLE, HELPS)
    assert isinstance(helper, SingleQuestion)
    assert helper.answer == "赵村"
    assert set(helper.options) < {*PEOPLE}
    assert isinstance(kind, SingleQuestion)
    assert kind.answer == "脱贫户"
    assert isinstance(measures, SeveralQuestion)
    assert measures.answers == ("翻修屋顶", "临时救助")
    assert len(measures.options) == 4


@pytest.mark.parametrize(
    ("home", "people", "helps", "forms"),
    [
        (AskedHome(household=HOMES[0]), PEOPLE, HELPS, ["single"]),
        (AskedHome(household=HOMES[0], helper="赵村"), PEOPLE[:1], HELPS, ["single"]),
        (AskedHome(household=HOMES[0], measures=("翻修屋顶",)), PEOPLE, HELPS, ["single", "single"]),
        (AskedHome(household=HOMES[0], measures=("甲", "乙")), PEOPLE, [], ["single"]),
        (AskedHome(household=HOMES[0], measures=("甲", "乙", "丙", "丁", "戊")), PEOPLE, HELPS, ["single", "several"]),
    ],
)
def test_nothing_is_asked_that_gives_no_choice(home: AskedHome, people: list[str], helps: list[str], forms: list[str]) -> None:
    assert [one.form for one in about_home(home, people, helps)] == forms


def test_a_changed_answer_comes_back_and_new_colleagues_change_nothing() -> None:
    before, kind = about_home(AskedHome(household=HOMES[0], helper="赵村"), PEOPLE, HELPS)
    cards = {one.id: answered(None, one, rating=Rating.Good, now=START) for one in (before, kind)}
    today = START.date()
    mixed, _ = about_home(AskedHome(household=HOMES[0], helper="赵村"), ["新来的", "另一位", *PEOPLE], HELPS)
    assert digest_of(mixed) == digest_of(before)
    assert choose_of_village([mixed, kind], cards, today, 2, 1, "") == []
    changed, _ = about_home(AskedHome(household=HOMES[0], helper="李村"), PEOPLE, HELPS)
    assert choose_of_village([changed, kind], cards, today, 2, 1, "") == [changed]


def test_due_ones_come_alone_and_else_so_many_new_ones() -> None:
    asked = about_village(BAITA, "白塔村", HOMES, 5)
    cards = {one.id: answered(None, one, rating=Rating.Again, now=START) for one in asked[:3]}
    assert len(choose_of_village(asked, cards, date(2022, 11, 30), 2, 1, "")) == 2
    assert len(choose_of_village(asked, {}, START.date(), 2, 1, "")) == 1
    assert len(choose_of_village(asked, {}, START.date(), 2, 2, "")) == 2
    assert choose_of_village(asked, {}, START.date(), 0, 1, "") == []


def test_a_helper_knows_how_many_and_of_what_type() -> None:
    count, kind = about_entrusted(12, HOMES[:1])
    assert isinstance(count, NumberQuestion)
    assert count.answer == 12
    assert "户1家（户号 1）" in kind.text
    assert about_entrusted(0, []) == []


async def _asked(town: Town, name: str, exams: int) -> str:
    """What is asked about the village in so many exams."""
    found: list[str] = []
    for _ in range(exams):
        *_, message = await town.say(name, "/exam mine")
        while re.search(r"\d/\d+ ", message) and not message.startswith("答了"):
            found.append(message)
            *_, message = await town.say(name, "跳过")
    return "\n".join(found)


@pytest.mark.sqlite_only
async def test_measures_helpers_and_open_problems_come_from_the_ledgers(town: Town) -> None:
    await helped(town, await case_after(town, TO_SUPPORT, ("housing", "medical"), number=1005))
    async with town.transaction() as tx, tx.session("test", "more") as session:
        store = Store(session)
        await store.households.entrust((await town.household(1005)).id, town.people["赵村"])
        new = NewProblem(source="ten_tasks", item="2.4", region=BAITA, description="漏雨", deadline=date(2022, 11, 1))
        await store.problems.add(new, store.problems.fingerprint("one"))
    town.now = town.now.replace(hour=10)
    text = await _asked(town, "李村", 5)
    assert "刘伟家（户号 1005）的帮扶责任人是谁？" in text
    assert "刘伟家（户号 1005）定了哪几项帮扶措施？" in text
    assert "办好housing" in text
    assert "白塔村还有多少个问题没有销号？" in text
    assert "刘伟家" not in await _asked(town, "孙村", 2)
