"""How people introduce themselves: a name with a number behind it, typed or spoken. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from handlers.reading import Unreadable, clean
from handlers.reading.numerals import spoken_digits

TAIL = 4
"""How many last characters of an ID or phone number prove, with the name, that somebody is of a household."""

_BEFORE = re.compile(r"^(?:你好|您好|我是|我叫|姓名|名字|叫|[::,,\s])+")
_BETWEEN = re.compile(r"(?:的|身份证|手机|电话|后四位|后4位|最后四位|尾号|号码|号|是|为|[::,,、。;;.\s])+$")
_ENDING = re.compile(r"[。.,,!!\s]+$")
_NUMBER = re.compile(r"\+?\s?\d[\d\s-]*[Xx]?$", re.ASCII)
_SPOKEN = re.compile(r"(?:(?<=[\s,,、。:是号])|^)[〇零一二三四五六七八九幺]{4,}$")
_PAUSE = re.compile(r"[\s,,、。:;;]+")
_BEFORE_RELATION = re.compile(r"^(?:我?是)?(?:[他她]家?的?)?")
_SHORTEST, _LONGEST = 2, 30
_LONGEST_RELATION = 8


class Introduction(NamedTuple):
    """`number` is bare digits, perhaps with an X at the end; either may be empty."""

    name: str
    number: str


def read_introduction(text: str) -> Introduction:
    """Take "张三 1234", "我叫张三，身份证后四位 123X", a name alone or a number alone apart.

    Raises Unreadable when what stands before the number cannot be a name.
    """
    text = _ENDING.sub("", clean(text))
    found = _NUMBER.search(text) or _SPOKEN.search(text)
    number = re.sub(r"[\s-]", "", spoken_digits(found[0])).upper() if found else ""
    name = _BETWEEN.sub("", _BEFORE.sub("", text[: found.start()] if found else text)).replace(" ", "")
    if name and not _is_name(name):
        raise Unreadable("没看懂姓名，请先发姓名再发号码，例如：张三 1234")
    return Introduction(name, number)


def read_relative(text: str) -> Introduction:
    """Take "李明 外孙", "我叫李明，是他外孙": a name and the relation, in place of the number. Raises Unreadable."""
    name, *rest = [part for part in _PAUSE.split(_BEFORE.sub("", _ENDING.sub("", clean(text)))) if part] or [""]
    relation = _BEFORE_RELATION.sub("", "".join(rest))
    if not _is_name(name) or not relation.isalpha() or len(relation) > _LONGEST_RELATION:
        raise Unreadable("请把姓名和关系一起发，例如：李明 外孙")
    return Introduction(name, relation)


def read_tail(number: str) -> str:
    """The last four of a number given whole or in part. Raises Unreadable when there are fewer."""
    if len(number) < TAIL:
        raise Unreadable("要身份证或手机号的后四位，例如：1234")
    return number[-TAIL:]


def _is_name(name: str) -> bool:
    return _SHORTEST <= len(name) <= _LONGEST and all(char.isalpha() or char in "·•." for char in name)
