"""Gathers the figures of the wall charts within a reach, by the same queries as the ledgers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
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
from handlers.charts.zero_line import zero_line
from handlers.engine.world import World
from handlers.problems.schedule_rules import schedule
from handlers.problems.states import RULES
from handlers.wording.people import region_in_words, scope_in_words
from storage.charts.orders import Chart
from storage.charts.problem_figures import Cell
from storage.people.reach import Reach
from storage.plan import Plan
from storage.problems.records import Problem
from storage.problems.states import ProblemState
from storage.store import Store

_GRACE = timedelta(days=30)
"""How long after the plan's end the burn-down goes on."""
_MOST_GROUPS = 12
_MOST_DEEDS = 500
_TOWN_WIDE, _NO_AREA = "全镇性", AreaColumn("其他", "没有写明任务")


async def gather(store: Store, world: World, *, reach: Sequence[Reach], chart: Chart, now: datetime) -> Figures:
    """The figures of a chart of a whole reach as of `now`; for a single village the first one is its own sheet."""
    head = ChartHead(scope_in_words(world.plan, reach), world.plan.title, now)
    if chart is Chart.BURNDOWN:
        return await _burn_down(store, world.plan, reach, head)
    if chart is Chart.COVERAGE:
        return await _coverage(store, world, reach, head)
    if villages_in(world.plan, reach) == [reach[0].region] and reach[0].unit is None:
        counts = await _by_area(store, world.plan, reach, now.date())
        return Village(head, counts, await _coverage(store, world, reach, head))
    return await _heat(store, world.plan, reach, head)


async def gather_gantt(store: Store, world: World, *, problem: Problem, now: datetime) -> Gantt:
    """One problem's steps, planned and done. It is named by its village, never by a household."""
    plan = world.plan
    deeds = [
        GanttDeed(entry.action, entry.at, entry.percent)
        for entry in reversed(await store.problems.entries(problem.id, _MOST_DEEDS))
    ]
    item = f" {plan.clause_label(problem.item)}" if problem.item else ""
    planned = [Band(step.name, step.first, step.last) for step in schedule(problem.opened_at.date(), problem.deadline)]
    place = _TOWN_WIDE if problem.region == plan.town.code else region_in_words(plan, problem.region)
    return Gantt(
        ChartHead(f"{problem.number}号", plan.title, now),
        f"{place}{item}",
        problem.deadline,
        planned,
        _spans(problem.opened_at, deeds, now),
        deeds,
    )


def _spans(opened_at: datetime, deeds: Sequence[GanttDeed], now: datetime) -> list[Span]:
    """The states in order, each with its begin and end; the present one ends now."""
    spans = []
    state, since = ProblemState.UNCLAIMED, opened_at
    for deed in deeds:
        after = RULES[deed.action].after if deed.action in RULES else state
        if after is not state:
            spans.append(Span(state, since, deed.at))
            state, since = after, deed.at
    return [*spans, Span(state, since, max(since, now))]


async def _heat(store: Store, plan: Plan, reach: Sequence[Reach], head: ChartHead) -> Heat:
    """A row for each village within reach, and one for what concerns the whole town where there is anything."""
    cells: dict[tuple[str, str], OpenCount] = defaultdict(OpenCount)
    for cell in await store.problem_figures.spread(reach, head.as_of.date()):
        key = (cell.region, _area(plan, cell))
        cells[key] = cells[key].plus(OpenCount(cell.open, cell.overdue))
    areas = _areas(plan, reach, {area for _, area in cells})
    columns = [_column(plan, area) for area in areas]
    places = [(code, plan.village(code).name) for code in villages_in(plan, reach)]
    if any(region == plan.town.code for region, _ in cells):
        places.append((plan.town.code, _TOWN_WIDE))
    rows = [(name, [cells.get((code, area), OpenCount()) for area in areas]) for code, name in places]
    return Heat(head, columns, rows)


async def _by_area(store: Store, plan: Plan, reach: Sequence[Reach], today: date) -> list[tuple[AreaColumn, OpenCount]]:
    """The areas that have open problems, in the plan's order."""
    counts: dict[str, OpenCount] = defaultdict(OpenCount)
    for cell in await store.problem_figures.spread(reach, today):
        area = _area(plan, cell)
        counts[area] = counts[area].plus(OpenCount(cell.open, cell.overdue))
    return [(_column(plan, area), counts[area]) for area in [*(one.code for one in plan.areas), ""] if area in counts]


async def _burn_down(store: Store, plan: Plan, reach: Sequence[Reach], head: ChartHead) -> BurnDown:
    """Over all of the plan's phases; the line to zero belongs to the phase in which problems are looked for and mended."""
    first, today = plan.phases[0].first, head.as_of.date()
    last = max(max(phase.last for phase in plan.phases), min(today, plan.phases[-1].last + _GRACE))
    counted = await store.problem_figures.daily(reach, first, last=min(today, last))
    bands = sorted((Band(phase.name, phase.first, phase.last) for phase in plan.phases), key=lambda band: band.first)
    phase = plan.phase(plan.selfcheck.phase)
    return BurnDown(head, first, last, bands, counted, zero_line(counted, first, phase.first, phase.last))


async def _coverage(store: Store, world: World, reach: Sequence[Reach], head: ChartHead) -> Coverage:
    """By village, or by 屯 where only one village is within reach; the least covered first, as in the list of villages."""
    villages = villages_in(world.plan, reach)
    if len(villages) == 1:
        rows = await _groups(store, world, villages[0])
    else:
        done = await store.overview.visited(world.round)
        listed = world.roster.by_village
        rows = [VisitedShare(world.plan.village(code).name, done.get(code, 0), len(listed.get(code, ()))) for code in villages]
    rows.sort(key=lambda row: (not row.left, row.done / max(row.households, 1)))
    return Coverage(head, rows)


async def _groups(store: Store, world: World, village: str) -> list[VisitedShare]:
    """Each 屯 of a village; of very many, the largest, and the others together."""
    visits = await store.visits.in_village(village, world.round)
    listed = world.roster.by_village.get(village, ())
    households = Counter(one.group_name for one in listed)
    done = Counter(one.group_name for one in listed if one.id in visits and visits[one.id].outcome.met)
    names = [name for name, _ in households.most_common()]
    shown = names if len(names) <= _MOST_GROUPS else names[: _MOST_GROUPS - 1]
    rows = [VisitedShare(name or "未分屯", done[name], households[name]) for name in shown]
    others = names[len(shown) :]
    if others:
        together = sum(done[name] for name in others), sum(households[name] for name in others)
        rows.append(VisitedShare(f"其余{len(others)}个屯", *together))
    return rows


def villages_in(plan: Plan, reach: Sequence[Reach]) -> list[str]:
    """The codes of the plan's villages within reach, in its order."""
    return [one.code for one in plan.villages if any(one.code.startswith(part.region) for part in reach)]


def _area(plan: Plan, cell: Cell) -> str:
    return plan.area(cell.item).code if cell.item else ""


def _areas(plan: Plan, reach: Sequence[Reach], met: set[str]) -> list[str]:
    """All of the plan's; for units only their own, with any other in which they have a problem."""
    wanted = {area.code for area in plan.areas}
    if all(one.unit for one in reach):
        wanted = {area.code for one in reach if one.unit for area in plan.areas_for(one.unit)}
    return [area.code for area in plan.areas if area.code in wanted | met] + ([""] if "" in met else [])


def _column(plan: Plan, area: str) -> AreaColumn:
    return AreaColumn(plan.area(area).numeral, plan.area(area).title) if area else _NO_AREA
