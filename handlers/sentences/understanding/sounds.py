"""A text as it sounds, a character for a character, so that what sounds alike is equal and places stay the same.

Tones are left out, and so is what voice typing and the north-eastern tongue mix up: zh ch sh and z c s, -ng and -n.
Pure.
"""

from __future__ import annotations

from functools import lru_cache

from storage.people.pinyin import plain_syllable, syllables

_FIRST_CODE = 0xE000  # private use: no text holds these characters once it is cleaned
_codes: dict[str, str] = {}

_CONFUSED = [set(pair) for pair in ("nl", "hf", "ry", "rl", "bp", "dt", "gk", "jq", "qx", "jz", "qc", "xs", "zc", "cs", "gh")]

_IN_NAMES = {"长": "chang", "朝": "chao", "行": "xing", "盛": "sheng", "茜": "qian", "莎": "sha", "重": "chong"}
"""Characters that in given names are mostly read otherwise than alone."""


def sound(text: str) -> str:
    """Each character as a code for its sound; what is not Chinese stays as it is."""
    return "".join(map(_code, text))


def surname_sound(char: str) -> str:
    """The code of a character as the beginning of a name: 单 is shan, not dan."""
    return _surname_code(char)


def name_sound(name: str) -> str:
    """The code of a whole name."""
    return _surname_code(name[0]) + sound(name[1:]) if name else ""


def nearly_alike(one: str, other: str) -> bool:
    """Whether two characters are easily heard for each other: 兰 and 南, 凤 and 洪."""
    first, second = _split(one), _split(other)
    return first[1] == second[1] and {first[0], second[0]} in _CONFUSED


def _split(char: str) -> tuple[str, str]:
    syllable = _folded(plain_syllable(char))
    bare = syllable.lstrip("bpmfdtnlgkhjqxrzcsyw")
    return syllable[: len(syllable) - len(bare)], bare


@lru_cache(maxsize=32_768)
def _code(char: str) -> str:
    if not "\u3400" <= char <= "\u9fff":
        return char
    return _of(_IN_NAMES.get(char) or plain_syllable(char))


@lru_cache(maxsize=32_768)
def _surname_code(char: str) -> str:
    return _of(_IN_NAMES.get(char) or syllables(char)[0]) if "\u3400" <= char <= "\u9fff" else char


def _of(syllable: str) -> str:
    return _codes.setdefault(_folded(syllable), chr(_FIRST_CODE + len(_codes)))


def _folded(syllable: str) -> str:
    if syllable[:2] in ("zh", "ch", "sh"):
        syllable = syllable[0] + syllable[2:]
    return syllable[:-1] if syllable.endswith("ng") and not syllable.endswith("ong") else syllable
