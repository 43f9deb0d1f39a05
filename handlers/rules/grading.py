"""Whether an answer of the quiz is right. A recital is graded by its key points, as they are heard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache

from fsrs import Rating

from handlers.rules.reading.cleaning import clean, compact
from handlers.rules.reading.numerals import parse_numeral
from storage.base import Record
from storage.pinyin import syllables
from storage.plan import (
    NumberQuestion,
    Point,
    Question,
    RecitalQuestion,
    SeveralQuestion,
    SingleQuestion,
    TrueFalseQuestion,
)

Given = str | Sequence[str] | bool | Decimal | None
"""An option, several options, true or false, a figure, words; None where the question was skipped."""

_NEARLY = 0.7
"""The share of a recital's points from which it is only hesitant: 3 of 4, 4 of 5."""

_NUMERAL = "〇零一二两三四五六七八九十百千"
_LISTED = re.compile(r"(?<!\S)\d{1,2}[.、)](?!\d)")
_PERCENT = re.compile(rf"百分之(\d+(?:\.\d+)?|[{_NUMERAL}]+)")
_TENTHS = re.compile(r"([一二两三四五六七八九]|\d)成(?!立|果|为|效)")
_LARGE = re.compile(rf"[{_NUMERAL}]*[十百千][{_NUMERAL}]*")
_BEFORE_DAY = re.compile(rf"[{_NUMERAL}]+(?=[月日号])")
_DAY = re.compile(r"(\d+)号")
_SPAN = re.compile(r"(\d{1,2})月(\d{1,2})日?(?:到|至|-|~)(?=\d{1,2}日)")
_NO_DAY = re.compile(r"(\d{1,2}月\d{1,2})(?![\d日])")
_LONE_DIGIT = re.compile(r"(?<![\d.%])[1-9](?![\d.%月日])")
_FILLERS = re.compile(r"那个|这个|就是说?|然后|还有|[的了呢嗯啊呃哦吧呀嘛额]")
_BETWEEN_FIGURES = re.compile(r"(?<=[\d%])[^\w%.]+(?=\d)")
_PUNCTUATION = re.compile(r"(?<!\d)\.|\.(?!\d)|[^\w%.|]|_")

# "不用公示" says the opposite of 公示， while "不搞高价彩礼" is how one names what must go.
_DENIED = re.compile(r"(?:不用|不需要?|不必|无需|不包括|不含|不算|不是)[搞做走办再经过]{0,2}$")
_BOUND = re.compile(
    r"(?P<least>不低于|不少于|不小于|不得低于|至少|最少|最低|以上)|(?P<most>不超过|不高于|不多于|至多|最多|最高|低于|少于|小于|不到|不足|以下|以内)"
)


class Verdict(Record):
    """How well a question was answered. `missed` are the places of the points of a recital that were not heard."""

    rating: Rating
    missed: tuple[int, ...] = ()

    @property
    def right(self) -> bool:
        return self.rating is Rating.Good


def grade(question: Question, given: Given) -> Verdict:
    """Raises TypeError for an answer that is not of the question's form."""
    match question, given:
        case RecitalQuestion(), None:
            return _by_points(question, "")
        case _, None:
            return _verdict(False)
        case SingleQuestion(), str():
            return _verdict(given == question.answer)
        case TrueFalseQuestion(), bool():
            return _verdict(given == question.answer)
        case NumberQuestion(), Decimal():
            return _verdict(abs(given - Decimal(str(question.answer))) <= Decimal(str(question.tolerance)))
        case RecitalQuestion(), str():
            return _by_points(question, given)
        case SeveralQuestion(), [*options]:
            return _verdict(set(options) == set(question.answers))
    raise TypeError(f"{question.id} is not answered by a {type(given).__name__}")


def says(point: Point, words: str) -> bool:
    """Whether a point is among what was said: one of its wordings, or what sounds the same, and not contradicted."""
    said = normalised(words)
    return any(
        _stands(said, start, end, point) for wording in point.accept for start, end in _heard(normalised(wording), said)
    )


def normalised(words: str) -> str:
    """Words as they are compared: figures in digits, no fillers, no punctuation."""
    text = compact(_LISTED.sub("", clean(words)))
    text = _PERCENT.sub(lambda found: f"{_digits(found[1])}%", text)
    text = _TENTHS.sub(lambda found: f"{_digits(found[1])}0%", text)
    text = _BEFORE_DAY.sub(lambda found: _digits(found[0]), text)
    text = _LARGE.sub(lambda found: _digits(found[0]), text)
    text = _DAY.sub(r"\1日", text)
    text = _SPAN.sub(r"\1月\2日到\1月", text)
    text = _NO_DAY.sub(r"\1日", text)
    text = _LONE_DIGIT.sub(lambda found: "零一二三四五六七八九"[int(found[0])], text)
    text = _FILLERS.sub("", text)
    return _PUNCTUATION.sub("", _BETWEEN_FIGURES.sub("|", text))


def _verdict(right: bool) -> Verdict:
    return Verdict(rating=Rating.Good if right else Rating.Again)


def _by_points(question: RecitalQuestion, words: str) -> Verdict:
    missed = tuple(place for place, point in enumerate(question.points) if not says(point, words))
    if not missed:
        return Verdict(rating=Rating.Good)
    share = 1 - len(missed) / len(question.points)
    return Verdict(rating=Rating.Hard if share >= _NEARLY else Rating.Again, missed=missed)


def _heard(wording: str, said: str) -> Iterator[tuple[int, int]]:
    """Where a wording, or what sounds the same, stands in what was said."""
    wanted, sounds = _sounds(wording), _sounds(said)
    length = len(wanted)
    for start in range(len(sounds) - length + 1 if wanted else 0):
        if sounds[start : start + length] == wanted:
            yield start, start + length


def _stands(said: str, start: int, end: int, point: Point) -> bool:
    """Whether what was heard at a place is meant: no part of a longer figure, not denied, no opposite bound."""
    before, heard, after = said[:start], said[start:end], said[end:]
    if heard[0].isdigit() and re.search(r"\d\.?$", before):
        return False
    if heard[-1].isdigit() and re.match(r"\.?\d", after):
        return False
    if _DENIED.search(before):
        return False
    meant, told = _bound(point.text), _bound(f"{before[-4:]}{heard}{after[:2]}")
    return not (meant and told) or meant == told


def _bound(words: str) -> str | None:
    """Whether words set a lower bound ("least") or an upper one ("most")."""
    found = _BOUND.search(words)
    return found.lastgroup if found else None


def _digits(numeral: str) -> str:
    value = parse_numeral(numeral)
    return numeral if value is None else f"{value:f}"


@lru_cache(maxsize=1024)
def _sounds(text: str) -> tuple[str, ...]:
    """A syllable a character, each read by itself so that it sounds the same wherever it stands."""
    return tuple(syllables(character)[0] for character in text)
