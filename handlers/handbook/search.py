"""Searches the handbook: terms of a question, ranking of passages, and the best sentence. Pure.

A question is taken apart as passages are when they are indexed (`storage/handbook/index.py`): single characters, of which
every two neighbours make a term. What covers more of the question, in rarer terms, comes first.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from handlers.handbook.built_in import Passage
from handlers.handbook.everyday_words import EDGES, FILLERS, SYNONYMS
from handlers.handbook.passages import sentences
from storage.handbook.index import BREAK, Phrase, tokens

LONGEST = 500
"""Characters of a question that are read."""
_MOST_TERMS = 120

_HOW_MUCH = re.compile("多少|几[天步个种类户人条项级]|比例|标准|补多|多大|多高")
_WHEN = re.compile("什么时候|啥时候|几号|哪天|哪一天|多久|几天|多长时间|期限|时限|到期|截止|日期|时间")
_WHO = re.compile("谁|哪个部门|哪个站所|哪个单位|哪些单位|归哪|找哪|哪里管|哪儿管|负责")
_QUESTION = re.compile("[?？吗么谁哪啥几咋]|怎样|如何|多少|多久|是不是|有没有|能不能|可不可以|不上|要不要")
_FIGURE = re.compile(r"\d|[一二两三四五六七八九十百]+(?:[天步个种类户人条项级%万元成年月倍]|分之)")
_DAY = re.compile(r"\d+(?:月|日|天|个工作日|个月)|[一二三四五六七八九十]+(?:天|日|个月|个工作日)")
_RESPONSIBLE = re.compile("负责|归.{1,12}管|由.{1,12}办|责任单位")

_BASE, _SYNONYM, _SINGLE = 1.0, 0.6, 0.3
"""What the terms of a question weigh."""
_TITLE, _UNDER, _TEXT, _SATURATION = 1.5, 0.7, 2.0, 1.2
"""What it is worth to find one in a title, in what that is a part of, and in a text, however often."""
_UNASKED = 0.4
"""What an answer to a question is worth to somebody who only names a thing."""
_WORTH_SHOWING = 0.1
"""Share of the best answer's score below which another one is not worth a button."""
_HARDLY = 0.2
"""Share of a question below which a passage is no answer at all."""
NEARLY = 0.5
"""Share below which it is only the nearest there is."""


@dataclass(frozen=True, slots=True)
class Term:
    """`phrase` is looked for; `covers` are the places of the question it speaks for."""

    phrase: Phrase
    covers: frozenset[int]
    weight: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart. `size` is how many characters of it mean something."""

    text: str
    terms: tuple[Term, ...]
    size: int

    @property
    def phrases(self) -> list[Phrase]:
        """What to look for in an index."""
        return list(dict.fromkeys(term.phrase for term in self.terms))


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A passage and how well it answers: `score` to compare, `covered` as a share of the question, `line` to say."""

    passage: Passage
    score: float
    covered: float
    line: str


def parse_question(question: str) -> Asked:
    """The terms of a question; none when it has no word in it."""
    text = question[:LONGEST]
    runs = _runs(FILLERS.sub("\n", text)) or [run for run in _runs(text, strip=False) if len(run) == 1]
    terms: list[Term] = []
    start = 0
    for run in runs:
        alone = len(runs) == 1
        terms += _terms(run, start, alone=alone)
        start += len(run)
    return Asked(text, tuple(terms[:_MOST_TERMS]), start)


def best_hits(asked: Asked, passages: Sequence[Passage], most: int) -> list[SearchHit]:
    """The `most` best answers, one for each place in the handbook, the best first."""
    bags = [(_bag(one.title), _bag(one.under), _bag(one.text)) for one in passages]
    met = {term.phrase: [_worth_of(term.phrase, bag) for bag in bags] for term in asked.terms}
    rarity = {phrase: math.log(1 + len(passages) / (1 + sum(value > 0 for value in found))) for phrase, found in met.items()}
    hits: dict[str, SearchHit] = {}
    for place, passage in enumerate(passages):
        score, covered = 0.0, set[int]()
        for term in asked.terms:
            if value := met[term.phrase][place]:
                score += term.weight * rarity[term.phrase] * value
                covered |= term.covers
        share = len(covered) / asked.size if asked.size else 0.0
        if share <= _HARDLY:
            continue
        line, fits = answer_line(asked, passage)
        score *= share * share * (1.0 + 0.3 * fits) / (1 + math.log1p(len(passage.text) / 200) / 4)
        if passage.short and (share < NEARLY or not _QUESTION.search(asked.text)):
            score *= _UNASKED
        known = hits.get(passage.key)
        if known is None or score > known.score:
            hits[passage.key] = SearchHit(passage, score, share, line)
    ranked = sorted(hits.values(), key=lambda hit: (-hit.score, hit.passage.key))
    return [hit for hit in ranked[:most] if hit.score >= _WORTH_SHOWING * ranked[0].score]


