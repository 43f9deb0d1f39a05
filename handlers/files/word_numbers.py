"""The numbers that Word itself puts in front of paragraphs (第一条, 一、): they stand nowhere in a paragraph's text."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, NamedTuple

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

_DIGITS = "〇一二三四五六七八九"
_CHINESE = ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCountingThousand", "ideographDigital")
_CIRCLED = ("decimalEnclosedCircle", "decimalEnclosedCircleChinese")
_DEEPEST = 20
_UNNUMBERED = ("bullet", "none")


class Style(NamedTuple):
    """What counts of a style: its name, and the list it puts a paragraph in, with how deep."""

    name: str
    listed: tuple[str, int] | None


class Styles:
    """The styles of a document, each looked up once: python-docx searches all of them for every paragraph."""

    def __init__(self) -> None:
        self._known: dict[str | None, Style] = {}

    def of(self, paragraph: Paragraph) -> Style:
        key = paragraph._p.style
        if key not in self._known:
            self._known[key] = self._look_up(paragraph)
        return self._known[key]

    def _look_up(self, paragraph: Paragraph) -> Style:
        style, listed = paragraph.style, None
        name = (style.name or "") if style is not None else ""
        for _ in range(_DEEPEST):  # styles may be built on each other in a ring
            if style is None or listed is not None:
                break
            own = _properties(style.element)
            listed, style = _listed(own) if own is not None else None, style.base_style
        return Style(name, listed)


class Numbering:
    """Counts along while the paragraphs of a document are gone through in their order."""

    def __init__(self, document: Document) -> None:
        self._levels: dict[tuple[str, int], tuple[str, str, int]] = {}
        self._lists: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        for relation in document.part.rels.values():
            if relation.reltype == RELATIONSHIP_TYPE.NUMBERING:
                self._learn(relation.target_part.element)

    def before(self, paragraph: Paragraph, style: Style) -> str:
        """What Word prints in front of the paragraph; "" for nothing, or for a mere dot."""
        own = _properties(paragraph._p)
        named = style.listed if own is None else _listed(own)
        if named is None or named[0] not in self._lists:
            return ""
        kind, level = self._lists[named[0]], named[1]
        if (kind, level) not in self._levels:
            return ""
        form, text, start = self._levels[kind, level]
        counts = self._counts[kind]
        counts[level] = counts.get(level, start - 1) + 1
        for deeper in [one for one in counts if one > level]:
            del counts[deeper]
        if form in _UNNUMBERED:
            return ""
        return re.sub(r"%(\d)", lambda match: self._written(kind, int(match[1]) - 1), text)

    def _written(self, kind: str, level: int) -> str:
        form, _, start = self._levels.get((kind, level), ("decimal", "", 1))
        return _number(self._counts[kind].get(level, start), form)

    def _learn(self, numbering: Any) -> None:
        for kind in numbering.findall(qn("w:abstractNum")):
            for level in kind.findall(qn("w:lvl")):
                place = kind.get(qn("w:abstractNumId")), int(level.get(qn("w:ilvl")))
                start = _value(level, "w:start")
                self._levels[place] = (
                    _value(level, "w:numFmt") or "decimal", _value(level, "w:lvlText"), int(start) if start else 1,
                )  # fmt: skip
        for one in numbering.findall(qn("w:num")):
            self._lists[one.get(qn("w:numId"))] = _value(one, "w:abstractNumId")


def _listed(properties: Any) -> tuple[str, int]:
    level = _value(properties, "w:ilvl")
    return _value(properties, "w:numId"), int(level) if level else 0


def _properties(element: Any) -> Any:
    return element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")


def _value(element: Any, name: str) -> str:
    child = element.find(qn(name))
    return str(child.get(qn("w:val")) or "") if child is not None else ""


def _number(count: int, form: str) -> str:
    if form in _CHINESE and 0 < count < 100:
        tens, ones = divmod(count, 10)
        return ("" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十") + (_DIGITS[ones] if ones else "")
    if form in _CIRCLED and 0 < count <= 20:
        return chr(ord("①") + count - 1)
    return str(count)
