"""Who on the roster is called so: by name, sound, nickname, a part of the name, a name one character off, or a surname.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

from rapidfuzz import process
from rapidfuzz.distance import Hamming

from handlers.sentences.understanding.sounds import name_sound, sound
from storage.roster import Household, Roster

_kept: WeakKeyDictionary[Roster, NameIndex] = WeakKeyDictionary()

_MARKED = re.compile(r"[·•(].*$")
"""What stands behind a name and is not said: 王桂兰·示例."""
_OF_A_PLACE = ("自然屯", "屯", "组", "社", "村民小组", "小组")
_NUMBERED = re.compile(r"第?([一二三四五六七八九十]{1,3}|\d{1,2})(自然屯|屯|组|社|村民小组|小组)$")
_DIGITS = "零一二三四五六七八九十"

_FULL = 3
"""Characters of a name from which on one of them may be wrong, and a part of it may stand for it."""
_PREFIX = 4
"""Characters from which on (among Mongols) the first two stand for a name: 那顺 for 那顺乌力吉."""
_MOST_ALIKE = 8

Group = tuple[str, str]
"""A village's code and the name of a 屯 in it."""


class NameIndex:
    """The roster by what people call a household. Built once for a roster: `NameIndex.of(roster)` keeps it."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self._others: dict[str, list[Household]] = {}
        self._sounds: dict[str, list[str]] = {}
        self._first: dict[str, list[str]] = {}
        self._rest: dict[str, list[str]] = {}
        self._surnames: dict[str, list[Household]] = {}
        self._groups: dict[str, set[Group]] = {}
        for name, households in roster.by_name.items():
            self._take(name, households)
        for nickname, households in roster.by_nickname.items():
            self._others.setdefault(nickname, []).extend(households)
            self._sounds.setdefault(name_sound(nickname), []).append(nickname)
        for code, listed in roster.by_village.items():
            for group in {one.group_name for one in listed}:
                self._take_group(code, group)
        labels = (*self._sounds, *self._others, "")
        self.longest = max(map(len, labels))
        self.longest_group = max(map(len, (*self._groups, "")))

    @classmethod
    def of(cls, roster: Roster) -> NameIndex:
        """The index of this roster, made at the first call."""
        if (index := _kept.get(roster)) is None:
            index = _kept[roster] = cls(roster)
        return index

    def _take(self, name: str, households: Sequence[Household]) -> None:
        bare = bare_name(name)
        if bare != name and bare:
            self._others.setdefault(bare, []).extend(households)
        if not bare:
            return
        key = name_sound(bare)
        self._sounds.setdefault(key, []).append(bare)
        if len(key) >= _FULL:
            self._first.setdefault(key[0], []).append(key)
            self._rest.setdefault(key[1:], []).append(key)
        if len(key) >= _PREFIX:
            self._rest.setdefault(key[:2], []).append(key)
        self._surnames.setdefault(bare[0], []).extend(households)

    def _take_group(self, village: str, group: str) -> None:
        labels = {group, _in_words(group)}
        if numbered := _NUMBERED.search(group):
            # 一屯, 一组 and 一社 are one place in two people's mouths, 示例一屯 is 一屯.
            number = _numeral(numbered[1])
            digits = str(_DIGITS.index(number)) if number in _DIGITS else number
            labels |= {f"{start}{kind}" for kind in _OF_A_PLACE for start in (number, f"第{number}", digits)}
        for kind in _OF_A_PLACE:
            short = group.removesuffix(kind)
            if short != group and len(short) > 1 and not _NUMBERED.search(group):
                labels.add(short)
        for label in labels:
            self._groups.setdefault(label, set()).add((village, group))
            if len(label) >= _FULL:
                self._groups.setdefault(sound(label), set()).add((village, group))

    def called(self, label: str) -> Iterable[Household]:
        """Whose head's name or nickname is exactly this."""
        return (*self.roster.by_name.get(label, ()), *self._others.get(label, ()))

    def sounding(self, key: str) -> Iterable[Household]:
        """Whose name sounds so (`sounds.name_sound`)."""
        return (one for label in self._sounds.get(key, ()) for one in self.called(label))

    def by_part(self, key: str) -> Iterable[Household]:
        """Whose name without the surname, or whose long name at its beginning, sounds so."""
        return (one for whole in dict.fromkeys(self._rest.get(key, ())) for one in self.sounding(whole))

    def one_off(self, key: str) -> Iterable[Household]:
        """Whose name sounds so but for one character of the given name; names of three characters and more."""
        if len(key) < _FULL:
            return ()
        same_surname = self._first.get(key[0], ())
        alike = process.extract(key, same_surname, scorer=Hamming.distance, score_cutoff=1, limit=_MOST_ALIKE)
        return (one for whole, _, _ in alike if len(whole) == len(key) for one in self.sounding(whole))

    def surnamed(self, char: str) -> Sequence[Household]:
        return self._surnames.get(char, ())

    def is_surname(self, char: str) -> bool:
        return char in self._surnames

    def groups(self, label: str, key: str) -> set[Group]:
        """The 屯 called so, or sounding so where the name is long enough to be sure."""
        return self._groups.get(label) or self._groups.get(key) or set()


def bare_name(head: str) -> str:
    """A head's name without a mark behind it."""
    return _MARKED.sub("", head)


def _in_words(group: str) -> str:
    return _NUMBERED.sub(lambda found: f"{_numeral(found[1])}{found[2]}", group)


def _numeral(number: str) -> str:
    value = int(number) if number.isdecimal() else 0
    return _DIGITS[value] if 0 < value <= 10 else number
