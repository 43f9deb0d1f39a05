"""How a Chinese name is spelled in pinyin, with the readings that a character has only as a surname."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, pinyin

# pypinyin reads a character by its commonest sound; as surnames these sound otherwise (现代汉语词典， 第7版： "姓").
_SURNAMES = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "盖": "ge", "乐": "yue", "朴": "piao",
    "缪": "miao", "洗": "xian", "员": "yun", "翟": "zhai", "卜": "bu", "覃": "qin", "隗": "wei", "繁": "po", "秘": "bi",
    "种": "chong", "郇": "xun", "祭": "zhai", "乜": "nie", "折": "she", "召": "shao", "句": "gou", "能": "nai",
    # These begin with a character that alone is read as above, or are read wrongly before some given names.
    "单于": "chan yu", "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun",
}  # fmt: skip


@lru_cache(maxsize=131_072)  # the names of a county, whose roster is read again after each change
def syllables(name: str) -> tuple[str, ...]:
    """Return the syllables of a name without tones, `ü` written v; a part that is not Chinese stays as it is."""
    name = "".join(name.split())
    for length in (2, 1):
        if surname := _SURNAMES.get(name[:length]):
            return (*surname.split(), *_spelled(name[length:]))
    return _spelled(name)


def pinyin_initials(name: str) -> str:
    """Return the first letter of each syllable in lower case: 张三 gives `zs`, 单田芳 gives `stf`."""
    letters = (part[0] for part in syllables(name))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())


@lru_cache(maxsize=16_384)
def plain_syllable(character: str) -> str:
    """Return how a character is read that stands for itself and not as a surname."""
    return _spelled(character)[0]


def _spelled(text: str) -> tuple[str, ...]:
    return tuple(readings[0].lower() for readings in pinyin(text, style=Style.NORMAL))
