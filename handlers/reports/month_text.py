"""The monthly summary in plain official words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from handlers.reading import Unreadable
from handlers.wording.days import day_in_words, full_day_in_words
from storage.cases.records import ClueSource
from storage.reports.monthly import Month, MonthFigures

_MONTH = re.compile(r"(\d{4})(?:-|年|/|\.)?(\d{1,2})月?")
_WORST = 3
"""Villages named where something is late or left."""

HEADINGS = ("村", "新增线索", "入户核查", "在办线索", "逾期线索", "新增问题", "销号问题", "未销号", "逾期问题", "已走访")


class VillageMonth(NamedTuple):
    """A village's month; `households` on the roster, of which `visited` in the plan's sweep so far."""

    name: str
    figures: MonthFigures
    visited: int
    households: int


class Summary(NamedTuple):
    """What the summary of one region tells. `weak` are clauses with their share of wrong answers in percent."""

    place: str
    month: Month
    made_at: datetime
    places: Sequence[VillageMonth]
    sources: Mapping[str, int]
    weak: Sequence[tuple[str, int]]
    ahead: Sequence[tuple[date, str]]

    @property
    def total(self) -> VillageMonth:
        figures = MonthFigures()
        for one in self.places:
            figures = figures.plus(one.figures)
        visited = sum(one.visited for one in self.places)
        return VillageMonth("合计", figures, visited, sum(one.households for one in self.places))


def month_named(text: str, today: date) -> Month:
    """The month of "2022-10" or "2022年10月"; the present one up to `today`. Raises Unreadable."""
    found = _MONTH.fullmatch(text.strip())
    try:
        first = date(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        first = None
    if first is None:
        raise Unreadable("月份请写成 2022-10 这样。")
    if first > today:
        raise Unreadable("这个月还没有开始，没有数字。")
    return Month(first, min(today, month_after(first) - timedelta(days=1)))


def month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def title_of(summary: Summary) -> str:
    first = summary.month.first
    return f"{summary.place}{first.year}年{first.month}月防返贫监测和问题整改月报"


def period_of(summary: Summary) -> str:
    first, last = summary.month
    return f"({full_day_in_words(first)}至{day_in_words(last)})"


def paragraphs(summary: Summary) -> list[tuple[str, str]]:
    """The paragraphs, each with its bold opening words."""
    return [
        ("一、风险线索。", _clues(summary)),
        ("二、问题整改。", _problems(summary)),
        ("三、排查走访。", _sweep(summary)),
        ("四、政策掌握。", _quiz(summary)),
        ("五、下步时限。", _ahead(summary)),
    ]


def table_of(summary: Summary) -> list[tuple[str, ...]]:
    """A row a village and their sum; empty for a single village, which the words tell all about."""
    if len(summary.places) < 2:
        return []
    return [_row(one) for one in [*summary.places, summary.total]]


def footnote(summary: Summary) -> str:
    made = summary.made_at
    return (
        f"注：数字按 {full_day_in_words(made)} {made:%H:%M} 系统内的记录统计，未录入系统的工作不在其中；"
        "“逾期”按现有环节期限和整改时限计算，“已走访”为第二轮排查累计。"
    )


def _clues(summary: Summary) -> str:
    figures = summary.total.figures
    called = {source.value: source.label for source in ClueSource}
    came = "、".join(f"{called.get(code, code)}{count}条" for code, count in sorted(summary.sources.items()))
    new = f"本月新增风险线索{figures.clues_new}条({came})" if figures.clues_new else "本月没有新增风险线索"
    verified = f"入户核查{figures.verifications}次" if figures.verifications else "没有入户核查"
    refuted = f"，其中不属实{figures.refuted}次" if figures.refuted else ""
    text = f"{new}；{verified}{refuted}；办结{figures.clues_closed}条。"
    if not figures.clues_open:
        return f"{text}{_as_of(summary)}没有在办线索。"
    late = _late(summary, "条", {one.name: one.figures.clues_late for one in summary.places})
    return f"{text}{_as_of(summary)}在办{figures.clues_open}条，{late}。"


def _problems(summary: Summary) -> str:
    figures = summary.total.figures
    new = f"本月新增问题{figures.problems_new}个" if figures.problems_new else "本月没有新增问题"
    text = f"{new}，销号{figures.problems_closed}个。"
    if not figures.problems_open:
        return f"{text}{_as_of(summary)}问题全部销号。"
    late = _late(summary, "个", {one.name: one.figures.problems_late for one in summary.places})
    return f"{text}{_as_of(summary)}未销号{figures.problems_open}个，{late}。"


def _late(summary: Summary, unit: str, by_place: Mapping[str, int]) -> str:
    late = sum(by_place.values())
    if not late:
        return "没有逾期的"
    named = f"({_worst(by_place, unit)})" if len(summary.places) > 1 else ""
    return f"其中逾期{late}{unit}{named}"


def _sweep(summary: Summary) -> str:
    total = summary.total
    if not total.households:
        return "名册里还没有农户，无法统计走访。"
    left = {one.name: one.households - one.visited for one in summary.places}
    if not sum(left.values()):
        return f"第二轮排查应走访{total.households}户，已全部走访，不落一户。"
    # rounded down: 99.96 is not yet 100
    share = 1000 * total.visited // total.households / 10
    named = f"，较多的是{_worst(left, '户')}" if len(summary.places) > 1 else ""
    return (
        f"第二轮排查应走访{total.households}户，已走访{total.visited}户，占{share:.1f}%；"
        f"还有{sum(left.values())}户没有走访{named}。"
    )


def _quiz(summary: Summary) -> str:
    if not summary.weak:
        return "本月“一口清”没有明显的薄弱条款，或答题人数还少、不足以判断。"
    return f"本月“一口清”答错较多的条款：{'、'.join(f'{clause}(错{rate}%)' for clause, rate in summary.weak)}。"


def _ahead(summary: Summary) -> str:
    if not summary.ahead:
        return "方案各阶段的时限都已过去。"
    return "；".join(f"{day_in_words(day)} {what}" for day, what in summary.ahead) + "。"


def _row(one: VillageMonth) -> tuple[str, ...]:
    figures = one.figures
    counts = (
        figures.clues_new,
        figures.verifications,
        figures.clues_open,
        figures.clues_late,
        figures.problems_new,
        figures.problems_closed,
        figures.problems_open,
        figures.problems_late,
    )
    walked = f"{one.visited}/{one.households}" if one.households else "—"
    return (one.name, *map(str, counts), walked)


def _worst(by_place: Mapping[str, int], unit: str) -> str:
    worst = sorted(((count, name) for name, count in by_place.items() if count), key=lambda one: -one[0])
    return "、".join(f"{name}{count}{unit}" for count, name in worst[:_WORST]) + ("等" if len(worst) > _WORST else "")


def _as_of(summary: Summary) -> str:
    return f"截至{day_in_words(summary.month.last)}，"
