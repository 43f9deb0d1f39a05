"""One sentence, understood: who and what is meant, whatever the keyboard made of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.reading import tidy
from handlers.sentences.understanding import Intent, NameIndex, Understood, understand
from storage.roster import Household, Roster
from tests.support.plan import BAITA, PLAN, TOWN, WAFANG

TODAY = date(2022, 10, 18)
CHUNYANG = "220881100214"


def home(number: int, village: str, group: str, head: str, nickname: str = "", kind: str = "一般户") -> Household:
    return Household(id=number * 10, number=number, village=village, group_name=group, head=head, kind=kind, nickname=nickname)


ROSTER = Roster(
    [
        home(1024, BAITA, "一屯", "张三"),
        home(1025, BAITA, "二屯", "张桂兰"),
        home(1026, BAITA, "一屯", "刘伟"),
        home(1027, BAITA, "三屯", "刘伟", kind="边缘易致贫户"),
        home(1028, BAITA, "二屯", "谭守业", nickname="谭老五"),
        home(1029, BAITA, "四屯", "高兴"),
        home(1030, BAITA, "西沟屯", "额尔德木图"),
        home(1031, BAITA, "一屯", "李红霞"),
        home(1032, BAITA, "二屯", "李洪霞"),
        home(1033, BAITA, "二屯", "单福·示例"),
        home(2001, WAFANG, "一屯", "张三"),
        home(2002, WAFANG, "二屯", "马桂芬"),
        home(3001, CHUNYANG, "春阳屯", "丛明"),
    ]
)
INDEX = NameIndex.of(ROSTER)


def hear(text: str, *within: str, own: int | None = None) -> Understood:
    return understand(text, INDEX, PLAN.villages, PLAN.lexicon, within or (BAITA,), TODAY, own)


def numbers(heard: Understood) -> list[int]:
    return [ROSTER.by_id[id].number for id in heard.households]


# ---- Who


@pytest.mark.parametrize(
    ("said", "within", "who"),
    [
        ("张三家房子漏雨了", BAITA, [1024]),
        ("张三家房子漏雨了", TOWN, [1024, 2001]),
        ("白塔村张三家房子漏雨", TOWN, [1024]),
        ("白塔一屯张三房子漏雨", TOWN, [1024]),
        ("百塔村的张三住院了", TOWN, [1024]),
        ("瓦房村二屯马桂芬没参保", TOWN, [2002]),
        ("刘伟家没水吃", BAITA, [1027, 1026]),
        ("1屯刘伟家没水吃", BAITA, [1026]),
        ("三屯的刘伟家没水吃", BAITA, [1027]),
        ("张贵兰家没水吃", BAITA, [1025]),
        ("章桂蓝她老伴住院了", BAITA, [1025]),
        ("桂兰家没水吃", BAITA, [1025]),
        ("张桂南家没水吃", BAITA, [1025]),
        ("二屯张桂香家没水吃", BAITA, [1025]),
        ("谭老五家的牛死了", BAITA, [1028]),
        ("老谭家的牛死了", BAITA, [1028]),
        ("张三他妈住院了", BAITA, [1024]),
        ("西沟额尔德木图家井干了", BAITA, [1030]),
        ("额尔家井干了", BAITA, [1030]),
        ("李红霞没参保", BAITA, [1031]),
        ("二屯李红霞没参保", BAITA, [1032]),
        ("单福家收入少了一半", BAITA, [1033]),
        ("户号1024房子漏雨", BAITA, [1024]),
        ("编号1024的户房子漏雨", BAITA, [1024]),
        ("户主张三,房子漏雨", BAITA, [1024]),
        ("姓谭那家没水吃", BAITA, [1028]),
        ("春阳的老丛家没水吃", TOWN, [3001]),
        ("从明肝硬化住院了", CHUNYANG, [3001]),
        ("春阳屯丛明肝硬化住院了", TOWN, [3001]),
        ("张三和张桂兰家都没水吃", BAITA, [1024, 1025]),
        ("不是张三家,是张桂兰家没水吃", BAITA, [1025]),
        ("额尔今年没参保", BAITA, [1030]),
        ("跟高兴她婆婆唠完了", BAITA, [1029]),
    ],
)
def test_a_household_is_found_by_what_people_call_it(said: str, within: str, who: Sequence[int]) -> None:
    heard = hear(said, within)
    assert numbers(heard) == who
    assert heard.named
    assert heard.named in said


@pytest.mark.parametrize(
    ("said", "named"),
    [("赵大宝家房子漏雨", "赵大宝"), ("瓦房村马桂芬住院了", "马桂芬"), ("户号2002没水吃", ""), ("张桂香家没水吃", "张桂香")],
)
def test_who_is_not_there_or_not_ones_own_is_not_found(said: str, named: str) -> None:
    roster = Roster([*ROSTER.by_id.values(), home(1040, BAITA, "一屯", "赵铁柱")])
    heard = understand(said, NameIndex(roster), PLAN.villages, PLAN.lexicon, (BAITA,), TODAY)
    assert (heard.households, heard.named) == ((), named)


@pytest.mark.parametrize("said", ["老人们都挺高兴", "今天大家都不高兴", "路修好了", "大家都回家了", "咱国家政策好"])
def test_ordinary_words_are_nobodys_name(said: str) -> None:
    assert hear(said).households == ()


def test_somebody_may_be_called_by_an_ordinary_word() -> None:
    assert numbers(hear("高兴家老爷子住院了")) == [1029]
    assert numbers(hear("去了四屯高兴家,没啥事")) == [1029]


def test_villages_named_are_told() -> None:
    assert hear("瓦房村张三家没水吃", TOWN).villages == (WAFANG,)
    assert hear("张三家瓦房漏雨", TOWN).villages == ()


def test_a_roster_is_prepared_once() -> None:
    assert NameIndex.of(ROSTER) is INDEX
    assert NameIndex.of(Roster([])) is not INDEX


# ---- What


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("张三家孙子初二就不念了", ["education"]),
        ("张三家房盖漏了,后墙还裂个大口子", ["housing"]),
        ("张三家井打不出水", ["water"]),
        ("张三老伴脑梗住院花了五万", ["medical"]),
        ("张三一家四口新农合都没交", ["insurance"]),
        ("张三家今年收入掉了一大半", ["income"]),
        ("张三让厂子给裁了,没活干", ["employment"]),
        ("张三家猪得病死了八头", ["industry"]),
        ("张三家苞米让雹子打了", ["disaster"]),
        ("张三打工让疫情封在外地回不来", ["epidemic"]),
        ("张三让摩托车撞了", ["accident"]),
        ("张三老伴上个月去世了", ["marriage_funeral"]),
        ("张三儿子是聋哑人", ["disability"]),
        ("张三家老人没人照顾", ["other"]),
        ("张三家房子露雨,老人祝院", ["housing", "medical"]),
        ("张三孙子绰学了", ["education"]),
    ],
)
def test_hardships_are_heard(said: str, kinds: Sequence[str]) -> None:
    heard = hear(said)
    assert (heard.intent, list(heard.kinds)) == (Intent.REPORT, kinds)


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("张三家房子没漏雨,老人病了", ["medical"]),
        ("张三家没漏雨也不缺水,就是孩子辍学了", ["education"]),
        ("张三家漏雨修好了,可是又没水吃了", ["water"]),
        ("张三家漏雨还没修好", ["housing"]),
        ("张三家没有漏雨、缺水的情况,就是老人住院", ["medical"]),
        ("张三家水不浑了,就是房子漏雨", ["housing"]),
        ("张三家孩子已经返校上学了,就是没参保", ["insurance"]),
    ],
)
def test_what_is_denied_or_over_is_no_hardship(said: str, kinds: Sequence[str]) -> None:
    assert list(hear(said).kinds) == kinds


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("17号整改完了", Intent.PROGRESS),
        ("17号问题路修完了", Intent.PROGRESS),
        ("张三家去过了,没问题", Intent.VISIT),
        ("张三家房子没漏雨也不缺水", Intent.VISIT),
        ("明天请假", Intent.LEAVE),
        ("医保报销比例是多少", Intent.POLICY),
        ("危房改造补多少钱", Intent.POLICY),
        ("入户一个月最少几趟", Intent.POLICY),
        ("咱屯井坏了,看能不能给修修", Intent.REPORT),
        ("住院能报多少", Intent.POLICY),
        ("驻村干部请假找谁批", Intent.POLICY),
        ("你好", Intent.OTHER),
        ("今天真冷", Intent.OTHER),
        ("", Intent.OTHER),
    ],
)
def test_the_business_is_understood(said: str, intent: Intent) -> None:
    assert hear(said).intent is intent


def test_a_name_alone_leaves_open_what_is_to_be_done() -> None:
    heard = hear("张三")
    assert (heard.intent, heard.others) == (Intent.OTHER, (Intent.REPORT, Intent.VISIT))
    assert numbers(heard) == [1024]


def test_a_visit_that_met_trouble_may_be_a_report() -> None:
    heard = hear("走访张三家发现房子裂缝")
    assert (heard.intent, heard.others, heard.fine) == (Intent.VISIT, (Intent.REPORT,), False)
    assert heard.kinds == ("housing",)


# ---- Figures and days


@pytest.mark.parametrize(
    ("said", "number", "percent", "finished"),
    [
        ("17号问题整改了八成", 17, 80, False),
        ("第二十三号问题完成了百分之六十", 23, 60, False),
        ("问题31已完成整改", 31, None, True),
        ("九号那个事弄完了", 9, None, True),
        ("17号问题还没弄完", 17, None, False),
        ("十七号弄了一半", 17, 50, False),
        ("村里的路修完了", None, None, True),
        ("三个问题都整改完了", None, None, True),
        ("33号,户主出门了", 33, None, False),
        ("第九个问题干了四分之三", 9, 75, False),
    ],
)
def test_how_far_a_problem_is(said: str, number: int | None, percent: int | None, finished: bool) -> None:
    heard = hear(said)
    assert heard.intent is Intent.PROGRESS
    assert (heard.number, heard.percent, heard.finished) == (number, percent, finished)


@pytest.mark.parametrize(
    ("said", "fine", "absent"),
    [
        ("张三家去过了,没问题", True, False),
        ("17号去的张三家,都正常", True, False),
        ("去了张三家没人锁着门", None, True),
        ("张三家去了", None, False),
        ("去张三家看了,孩子没上学", False, False),
    ],
)
def test_how_a_visit_went(said: str, fine: bool | None, absent: bool) -> None:
    heard = hear(said)
    assert (heard.intent, heard.fine, heard.absent) == (Intent.VISIT, fine, absent)
    assert heard.number is None


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("明天请假", date(2022, 10, 19), date(2022, 10, 19)),
        ("今明两天请假", date(2022, 10, 18), date(2022, 10, 19)),
        ("请三天假,明天开始", date(2022, 10, 19), date(2022, 10, 21)),
        ("后天起请一周假", date(2022, 10, 20), date(2022, 10, 26)),
        ("请假到周五", None, date(2022, 10, 21)),
        ("20-22号请假", date(2022, 10, 20), date(2022, 10, 22)),
        ("十月二十号到二十二号请假回家", date(2022, 10, 20), date(2022, 10, 22)),
        ("下周一到周三请假", date(2022, 10, 24), date(2022, 10, 26)),
        ("元旦后请两天假", date(2023, 1, 3), date(2023, 1, 4)),
        ("孩子住院三天了,明天请假", date(2022, 10, 19), date(2022, 10, 19)),
        ("我想请两天假", None, None),
        ("周六有喜事,周五到周日请假", date(2022, 10, 21), date(2022, 10, 23)),
        ("明天请假,周五回来上班", date(2022, 10, 19), date(2022, 10, 20)),
    ],
)
def test_the_days_of_a_leave(said: str, first: date | None, last: date | None) -> None:
    heard = hear(said)
    assert (heard.intent, heard.first, heard.last) == (Intent.LEAVE, first, last)


def test_why_somebody_takes_leave() -> None:
    assert hear("明天请假,孩子开家长会").reason == "孩子开家长会"
    assert hear("后天请一天假去市里办事").reason.startswith("去市里")
    assert hear("明天请假").reason == ""


# ---- Who speaks


def test_a_household_speaks_of_its_own_home_without_a_name() -> None:
    heard = hear("我家房子漏雨了,张三家也漏", own=10250)
    assert (heard.intent, heard.households, heard.kinds) == (Intent.REPORT, (10250,), ("housing",))


@pytest.mark.parametrize("said", ["17号整改完了", "张三家去过了没问题", "明天请假", "谢谢"])
def test_a_household_does_none_of_the_cadres_business(said: str) -> None:
    assert hear(said, own=10250).intent in (Intent.OTHER, Intent.POLICY)


# ---- Whatever the keyboard makes of it

_WORDS = [
    "白塔村", "瓦房", "一屯", "张三", "刘伟", "家", "他妈", "漏雨", "没", "住院", "17号",
    "问题", "修完了", "八成", "请假", "明天",
    "多少", "去了", ",", "。", "1024户", "一",
]  # fmt: skip
_SAID = st.lists(st.sampled_from(_WORDS), max_size=9).map("".join)
_WHO = st.sampled_from([(BAITA,), (WAFANG,), (TOWN,), ("220881",), (CHUNYANG, WAFANG), ()])


@settings(max_examples=150)
@given(st.one_of(st.text(max_size=80), _SAID), _WHO, st.sampled_from([None, 10250]))
def test_anything_is_understood_somehow_and_nobody_is_seen_who_may_not_be(
    text: str, within: tuple[str, ...], own: int | None
) -> None:
    heard = hear(text, *(within or ("none",)), own=own)
    assert heard.text == tidy(text)
    seen = {one.id for one in ROSTER.by_id.values() if one.village.startswith(within or ("none",))}
    assert set(heard.households) <= seen | ({own} if own else set())
    assert len(heard.households) <= 5
    assert heard.intent not in heard.others


@settings(max_examples=100)
@given(_SAID, st.data())
def test_spaces_and_full_width_signs_change_nothing(text: str, data: st.DataObject) -> None:
    wide = str.maketrans("0123456789,", "０１２３４５６７８９，")
    spaced = "".join(char + data.draw(st.sampled_from(["", " ", "\u3000"])) for char in text)
    plain = hear(text)
    for variant in (spaced, text.translate(wide), f"  {text}。", f"{text}！"):
        assert hear(variant).model_copy(update={"text": plain.text}) == plain
