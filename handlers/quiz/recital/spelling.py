"""Words as they are compared: figures in one spelling, no fillers, and a mark where a part of the sentence ends.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from handlers.reading.cleaning import clean
from handlers.reading.numerals import parse_numeral

PAUSE, STOP = ",", ";"
"""A comma's worth of a break, and a new thing beginning."""

_NUMERAL = "〇零一二两三四五六七八九十百千"
_N = rf"(?:\d+(?:\.\d+)?|[{_NUMERAL}]+)"

_LISTED = re.compile(r"(?<![\d.])\d{1,2}[.、)](?!\d)")
_CIRCLED = re.compile("[\u2460-\u249b]")
"""① ⑴ ⒈, which would become figures."""
_COUNTED_OFF = re.compile(
    r"第(?:[一二三四五六七八九十]|\d{1,2})(?!轮|责任|书记|批|阶段|季|\d)[个点条项步样类块招]?[是呢就,、:]*"
    r"|(?:再|还有|另|下)?(?:一|[二两三四五六]|最后一)[个条点]?(?:就是|是|呢)(?!否)"
)
_NEXT = re.compile(
    r"其次|再次|然后|紧?接着|另外|此外|以及|再就是|再有(?:就是)?|再者|还有(?:就是)?|下一步|接下来|再往[下后上]|完了之?后"
)
_IN_PASSING = re.compile(r"首先|最后|同时|乡村振兴(?:局|办公室|办|站)?")
"""Says when, or names an office by its trade; 县里最后拍板 is one thing still."""
_TAKEN_BACK = re.compile(
    r"[^,;]*[,;]*(?:哦|噢|啊|呃|嗯)?(?:不对|说错了?|讲错了?|记错了?|错了|口误|更正一下|更正)[,;]*(?:应该)?[是,]*"
)
_FILLERS = re.compile(
    r"对不对|是不是啊?(?=[,;]|$)|那个啥|那个|这个|怎么说(?:来着|呢)|怎么说|我想想|让我想想|想一想|我记得|好像是?|大概是?|应该是?|可能是?|反正|来着|对吧|是吧"
    r"|就是说|就是|也就是|叫做|叫作|什么的|啥的|之类的?|一下子?|咱们?村?(?=是|要|就)|一共|总共|分别是?|包括(?!在)|[的了呢嗯啊呃哦噢哎唉吧呀嘛额哈]"
)
_WHOLE = re.compile(r"百分之?一?百(?![一二三四五六七八九\d])")
_PERCENT = re.compile(rf"百分之({_N})")
_POINTS = re.compile(rf"({_N})个?(?:百分点|点(?=$|[,;以就左吧了]))")
_OF_TEN = re.compile(rf"十分之({_N})")
_TENTHS = re.compile(r"([一二两三四五六七八九]|\d)成(半)?(?!立|果|为|效|员|本|功|绩|熟|长)")
_LARGE = re.compile(rf"[{_NUMERAL}]*[十百千][{_NUMERAL}]*")
_BEFORE_DAY = re.compile(rf"[{_NUMERAL}]+(?=[月日号])")
_DAY = re.compile(r"(\d+)号")
_DOTTED = re.compile(r"(?<![\d.])(1[0-2]|0?[1-9])[./-](3[01]|[12]\d|0?[1-9])(?![\d.%])")
_NO_DAY = re.compile(r"(\d{1,2}月\d{1,2})(?![\d日])")
_UNTIL = re.compile(r"(\d{1,2}月\d{1,2}日[^\d;]{0,5}[到至~—-][^\d;]{0,3}\d{1,2})(?![\d日月%])")
_END_OF_MONTH = re.compile(r"(\d{1,2})月份?(?:月?[底末]|最后一天)|(?<=[到至])(?:这个|本|当)?月[底末](?!\d)")
_ANY_DAY = re.compile(r"(?:(\d{1,2})月)?(\d{1,2})日")
_LONG_MONTHS = {1, 3, 5, 7, 8, 10, 12}
_STOPS = re.compile(r"[。;!?\n]+")
_PAUSES = re.compile(r"(?<!\d)\.|\.(?!\d)|[^\w%.,;~—-]|_|(?<!\d)-|-(?!\d)")
_MARKS = re.compile(r"[,;\s]*;[,;\s]*|[,\s]*,[,\s]*")


@lru_cache(maxsize=4096)
def spelled(words: str) -> str:
    """Figures in digits, without fillers and spaces; `PAUSE` and `STOP` where the sentence breaks."""
    text = _STOPS.sub(STOP, clean(_CIRCLED.sub(STOP, words)).casefold())
    text = re.sub(r"(?<=[\w%])\s+(?=[\w%])", PAUSE, text)
    text = _LISTED.sub(STOP, text)
    text = _COUNTED_OFF.sub(STOP, text)
    text = _IN_PASSING.sub("", _NEXT.sub(STOP, text))
    text = _figures(_marked(text))
    text = _FILLERS.sub("", text)
    text = _marked(_PAUSES.sub(PAUSE, text))
    return _marked(_TAKEN_BACK.sub("", text)).strip(PAUSE + STOP)


def _figures(text: str) -> str:
    changes: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
        (_WHOLE, lambda found: "100%"),
        (_PERCENT, lambda found: f"{_digits(found[1])}%"),
        (_OF_TEN, lambda found: f"{_digits(found[1])}0%"),
        (_TENTHS, lambda found: f"{_digits(found[1])}{'5' if found[2] else '0'}%"),
        (_BEFORE_DAY, lambda found: _digits(found[0])),
        (_LARGE, lambda found: _digits(found[0])),
        (_POINTS, lambda found: f"{_digits(found[1])}%"),
        (_DAY, lambda found: f"{found[1]}日"),
        (_DOTTED, lambda found: f"{int(found[1])}月{int(found[2])}日"),
        (_NO_DAY, lambda found: f"{found[1]}日"),
        (_UNTIL, lambda found: f"{found[1]}日"),
    ]
    for pattern, change in changes:
        text = pattern.sub(change, text)
    return _in_months(text)


def _in_months(text: str) -> str:
    """Days with their month, also where it was said only once: 10月17日开始，31日结束， or 到月底."""
    month = ""

    def whole(found: re.Match[str]) -> str:
        nonlocal month
        month = found[1] or month
        return f"{month}月{found[2]}日" if month else found[0]

    def last(found: re.Match[str]) -> str:
        named = found[1] or next((day[1] for day in _ANY_DAY.finditer(text) if day[1]), "")
        return f"{named}月{31 if int(named) in _LONG_MONTHS else 30}日" if named else found[0]

    text = _END_OF_MONTH.sub(last, text)
    return _ANY_DAY.sub(whole, text)


def _marked(text: str) -> str:
    return _MARKS.sub(lambda found: STOP if STOP in found[0] else PAUSE, text)


def _digits(numeral: str) -> str:
    value = parse_numeral(numeral)
    return numeral if value is None else f"{value:f}"
