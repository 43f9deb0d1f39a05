"""Where a wording, or what sounds like it, stands in what was said. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from handlers.quiz.recital.tokens import Speech, Token, speech

GAP = "…"
"""In a wording: a few other words may stand between."""

_LIGHT = frozenset("做去来进行要再把先给由搞里内面得也都该会上下个有和与跟及那这地向让请")
"""Words that may slip in between without changing what is said."""
_MOST_LIGHT = 3
_SHORT = 2
"""So few syllables must sound exactly alike: too much else sounds nearly so."""
_WIDEST = 8
_NEVER_BETWEEN = frozenset("不没别无未免非村乡镇县市省国")
"""What may not stand in a gap: a denial, or somebody else who does it."""


def heard(wording: str, said: Speech) -> Iterator[tuple[int, int]]:
    """First and last place (exclusive) of each time that the wording is heard."""
    first, *rest = _parts(wording)
    for start in range(len(said.tokens)):
        end = _follow(first, said, start)
        for part in rest:
            end = None if end is None else _after_gap(part, said, end)
        if end is not None:
            yield start, end


@lru_cache(maxsize=4096)
def _parts(wording: str) -> tuple[tuple[Token, ...], ...]:
    return tuple(speech(part).tokens for part in wording.split(GAP))


def _after_gap(part: Sequence[Token], said: Speech, begin: int) -> int | None:
    for start in range(begin, min(begin + _WIDEST, len(said.tokens)) + 1):
        if start > begin and (start in said.stops or start in said.pauses):
            return None
        if (end := _follow(part, said, start)) is not None:
            return end
        if start < len(said.tokens) and said.tokens[start].glyph in _NEVER_BETWEEN:
            return None
    return None


def _follow(part: Sequence[Token], said: Speech, start: int) -> int | None:
    """Where a part of a wording that begins at `start` ends."""
    place, closely = start, len(part) <= _SHORT
    for number, wanted in enumerate(part):
        skipped = 0
        while number and skipped < _MOST_LIGHT and place < len(said.tokens):
            token = said.tokens[place]
            if token.is_like(wanted, closely=closely) or token.figure or token.glyph not in _LIGHT:
                break
            place, skipped = place + 1, skipped + 1
        if place >= len(said.tokens) or not said.tokens[place].is_like(wanted, closely=closely):
            return None
        place += 1
    return place if place > start else None
