"""What people type or speak is understood, and what cannot be is answered kindly."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading import (
    Unreadable,
    clean,
    match_person,
    read_choice,
    read_date,
    read_id_number,
    read_number,
    read_phone,
    read_several,
    read_yes_no,
)
from storage.people.pinyin import pinyin_initials, syllables

TODAY = date(2022, 10, 19)  # a Wednesday
SAID_YES = ["是", "对", "好的", "嗯呢", "可以", "行。", "没问题", "是的呀", "OK", "👍🏽", "有", "没错"]
SAID_NO = ["不", "不是", "没有", "否", "不行", "还没呢", "NO", "❌", "没有啊"]
RISKS = [("edu", "上学"), ("house", "房子"), ("ill", "看病"), ("water", "饮水安全"), ("harvest", "农产品/收成")]
ID = "11010519491231002X"


# Cleaning


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("  １２３ＡＢ\u3000ｃ ", "123AB c"),
        ("白塔\u200b村\x00\u202e张三\ufeff", "白塔村张三"),
        ("漏雨\r\n\r\n  墙裂", "漏雨\n墙裂"),
        ("家里 👨\u200d👩\u200d👧 三口 👍🏽 ❤\ufe0f", "家里 👨\u200d👩\u200d👧 三口 👍🏽 ❤\ufe0f"),
        ("半个\ud83d字", "半个字"),
    ],
)
def test_clean(typed: str, cleaned: str) -> None:
    assert clean(typed) == cleaned


@given(st.text(st.characters(), max_size=80))
def test_cleaned_text_is_stable_and_safe_to_store(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    cleaned.encode()
    assert not [char for char in cleaned if unicodedata.category(char) == "Cc" and char != "\n"]


# Numbers


def chinese(number: int) -> str:
    """Write a number as it is said in full."""
    if number == 0:
        return "零"
    digits, parts, gap = "零一二三四五六七八九", "", False
    for size, name in ((10**8, "亿"), (10**4, "万")):
        high, number = divmod(number, size)
        if high:
            parts += chinese(high) + name
            gap = number < size // 10
    if number == 0:
        return parts
    parts += "零" if parts and gap else ""
    started = False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            parts += digits[digit] + name
            started = True
        elif started and number >= max(size // 10, 1) and not parts.endswith("零"):
            parts += "零"
    return parts


@given(st.integers(0, 10**10))
def test_a_number_said_in_chinese_is_understood(number: int) -> None:
    assert read_number(chinese(number)) == number


@given(st.integers(-(10**11), 10**11))
def test_a_number_typed_with_thousands_separators_is_understood(number: int) -> None:
    assert read_number(f"{number:,}") == number


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("３０", 30),
        ("约30户", 30),
        ("大概三十户左右", 30),
        ("十五", 15),
        ("两千", 2000),
        ("三万五", 35_000),
        ("3万5", 35_000),
        ("1.5万", 15_000),
        ("三点五万", 35_000),
        ("一百零五", 105),
        ("一百二", 120),
        ("二〇二二", 2022),
        ("廿五", 25),
        ("壹佰元", 100),
        ("1,234.5", Decimal("1234.5")),
        ("半", Decimal("0.5")),
        ("两亩半", Decimal("2.5")),
        ("三点二五", Decimal("3.25")),
        ("三成", 30),
        ("八成五", 85),
        ("百分之三十", 30),
        ("99.5%", Decimal("99.5")),
        ("负三", -3),
    ],
)
def test_numbers_as_people_say_them(said: str, number: int | Decimal) -> None:
    assert read_number(said) == number


@pytest.mark.parametrize(
    ("said", "unit", "number"),
    [
        ("三十家", "户", 30),
        ("两百块钱", "元", 200),
        ("30万", "万元", 30),
        ("30", "万元", 30),
        ("300000元", "万元", 30),
        ("一半", "%", 50),
        ("全部", "%", 100),
    ],
)
def test_numbers_in_the_unit_asked_for(said: str, unit: str, number: int) -> None:
    assert read_number(said, unit=unit) == number


@pytest.mark.parametrize(
    "said", ["", "很多", "NaN", "inf", "1e5", "三五户", "五六十", "三十多户", "1,23", "万", "12 亩 5 分", "9" * 5000]
)
def test_no_clear_number_is_asked_again_with_an_example(said: str) -> None:
    with pytest.raises(Unreadable, match="例如：30户"):
        read_number(said, unit="户")


def test_a_number_out_of_bounds_names_the_bounds() -> None:
    with pytest.raises(Unreadable, match="不能小于 0"):
        read_number("-1", low=0)
    with pytest.raises(Unreadable, match="0 到 100 "):
        read_number("101%", 0, 100, "%")
    with pytest.raises(Unreadable):
        read_number("30亩", unit="户")


# Days


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("今天", "2022-10-19"),
        ("昨天下午", "2022-10-18"),
        ("昨晚", "2022-10-18"),
        ("大前天", "2022-10-16"),
        ("后天", "2022-10-21"),
        ("周三", "2022-10-19"),
        ("本周五", "2022-10-21"),
        ("下周一", "2022-10-24"),
        ("上个星期天", "2022-10-16"),
        ("上上周五", "2022-10-07"),
        ("3天前", "2022-10-16"),
        ("三天后", "2022-10-22"),
        ("两周前", "2022-10-05"),
        ("一个月后", "2022-11-19"),
        ("10月31日", "2022-10-31"),
        ("10月31日前", "2022-10-31"),
        ("10月31日(星期一)", "2022-10-31"),
        ("10.31", "2022-10-31"),
        ("１０／３１", "2022-10-31"),
        ("2022-10-31", "2022-10-31"),
        ("2022年10月31号", "2022-10-31"),
        ("二〇二二年十月三十一日", "2022-10-31"),
        ("22年10月31日", "2022-10-31"),
        ("20221031", "2022-10-31"),
        ("1031", "2022-10-31"),
        ("十月三十一号", "2022-10-31"),
        ("31号", "2022-10-31"),
        ("月底", "2022-10-31"),
        ("下个月5号", "2022-11-05"),
        ("下月初", "2022-11-01"),
        ("2月底", "2023-02-28"),
        ("年底", "2022-12-31"),
        ("去年12月1日", "2021-12-01"),
        ("去年年底", "2021-12-31"),
        ("明年1月5号", "2023-01-05"),
    ],
)
def test_days_as_people_name_them(said: str, day: str) -> None:
    assert read_date(said, TODAY, past_ok=True, future_ok=True).isoformat() == day


@pytest.mark.parametrize(
    ("said", "past", "future"),
    [
        ("12月1日", "2021-12-01", "2022-12-01"),
        ("1月5日", "2022-01-05", "2023-01-05"),
        ("25号", "2022-09-25", "2022-10-25"),
        ("5号", "2022-10-05", "2022-11-05"),
        ("31号", "2022-08-31", "2022-10-31"),
        ("周五", "2022-10-14", "2022-10-21"),
        ("2月29日", "2020-02-29", "2024-02-29"),
        ("10月19日", "2022-10-19", "2022-10-19"),
    ],
)
def test_what_is_left_out_follows_from_the_side_of_today(said: str, past: str, future: str) -> None:
    assert read_date(said, TODAY, past_ok=True, future_ok=False).isoformat() == past
    assert read_date(said, TODAY, past_ok=False, future_ok=True).isoformat() == future


def test_a_day_on_the_wrong_side_is_explained() -> None:
    with pytest.raises(Unreadable, match="还没到"):
        read_date("明天", TODAY, past_ok=True, future_ok=False)
    with pytest.raises(Unreadable, match="已经过去"):
        read_date("2022-10-01", TODAY, past_ok=False, future_ok=True)
    with pytest.raises(Unreadable, match="没有这一天"):
        read_date("2月30日", TODAY, past_ok=True, future_ok=True)
    with pytest.raises(Unreadable, match="例如"):
        read_date("过几天", TODAY, past_ok=True, future_ok=True)


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.integers(-150, 150))
def test_a_day_within_half_a_year_needs_no_year(today: date, away: int) -> None:
    day = today + timedelta(away)
    if (day.month, day.day) != (2, 29):
        assert read_date(f"{day.month}月{day.day}日", today, past_ok=True, future_ok=True) == day
    for said in (day.isoformat(), f"{abs(away)}天{'前' if away < 0 else '后'}"):
        assert read_date(said, today, past_ok=True, future_ok=True) == day


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)))
def test_the_end_of_the_month(today: date) -> None:
    last = calendar.monthrange(today.year, today.month)[1]
    assert read_date("月底", today, past_ok=False, future_ok=True) == today.replace(day=last)


# Telephone and ID numbers


@pytest.mark.parametrize(
    ("said", "phone"),
    [
        ("13812345678", "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("我的电话是１３８ １２３４ ５６７８", "13812345678"),
        ("幺三八幺二三四五六七八", "13812345678"),
        ("04366321234", "0436-6321234"),
        ("0436-6321234", "0436-6321234"),
        ("(010) 6321 2345", "010-63212345"),
    ],
)
def test_phones(said: str, phone: str) -> None:
    assert read_phone(said) == phone


@pytest.mark.parametrize(
    ("said", "why"),
    [("1381234567", "10 位"), ("12812345678", "13 到 19"), ("0436-123", "区号"), ("没有手机", "没看懂"), ("", "没看懂")],
)
def test_a_wrong_phone_says_what_is_wrong(said: str, why: str) -> None:
    with pytest.raises(Unreadable, match=f"{why}.*例如"):
        read_phone(said)


@pytest.mark.parametrize(
    "said",
    [
        ID,
        "11010519491231002x",
        "身份证号：110105 19491231 002X",
        "１１０１０５１９４９１２３１００２Ｘ",
        "幺幺零幺零五 一九四九一二三一 零零二叉",
    ],
)
def test_id_numbers(said: str) -> None:
    assert read_id_number(said) == ID


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("2208811990010112", "16 位"),
        ("110105491231002", "15 位的旧号码"),
        ("110105194912310021", "校验位"),
        ("110105194902310020", "出生日期"),
        ("010105194912310020", "地区"),
        ("X10105194912310020", "没看懂"),
        ("不知道", "没看懂"),
    ],
)
def test_a_wrong_id_number_says_what_is_wrong(said: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why) as caught:
        read_id_number(said)
    assert said not in str(caught.value)


def test_nobody_is_born_tomorrow() -> None:
    with pytest.raises(Unreadable, match="出生日期"):
        read_id_number(ID, today=date(1949, 12, 30))


@given(st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_in_an_id_number_is_always_found(place: int, more: int) -> None:
    old = ID[place]
    new = str((int(old) + more) % 10) if old != "X" else str(more)
    with pytest.raises(Unreadable):
        read_id_number(ID[:place] + new + ID[place + 1 :])


# Choices


@pytest.mark.parametrize(
    "said", ["2", "２", "2.", "②", "二", "第二个", "第2项", "选2", "房子", "房", "2 房子", "房子漏雨了", " 房子。"]
)
def test_one_option_is_named_in_many_ways(said: str) -> None:
    assert read_choice(said, RISKS) == "house"


def test_a_label_wins_over_a_number() -> None:
    assert read_choice("5", [("a", "10"), ("b", "5")]) == "b"


def test_two_options_that_fit_are_both_named() -> None:
    with pytest.raises(Unreadable, match=r"「白塔村」还是「白山村」.*例如：1"):
        read_choice("白", [("1", "白塔村"), ("2", "白山村"), ("3", "红旗村")])


@pytest.mark.parametrize("said", ["6", "0", "第九个", "天气", "不是房子", ""])
def test_no_option_is_asked_again(said: str) -> None:
    with pytest.raises(Unreadable, match="1 到 5 的编号，例如：1"):
        read_choice(said, RISKS)


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("1 3", ["edu", "ill"]),
        ("3,1", ["edu", "ill"]),
        ("1、3", ["edu", "ill"]),
        ("13", ["edu", "ill"]),
        ("①③", ["edu", "ill"]),
        ("1到3", ["edu", "house", "ill"]),
        ("第一个和第三个", ["edu", "ill"]),
        ("房子和看病", ["house", "ill"]),
        ("房子看病都有问题", ["house", "ill"]),
        ("饮水，收成", ["water", "harvest"]),
        ("房子", ["house"]),
        ("2 2", ["house"]),
        ("都有", [value for value, _ in RISKS]),
        ("全部", [value for value, _ in RISKS]),
    ],
)
def test_several_options(said: str, values: list[str]) -> None:
    assert read_several(said, RISKS) == values


def test_thirteen_is_an_option_where_there_are_thirteen() -> None:
    assert read_several("13", [(n, f"村{chr(0x4E00 + n)}") for n in range(1, 14)]) == [13]


def test_none_of_them_counts_only_where_it_may() -> None:
    assert read_several("都没有", RISKS, none_ok=True) == []
    with pytest.raises(Unreadable, match="至少选一项"):
        read_several("都没有", RISKS)
    assert read_several("没有", [*RISKS, ("none", "没有")]) == ["none"]


@pytest.mark.parametrize("said", ["1 9", "不是房子是看病", "88", "3到1", "除了房子"])
def test_several_options_that_are_not_clear_are_asked_again(said: str) -> None:
    with pytest.raises(Unreadable, match="例如："):
        read_several(said, RISKS)


@pytest.mark.parametrize(("said", "answer"), [(word, True) for word in SAID_YES] + [(word, False) for word in SAID_NO])
def test_yes_and_no(said: str, answer: bool) -> None:
    assert read_yes_no(said) is answer


def test_neither_yes_nor_no() -> None:
    with pytest.raises(Unreadable, match="例如：是"):
        read_yes_no("看情况")


# Names


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("张三", "zs"),
        ("单田芳", "stf"),
        ("曾国藩", "zgf"),
        ("解缙", "xj"),
        ("仇英", "qy"),
        ("区小明", "oxm"),
        ("查良镛", "zly"),
        ("尉迟恭", "ycg"),
        ("单于明", "cym"),
        ("阿依古丽·买买提", "ayglmmt"),
        ("王 强", "wq"),
        ("", ""),
        ("🙂", ""),
    ],
)
def test_initials(name: str, initials: str) -> None:
    assert pinyin_initials(name) == initials


PEOPLE = [(1, "张三"), (2, "张三丰"), (3, "李建国"), (4, "章珊"), (5, "单玉兰")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("张三", [1]),
        ("张三家", [1]),
        ("张", [1, 2]),
        ("老张", [1, 2]),
        ("建国", [3]),
        ("ljg", [3]),
        ("ZS", [1, 4]),
        ("zhangsan", [1]),
        ("syl", [5]),
        ("李健国", [3]),
        ("善玉兰", [5]),
        ("3", [3]),
        ("9", []),
        ("王五", []),
        ("", []),
    ],
)
def test_people_are_found(query: str, found: list[int]) -> None:
    assert match_person(query, PEOPLE) == found


@given(st.text(max_size=20))
def test_any_name_has_initials(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]*", pinyin_initials(name))
    assert all(syllables(name))


# Anything at all

READERS: list[Callable[[str], Any]] = [
    read_number,
    lambda text: read_number(text, 0, 100, "%"),
    lambda text: read_number(text, unit="万元"),
    lambda text: read_date(text, TODAY, past_ok=True, future_ok=False),
    lambda text: read_date(text, TODAY, past_ok=False, future_ok=True),
    lambda text: read_date(text, TODAY, past_ok=True, future_ok=True),
    read_phone,
    read_id_number,
    lambda text: read_choice(text, RISKS),
    lambda text: read_choice(text, []),
    lambda text: read_several(text, RISKS),
    read_yes_no,
    lambda text: match_person(text, PEOPLE),
]
PIECES = [
    *"01390一二两三五十百千万亿零〇半点成%,.-/年月日号天周底初前后上下个第和到不没负约户元幺X()²٣ߣ",
    *("12", "31", "99", "2022", "星期", "去年", "明年", "房子", "看病", "都有", "百分之", "+86"),
]
said_soup = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)


@given(st.one_of(st.text(st.characters(), max_size=120), said_soup, st.just("长" * 10_000)), st.sampled_from(READERS))
def test_whatever_is_sent_is_read_or_kindly_refused(text: str, reader: Callable[[str], Any]) -> None:
    try:
        reader(text)
    except Unreadable as refused:
        message = str(refused)
        assert "例如：" in message
        assert "\n" not in message
        assert len(message) <= 80
