"""Numbers that name a person: telephone and citizen's ID, typed, pasted or spoken digit by digit. Pure."""

from __future__ import annotations

import re
from datetime import date

from handlers.reading.cleaning import compact
from handlers.reading.errors import Unreadable
from handlers.reading.numerals import spoken_digits

_LONGEST = 60
_BETWEEN_DIGITS = re.compile(r"[-‐‑‒–—−_.·()、,/]")
_BEFORE_PHONE = re.compile(r"^(?:我的?|他的?|她的?|家里的?|联系|手机|电话|座机|号码|号|是|:)+")
_BEFORE_ID = re.compile(r"^(?:我的?|他的?|她的?|居民|公民|身份证|证件|号码|号|是|:)+")

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
# Three-figure area codes (010 and 02x) have eight-figure numbers, the others seven or eight.
_LANDLINE = re.compile(r"(010|02\d)([2-9]\d{7})|(0[3-9]\d\d)([2-9]\d{6,7})", re.ASCII)

# GB 11643-1999: weights and check characters by ISO 7064 MOD 11-2. The sample is the standard's own.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_ID_SAMPLE = "11010519491231002X"
# First figures of GB/T 2260: 1 North, 2 North-East, 3 East, 4 South, 5 South-West, 6 North-West, 7 and 8 Taiwan,
# Hong Kong and Macao; 9 stands in the permanent residence cards of foreigners.
_REGIONS = "123456789"
_OLDEST = 1900


def read_phone(text: str) -> str:
    """Return a mainland mobile number (11 digits) or a landline as `0436-6321234`.

    Raises Unreadable, saying whether the length or the beginning is wrong.
    """
    digits = _bare(text, _BEFORE_PHONE)
    digits = re.sub(r"^(?:\+86|0086|86(?=1[3-9]\d{9}$)|0(?=1[3-9]\d{9}$))", "", digits)
    if _MOBILE.fullmatch(digits):
        return digits
    if landline := _LANDLINE.fullmatch(digits):
        return f"{landline[1] or landline[3]}-{landline[2] or landline[4]}"
    example = "例如：13812345678，座机如 0436-6321234"
    if not _is_digits(digits):
        raise Unreadable(f"没看懂这个电话号码，请只发数字，{example}")
    if digits.startswith("0"):
        raise Unreadable(f"座机号好像不对，请发区号加 7 到 8 位号码，{example}")
    if len(digits) != 11:
        raise Unreadable(f"手机号是 11 位，您发的是 {len(digits)} 位，请核对后再发，{example}")
    raise Unreadable(f"手机号应以 13 到 19 开头，请核对后再发，{example}")


def read_id_number(text: str, today: date | None = None) -> str:
    """Return an 18-character ID number whose birth date exists (not after `today`) and whose check digit holds.

    Raises Unreadable, saying which of the two, or the length, is wrong. The number is never part of the message.
    """
    number = re.sub(r"[x×叉]$", "X", _bare(text, _BEFORE_ID))
    example = f"例如：{_ID_SAMPLE}"
    if not _is_digits(number[:-1]) or not (_is_digits(number[-1:]) or number.endswith("X")):
        raise Unreadable(f"没看懂这个身份证号，请发 18 位号码，最后一位可以是 X，{example}")
    if len(number) == 15:
        raise Unreadable(f"这是 15 位的旧号码，请发新身份证上的 18 位号码，{example}")
    if len(number) != 18:
        raise Unreadable(f"身份证号是 18 位，您发的是 {len(number)} 位，请对照证件再发一次，{example}")
    if number[0] not in _REGIONS:
        raise Unreadable(f"身份证号开头的地区不对，请对照证件再发一次，{example}")
    if not _is_birth_date(number[6:14], today):
        raise Unreadable(f"身份证号里的出生日期（第 7 到 14 位）不对，请对照证件再发一次，{example}")
    if number[17] != check_digit(number[:17]):
        raise Unreadable(f"号码里可能有一位写错了（校验位对不上），请对照证件再发一次，{example}")
    return number


def check_digit(body: str) -> str:
    """Return the eighteenth character for the first seventeen (GB 11643-1999)."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def _bare(text: str, before: re.Pattern[str]) -> str:
    if len(text) > _LONGEST:
        return ""
    return _BETWEEN_DIGITS.sub("", spoken_digits(before.sub("", compact(text))))


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _is_birth_date(digits: str, today: date | None) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return born.year >= _OLDEST and (today is None or born <= today)