def answer_line(asked: Asked, passage: Passage) -> tuple[str, bool]:
    """The sentence that answers best, and whether it is of the kind that was asked for (a figure, a day, somebody)."""
    if passage.short:
        return passage.short, _fits(asked, passage.short)
    found = sentences(passage.text) or [passage.text]
    worth = [(_worth(asked, sentence), -place) for place, sentence in enumerate(found)]
    line = found[-max(worth)[1]]
    return line, _fits(asked, line)


def shorten(line: str, asked: Asked, most: int) -> str:
    """A long sentence as those of its clauses that have to do with the question, in their order and whole."""
    line = " ".join(line.split())
    if len(line) <= most:
        return line
    clauses = re.split("(?<=[，,；;])", line)
    first = max(range(len(clauses)), key=lambda place: (_worth(asked, clauses[place]), -place))
    last = first + 1
    while last < len(clauses) and len("".join(clauses[first : last + 1])) <= most - 2:
        last += 1
    while first > 0 and len("".join(clauses[first - 1 : last])) <= most - 2:
        first -= 1
    kept = "".join(clauses[first:last])
    if len(kept) > most - 2:
        kept = kept[: most - 2]
    return ("…" if first else "") + kept.rstrip("，,；;") + ("…" if last < len(clauses) or not line.endswith(kept) else "")


def nearest(question: str, titles: Sequence[str], most: int) -> list[str]:
    """The titles most like a question that has no answer."""
    wanted = _content(question)
    shared = {title: len(wanted & _content(title)) / (4 + len(title)) for title in titles}
    return sorted(shared, key=lambda title: -shared[title])[:most]


def _content(question: str) -> set[Phrase]:
    return set(parse_question(question).phrases)


def _runs(text: str, *, strip: bool = True) -> list[list[str]]:
    """Stretches of words with nothing between them."""
    runs: list[list[str]] = [[]]
    for token in [*tokens(text), BREAK]:
        if token != BREAK:
            runs[-1].append(token)
            continue
        while strip and runs[-1] and runs[-1][0] in EDGES:
            del runs[-1][0]
        while strip and runs[-1] and runs[-1][-1] in EDGES:
            del runs[-1][-1]
        if runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _terms(run: Sequence[str], start: int, *, alone: bool) -> list[Term]:
    places = range(start, start + len(run))
    if len(run) == 1:
        return [Term((run[0],), frozenset(places), _BASE if alone or run[0].isascii() else _SINGLE)]
    found = [Term((a, b), frozenset((at, at + 1)), _BASE) for at, a, b in zip(places, run, run[1:], strict=False)]
    if len(run) > 2:
        found.append(Term(tuple(run), frozenset(places), _BASE))
    named = [
        (at, word) for at, word in zip(places, run, strict=True) if word.isascii() and not (word.isdigit() and len(word) == 1)
    ]
    found += [Term((word,), frozenset((at,)), _SINGLE) for at, word in named]
    for word, others in SYNONYMS.items():
        wanted = tokens(word)
        for at in range(len(run) - len(wanted) + 1):
            if list(run[at : at + len(wanted)]) == wanted:
                covers = frozenset(range(start + at, start + at + len(wanted)))
                found += [Term(tuple(tokens(other)), covers, _SYNONYM) for other in others]
    return found


@functools.lru_cache(maxsize=2048)
def _bag(text: str) -> str:
    return f" {' '.join(tokens(text))} "


def _worth_of(phrase: Phrase, bag: tuple[str, str, str]) -> float:
    """The weight of a phrase in a passage; 0 if it is not there."""
    wanted = f" {' '.join(phrase)} "
    title, under, text = bag
    count = text.count(wanted)
    return _TITLE * (wanted in title) + _UNDER * (wanted in under) + _TEXT * count / (count + _SATURATION)


def _worth(asked: Asked, sentence: str) -> float:
    bag = _bag(sentence)
    covered: set[int] = set()
    for term in asked.terms:
        if f" {' '.join(term.phrase)} " in bag:
            covered |= term.covers
    share = len(covered) / asked.size if asked.size else 0.0
    return share + (0.35 if _fits(asked, sentence) else 0.0)


def _fits(asked: Asked, sentence: str) -> bool:
    kinds = ((_WHO, _RESPONSIBLE), (_WHEN, _DAY), (_HOW_MUCH, _FIGURE))
    return any(kind.search(asked.text) and told.search(sentence) for kind, told in kinds)
