"""Whether a figure belongs to a point, and whether the right words stand beside a wrong one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from handlers.quiz.recital.tokens import Speech, Token, speech
from storage.plan import Point

_BOUND = re.compile(
    "(?P<cap>不超过|不能超过|不得超过|不高于|不多于|不大于)"
    "|(?P<least>不低于|不少于|不小于|不得低于|不能低于|不得少于|不能少于|不得小于|至少|最少|最低|起码|以上|往上|大于|高于|多于|超过)"
    "|(?P<most>至多|最多|最高|低于|少于|小于|不到|不足|以下|以内|之内)"
)
_BEGINS, _ENDS = "start", "end"
_POINT_BEGINS, _POINT_ENDS = re.compile("开始|起$|启动"), re.compile("结束|截止|为止")
_BEFORE_FIRST, _BEFORE_LAST = re.compile("[从自]$"), re.compile("[到至~—-]$|截止$|截至$|直到$")
_AFTER_FIRST, _AFTER_LAST = re.compile("开始|起|启动|[到至~—-]"), re.compile("结束|截止|为止|完|之?前|止")
_UNITS = frozenset("个条项种类步轮张份户人天")
_NOT_THIS = re.compile("(?:不是|不只|不止)[说要只]?$")
_AROUND = 5


def bounds_differ(point: Point, said: Speech, start: int, end: int) -> bool:
    """Whether one says "at least" of a figure and the other "at most"."""
    first, last = said.part(start, end)
    meant, told = _bound(point.text), _bound(said.text(max(first, start - _AROUND), min(last, end + 2)))
    return bool(meant and told) and meant != told


def other_end(point: Point, said: Speech, start: int, end: int) -> bool:
    """Whether a day is said to be the last of a time of which it is the first, or the other way round."""
    meant = _BEGINS if _POINT_BEGINS.search(point.text) else _ENDS if _POINT_ENDS.search(point.text) else ""
    if not meant:
        return False
    before, after = said.text(start - 2, start), said.text(end, end + 2)
    if _BEFORE_FIRST.search(before) or _AFTER_FIRST.match(after):
        return meant == _ENDS
    return bool(_BEFORE_LAST.search(before) or _AFTER_LAST.match(after)) and meant == _BEGINS


def wrong_figure(point: Point, said: Speech, start: int, end: int) -> bool:
    """Whether a figure that stands with the words is of a kind that the point names, and none of its own."""
    own = _by_kind(speech(point.text).tokens)
    first, last = said.part(start, end)
    near = said.tokens[max(first, start - _AROUND) : min(last, end + _AROUND)] if own else ()
    return any(not values <= own[kind] for kind, values in _by_kind(near).items() if kind in own)


def bare(wording: str) -> bool:
    """Whether a wording is nothing but a figure, which may belong to anything spoken of; a day speaks for itself."""
    return all(token.figure and not token.figure.endswith("日") for token in speech(wording).tokens)


def _by_kind(tokens: Sequence[Token]) -> dict[str, set[str]]:
    """Shares, and counts by their unit, apart from those denied (不是20%)."""
    found: dict[str, set[str]] = {}
    for place, token in enumerate(tokens):
        after = tokens[place + 1].glyph if place + 1 < len(tokens) else ""
        before = "".join(one.glyph for one in tokens[max(place - 4, 0) : place])
        kind = "%" if token.figure.endswith("%") else after if token.figure and after in _UNITS else ""
        if kind and not _NOT_THIS.search(before):
            found.setdefault(kind, set()).add(token.figure)
    return found


def _bound(words: str) -> str | None:
    found = _BOUND.search(words)
    return found and ("least" if found["least"] else "most")
