"""The number of a problem or clue in a sentence, told from days, sums and households. Pure."""

from __future__ import annotations

import re

from handlers.reading.numerals import parse_numeral

_NUMERAL = r"(?:\d{1,9}|[零〇一二三四五六七八九十百千两]{1,9})"
_THING = r"(?:问题|线索|台账|整改|任务|点位|清单|工单|件|隐患)"
_AFTER_THING = re.compile(rf"{_THING}(?:编号|序号|号码|号|第|是|:|#)*({_NUMERAL})(?!\d|[天个成户年月元块万%人次岁点])")
_LISTED = re.compile(rf"(?:编号|序号)(?:是|为|:)?({_NUMERAL})(?!号?的?(?:农?户|人?家))")
_BEFORE_THING = re.compile(rf"(?:第|#)?({_NUMERAL})(?:号|#|个)?(?:的|那个|这个|那条|这条|那)*{_THING}")
_ORDINAL = re.compile(rf"(?:第|#)({_NUMERAL})(?:号|个|条|项)")
_LONE = re.compile(rf"(?<![月\d])({_NUMERAL})号(?!户|楼|线|文|电|车|井|院)")
_POINTED_AT = re.compile(rf"(?<![月\d])({_NUMERAL})号(?:那个|这个|那件|那条|那处|的(?!时候|上|下|晚|早|会|班|票|张|去))")
_A_FEW = re.compile(r"^[一二两三四五六七八九十几]$|^[1-9]$")
_DAY_BEFORE = re.compile(r"(?:月|到|至|从|自|-|下个?月|上个?月)$")
_DAY_AFTER = re.compile(
    r"(?:去|到|上午|下午|早上|晚上|中午|当天|那天|开会|请|回来|走访|入户|之?前|以前|以后|之后|起|开始|至|就|我|咱|-|来|在|有事|休|不在)"
)


def problem_number(said: str, *, works: bool, plain: bool) -> int | None:
    """The number, or None.

    A bare "17号" is one only where the sentence `works`, that is, speaks of something being done; at its beginning also
    where it is `plain`: names nobody and is about no leave.
    """
    for pattern in (_AFTER_THING, _LISTED, _BEFORE_THING, _ORDINAL, _POINTED_AT):
        for found in pattern.finditer(said):
            if pattern is _BEFORE_THING and not _marked(found[0], found[1]):
                continue
            if pattern is _ORDINAL and found[0].endswith("个") and _A_FEW.match(found[1]):
                continue
            if (number := _value(found[1])) is not None:
                return number
    for found in _LONE.finditer(said):
        if not (works or (plain and found.start() == 0)):
            return None
        if _DAY_BEFORE.search(said[: found.start()]) or _DAY_AFTER.match(said, found.end()):
            continue
        if (number := _value(found[1])) is not None:
            return number
    return None


def _marked(whole: str, numeral: str) -> bool:
    """三个问题 counts them, 3号问题 and 17问题 name one."""
    rest = whole.removeprefix("第").removeprefix("#").removeprefix(numeral)
    return whole[0] in "第#" or rest[0] in "号#" or (numeral.isdecimal() and rest[0] != "个")


def _value(numeral: str) -> int | None:
    value = parse_numeral(numeral)
    return int(value) if value is not None and 0 < value <= 999_999_999 and value == int(value) else None
