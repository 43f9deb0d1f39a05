"""Numbers as people write and say them: 30, ３０户， 三十， 两万三， 3.5万， 三成， 百分之三十， 两亩半. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

from handlers.reading.cleaning import compact
from handlers.reading.errors import Unreadable

_LONGEST = 40
_TOO_LARGE = Decimal(10) ** 12

_DIGITS = dict(zip("〇零○一二三四五六七八九", "000123456789", strict=True)) | dict(
    zip("壹贰叁肆伍陆柒捌玖两俩仨幺", "1234567892231", strict=True)
)
_SPOKEN = str.maketrans(_DIGITS)
_SCALES = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_TENS = {"廿": "二十", "卅": "三十"}

_ARABIC = re.compile(r"\d{1,13}(?:\.\d{1,6})?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?=\.\d|\D|$)")
_WITH_POINT = re.compile(r"(.*)点(\d+)(百|千|万|亿)?")
_ABOUT = re.compile(r"^(?:大约|大概|约莫|约|差不多|将近|共计|一共|总共|共|有)|(?:左右|上下)$")
_SAME_UNIT = (
    {"元", "块", "块钱", "元钱", "圆", "元整"},
    {"户", "家", "户人家"},
    {"人", "个人", "口人", "口", "名", "位"},
    {"天", "日"},
    {"公斤", "千克", "kg"},
    {"平方米", "平米", "平", "㎡", "m2"},
    {"米", "m"},
    {"公里", "千米", "km"},
    {"%", "个点", "个百分点"},
    {"次", "回", "趟"},
    {"岁", "周岁"},
)
_OTHER_UNITS = {"个", "亩", "头", "只", "件", "条", "张", "项", "斤", "吨", "间", "处", "棵", "年", "个月", "小时", "份"}
_ANY_UNIT = set().union(*_SAME_UNIT) | _OTHER_UNITS


def spoken_digits(text: str) -> str:
    """Return `text` with each Chinese digit (also 幺 and 两) as a plain one, for numbers said digit by digit."""
    return text.translate(_SPOKEN)


def read_number(
    text: str, low: int | Decimal | None = None, high: int | Decimal | None = None, unit: str | None = None
) -> int | Decimal:
    """Return the number said, an int where it is whole, in `unit` (such as 户， 元， 万元， %).

    A share (30%, 三成， 百分之三十， with the unit % also 一半) is returned in percent.
    Raises Unreadable when there is no number, it has another unit, or it lies outside `low`..`high`.
    """
    example = f"{_example(low, high)}{unit or ''}"
    body = _ABOUT.sub("", compact(text)) if len(text) <= _LONGEST else ""
    number = _in_unit(body, unit)
    if number is None:
        raise Unreadable(f"没看懂这个数。请只发一个数，例如：{example}")
    if (low is not None and number < low) or (high is not None and number > high):
        raise Unreadable(f"{_bounds(low, high, unit or '')}，例如：{example}")
    if abs(number) >= _TOO_LARGE:
        raise Unreadable(f"这个数太大了，请再核对一下，例如：{example}")
    return int(number) if number == number.to_integral_value() else number


def parse_numeral(text: str) -> Decimal | None:
    """Return the value of a bare numeral, Arabic, Chinese or mixed (3万5), or None when `text` is none."""
    if text[:1] in ("-", "负", "−"):
        value = _unsigned(text[1:])
        return None if value is None else -value
    return _unsigned(text.removeprefix("+"))


def _in_unit(text: str, unit: str | None) -> Decimal | None:
    if unit and unit[0] in _MYRIADS:
        # 30 means 30 万元 when that was asked, while 30万 and 300000元 say their own size.
        base = unit[1:]
        bare = parse_numeral(text)
        if bare is not None and not any(char in text for char in _MYRIADS):
            return bare
        value = _with_unit(text, base or None)
        return None if value is None else value / _MYRIADS[unit[0]]
    return _with_unit(text, unit)


def _with_unit(text: str, unit: str | None) -> Decimal | None:
    if unit in (None, "%") and (share := _share(text, unit)) is not None:
        return share
    if text.endswith("半") and len(text) > 1:
        whole = _measured(text[:-1], unit)
        return None if whole is None else whole + Decimal("0.5")
    for name in ("", *_names(unit)):
        if text.endswith(name) and (value := parse_numeral(text[: len(text) - len(name)])) is not None:
            return value
    return None


def _measured(text: str, unit: str | None) -> Decimal | None:
    """Read the 两亩 of 两亩半： whole, and with its unit."""
    for name in _names(unit):
        if text.endswith(name):
            value = parse_numeral(text.removesuffix(name))
            if value is not None and value == value.to_integral_value() and value >= 0:
                return value
    return None


def _share(text: str, unit: str | None) -> Decimal | None:
    if text.startswith("百分之"):
        return parse_numeral(text.removeprefix("百分之"))
    if text.endswith("%"):
        return parse_numeral(text.removesuffix("%"))
    if unit == "%" and text in ("半", "一半", "过半"):
        return Decimal(50)
    if unit == "%" and text in ("全部", "全完成", "完成"):
        return Decimal(100)
    tenths, mark, rest = spoken_digits(text).partition("成")
    if not mark or not re.fullmatch(r"[0-9]|十|10", tenths) or not re.fullmatch(r"[1-9]?|半", rest):
        return None
    return Decimal(10 if tenths == "十" else tenths) * 10 + Decimal(5 if rest == "半" else rest or 0)


def _names(unit: str | None) -> set[str]:
    if unit is None:
        return _ANY_UNIT
    return next((names for names in _SAME_UNIT if unit in names), {unit}) | {"个"}


def _unsigned(text: str) -> Decimal | None:
    text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    for short, long in _TENS.items():
        text = text.replace(short, long)
    if _ARABIC.fullmatch(text):
        return Decimal(text)
    if text == "半":
        return Decimal("0.5")
    plain = spoken_digits(text)
    if with_point := _WITH_POINT.fullmatch(plain):
        whole, fraction, scale = with_point.groups()
        size = {**_SCALES, **_MYRIADS}.get(scale, 1)
        start = _whole(whole) if whole else Decimal(0)
        return None if start is None or len(fraction) > 6 else (start + Decimal(f"0.{fraction}")) * size
    # 三五户 means three to five households; only with a nought or three digits is it said digit by digit.
    if text and all(char in _DIGITS for char in text) and (len(text) != 2 or "0" in plain):
        return Decimal(plain)
    return _whole(text)


def _tokens(text: str) -> list[Decimal | str] | None:
    """Split into numbers and scale characters; a Chinese digit counts alone, Arabic digits as they stand."""
    tokens: list[Decimal | str] = []
    place = 0
    while place < len(text):
        char = text[place]
        if arabic := _ARABIC.match(text, place):
            tokens.append(Decimal(arabic[0]))
            place = arabic.end()
            continue
        if char in _SCALES or char in _MYRIADS or char in "零〇○":
            tokens.append("零" if char in "零〇○" else char)
        elif char in _DIGITS:
            tokens.append(Decimal(_DIGITS[char]))
        else:
            return None
        place += 1
    return tokens


def _whole(text: str) -> Decimal | None:
    """Read 一百二十三， 两千， 三万五， 一百零五， 3万5, 1.5万： scales must fall, and no digit follows a digit."""
    tokens = _tokens(text)
    if not tokens:
        return None
    total, section = Decimal(0), Decimal(0)
    digit: Decimal | None = None
    scale = myriad = last = 10**10
    after_nought = False
    for part in tokens:
        if isinstance(part, Decimal):
            if digit is not None:
                return None
            digit = part
        elif part == "零":
            if digit is not None:
                return None
            after_nought = True
        elif part in _SCALES:
            size = _SCALES[part]
            if size >= scale or (digit is None and size != 10):
                return None
            section += (Decimal(1) if digit is None else digit) * size
            digit, scale, last, after_nought = None, size, size, False
        else:
            size = _MYRIADS[part]
            amount = section + (digit or 0)
            if size >= myriad or amount <= 0:
                return None
            total += amount * size
            section, digit, scale, myriad, last, after_nought = Decimal(0), None, 10**10, size, size, False
    if digit is None:
        return None if after_nought and len(tokens) > 1 else total + section
    if digit >= last or (digit != digit.to_integral_value() and len(tokens) > 1):
        return None
    # 三万五 is 35,000 and 一百二 is 120, but 一百零五 is 105 and 三万500 is 30,500.
    spoken_short = 100 <= last < 10**10 and not after_nought and digit < 10
    return total + section + (digit * last / 10 if spoken_short else digit)


def _example(low: int | Decimal | None, high: int | Decimal | None) -> int | Decimal:
    usual = 30
    if low is not None and low > usual:
        return low
    return high if high is not None and high < usual else usual


def _bounds(low: int | Decimal | None, high: int | Decimal | None, unit: str) -> str:
    if low is not None and high is not None:
        return f"请填 {low} 到 {high} 之间的数"
    return f"这个数不能小于 {low}{unit}" if low is not None else f"这个数不能大于 {high}{unit}"
