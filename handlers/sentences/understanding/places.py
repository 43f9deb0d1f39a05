"""Villages and 屯 named in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from handlers.sentences.understanding.phrases import Heard
from handlers.sentences.understanding.sounds import sound
from storage.plan import Region
from storage.plan.lexicon import Lexicon

_VILLAGE = "村"
_WHOLE = ("镇", "乡", "屯", "组", "社")
"""What a village's name stands before when something else is meant: 瓦房镇, 春阳屯."""
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class NamedVillage:
    """A village (`codes` of one or, among namesakes, several), where it is named. `sure`: with 村, or as nothing else."""

    start: int
    end: int
    codes: frozenset[str]
    sure: bool


class VillageNames:
    """What the villages are called, as written and as it sounds."""

    def __init__(self, villages: Sequence[Region], lexicon: Lexicon) -> None:
        self._whole: dict[str, set[str]] = {}
        self._short: dict[str, set[str]] = {}
        self._sounds: dict[str, set[str]] = {}
        also = {one.code: one.names for one in lexicon.villages}
        for village in villages:
            for name in (village.name, *also.get(village.code, ())):
                short = name.removesuffix(_VILLAGE)
                if len(short) >= _FEWEST:
                    self._whole.setdefault(short + _VILLAGE, set()).add(village.code)
                    self._whole.setdefault(sound(short + _VILLAGE), set()).add(village.code)
                    self._short.setdefault(short, set()).add(village.code)
                    self._sounds.setdefault(sound(short), set()).add(short)
        self._lengths = sorted({len(name) for name in (*self._whole, *self._short)}, reverse=True)

    def places(self, heard: Heard) -> Iterator[NamedVillage]:
        """Every mention, not overlapping; unsure ones are for the reader to weigh by what stands around them."""
        at = 0
        while at < len(heard.said):
            place = self._at(heard, at)
            if place:
                yield place
            at = place.end if place else at + 1

    def _at(self, heard: Heard, at: int) -> NamedVillage | None:
        for length in self._lengths:
            end = at + length
            if end > len(heard.said):
                continue
            written, heard_as = heard.said[at:end], heard.sound[at:end]
            if codes := self._whole.get(written) or self._whole.get(heard_as):
                return NamedVillage(at, end, frozenset(codes), sure=True)
            codes = self._short.get(written) or self._misheard(written, heard_as)
            if codes and not heard.said.startswith(_WHOLE, end):
                return NamedVillage(at, end, frozenset(codes), sure=False)
        return None

    def _misheard(self, written: str, heard_as: str) -> set[str]:
        """The villages whose name without 村 sounds so and is half written so: 百塔 is 白塔, 户主 is not 互助."""
        alike = (
            name
            for name in self._sounds.get(heard_as, ())
            if 2 * sum(a == b for a, b in zip(written, name, strict=True)) >= len(name)
        )
        return {code for name in alike for code in self._short[name]}


@lru_cache(maxsize=8)
def village_names(villages: tuple[Region, ...], lexicon: Lexicon) -> VillageNames:
    return VillageNames(villages, lexicon)
