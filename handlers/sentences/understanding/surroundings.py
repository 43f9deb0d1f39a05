"""What stands around the words of a sentence: places, and what speaks for a name beginning or ending somewhere.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from handlers.sentences.understanding.kinds import Hit
from handlers.sentences.understanding.names import Group, NameIndex
from handlers.sentences.understanding.phrases import CLAUSE_ENDS, Heard, any_of
from handlers.sentences.understanding.places import NamedVillage
from handlers.sentences.understanding.sounds import surname_sound
from storage.plan.lexicon import Lexicon
from storage.roster import Household

BEFORE, AFTER, HOME = 2, 2, 3
"""What is in favour of a name: something in front of it, something behind it, 家 behind it."""

HOME_BEHIND = re.compile(r"(?:他|她)?们?家(?!庭)|户(?!口|籍)")
_SPOKEN_OF = re.compile("(?:[到去是给叫看访的摸见]|[查实找劝催送]了?|访了)$")
"""Before a name that is an ordinary word as well."""
_MARKS = CLAUSE_ENDS + "、\"'“”‘’()「」"
_FEWEST = 2


class NameWords:
    """The words of a lexicon that stand beside names."""

    def __init__(self, lexicon: Lexicon) -> None:
        kin = [f"{whose}{who}" for who in lexicon.kin for whose in ("他", "她", "家", "的", "")]
        self.before = re.compile(f"(?:{any_of([*lexicon.before_name, *lexicon.fillers]).pattern})$")
        self.after = any_of([*lexicon.after_name, *kin])
        self.kin = any_of([f"{whose}{who}" for who in lexicon.kin for whose in ("他", "她")])
        self.not_names = frozenset(lexicon.not_names)


class Surroundings:
    """One sentence being read for a household, by somebody who may see the regions `within`.

    `names` are the stretches that are or sound like a whole name or nickname, with those who may be meant.
    """

    def __init__(
        self,
        words: NameWords,
        heard: Heard,
        index: NameIndex,
        villages: Sequence[NamedVillage],
        hits: Sequence[Hit],
        within: tuple[str, ...],
    ) -> None:
        self.said, self.sound, self.index, self.within = heard.said, heard.sound, index, within
        self._words, self._meant = words, heard.meant
        self.hits = [(hit.start, hit.end) for hit in hits]
        self._hit_starts = {hit.start for hit in hits}
        self._surname_sounds = [surname_sound(char) for char in self.said]
        self._groups = list(self._groups_named({(place.start, place.end) for place in villages}))
        self.names = list(self._whole_names())
        starts = {start for start, _, _ in (*self.names, *self._groups)}
        meant = [place for place in villages if place.sure or self._is_meant(place, starts)]
        self.villages = tuple(dict.fromkeys(code for place in meant for code in sorted(place.codes)))
        self._places = sorted([(one.start, one.end) for one in meant] + [(a, b) for a, b, _ in self._groups])
        self.place_ends = {end for _, end in self._places}

    def key(self, start: int, end: int) -> str:
        """The sound of a stretch as a name."""
        return self._surname_sounds[start] + self.sound[start + 1 : end]

    def seen(self, households: Iterable[Household]) -> list[Household]:
        """Those who may be seen, nobody twice."""
        return list({one.id: one for one in households if one.village.startswith(self.within)}.values())

    def placed(self, households: Iterable[Household], at: int) -> tuple[Household, ...]:
        """Those in the villages named, if any is; of these the ones in the 屯 named (before `at`, or anywhere), if any is."""
        there = tuple(one for one in households if not self.villages or one.village in self.villages)
        beside = [found for _, end, found in self._groups if end <= at and self.said[end:at] in ("", "的")]
        groups = {group for found in beside or [found for _, _, found in self._groups] for group in found}
        return tuple(one for one in there if (one.village, one.group_name) in groups) or there

    def in_the_group_before(self, one: Household, at: int) -> bool:
        """Whether a household lives in the 屯 named right before `at`."""
        return any(end == at and (one.village, one.group_name) in found for _, end, found in self._groups)

    def inside_a_place(self, start: int, end: int) -> bool:
        return any(first <= start and end <= last for first, last in self._places)

    def lead(self, start: int) -> int:
        """Where the places begin that stand before a name."""
        for first, last in reversed(self._places):
            if last <= start and self.said[last:start] in ("", "的"):
                start = first
        return start

    def before(self, at: int) -> int:
        """How much what stands before speaks for a name here."""
        behind_a_place = at in self.place_ends or (at - 1 in self.place_ends and self.said[at - 1] == "的")
        clear = at == 0 or behind_a_place or self.said[at - 1] in _MARKS
        return BEFORE if clear or self._words.before.search(self._meant, 0, at) else 0

    def after(self, at: int) -> int:
        """How much what stands behind speaks for a name before it."""
        if HOME_BEHIND.match(self.said, at) or self._words.kin.match(self._meant, at):
            return HOME
        clear = at == len(self.said) or self.said[at] in _MARKS or at in self._hit_starts
        return AFTER if clear or self._words.after.match(self._meant, at) else 0

    def is_ordinary(self, start: int, end: int) -> bool:
        """Whether the words are none of a name but where nothing else can stand: behind a place, or at a beginning and
        before what names stand before."""
        if self.said[start:end] not in self._words.not_names or start in self.place_ends:
            return False
        after = self.after(end)
        clear = start == 0 or self.said[start - 1] in CLAUSE_ENDS or _SPOKEN_OF.search(self.said, 0, start)
        return not ((clear and after) or (after == HOME and self.before(start)))

    def begins_with_hardship(self, at: int) -> bool:
        return at in self._hit_starts

    def _groups_named(self, villages: set[tuple[int, int]]) -> Iterator[tuple[int, int, set[Group]]]:
        at, said = 0, self.said
        while at < len(said):
            for end in range(min(len(said), at + self.index.longest_group), at + _FEWEST - 1, -1):
                found = self.index.groups(said[at:end], self.sound[at:end])
                seen = {group for group in found if group[0].startswith(self.within)} if found else set()
                if seen and (at, end) not in villages and not said.startswith("村", end):
                    yield at, end, seen
                    at = end - 1
                    break
            at += 1

    def _whole_names(self) -> Iterator[tuple[int, int, list[Household]]]:
        for start in range(len(self.said)):
            for end in range(start + _FEWEST, min(len(self.said), start + self.index.longest) + 1):
                written, sounding = self.index.called(self.said[start:end]), self.index.sounding(self.key(start, end))
                if seen := self.seen((*written, *sounding)):
                    yield start, end, seen

    def _is_meant(self, place: NamedVillage, starts: set[int]) -> bool:
        """Whether the name of a village without 村 is one, and no word like 瓦房 or 互助."""
        return place.end in starts or self.said.startswith(("的", "那边", "这边", "老百姓"), place.end)
