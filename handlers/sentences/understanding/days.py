"""The days of a leave in a sentence: 明天, 20号到22号, 请三天假, 请到周五, 国庆后两天; and why it is taken. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from chinese_calendar import get_holiday_detail

from handlers.reading import Unreadable, read_date
from handlers.reading.numerals import parse_numeral

_CHINESE = "[零一二两三四五六七八九十廿]"
_WEEKDAY = r"(?:下下个?|下个?|这个?|本)?(?:周|星期|礼拜)[一二三四五六日天]"
_DAY = re.compile(
    r"[今明后]天?(?:早上?|晚上?|上午|下午)|大后天|今天|今日|今儿个?|明天|明日|明儿个?|后天|后儿"
    rf"|{_WEEKDAY}"
    rf"|(?:明年|今年|\d{{4}}年)?(?:\d{{1,2}}|{_CHINESE}{{1,3}})月(?:\d{{1,2}}|{_CHINESE}{{1,3}})[日号]?"
    rf"|下个?月(?:\d{{1,2}}|{_CHINESE}{{1,3}})[日号]"
    r"|\d{1,2}[./]\d{1,2}(?!\d|%|天|万|元|块)"
    rf"|(?:\d{{1,2}}|{_CHINESE}{{1,3}})[日号]"
    r"|月底|月末|年底"
)
_TOGETHER = {"今明": (0, 1), "明后": (1, 2), "今明后": (0, 2)}
_SEVERAL = re.compile("(今明后?|明后)[两三]?[天日]")
_HOLIDAYS = {
    "元旦": "New Year's Day", "春节": "Spring Festival", "过年": "Spring Festival", "清明": "Tomb-sweeping Day",
    "五一": "Labour Day", "劳动节": "Labour Day", "端午": "Dragon Boat Festival", "中秋": "Mid-autumn Festival",
    "十一": "National Day", "国庆": "National Day",
}  # fmt: skip
_AFTER_HOLIDAY = re.compile(rf"({'|'.join(_HOLIDAYS)})节?(?:假期?|放假|长假)?(?:过|完|之|以)?后")
_BARE_FIRST = re.compile(
    rf"(?<![\d.])(\d{{1,2}})(?=(?:到|至|-|~)\d{{1,2}}[日号])|(?<!{_CHINESE})({_CHINESE}{{1,3}})(?=(?:到|至){_CHINESE}{{1,3}}[日号])"
)
_TO = re.compile(r"(?:上午|下午|早上|晚上|中午)?(?:请假?|休假?)?(?:一直)?(?:到|至|-|~|—)了?")
_AND = re.compile("[、和跟与,]?")
_UNTIL = re.compile(r"(?:到|至)$")
_OPEN_END = re.compile(r"(?:开始|起)")
_BACK = re.compile(r"(?:就|才|再|能|准)?(?:回来|回村|回去)?(?:上班|到岗|返岗|值班)")
_COUNT = rf"(?P<count>\d{{1,2}}|{_CHINESE}{{1,3}}|半)个?(?P<unit>天|日|周|星期|礼拜|月)"
_LENGTHS = (
    re.compile(
        rf"(?:请|休|歇|假|离开|外出|出门|走|去|不在|躺|培训|学习|出差|陪护|静养)[^,。;!?]{{0,4}}?{_COUNT}(?!前|后|以前|没)"
    ),
    re.compile(rf"{_COUNT}(?:的|时间)*(?:年|事|病|婚|产|丧|探亲|公)?(?:假|休)"),
)
_BARE_LENGTH = re.compile(rf"(?:共|总共|一共)?{_COUNT}")
_MAY_I = re.compile(
    r"行不行?|可不可以|能不能|可以[吗不]|行吗|好吗|批准|领导|书记|主任|(?:原因|理由|事由)[是为]?|您好|你好|麻烦|帮忙"
)
_UNITS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30}
_OF_TODAY = ("下", "这", "本", "今", "明", "后", "大")
_LONGEST = 180
_A_YEAR = 366
_EDGES = "的了我得要想就到至从起因为由于是吧啊呢-~上下午早晚中"

Days = tuple[date | None, date | None]


def leave_days(said: str, today: date) -> Days:
    """First and last day of a leave, each None as far as it is not said."""
    said = _BARE_FIRST.sub(r"\1\2号", said)
    length = _length(said)
    if several := _SEVERAL.search(said):
        one, other = _TOGETHER[several[1]]
        return today + timedelta(one), today + timedelta(other)
    if (holiday := _AFTER_HOLIDAY.search(said)) and (end := _end_of(holiday[1], today)):
        return _for(end + timedelta(1), length)
    days = list(_days(said, today))
    back = next((day for _, ends, day in days if _BACK.match(said, ends)), None)
    days = [one for one in days if one[2] != back]
    for (_, end_at, first), (later, ends, day) in pairwise(days):
        if _TO.fullmatch(said, end_at, later) or _AND.fullmatch(said, end_at, later):
            return first, _within(first, said[later:ends], day)
    if back:
        return (days[0][2] if days else None), back - timedelta(1)
    if not days:
        return None, None
    start, end_at, first = days[0]
    if _UNTIL.search(said, 0, start):
        return None, first
    if length:
        return _for(first, length)
    return first, None if _OPEN_END.match(said, end_at) else first


def leave_reason(said: str, spoken_of: re.Pattern[str]) -> str:
    """Why, in the words said; empty when nothing is left beside the days and the asking, which `spoken_of` finds."""
    bare = _BARE_FIRST.sub(r"\1\2号", said)
    for pattern in (_SEVERAL, _AFTER_HOLIDAY, _DAY, spoken_of, _BARE_LENGTH, _MAY_I):
        bare = pattern.sub("|", bare)
    parts = [part.strip(_EDGES) for part in re.split(r"[|,。;!?、:]+", bare)]
    kept = [part for part in parts if len(part) > 1]
    return max(kept, key=len, default="")


def _days(said: str, today: date) -> Iterator[tuple[int, int, date]]:
    for found in _DAY.finditer(said):
        try:
            yield found.start(), found.end(), read_date(found[0], today, past_ok=False, future_ok=True)
        except Unreadable:
            continue


def _within(first: date, later: str, itself: date) -> date:
    """The end of a span, read from its beginning unless it says its own week: in 下周一到周三 both are of one week."""
    if later.startswith(_OF_TODAY):
        return max(first, itself)
    try:
        last = read_date(later, first, past_ok=False, future_ok=True)
    except Unreadable:
        return first
    return last if (last - first).days <= _LONGEST else first


def _length(said: str) -> int:
    """How many days a leave is to last, 0 when that is not said."""
    for pattern in _LENGTHS:
        if found := pattern.search(said):
            if found["count"] == "半":
                return 15 if found["unit"] == "月" else 1
            count = parse_numeral(found["count"])
            if count is not None and 0 < count * _UNITS[found["unit"]] <= _LONGEST:
                return int(count) * _UNITS[found["unit"]]
    return 0


def _for(first: date, length: int) -> Days:
    return first, first + timedelta(max(length, 1) - 1) if length else None


def _end_of(holiday: str, today: date) -> date | None:
    """The last day of the next holiday of that name, or of the one that just ended."""
    last = None
    for ahead in range(-3, _A_YEAR):
        day = today + timedelta(ahead)
        try:
            free, name = get_holiday_detail(day)
        except NotImplementedError:
            return last
        if free and name == _HOLIDAYS[holiday]:
            last = day
        elif last is not None:
            return last
    return last
