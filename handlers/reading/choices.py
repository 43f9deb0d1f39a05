"""One or several of some options, named by number, by label or by a part of a label; and yes or no. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TypeVar

from handlers.reading.cleaning import clean, compact, shortened
from handlers.reading.errors import Unreadable
from handlers.reading.numerals import parse_numeral

T = TypeVar("T")

_label = functools.lru_cache(maxsize=4096)(compact)
"""Labels are the same for everybody, so they are prepared once."""

_LONGEST = 100
_SHOWN = 12
_ORDINAL = re.compile(r"(?:我?选|就|要)?第?\(?(\d{1,3}|[一二两三四五六七八九十]{1,3})\)?(?:个|项|条|种|号|户)?(?:吧)?")
_NUMBER_BEFORE_LABEL = re.compile(r"\(?(\d{1,3})\)?[.、:,]?(?=\D)")
_LABEL_WORDS = re.compile(r"[/、,;()\[\]·:|]|或|及")
_SEPARATORS = re.compile(r"[\s,、;/+&。]+")
_CONJUNCTIONS = re.compile(r"还有|以及|和|跟|与|及|加上|[\s,、;/+&。]")
_RANGE = re.compile(r"(\d{1,3})(?:-|~|到|至)(\d{1,3})")
_NEGATION = re.compile(r"[不没无非别]|除了|除去")
_ALL = {"全部", "全都有", "都有", "都是", "都选", "全选", "全有", "所有", "全部都有", "都要", "全要", "全都是"}
_NONE = {"都没有", "都不是", "没有", "无", "一个也没有", "都没", "没", "都不选", "全没有", "0", "零"}
_YES = {
    "是", "是的", "对", "对的", "对对", "好", "好的", "好嘞", "嗯", "嗯嗯", "嗯呢", "可以", "行", "中", "成", "妥", "妥了",
    "有", "要", "愿意", "同意", "没问题", "没错", "没毛病", "确认", "确定", "是这样", "就是", "当然", "解决", "解决了",
    "ok", "okay", "yes", "y", "1", "👍", "👌", "✅", "✔",
}  # fmt: skip
_NO = {
    "不", "不是", "不对", "不好", "不行", "不可以", "不中", "不要", "不用", "不愿意", "不同意", "没", "没有", "没有呢",
    "否", "无", "错", "错了", "不确定", "还没", "还没有", "没呢", "没解决", "没有解决", "取消",
    "no", "n", "nope", "2", "👎", "❌", "✖", "🙅",
}  # fmt: skip
_PARTICLES = "了吧呀啊呢嘛哦哈的"
_NOT_WORDS = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")


def read_choice(text: str, options: Sequence[tuple[T, str]]) -> T:
    """Return the value of the option named by its number (第一个， ①, 1.), its label, or a part only it has.

    Raises Unreadable; when several fit, the message names them.
    """
    found = _find(text, options)
    if len(found) == 1:
        return options[found[0]][0]
    if found:
        names = "还是".join(f"「{shortened(options[place][1], _SHOWN)}」" for place in found[:3])
        raise Unreadable(f"您说的是{names}？请回复编号，例如：{found[0] + 1}")
    raise Unreadable(_no_such(text, options))


def read_several(text: str, options: Sequence[tuple[T, str]], *, none_ok: bool = False) -> list[T]:
    """Return the values of all options named, in the order of the options.

    Understood are numbers (1 3, 1、3, 1到3, and 13 where there are fewer than ten), labels or parts of them (房子和看病),
    and 全部. 都没有 gives an empty list where `none_ok`. Raises Unreadable otherwise.
    """
    said = compact(text) if len(text) <= _LONGEST else ""
    exact = _exact(said, options)
    if exact:
        return [options[exact[0]][0]]
    if said in _ALL and options:
        return [value for value, _ in options]
    if said in _NONE:
        if none_ok:
            return []
        raise Unreadable("请至少选一项，可以回复编号，例如：1")
    if not said:
        raise Unreadable(_no_such(text, options))
    chosen = _run_of_digits(said, options)
    if not chosen:
        for part in filter(None, _SEPARATORS.split(clean(text))):
            chosen |= _part(part, options)
    return [value for place, (value, _) in enumerate(options) if place in chosen]


def read_yes_no(text: str) -> bool:
    """Return whether 是， 嗯呢， 可以， OK, 👍 ... was said rather than 不， 没有， 否， NO ...

    Raises Unreadable for neither.
    """
    said = _NOT_WORDS.sub("", compact(text)) if len(text) <= _LONGEST else ""
    for word in (said, said.rstrip(_PARTICLES)):
        if word in _YES:
            return True
        if word in _NO:
            return False
    raise Unreadable("请回复「是」或「不是」，例如：是")


def _part(part: str, options: Sequence[tuple[T, str]]) -> set[int]:
    """Read one part between separators: one option, a range, several joined by 和， or labels without a gap."""
    said = compact(part)
    if span := _RANGE.fullmatch(said):
        first, last = int(span[1]), int(span[2])
        if 1 <= first < last <= len(options):
            return set(range(first - 1, last))
        raise Unreadable(_no_such(part, options))
    found = _find(part, options)
    if len(found) == 1:
        return set(found)
    named = _named_in(said, options)
    if named and not _NEGATION.search(_without_labels(said, named, options)):
        return set(named)
    pieces = [piece for piece in _CONJUNCTIONS.split(said) if piece]
    if len(pieces) > 1:
        return {place for piece in pieces for place in _part(piece, options)}
    return {_index(part, options)}


def _index(text: str, options: Sequence[tuple[T, str]]) -> int:
    return read_choice(text, [(place, label) for place, (_, label) in enumerate(options)])


def _run_of_digits(said: str, options: Sequence[tuple[T, str]]) -> set[int]:
    """Read 13 as 1 and 3, where no option can have the number 13."""
    if len(options) >= 10 or not re.fullmatch(r"[1-9]{2,9}", said) or len(set(said)) < len(said):
        return set()
    places = {int(digit) - 1 for digit in said}
    return places if max(places) < len(options) else set()


def _find(text: str, options: Sequence[tuple[T, str]]) -> list[int]:
    """Return the places of the options that fit best: by label, by number, by its beginning, by a part."""
    said = compact(text) if len(text) <= _LONGEST else ""
    if not said:
        return []
    if exact := _exact(said, options):
        return exact
    if said in ("最后一个", "最后一项", "最后") and options:
        return [len(options) - 1]
    if ordinal := _ORDINAL.fullmatch(said):
        number = parse_numeral(ordinal[1])
        return [int(number) - 1] if number is not None and 1 <= number <= len(options) else []
    if numbered := _NUMBER_BEFORE_LABEL.match(said):
        place = int(numbered[1]) - 1
        if 0 <= place < len(options) and _label(options[place][1]) == said[numbered.end() :]:
            return [place]
    labels = [_label(label) for _, label in options]
    return (
        [place for place, label in enumerate(labels) if label.startswith(said)]
        or [place for place, label in enumerate(labels) if said in label]
        or [place for place in _named_in(said, options) if not _NEGATION.search(_without_labels(said, [place], options))]
    )


def _exact(said: str, options: Sequence[tuple[T, str]]) -> list[int]:
    return [place for place, (_, label) in enumerate(options) if _label(label) == said and said][:1]


def _words(label: str) -> list[str]:
    """Return what may stand for a label in a sentence: itself, and its parts of two characters or more."""
    return [_label(label), *(word for word in _LABEL_WORDS.split(_label(label)) if len(word) > 1)]


def _named_in(said: str, options: Sequence[tuple[T, str]]) -> list[int]:
    return [place for place, (_, label) in enumerate(options) if any(word and word in said for word in _words(label))]


def _without_labels(said: str, places: Sequence[int], options: Sequence[tuple[T, str]]) -> str:
    for place in places:
        for word in _words(options[place][1]):
            said = said.replace(word, " ") if word else said
    return said


def _no_such(text: str, options: Sequence[tuple[T, str]]) -> str:
    if not options:
        return "现在没有可以选的项，请回复「取消」，例如：取消"
    said = f"没找到「{shortened(clean(text[:_LONGEST]), _SHOWN)}」。" if clean(text[:_LONGEST]) else ""
    return f"{said}请回复 1 到 {len(options)} 的编号，例如：1" if len(options) > 1 else f"{said}请回复编号，例如：1"
