"""Figures for charts of every size: an ordinary week, far more than a town ever has, and nothing at all."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

from handlers.charts.figures import (
    AreaColumn,
    Band,
    BurnDown,
    ChartHead,
    Coverage,
    Figures,
    Gantt,
    GanttDeed,
    Heat,
    OpenCount,
    Span,
    Village,
    VisitedShare,
)
from storage.database.base import SHANGHAI
from storage.problems.states import Action, ProblemState

NOW = datetime(2022, 10, 20, 8, 0, tzinfo=SHANGHAI)
HEAD = ChartHead("瓦房镇", "瓦房镇巩固脱贫成果衔接乡村振兴“大提升”专项行动", NOW)
LONG = ChartHead("查干浩特蒙古族满族乡", "查干浩特蒙古族满族乡巩固拓展脱贫攻坚成果同乡村振兴有效衔接“大提升”专项行动", NOW)
VILLAGES = ("瓦房村", "查干浩特蒙古族满族村", "䶮𠮷村", *(f"第{place}生产队村" for place in range(14)))
"""Seventeen, with a name that is too long and a character that hardly any font has."""
AREAS = (
    *(AreaColumn(numeral, "“三保障”和饮水安全") for numeral in "一二三四五六七八"),
    AreaColumn("九", "持续增加脱贫群众收入和村集体经济收入与防止返贫"),
    AreaColumn("其他", "没有写明任务"),
)
BANDS = (
    Band("动员培训", date(2022, 9, 30), date(2022, 10, 11)),
    Band("排查整改", date(2022, 10, 12), date(2022, 10, 31)),
    Band("加强督导", date(2022, 10, 17), date(2022, 10, 31)),
    Band("考核评估", date(2022, 11, 1), date(2022, 11, 15)),
)
STEPS = tuple(
    Band(name, date(2022, 10, 10) + timedelta(days=3 * place), date(2022, 10, 12) + timedelta(days=3 * place))
    for place, name in enumerate(("摸清底数", "制定措施", "整改", "自查", "验收"))
)


def _heat(head: ChartHead, most: int) -> Heat:
    chance = random.Random(1)

    def count() -> OpenCount:
        found = chance.choice((0, most // 4, most // 2, most))
        return OpenCount(found, chance.randint(0, found))

    return Heat(head, AREAS, [(name, [count() for _ in AREAS]) for name in VILLAGES])


def _burn_down(head: ChartHead, counted: list[int]) -> BurnDown:
    line = [(date(2022, 10, 12) + timedelta(days=place), max([*counted, 0]) * (19 - place) / 19) for place in range(20)]
    return BurnDown(head, date(2022, 9, 30), date(2022, 11, 15), BANDS, counted, line if any(counted) else [])


def _gantt(head: ChartHead, times: int) -> Gantt:
    began = NOW - timedelta(days=3 * times + 3)
    deeds = [GanttDeed(action, began + timedelta(days=1), 0) for action in [Action.CLAIM][:times]]
    done = (Action.PROGRESS, Action.SUBMIT, Action.RETURN)
    deeds += [
        GanttDeed(action, began + timedelta(days=3 * place + part + 1), 50)
        for place in range(times)
        for part, action in enumerate(done)
    ]
    deeds += [
        GanttDeed(action, NOW, 100) for action in (Action.ACCEPT, Action.REOPEN, Action.CHECK, Action.REDATE) if times > 1
    ]
    spans = [Span(ProblemState.UNCLAIMED, began, NOW)]
    if deeds:
        spans = [
            Span(ProblemState.UNCLAIMED, began, deeds[0].at),
            Span(ProblemState.WORKING, deeds[0].at, deeds[-1].at),
            Span(ProblemState.REVIEW, deeds[-1].at, NOW),
        ]
    return Gantt(replace(head, place="17号"), f"{head.place} (二)4 住房安全", date(2022, 10, 24), STEPS, spans, deeds)


def _coverage(head: ChartHead, households: int) -> Coverage:
    rows = [VisitedShare(name, households * place // 16, households if place else 0) for place, name in enumerate(VILLAGES)]
    return Coverage(head, rows)


def _village(head: ChartHead, most: int, groups: int) -> Village:
    areas = [(column, OpenCount(most, place % 3)) for place, column in enumerate(AREAS)] if most else []
    rows = [VisitedShare(f"查干浩特第{place}屯", 3 * place, 90) for place in range(groups)]
    return Village(head, areas, Coverage(head, rows))


CHARTS: dict[str, Figures] = {
    "heat": _heat(HEAD, 4),
    "heat, full": _heat(LONG, 128),
    "heat, none": Heat(HEAD, AREAS, [(name, [OpenCount() for _ in AREAS]) for name in VILLAGES]),
    "burndown": _burn_down(HEAD, [40, 44, 58, *range(56, 38, -1)]),
    "burndown, full": _burn_down(LONG, [2_300, 2_450] * 10 + [2_400]),
    "burndown, none": _burn_down(HEAD, [0] * 21),
    "burndown, before": _burn_down(HEAD, []),
    "gantt": _gantt(HEAD, 2),
    "gantt, full": _gantt(LONG, 30),
    "gantt, none": _gantt(HEAD, 0),
    "coverage": _coverage(HEAD, 200),
    "coverage, full": _coverage(LONG, 12_000),
    "coverage, none": _coverage(HEAD, 0),
    "village": _village(HEAD, 3, 4),
    "village, full": _village(LONG, 120, 12),
    "village, none": _village(HEAD, 0, 0),
}
