"""Which person of a list is meant by a name, a part of it, its pinyin or a voice-typed homophone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from handlers.reading.cleaning import compact
from storage.people.pinyin import pinyin_initials, syllables

T = TypeVar("T")

_LONGEST = 30


def match_person(query: str, candidates: Sequence[tuple[T, str]]) -> list[T]:
    """Return the values of the (value, name) candidates that fit `query` best, in their order; none when none fits.

    Tried in turn: place in the list (1, 2, ...), the whole name, its beginning, any part of it, its initials (zs), its pinyin
    typed out (zhangsan), the same sound (voice typing), and 老张 or 张三家 without what is said around the name.
    """
    said = compact(query) if len(query) <= _LONGEST else ""
    if not said:
        return []
    if said.isdecimal():
        place = int(said)
        return [candidates[place - 1][0]] if 1 <= place <= len(candidates) else []
    spelled = syllables(said)
    ways: list[Callable[[str], bool]] = [
        lambda name: name == said,
        lambda name: name.startswith(said),
        lambda name: said in name,
    ]
    if said.isascii():
        ways += [
            lambda name: pinyin_initials(name) == said,
            lambda name: "".join(syllables(name)) == said,
            lambda name: pinyin_initials(name).startswith(said),
        ]
    else:
        ways.append(lambda name: syllables(name) == spelled)
    for fits in ways:
        if found := [value for value, name in candidates if fits(compact(name))]:
            return found
    return match_person(bare, candidates) if (bare := _bare(said)) != said else []


def _bare(said: str) -> str:
    bare = said.removesuffix("家的").removesuffix("家")
    return bare[1:] if len(bare) == 2 and bare[0] in "老小" else bare
