"""How answers of the quiz are graded, above all what is said in one breath."""

from __future__ import annotations

from decimal import Decimal

import pytest
from fsrs import Rating
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.grading import Given, grade, normalised, says
from storage.plan import Plan, Point, RecitalQuestion, builtin_plans, load_plan

PLAN: Plan = load_plan(builtin_plans()["wafang-2022"])
RECITALS = [question for question in PLAN.questions if isinstance(question, RecitalQuestion)]
FILLERS = ("", "嗯", "那个", "然后", "就是", ",", "、", "。\n", " ", "呃，", "还有")
SAMPLE = Point(text="市里抽查不低于 30%", accept=("抽查不低于30%", "抽查30%", "百分之三十", "30%", "三成"))
DAY = Point(text="从10月17日开始", accept=("10月17日",))
PUBLIC = Point(text="公示公开", accept=("公示公开", "公示", "公开"))
STARS = Point(text="五星级党支部创建", accept=("五星级党支部",))


@pytest.mark.parametrize(
    ("question", "answer", "rating"),
    [
        ("s-water-unit", "镇水管所", Rating.Good),
        ("s-water-unit", "镇中学", Rating.Again),
        ("m-governance", ["网格化", "积分制", "议事协商制", "清单制"], Rating.Good),
        ("m-governance", ["网格化", "积分制", "议事协商制"], Rating.Again),
        ("m-governance", ["网格化", "积分制", "议事协商制", "清单制", "罚款制"], Rating.Again),
        ("t-fake", True, Rating.Good),
        ("t-assets", True, Rating.Again),
        ("n-sample", Decimal(30), Rating.Good),
        ("n-sample", Decimal("30.5"), Rating.Again),
        ("n-assess-days", Decimal(14), Rating.Good),
        ("n-assess-days", Decimal(13), Rating.Again),
        ("r-procedure", "村里提名，镇里复核，县里确定，最后录入系统", Rating.Good),
        ("r-procedure", "村提名、镇复核、县确定", Rating.Hard),
        ("r-procedure", "村提名、县确定", Rating.Again),
        ("r-links", "授权，评议", Rating.Again),
        ("r-governance", "一积分制二清单制三网格化四三资管理五议事协商六五星级党支部", Rating.Good),
        ("r-governance", "1.积分制 2.清单制 3.网格化 4.三资管理 5.议事协商 6. 5星级党支部", Rating.Good),
        ("r-supervise", "十月十七到三十一号，村里自查，镇全覆盖，市里抽查不少于三成", Rating.Good),
        ("r-supervise", "10月17-10月31，村自查，镇全覆盖，市抽查20%", Rating.Hard),
        *(
            (question, None, Rating.Again)
            for question in ("s-water-unit", "m-governance", "t-fake", "n-sample", "r-links")
        ),
    ],
)
def test_an_answer_is_rated(question: str, answer: Given, rating: Rating) -> None:
    assert grade(PLAN.question(question), answer).rating is rating


@pytest.mark.parametrize("question", RECITALS, ids=lambda question: question.id)
def test_the_points_as_written_pass(question: RecitalQuestion) -> None:
    assert grade(question, ";".join(point.text for point in question.points)).right


@given(st.data())
def test_order_wording_and_fillers_do_not_matter(data: st.DataObject) -> None:
    question = data.draw(st.sampled_from(RECITALS))
    said = [data.draw(st.sampled_from(point.accept)) for point in question.points]
    filler = st.sampled_from(FILLERS)
    words = "".join(f"{data.draw(filler)}{part}{data.draw(filler)};" for part in data.draw(st.permutations(said)))
    assert grade(question, words).right, words


@given(st.data())
def test_what_was_not_said_is_missed(data: st.DataObject) -> None:
    question = data.draw(
        st.sampled_from([one for one in RECITALS if one.id in ("r-chronic", "r-duties", "r-in-place")])
    )
    kept = data.draw(st.sets(st.sampled_from(range(len(question.points)))))
    verdict = grade(question, "、".join(question.points[place].accept[0] for place in sorted(kept)))
    assert set(verdict.missed) == set(range(len(question.points))) - kept


@pytest.mark.parametrize(
    ("point", "words"),
    [
        (SAMPLE, "市里抽查不低于30%"),
        (SAMPLE, "抽查百分之三十"),
        (SAMPLE, "至少三成"),
        (SAMPLE, "抽查30%以上"),
        (DAY, "从十月十七号开始"),
        (DAY, "10月17到31号"),
        (DAY, "1. 10月17日"),
        (PUBLIC, "在村里工示"),
        (PUBLIC, "要 公 示"),
        (STARS, "5星级党支部"),
    ],
)
def test_is_heard(point: Point, words: str) -> None:
    assert says(point, words)


@pytest.mark.parametrize(
    ("point", "words"),
    [
        (SAMPLE, "不低于20%"),
        (SAMPLE, "抽查130%"),
        (SAMPLE, "不超过30%"),
        (SAMPLE, "抽查低于30%就行"),
        (SAMPLE, "30%以下"),
        (SAMPLE, "三十"),
        (DAY, "从10月7日开始"),
        (DAY, "从10月1日到7日"),
        (PUBLIC, "不用公示"),
        (PUBLIC, "不需要再做公示"),
        (PUBLIC, ""),
    ],
)
def test_a_contradiction_or_another_figure_is_no_hit(point: Point, words: str) -> None:
    assert not says(point, words)


def test_what_is_named_to_be_abolished_is_a_hit() -> None:
    words = "不要高价彩礼，不搞大操大办，反对人情攀比，没有厚葬薄养"
    assert grade(PLAN.question("r-customs"), words).right


@given(st.integers(1, 99).filter(lambda share: share != 30))
def test_another_share_is_no_hit(share: int) -> None:
    assert not says(SAMPLE, f"市里抽查不低于{share}%")


@given(st.text(max_size=200))
def test_any_text_can_be_graded(words: str) -> None:
    for question in RECITALS:
        grade(question, words)
    assert " " not in normalised(words)
