"""Days as people name them: 昨天， 下周一， 3天前， 10月31日， 十月三十一号， 31号， 月底. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from datetime import date, timedelta

from handlers.reading.cleaning import compact
from handlers.reading.errors import Unreadable
from handlers.reading.numerals import parse_numeral

_LONGEST = 40
_EARLIEST, _LATEST = 1900, 2100
_LEAP_YEARS_APART = 8

_NEAR = {
    "今": 0, "今天": 0, "今日": 0, "今儿": 0, "今儿个": 0, "当天": 0, "现在": 0, "刚才": 0, "刚刚": 0,
    "昨": -1, "昨天": -1, "昨日": -1, "昨儿": -1, "昨儿个": -1, "前天": -2, "前儿": -2, "大前天": -3,
    "明": 1, "明天": 1, "明日": 1, "明儿": 1, "明儿个": 1, "后天": 2, "后儿": 2, "大后天": 3,
}  # fmt: skip
_TIME_OF_DAY = re.compile(r"(?<=.)(?:凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|早|晚)$")
_WEEK = {"上上": -2, "上": -1, "上个": -1, "本": 0, "这": 0, "这个": 0, "下": 1, "下个": 1, "下下": 2}
_WEEKDAY = re.compile(r"(上上|上个?|本|这个?|下下|下个?)?(?:周|星期|礼拜)([一二三四五六日天1-7])")
_WEEKDAY_BESIDE = re.compile(r"(?<=.)\(?(?:周|星期|礼拜)[一二三四五六日天]\)?$")
_NUMERAL = re.compile(r"[〇零○一二两三四五六七八九十廿卅]+")
_AGO = re.compile(r"(\d{1,3})(天|日|周|星期|个星期|个礼拜|礼拜|个月|年)(?:之|以)?(前|后)")
_MONTHS = {"上": -1, "上个": -1, "本": 0, "这": 0, "这个": 0, "": 0, "当": 0, "下": 1, "下个": 1}
_IN_MONTH = re.compile(r"(上个?|本|这个?|当|下个?|)月(?:(\d{1,2})[日号]?|(底|末|初))")
_YEARS = {"前年": -2, "去年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2}
_YEAR_END = ("年底", "年末", "底", "末")
_FULL = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?|(\d{4})(\d\d)(\d\d)|(\d\d)年(\d{1,2})月(\d{1,2})[日号]?")
_MONTH_AND_DAY = re.compile(r"(\d{1,2})[-/.月](\d{1,2})[日号]?|(\d\d)(\d\d)")
_END_OF_MONTH = re.compile(r"(\d{1,2})月(?:底|末)")
_DAY = re.compile(r"(\d{1,2})[日号]")


class _NoSuchDay(Exception):
    """The form is known, but the calendar has no such day."""


def read_date(text: str, today: date, *, past_ok: bool, future_ok: bool) -> date:
    """Return the day meant, seen from `today`; today itself is always allowed.

    Where the year or month is left out, the nearest day that `past_ok` and `future_ok` allow is taken.
    Raises Unreadable when no day is understood, there is no such day, or it lies on the wrong side of today.
    """
    example = f"例如：{_example(today, past_ok=past_ok, future_ok=future_ok)}"
    said = compact(text).replace("的", "") if len(text) <= _LONGEST else ""
    try:
        day = _read(said, today, past_ok=past_ok, future_ok=future_ok)
    except (_NoSuchDay, OverflowError):
        raise Unreadable(f"日历上没有这一天，请再核对一下，{example}") from None
    if day is None or not _EARLIEST <= day.year <= _LATEST:
        raise Unreadable(f"没看懂是哪一天，请换个说法，{example}")
    if day > today and not future_ok:
        raise Unreadable(f"这一天还没到，请填今天或今天以前的日子，{example}")
    if day < today and not past_ok:
        raise Unreadable(f"这一天已经过去了，请填今天或今天以后的日子，{example}")
    return day


def _read(said: str, today: date, *, past_ok: bool, future_ok: bool) -> date | None:
    for word in (said, _TIME_OF_DAY.sub("", said)):
        if word in _NEAR:
            return today + timedelta(_NEAR[word])
    said = _TIME_OF_DAY.sub("", said)
    if weekday := _WEEKDAY.fullmatch(said):
        return _on_weekday(weekday[1], weekday[2], today, past_ok=past_ok, future_ok=future_ok)
    said = _NUMERAL.sub(_as_digits, _WEEKDAY_BESIDE.sub("", said))
    if ago := _AGO.fullmatch(said):
        return _away(int(ago[1]) * (-1 if ago[3] == "前" else 1), ago[2], today)
    # 10月31日前： the day named is the last day.
    said = re.sub(r"(?:之|以)?前$", "", said)
    if in_month := _IN_MONTH.fullmatch(said):
        first = _months_on(today.replace(day=1), _MONTHS[in_month[1]])
        return first if in_month[3] == "初" else _day_of(first, int(in_month[2]) if in_month[2] else None)
    if said in ("年底", "年末"):
        return today.replace(month=12, day=31)
    for word, years in _YEARS.items():
        if said.startswith(word):
            rest = said.removeprefix(word)
            if rest in _YEAR_END:
                return _date(today.year + years, 12, 31)
            said = f"{today.year + years}年{rest}"
            break
    return _by_figures(said, today, past_ok=past_ok, future_ok=future_ok)


def _by_figures(said: str, today: date, *, past_ok: bool, future_ok: bool) -> date | None:
    if full := _FULL.fullmatch(said):
        year, month, day = (int(part) for part in full.groups() if part is not None)
        return _date(year if year > 99 else 2000 + year, month, day)
    if end := _END_OF_MONTH.fullmatch(said):
        month = int(end[1])
        if not 1 <= month <= 12:
            raise _NoSuchDay
        ends = (_day_of(date(year, month, 1), None) for year in _years_around(today))
        return _nearest(ends, today, past_ok=past_ok, future_ok=future_ok)
    if month_and_day := _MONTH_AND_DAY.fullmatch(said):
        month, day = (int(part) for part in month_and_day.groups() if part is not None)
        _date(2000, month, day)
        return _nearest(_real((year, month, day) for year in _years_around(today)), today, past_ok=past_ok, future_ok=future_ok)
    if day_only := _DAY.fullmatch(said):
        day = int(day_only[1])
        _date(2000, 1, day)
        firsts = [_months_on(today.replace(day=1), step) for step in (0, -1, 1, -2, 2)]
        if past_ok and future_ok:
            firsts = firsts[:1] if day <= _length(today) else firsts
        return _nearest(_real((first.year, first.month, day) for first in firsts), today, past_ok=past_ok, future_ok=future_ok)
    return None


def _as_digits(found: re.Match[str]) -> str:
    number = parse_numeral(found[0])
    return found[0] if number is None else str(number)


def _on_weekday(week: str | None, named: str, today: date, *, past_ok: bool, future_ok: bool) -> date:
    weekday = 6 if named in "日天" else "一二三四五六".index(named) if named in "一二三四五六" else int(named) - 1
    day = today + timedelta(weekday - today.weekday())
    if week is not None:
        return day + timedelta(weeks=_WEEK[week])
    if day < today and not past_ok:
        return day + timedelta(weeks=1)
    return day - timedelta(weeks=1) if day > today and not future_ok else day


def _away(amount: int, unit: str, today: date) -> date:
    if unit in ("天", "日"):
        return today + timedelta(amount)
    if unit in ("个月", "年"):
        first = _months_on(today.replace(day=1), amount * (12 if unit == "年" else 1))
        return first.replace(day=min(today.day, _length(first)))
    return today + timedelta(weeks=amount)


def _months_on(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return _date(first.year + years, month + 1, 1)


def _day_of(first: date, day: int | None) -> date:
    return _date(first.year, first.month, _length(first) if day is None else day)


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise _NoSuchDay from None


def _real(parts: Iterable[tuple[int, int, int]]) -> Iterable[date]:
    for year, month, day in parts:
        try:
            yield date(year, month, day)
        except ValueError:
            continue


def _years_around(today: date) -> range:
    """Return years enough to hold a 29 February on either side, also around 1900 and 2100."""
    return range(max(1, today.year - _LEAP_YEARS_APART), min(9999, today.year + _LEAP_YEARS_APART) + 1)


def _nearest(days: Iterable[date], today: date, *, past_ok: bool, future_ok: bool) -> date:
    """Return the day nearest to today among those allowed; if none is, the nearest, for the message to be right."""
    known = sorted(days, key=lambda day: abs(day - today))
    if not known:
        raise _NoSuchDay
    allowed = (day for day in known if day == today or (past_ok if day < today else future_ok))
    return next(allowed, known[0])


def _example(today: date, *, past_ok: bool, future_ok: bool) -> str:
    if future_ok and not past_ok:
        day = today + timedelta(7)
        return f"明天、{day.month}月{day.day}日"
    day = today - timedelta(7)
    return f"昨天、{day.month}月{day.day}日" if past_ok else "今天"
