"""A document's lines, cut into passages that can be cited: each with the number of its clause and what it stands under.

The numbers are those of official documents (GB/T 9704: 一、(一) 1. (1)), of rules (第三条) and of manuals (2.1). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_NUMERAL = "[一二三四五六七八九十百零〇\\d]{1,7}"
_MARKS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (1, re.compile(f"(第{_NUMERAL}[编章部])[ 、:：]*")),
    (2, re.compile(f"(第{_NUMERAL}节)[ 、:：]*")),
    (3, re.compile(f"(第{_NUMERAL}条(?:之{_NUMERAL})?)[ 、:：]*")),
    (4, re.compile("([一二三四五六七八九十]{1,3})[、.．] *")),
    (5, re.compile("([(（][一二三四五六七八九十]{1,3}[)）])[ 、.．]*")),
    (7, re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,3})[.．、]?(?![\d.．%％万元亿]) *")),
    (6, re.compile(r"(\d{1,3})[.．、](?!\d) *")),
    (8, re.compile(r"([(（]\d{1,3}[)）]|[①-⑳])[ 、.．]*")),
)
"""How deep a mark stands, and the mark itself. A figure such as "1.5万元" is none."""

_WHOLE_NUMBERS = (3, 7)
"""Depths whose numbers need nothing in front of them: articles are counted through, and 2.1 names its own chapter."""
_LISTED = 5
"""From this depth on, a short line without text of its own is an entry of a list, which stays with what introduces it."""

_SHORT = 40
_LONGEST_NAME = 20
_LONGEST = 600
"""Characters of a passage: what can be read on a phone, and is still about one thing."""
_MOST_CLAUSE, _MOST_HEADING = 60, 200
_WITHIN_SENTENCE = re.compile("[，,；;：:]")
_END_OF_SENTENCE = re.compile(r"(?<=[。；！？!?\n])(?!$)")


@dataclass(frozen=True, slots=True)
class TextLine:
    """A paragraph of a document. `level` counts from 1 for what the file itself marks as a heading."""

    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A passage: `clause` as it is cited ("第三条", "三(二)1"; "" in front of the first), `heading` what it stands under."""

    clause: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class _Mark:
    depth: int
    label: str
    name: str
    """What stands behind the number, if it is a heading."""
    body: str


@dataclass(slots=True)
class _Open:
    """A passage that may still grow."""

    depth: int
    clause: str
    heading: str
    lines: list[str] = field(default_factory=list)


def cut(lines: Sequence[TextLine]) -> list[Section]:
    """The passages of a document in their order; none is empty or longer than a phone can show."""
    marks = [_mark(line) for line in lines]
    above: list[_Mark] = []
    done: list[_Open] = []
    for place, (line, mark) in enumerate(zip(lines, marks, strict=True)):
        if mark is None:
            if not done:
                done.append(_Open(0, "", ""))
            done[-1].lines.append(line.text)
            continue
        following = marks[place + 1] if place + 1 < len(lines) else _Mark(0, "", "", "")
        alone = following.depth <= mark.depth if following else line.text.endswith(("。", "；", ";"))
        if alone and mark.depth >= _LISTED and len(line.text) < _SHORT and done and _introduces(done[-1], mark):
            done[-1].lines.append(line.text)
            continue
        above = [one for one in above if one.depth < mark.depth]
        above.append(mark)
        body = mark.body or (mark.name if alone else "")
        done.append(_Open(mark.depth, _clause(above), _heading(above), [body] if body else []))
    return [part for one in done if one.lines for part in _parts(one)]


def is_numbered(text: str) -> bool:
    """Whether a line begins a clause."""
    return any(pattern.match(text) for _, pattern in _MARKS)


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with the mark it ends with."""
    return [found for part in _END_OF_SENTENCE.split(text) if (found := part.strip())]


def _mark(line: TextLine) -> _Mark | None:
    for depth, pattern in _MARKS:
        if found := pattern.match(line.text):
            rest = line.text[found.end() :].strip()
            name, body = _split(rest)
            return _Mark(depth, found[1], name, body)
    if line.level:
        return _Mark(line.level - 10, "", line.text[:_LONGEST_NAME], "")
    return None


def _split(rest: str) -> tuple[str, str]:
    """The name of a clause and its text, which begins with it: "(一)加强领导。各村要……" has both."""
    name, end, more = rest.partition("。")
    if not end:
        name, _, more = rest.partition(" ")
        if len(more) <= len(name):
            name, more = rest, ""
    if len(name) > _LONGEST_NAME or _WITHIN_SENTENCE.search(name):
        return "", rest
    return name, rest if end or more else ""


def _introduces(before: _Open, mark: _Mark) -> bool:
    return before.depth < mark.depth and bool(before.lines) and sum(map(len, before.lines)) < _LONGEST - _SHORT


def _clause(above: Sequence[_Mark]) -> str:
    first = max((place for place, one in enumerate(above) if one.depth in _WHOLE_NUMBERS), default=0)
    label = "".join(one.label for one in above[first:])
    return label.replace("（", "(").replace("）", ")")[:_MOST_CLAUSE]


def _heading(above: Sequence[_Mark]) -> str:
    return " › ".join(one.name for one in above if one.name)[:_MOST_HEADING]


def _parts(one: _Open) -> list[Section]:
    texts = [""]
    for line in one.lines:
        for sentence in sentences(line):
            for start in range(0, len(sentence), _LONGEST):
                piece = sentence[start : start + _LONGEST]
                if texts[-1] and len(texts[-1]) + len(piece) > _LONGEST:
                    texts.append("")
                texts[-1] += piece
        texts[-1] += "\n"
    return [Section(one.clause, one.heading, text.strip()) for text in texts if text.strip()]
