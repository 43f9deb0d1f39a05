"""How far something is, as people say it in the middle of a sentence: 80%, 百分之八十, 八成, 四分之三, 一半. Pure."""

from __future__ import annotations

import re

from handlers.reading import clean
from handlers.reading.numerals import parse_numeral

_SAID = re.compile(
    r"(?P<percent>\d+(?:\.\d+)?)\s*%"
    r"|百分之(?P<spoken>[零一二两三四五六七八九十百\d]+)"
    r"|(?P<parts>[二三四五六七八九十\d]+)分之(?P<taken>[一二两三四五六七八九十\d]+)"
    r"|(?P<tenths>[一二两三四五六七八九十\d])成(?P<half>半)?(?![为本立绩])"
    r"|(?P<half_way>一半)"
)
_MOST = 100


def percent_in(text: str) -> int | None:
    """The percentage that is said, as a whole number from 0 to 100; None when none is, or more than one."""
    found = [_value(match) for match in _SAID.finditer(clean(text))]
    if len(found) != 1 or found[0] is None or not 0 <= found[0] <= _MOST:
        return None
    return int(found[0])


def _value(match: re.Match[str]) -> float | None:
    if match["half_way"]:
        return 50
    if match["parts"]:
        parts, taken = parse_numeral(match["parts"]), parse_numeral(match["taken"])
        return 100 * float(taken) / float(parts) if parts and taken else None
    number = parse_numeral(match["percent"] or match["spoken"] or match["tenths"])
    if number is None:
        return None
    return float(number) * 10 + (5 if match["half"] else 0) if match["tenths"] else float(number)
