"""What is compared one by one: a character with everything it may sound like, or a figure with its value. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from pypinyin import Style, pinyin

from handlers.quiz.recital.spelling import PAUSE, STOP, spelled
from handlers.reading.numerals import spoken_digits

_TOKEN = re.compile(r"(\d{1,2}月\d{1,2}日)|(\d+(?:\.\d+)?)(%?)|([〇零一二两三四五六七八九])|(.)", re.DOTALL)
_BEGINNINGS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))
_ENDINGS = (("ing", "in"), ("eng", "en"))
"""Sounds that many say alike, and that a voice keyboard takes one for the other."""

_ALSO = {
    "落": ("la",), "调": ("tiao",), "重": ("chong",), "行": ("hang",), "长": ("zhang",), "血": ("xie",), "薄": ("bo",),
    "都": ("du",),
}  # fmt: skip
"""Everyday readings beside the one that a character has by itself; all readings of a dictionary would be too many."""

_DENIALS = frozenset("不没无未别")
"""Never heard as something else that sounds the same: 全不参保 is not 全部参保."""

Sounds = frozenset[str]


@dataclass(frozen=True, slots=True)
class Token:
    """`figure` is a day, a share or a plain number ("10月17日", "30%", "4"); a word's character has none."""

    glyph: str
    figure: str
    sounds: Sounds
    folded: Sounds

    def is_like(self, wanted: Token, *, closely: bool) -> bool:
        """Whether this, which was said, may stand for what is wanted; `closely`: sounds that differ a little count not."""
        if wanted.figure:
            return self.figure == wanted.figure
        if self.glyph == wanted.glyph or self.glyph in _DENIALS:
            return self.glyph == wanted.glyph
        return bool(self.sounds & wanted.sounds if closely else self.folded & wanted.folded)


@dataclass(frozen=True, slots=True)
class Speech:
    """Tokens, and before which of them there is a pause or a stop."""

    tokens: tuple[Token, ...]
    pauses: frozenset[int]
    stops: frozenset[int]

    def text(self, start: int, end: int) -> str:
        """The words from one place to another, without the breaks between them."""
        return "".join(token.glyph for token in self.tokens[max(start, 0) : max(end, 0)])

    def part(self, start: int, end: int) -> tuple[int, int]:
        """The stretch between two breaks in which the words from `start` to `end` stand."""
        breaks = self.pauses | self.stops
        first = max((at for at in breaks if at <= start), default=0)
        last = min((at for at in breaks if at >= end), default=len(self.tokens))
        return first, last


@lru_cache(maxsize=4096)
def speech(words: str) -> Speech:
    tokens: list[Token] = []
    pauses, stops = set(), set()
    for found in _TOKEN.finditer(spelled(words)):
        day, number, percent, numeral, character = found.groups()
        if character == PAUSE:
            pauses.add(len(tokens))
        elif character == STOP:
            stops.add(len(tokens))
        elif character:
            tokens.append(_word(character))
        else:
            value = day or f"{Decimal(number or spoken_digits(numeral)).normalize():f}{percent or ''}"
            spoken = numeral or ""
            tokens.append(Token(found[0], value, _sounds(spoken), _folded(spoken)))
    return Speech(tuple(tokens), frozenset(pauses), frozenset(stops))


@lru_cache(maxsize=8192)
def _word(character: str) -> Token:
    return Token(character, "", _sounds(character), _folded(character))


@lru_cache(maxsize=8192)
def _sounds(character: str) -> Sounds:
    """The ways a character is read in everyday speech, by itself, without tones."""
    usual = [readings[0].lower() for readings in pinyin(character, style=Style.NORMAL)]
    return frozenset([*usual, *_ALSO.get(character, ())])


@lru_cache(maxsize=8192)
def _folded(character: str) -> Sounds:
    return frozenset(_fold(reading) for reading in _sounds(character))


def _fold(reading: str) -> str:
    for sound, like in _BEGINNINGS:
        if reading.startswith(sound):
            reading = like + reading[len(sound) :]
    for sound, like in _ENDINGS:
        if reading.endswith(sound):
            reading = reading[: -len(sound)] + like
    return reading
