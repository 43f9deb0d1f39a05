"""What must hold between the parts of a plan: names that exist, codes that differ, days in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from storage.plan.plan import Plan
from storage.plan.questions import days_named

Place = tuple[str | int, ...]
Fault = tuple[Place, str]
"""Where in the plan (`("areas", 1, "items", 0, "units")`) and what is wrong, in Chinese."""


def faults(plan: Plan) -> Iterator[Fault]:
    """Everything that contradicts itself in a plan whose parts are sound each by itself."""
    yield from _doubles(plan)
    yield from _regions(plan)
    yield from _tasks(plan)
    yield from _phases(plan)
    yield from _checks(plan, {item.id for item in plan.items})
    yield from _words(plan)
    yield from _quiz(plan)


def _doubles(plan: Plan) -> Iterator[Fault]:
    lists: dict[str, Iterable[tuple[Place, str]]] = {
        "单位": (
            (("units", at, key), name)
            for at, unit in enumerate(plan.units)
            for key, names in (("code", [unit.code]), ("name", [unit.name]), ("aliases", unit.aliases))
            for name in names
        ),
        "任务编号": (
            (("areas", at, "items", below, "id"), item.id)
            for at, area in enumerate(plan.areas)
            for below, item in enumerate(area.items)
        ),
        "方面": ((("areas", at, "code"), area.code) for at, area in enumerate(plan.areas)),
        "阶段": ((("phases", at, "code"), phase.code) for at, phase in enumerate(plan.phases)),
        "节点": (
            (("phases", at, "milestones", below, "code"), f"{phase.code}.{milestone.code}")
            for at, phase in enumerate(plan.phases)
            for below, milestone in enumerate(phase.milestones)
        ),
        "风险类型": ((("risk_kinds", at, "code"), kind.code) for at, kind in enumerate(plan.risk_kinds)),
        "风险名称": ((("risk_kinds", at, "label"), kind.label) for at, kind in enumerate(plan.risk_kinds)),
        "问题来源": ((("problem_sources", at, "code"), source.code) for at, source in enumerate(plan.problem_sources)),
        "农户类型": ((("household_types", at, "code"), one.code) for at, one in enumerate(plan.household_types)),
        "清单代码": ((("watchlists", at, "code"), one.code) for at, one in enumerate(plan.watchlists)),
        "指标代码": ((("indicators", at, "code"), one.code) for at, one in enumerate(plan.indicators)),
        "指标名称": ((("indicators", at, "title"), one.title) for at, one in enumerate(plan.indicators)),
        "清单名称": ((("watchlists", at, "title"), one.title) for at, one in enumerate(plan.watchlists)),
        "村代码": ((("villages", at, "code"), village.code) for at, village in enumerate(plan.villages)),
        "村名": ((("villages", at, "name"), village.name) for at, village in enumerate(plan.villages)),
        "风险类型的词": ((("lexicon", "kinds", at, "code"), one.code) for at, one in enumerate(plan.lexicon.kinds)),
        "题号": ((("written", at, "id"), question.id) for at, question in enumerate(plan.written)),
    }
    for what, entries in lists.items():
        seen: set[str] = set()
        for place, name in entries:
            if name in seen:
                yield place, f"{what}“{name}”重复"
            seen.add(name)


def _regions(plan: Plan) -> Iterator[Fault]:
    if len(plan.county.code) != 6:
        yield ("county", "code"), "县级代码要 6 位"
    if len(plan.town.code) != 9 or not plan.town.code.startswith(plan.county.code):
        yield ("town", "code"), f"乡镇代码要 9 位，以 {plan.county.code} 开头"
    for at, village in enumerate(plan.villages):
        if len(village.code) != 12 or not village.code.startswith(plan.town.code):
            yield ("villages", at, "code"), f"村代码要 12 位，以 {plan.town.code} 开头"


def _tasks(plan: Plan) -> Iterator[Fault]:
    units = {unit.code: unit for unit in plan.units}
    for at, unit in enumerate(plan.units):
        for member in unit.members:
            if member not in units or units[member].members:
                yield ("units", at, "members"), f"没有单位“{member}”,或它本身是一组单位"
    items: set[str] = set()
    for at, area in enumerate(plan.areas):
        for below, item in enumerate(area.items):
            items.add(item.id)
            if item.id.partition(".")[0] != area.code:
                yield ("areas", at, "items", below, "id"), f"编号“{item.id}”不属于第 {area.code} 方面"
            for code in item.units:
                if code not in units:
                    yield ("areas", at, "items", below, "units"), f"没有单位“{code}”"
    for at, kind in enumerate(plan.risk_kinds):
        if kind.item not in items:
            yield ("risk_kinds", at, "item"), f"没有任务“{kind.item}”"


def _phases(plan: Plan) -> Iterator[Fault]:
    begun = plan.phases[0].first
    for at, phase in enumerate(plan.phases):
        if phase.last < phase.first:
            yield ("phases", at, "last"), "结束日早于开始日"
        if phase.first < begun:
            yield ("phases", at, "first"), "开始日早于上一阶段的开始日"
        begun = phase.first
        for below, milestone in enumerate(phase.milestones):
            if not phase.first <= milestone.on <= phase.last:
                yield ("phases", at, "milestones", below, "on"), f"节点“{milestone.name}”不在本阶段之内"


def _checks(plan: Plan, items: set[str]) -> Iterator[Fault]:
    """The self-check, the watch-lists and the indicators."""
    if plan.selfcheck.phase not in {phase.code for phase in plan.phases}:
        yield ("selfcheck", "phase"), f"没有阶段“{plan.selfcheck.phase}”"
    if plan.selfcheck.source not in {source.code for source in plan.problem_sources}:
        yield ("selfcheck", "source"), f"没有问题来源“{plan.selfcheck.source}”"
    kinds = {kind.code for kind in plan.risk_kinds}
    for at, indicator in enumerate(plan.indicators):
        if indicator.item not in items:
            yield ("indicators", at, "item"), f"没有任务“{indicator.item}”"
    for at, one in enumerate(plan.watchlists):
        if one.item not in items:
            yield ("watchlists", at, "item"), f"没有任务“{one.item}”"
        if one.risk not in kinds:
            yield ("watchlists", at, "risk"), f"没有风险类型“{one.risk}”"


def _words(plan: Plan) -> Iterator[Fault]:
    kinds, villages = {kind.code for kind in plan.risk_kinds}, {village.code for village in plan.villages}
    for at, kind in enumerate(plan.lexicon.kinds):
        if kind.code not in kinds:
            yield ("lexicon", "kinds", at, "code"), f"没有风险类型“{kind.code}”"
    for at, village in enumerate(plan.lexicon.villages):
        if village.code not in villages:
            yield ("lexicon", "villages", at, "code"), f"没有村代码“{village.code}”"


def _quiz(plan: Plan) -> Iterator[Fault]:
    for at, question in enumerate(plan.written):
        for clause in question.clauses:
            if clause not in plan.clauses:
                yield ("written", at, "clause"), f"没有条款“{clause}”"
        for name in sorted(days_named(question) - plan.days.keys()):
            yield ("written", at, "text"), f"没有日期“{{{name}}}”"
