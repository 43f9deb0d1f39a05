"""Figures that must not fall 只增不减: reading one as people say it, holding it against last year's, who enters which. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handlers.reading import Unreadable, clean, read_number
from storage.people.persons import Person, Role
from storage.plan import Indicator, Plan

GREATEST = 1_000_000
"""No village has more of anything that is counted."""

_NUMERAL = "[0-9,零〇一二两三四五六七八九十百千万]+"
_SAID = re.compile(rf"(?:(去年|今年|\d{{4}}年)的?)?\s*(.*?)[\s是有为:,]*({_NUMERAL})\s*([人个户名家口]*)")


@dataclass(frozen=True, slots=True)
class Trend:
    """Last year's figure and this year's; None where none was entered."""

    before: int | None
    now: int | None

    @property
    def change(self) -> int | None:
        return None if self.before is None or self.now is None else self.now - self.before

    @property
    def falls(self) -> bool:
        return self.change is not None and self.change < 0

    def __str__(self) -> str:
        before, now = ("没填" if one is None else one for one in (self.before, self.now))
        return f"去年 {before} 今年 {now}{mark(self.change)}"


def mark(change: int | None) -> str:
    if not change:
        return "" if change is None else " 持平"
    return f" ▲{change}" if change > 0 else f" ▼{-change}"


def falls_first(trend: Trend) -> tuple[int, int]:
    """For sorting: what fell, the most first; what is not known; what stayed or rose."""
    change = trend.change
    return (1, 0) if change is None else (0, change) if change < 0 else (2, change)


@dataclass(frozen=True, slots=True)
class Total:
    """Over the villages that have both figures; how many of them fell, and how many have not both."""

    trend: Trend
    falling: int
    lacking: int


def total(trends: Iterable[Trend]) -> Total:
    trends = list(trends)
    whole = [one for one in trends if one.before is not None and one.now is not None]
    trend = Trend(sum(one.before or 0 for one in whole), sum(one.now or 0 for one in whole)) if whole else Trend(None, None)
    return Total(trend, sum(one.falls for one in trends), len(trends) - len(whole))


def read_figure(text: str, indicators: Sequence[Indicator], year: int) -> tuple[Indicator, int, int]:
    """The indicator, figure and year of 公益岗位 12, 去年务工人数是30人, 2021年帮扶车间 3个. `year` is this year; only it and
    the one before are entered. Raises Unreadable."""
    example = f"例如：{indicators[0].title} 12"
    found = _SAID.fullmatch(clean(text)[:60])
    if found is None or not found[2]:
        raise Unreadable(f"请把指标和数一起说，{example}；去年的数前面加「去年」。")
    when = {"": year, "今年": year, "去年": year - 1}.get(found[1] or "", 0) or int(found[1].removesuffix("年"))
    if when not in (year, year - 1):
        raise Unreadable(f"只填今年（{year}）和去年（{year - 1}）的数，{example}")
    return _named(found[2], found[4], indicators), read_count(found[3]), when


def read_count(text: str) -> int:
    """A whole number that can be counted in a village. Raises Unreadable."""
    number = read_number(text, 0, GREATEST)
    if number != int(number):
        raise Unreadable("请填整数，例如：12")
    return int(number)


def _named(said: str, unit: str, indicators: Sequence[Indicator]) -> Indicator:
    fit = [one for one in indicators if one.title.startswith(said)] or [one for one in indicators if said in one.title]
    if len(fit) > 1 and unit:
        fit = [one for one in fit if one.unit in unit] or fit
    if len(fit) > 1:
        raise Unreadable(f"您说的是{'还是'.join(f'「{one.title}」' for one in fit[:3])}？请说全名。")
    if not fit:
        raise Unreadable(f"没有「{said[:12]}」这个指标。可以填：{'、'.join(one.title for one in indicators[:6])}")
    return fit[0]


def entered_by(person: Person, plan: Plan) -> list[Indicator]:
    """The indicators that are this person's to enter: those of tasks that their village, unit or office answers for."""
    mine = {post.unit if post.role is Role.UNIT else post.role for post in person.posts}
    return [
        one
        for one in plan.indicators
        if any((unit.code if unit.role is Role.UNIT else unit.role) in mine for unit in plan.units_for(one.item))
    ]
