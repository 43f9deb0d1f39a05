"""Finds the household that a sentence speaks of. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handlers.sentences.understanding.kinds import Hit
from handlers.sentences.understanding.mentions import MOST, Mention, called, mentions
from handlers.sentences.understanding.names import NameIndex
from handlers.sentences.understanding.phrases import Heard
from handlers.sentences.understanding.places import NamedVillage
from handlers.sentences.understanding.surroundings import HOME_BEHIND, NameWords, Surroundings
from storage.roster import MONITORED, Household

_AND = re.compile(r"(?:家|他|她|户)?[和跟与及、](?:还有)?")
_TOLD_OF = re.compile(r"(?:他|她)|两口子|老伴|媳妇|住院|得了|去过|没在家|摔|让")
_IN_NO_NAME = tuple("几个些家户年天的了是一二三四五六七八九十两有没不")
_LENGTHS = (3, 2)
"""Characters of a name that nobody has, the likelier first."""


@dataclass(frozen=True, slots=True)
class NamedHomes:
    """What was found: the households, likely first; the words; the villages named; and where all this begins."""

    households: tuple[Household, ...] = ()
    words: str = ""
    villages: tuple[str, ...] = ()
    lead: int = 0


def named_in(
    words: NameWords,
    heard: Heard,
    index: NameIndex,
    villages: Iterable[NamedVillage],
    hits: Sequence[Hit],
    within: Sequence[str],
) -> NamedHomes:
    """The households meant: only such whose village's code begins with one of `within`."""
    around = Surroundings(words, heard, index, list(villages), hits, tuple(within))
    found = mentions(around)
    likeliest = max(found, key=_order, default=None)
    if likeliest is None:
        start, end = _shape(around)
        return NamedHomes((), around.said[start:end], around.villages, around.lead(start))
    together = [one for one in found if one is likeliest or _joined(around, likeliest, one)]
    together.sort(key=lambda one: one.start)
    households = {one.id: one for each in together for one in _sorted(around.said, each)}
    said = around.said[likeliest.start : likeliest.end]
    return NamedHomes(tuple(households.values())[:MOST], said, around.villages, around.lead(likeliest.start))


def _order(mention: Mention) -> tuple[int, int, int]:
    return mention.score, mention.end - mention.start, -mention.start


def _joined(around: Surroundings, one: Mention, other: Mention) -> bool:
    """张三和李四家: whether two are named in one breath."""
    first, second = sorted((one, other), key=lambda mention: mention.start)
    if first.end > second.start:
        return False
    between = around.said[first.end : max(first.end, around.lead(second.start))]
    return _AND.fullmatch(between) is not None


def _sorted(said: str, mention: Mention) -> list[Household]:
    """Who is called just so first, then who is monitored."""
    words = said[mention.start : mention.end]
    return sorted(mention.households, key=lambda one: (words not in called(one), one.kind not in MONITORED, one.number))


def _shape(around: Surroundings) -> tuple[int, int]:
    """Where a name seems to stand that nobody has; an empty stretch where there is none."""
    said = around.said
    for start, char in enumerate(said):
        if around.index.is_surname(char) and around.before(start) and not said.startswith(_IN_NO_NAME, start + 1):
            for end in (start + length for length in _LENGTHS):
                if HOME_BEHIND.match(said, end):
                    return start, end
    for start in sorted({0, *around.place_ends}):
        if start < len(said) and around.index.is_surname(said[start]) and not said.startswith(_IN_NO_NAME, start + 1):
            for end in (start + length for length in _LENGTHS):
                free = not any(start < last and first < end for first, last in around.hits)
                if free and (around.begins_with_hardship(end) or _TOLD_OF.match(said, end)):
                    return start, end
    return 0, 0
