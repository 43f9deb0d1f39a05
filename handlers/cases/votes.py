"""Attendance and votes of the village's deliberation. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from handlers.reading import Unreadable, clean
from handlers.reading.numerals import parse_numeral

_NUMBERS = re.compile(r"[\d零一二三四五六七八九十百两]+")
_MOST = 9999
EXAMPLE = "32 30 2"


class Votes(NamedTuple):
    """People present, for, and against; the others abstained."""

    present: int
    agree: int
    against: int

    @property
    def passed(self) -> bool:
        """More than half of those present (四议两公开: decided by the majority of those who came)."""
        return 2 * self.agree > self.present

    def __str__(self) -> str:
        return f"到会 {self.present} 人，同意 {self.agree}，反对 {self.against}"


def read_votes(text: str) -> Votes:
    """Take "32 30 2" or "到会32人，同意30人，反对2人". Raises Unreadable for what cannot be."""
    said = [parse_numeral(number) for number in _NUMBERS.findall(clean(text))]
    numbers = [int(number) for number in said if number is not None]
    if len(numbers) not in (2, 3) or max(numbers, default=0) > _MOST:
        raise Unreadable(f"请按 到会、同意、反对 的顺序发三个数，例如：{EXAMPLE}")
    present, agree, against = (*numbers, 0)[:3]
    if not present:
        raise Unreadable(f"到会人数不能是 0，例如：{EXAMPLE}")
    if agree + against > present:
        raise Unreadable(f"同意 {agree} 加反对 {against}，比到会的 {present} 人还多。请再看看，例如：{EXAMPLE}")
    return Votes(present, agree, against)
