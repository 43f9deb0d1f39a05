"""How answers of the quiz are graded, above all what is said in one breath."""

from __future__ import annotations

from decimal import Decimal

import pytest
from fsrs import Rating
from hypothesis import given
from hypothesis import strategies as st

from handlers.quiz.grading import Given, grade
from handlers.quiz.recital import says
from handlers.quiz.recital.spelling import spelled
from storage.plan import Point, RecitalQuestion
from tests.support.plan import PLAN

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
        *((question, None, Rating.Again) for question in ("s-water-unit", "m-governance", "t-fake", "n-sample", "r-links")),
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
    question = data.draw(st.sampled_from([one for one in RECITALS if one.id in ("r-chronic", "r-duties", "r-in-place")]))
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


@pytest.mark.parametrize(
    ("question", "words", "hit"),
    [
        ("r-supervise", "十月十七号开始，三十一号结束，各村先自查，镇上对所有村全覆盖，市里抽30个点", {0, 1, 2, 3, 4}),
        ("r-supervise", "从10月31日至10月17日，镇里自查，村里全覆盖，县里抽查百分之三十", {4}),
        ("r-supervise", "10月17至31，村里全面自查，镇里全覆盖排查，市里抽查不少于30%", {0, 1, 2, 3, 4}),
        ("r-supervise", "十月十七到月底，村自查，镇里30%，市里全覆盖", {0, 1, 2}),
        ("r-supervise", "村自查镇全覆盖市抽查三成以上", {2, 3, 4}),
        ("r-supervise", "10月17日—10月31日；村里不用自查，镇全覆盖，市抽查至少百分之三十", {0, 1, 3, 4}),
        ("r-supervise", "市里抽查百分之二十，不对，百分之三十", {4}),
        ("r-supervise", "市里抽查不低于百分之三十五", set()),
        ("r-supervise", "市里抽查13%", set()),
        ("r-procedure", "村里先提名单报到镇里，镇里复核完了报县里，县里来确定，最后进到系统里管理", {0, 1, 2, 3}),
        ("r-procedure", "村里复核，镇里确定，县里提名，系统管理", {3}),
        ("r-procedure", "首先是村上提名，其次镇上审核，再次县上审定，最后录系统", {0, 1, 2, 3}),
        ("r-procedure", "村提名 镇复核 省里确定", {0, 1}),
        ("r-procedure", "第一步村里提名第二步镇里复核第三步市里确定第四步系统标注", {0, 1, 2, 3}),
        ("r-procedure", "不需要镇复核，村提名县确定就行", {0, 2}),
        ("r-links", "授权评议公示", {0, 1, 2}),
        ("r-links", "授权不用评议要公示", {0, 2}),
        ("r-links", "农户授权和评议就行，公示可以免了", {0, 1}),
        ("r-links", "公示不能少，评议不能少，授权也不能少", {0, 1, 2}),
        ("r-links", "不光要授权，还要评议", {0, 1}),
        ("r-insurance", "全部都要参保，没有等待期，不限时间缴费", {0, 1, 2}),
        ("r-insurance", "过了集中征缴期就不能参保了，还有等待期", set()),
        ("r-insurance", "不用全部参保", set()),
        ("r-none-left", "不落一户一人一项", {0, 1, 2}),
        ("r-none-left", "户不落、人不落、项不落", {0, 1, 2}),
        ("r-chronic", "低血压，低血糖，肺炎", set()),
        ("r-governance", "积分、清单、网格、四资管理、议事、四星级党支部", {0, 1, 2, 4}),
        ("r-governance", "1、积分制 2、清单制 3、网格化 4、三资管理", {0, 1, 2, 3}),
        ("r-sources", "九个聚焦五十个问题，八项重点任务", set()),
        ("r-sources", "国考反馈，大督查，百个问题，明察暗访，十大任务", {0, 1, 2, 3, 4}),
        ("r-customs", "没有高价彩礼，反对大操大办，抵制人情攀比，不厚葬薄养", {0, 1, 2, 3}),
        ("r-resident-rules", "吃住都得在村里面，有事请假，定期汇报，守纪律", {0, 1, 2, 3}),
        ("r-resident-rules", "不用考勤", set()),
        ("r-in-place", "动员部署到位 全员培训到位 问题排查到位 整改到位", {0, 1, 2, 3}),
        ("r-ways", "农户报、干部查、部门筛", {0, 1, 2}),
        ("r-ways", "部门排查，干部预警", set()),
        ("r-more-not-less", "就业帮扶车间，公益性岗位，外出打工的人数", {0, 1, 2}),
        ("r-collect", "行政村自然村普通农户脱贫户监测户", {0, 1, 2, 3, 4}),
        ("r-guarantees", "孩子有学上，看病有保障，有安全房子住，有放心水喝", {0, 1, 2, 3}),
        ("r-guarantees", "义务教育 基本医疗 住房安全 不包括饮水", {0, 1, 2}),
        ("r-phases", "动员，整改，督导，考评", {0, 1, 2, 3}),
        ("r-insurance", "不设待遇等待期，全不参保", {2}),
        ("r-insurance", "百分百参保，什么时间都可以缴，参保以后立马能享受", {0, 1, 2}),
        ("r-procedure", "村里先报名单，乡里再核一遍，县里最后拍板，再录到系统里头", {0, 1, 2, 3}),
        ("r-procedure", "村提名单，县复核，市确定，系统管理", {0, 2, 3}),
        ("r-procedure", "县乡村振兴局审批确定，录入防返贫系统", {2, 3}),
        ("r-resident-rules", "食宿不在村，考勤请假，工作报告", {1, 2}),
        ("r-more-not-less", "公益岗可以减，帮扶车间不能减", {2}),
        ("r-supervise", "①10月17到31 ②村自查", {0, 1, 2}),
        ("r-chronic", "高血压，对不对，糖尿病", {0, 1}),
        ("r-none-left", "不落一户，可以落一人", {0}),
        ("r-supervise", "10/17-10/31 村自查 镇全覆盖 市抽查比例在百分之二十到百分之三十", {0, 1, 2, 3}),
        ("r-sources", "考合反馈，大都察，九个聚交，暗防", {0, 1, 2, 3}),
    ],
)
def test_points_are_heard_in_what_people_say(question: str, words: str, hit: set[int]) -> None:
    asked = next(one for one in RECITALS if one.id == question)
    assert set(range(len(asked.points))) - set(grade(asked, words).missed) == hit


@pytest.mark.parametrize("question", RECITALS, ids=lambda question: question.id)
def test_no_wording_of_one_point_is_heard_as_another(question: RecitalQuestion) -> None:
    for place, point in enumerate(question.points):
        for wording in point.accept:
            missed = grade(question, wording.replace("…", "那")).missed
            others = {other for other in range(len(question.points)) if other != place}
            assert others <= set(missed), wording


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
    assert " " not in spelled(words)
