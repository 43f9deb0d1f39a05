"""Finding the phrases of the lexicon in a sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from handlers.reading.cleaning import clean
from handlers.sentences.understanding.sounds import sound
from storage.people.pinyin import plain_syllable
from storage.plan.lexicon import EITHER, GAP

CLAUSE_ENDS = ",。;!?:"
"""Where a clause ends, once full-width signs are plain."""

NEVER = re.compile("(?!)")

# A negation in between would turn the meaning round: 房子没漏 is no 房…漏.
_BETWEEN = rf"[^{CLAUSE_ENDS}、不没未无]{{0,6}}?"
_DENIAL = rf"[^{CLAUSE_ENDS}、不没未无]{{0,3}}?(?:没有?|不再?|未|无)[再啥咋怎么有过太见]{{0,2}}"
_SOUNDS_SURELY = 4
"""From this length on, what sounds like a phrase is taken for it without the lexicon saying so."""
_LOOSELY = 3
"""From this length on, zh and z, ing and in may be mixed up as well."""


@dataclass(frozen=True)
class Heard:
    """A sentence for comparing: without spaces, one spelling for each character, line breaks as commas.

    `said` is as typed, for names; `meant` has the words that voice typing writes as others put right, place for place.
    """

    said: str
    meant: str

    @cached_property
    def sound(self) -> str:
        return sound(self.said)

    def clause_start(self, at: int) -> int:
        """Where the clause begins that holds `at`."""
        return max(self.said.rfind(end, 0, at) for end in CLAUSE_ENDS) + 1

    def clause_end(self, at: int) -> int:
        """Where the clause ends that holds `at`."""
        ends = [found for end in CLAUSE_ENDS if (found := self.said.find(end, at)) >= 0]
        return min(ends, default=len(self.said))


class Hearing:
    """Hears with the words of a lexicon: what sounds like one of them is meant to be it."""

    def __init__(self, spoken: Iterable[str], phrases: Iterable[str]) -> None:
        """`spoken` are the words that are taken by their sound; of the `phrases`, the long ones are as well."""
        known = {one for one in phrases if GAP not in one and EITHER not in one}
        words = {*spoken, *(one for one in known if len(one) >= _SOUNDS_SURELY)}
        self._words = {sound(one): one for one in sorted(words)}
        self._sounding = any_of(list(self._words))
        self._as_written = frozenset(known | words)

    def hear(self, text: str) -> Heard:
        said = re.sub(r"\s+", "", clean(text).replace("\n", ",")).casefold().strip(",、;:.。!~…")
        return Heard(said, self._put_right(said))

    def _put_right(self, said: str) -> str:
        meant = list(said)
        for found in self._sounding.finditer(sound(said)):
            start, end = found.span()
            word = self._words[found[0]]
            if said[start:end] not in self._as_written and _misheard(said[start:end], word):
                meant[start:end] = word
        return "".join(meant)


def _misheard(said: str, word: str) -> bool:
    """Whether words that sound alike are one word written wrong: half of it right, a short one in its very sounds."""
    wrong = [(a, b) for a, b in zip(said, word, strict=True) if a != b]
    close = len(word) >= _LOOSELY or all(plain_syllable(a) == plain_syllable(b) for a, b in wrong)
    return close and 2 * len(wrong) <= len(word)


class Phrasebook:
    """Some phrases of the lexicon, compiled."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self.pattern = any_of(phrases)
        self._denied = _any_of([one for one in phrases if GAP in one], _DENIAL)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where phrases stand."""
        return (found.span() for found in self.pattern.finditer(text))

    def denied(self, text: str) -> Iterator[tuple[int, int]]:
        """Where phrases stand with a negation between their parts: 房子没漏, 水不浑."""
        return (found.span() for found in self._denied.finditer(text))

    def __contains__(self, text: str) -> bool:
        return self.pattern.search(text) is not None


def any_of(phrases: Sequence[str]) -> re.Pattern[str]:
    """A pattern for any of these phrases, the longest first."""
    return _any_of(phrases, _BETWEEN)


def _any_of(phrases: Sequence[str], between: str) -> re.Pattern[str]:
    if not phrases:
        return NEVER
    longest_first = sorted(set(phrases), key=len, reverse=True)
    return re.compile("|".join(pattern for one in longest_first for pattern in _patterns(one, between)))


def _patterns(phrase: str, between: str) -> Iterator[str]:
    """A pattern for each word a phrase may begin with: beginning with plain text, they are passed over swiftly."""
    first, *rest = ([re.escape(word) for word in part.split(EITHER)] for part in phrase.casefold().split(GAP))
    behind = "".join(f"{between}(?:{'|'.join(words)})" for words in rest)
    return (word + behind for word in first)
