"""Invented people. Their numbers look right to our own questions, and can be nobody's.

An ID number has the area code 229999: a prefecture 99 of Jilin, which GB/T 2260 has never given out. A telephone number
begins with 154, the one 15x range that no operator has been assigned.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import IntEnum
from random import Random

from handlers.reading.identity import check_digit

MARK = "示例"
"""Stands in every name and place of the demo that is shown to anybody."""

NO_AREA, NO_OPERATOR = "229999", "154"

_SURNAMES = "王王王李李李张张张刘刘赵赵孙孙于于杨陈徐高马朱周宋郭姜吴金白韩冯曹田范邹崔谭许付董梁丁卢石孟邵薛谷"
_MODERN = 1975
"""From this year of birth on, people bear the newer kind of name."""


class Sex(IntEnum):
    """The last figure of an ID number's serial is odd for men."""

    FEMALE = 0
    MALE = 1


_GIVEN = {
    (Sex.MALE, False): ("国德永长振宝玉占喜福文凤广成立忠", "强才贵山海田林春发军仁义和江峰有"),
    (Sex.FEMALE, False): ("桂秀淑玉凤春亚艳丽金素兰", "兰珍英芹华梅云霞芝琴荣香"),
    (Sex.MALE, True): ("志建晓海俊明宇家子泽洪大", "伟鹏超涛博龙阳豪轩刚宁峰"),
    (Sex.FEMALE, True): ("晓雪佳思美丹欣雨梦立秋慧", "红莹敏静婷悦楠涵琪娜颖洁"),
}


class Inventor:
    """Makes up names and numbers, no number twice."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._given_out: set[str] = set()

    def sex(self) -> Sex:
        return Sex(self._rng.randrange(2))

    def surname(self) -> str:
        return self._rng.choice(_SURNAMES)

    def given_name(self, sex: Sex, born: int) -> str:
        """As people born in that year are called."""
        first, second = _GIVEN[sex, born >= _MODERN]
        head, tail = self._rng.choice(first), self._rng.choice(second)
        return tail if head == tail else head + tail

    def birthday(self, year: int) -> date:
        return date(year, self._rng.randint(1, 12), self._rng.randint(1, 28))

    def id_number(self, born: date, sex: Sex) -> str:
        return self._fresh(lambda: _with_check(f"{NO_AREA}{born:%Y%m%d}{self._rng.randrange(500) * 2 + sex:03d}"))

    def phone(self) -> str:
        return self._fresh(lambda: f"{NO_OPERATOR}{self._rng.randrange(10**8):08d}")

    def _fresh(self, make: Callable[[], str]) -> str:
        while (number := make()) in self._given_out:
            pass
        self._given_out.add(number)
        return number


def _with_check(body: str) -> str:
    return body + check_digit(body)
