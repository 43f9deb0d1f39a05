"""What a reminder can be about, and whom it concerns on the day it is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from handlers.engine.attendance import on_duty
from handlers.engine.world import World
from handlers.filing import kinds_in_words
from handlers.rectifying import brief, place, rectifiers
from handlers.rules.deadlines import TOP_LEVEL
from handlers.rules.self_checking import done, holders, name_of, scope_of
from handlers.rules.workdays import workdays_between
from handlers.supporting import doers
from storage.base import from_decimal, to_base36
from storage.clues import Step
from storage.fanouts import OPEN
from storage.people import Official, Role
from storage.plan import Plan
from storage.problems import ProblemState
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing with a deadline, still open. `does` is the command that leads to its next step.

    `titles` are what falls due, each with the persons it is news for; mostly one, for all. `can_be_late` is False for
    what simply comes and goes, like a phase.
    """

    titles: tuple[tuple[str, tuple[int, ...]], ...]
    deadline: date
    does: str
    label: str
    responsible: tuple[int, ...]
    region: str
    can_be_late: bool = True

    def line(self, person_id: int, today: date) -> str:
        """What it is and how much time is left: late in working days, ahead in days of the calendar."""
        title = "、".join(title for title, people in self.titles if not people or person_id in people)
        return f"{'⚠ ' if self._late(today) else ''}{title}：{self._when(today)}"

    def _late(self, today: date) -> bool:
        return self.can_be_late and self.deadline < today

    def _when(self, today: date) -> str:
        if self._late(today):
            return f"已逾期 {workdays_between(self.deadline, today)} 个工作日"
        if self.deadline == today:
            return "今天到期" if self.can_be_late else "就是今天"
        left = (self.deadline - today).days
        day = f"{self.deadline.month}月{self.deadline.day}日" + ("到期" if self.can_be_late else "")
        return f"{day}，还剩 {left} 天" if left > 0 else f"{day}，已过 {-left} 天"


Find = Callable[[Store, World, Sequence[str]], Awaitable[dict[str, Matter]]]


async def _clues(store: Store, world: World, ids: Sequence[str]) -> dict[str, Matter]:
    found = {}
    assigned = await store.assignments.holders("clue", ids)
    for clue in await store.clues.several(_rows(ids)):
        if clue.step is Step.CLOSED or clue.due_on is None:
            continue
        where = f"{world.plan.village(clue.village).name}{world.roster.by_id[clue.household_id].head}家"
        what = f"{brief(kinds_in_words(world, clue.kinds))}，待{clue.step.label}"
        found[str(clue.id)] = Matter(
            titles=((f"{clue.number}号线索 {where} {what}", ()),),
            deadline=clue.due_on,
            does=f"/clue {to_base36(clue.id)}",
            label=f"查看 {clue.number}号线索",
            responsible=_assignee(world, assigned.get(str(clue.id)), clue.village)
            or _ids(world.directory.holding(Role.VILLAGE, clue.village)),
            region=clue.village,
        )
    return found


async def _problems(store: Store, world: World, ids: Sequence[str]) -> dict[str, Matter]:
    found = {}
    assigned = await store.assignments.holders("problem", ids)
    for problem in await store.problems.several(_rows(ids)):
        if problem.state is ProblemState.CLOSED:
            continue
        what = f"{place(world, problem)} {brief(problem.description)}（{problem.state.label}）"
        found[str(problem.id)] = Matter(
            titles=((f"{problem.number}号问题 {what}", ()),),
            deadline=problem.deadline,
            does=f"/problem {to_base36(problem.id)}",
            label=f"查看 {problem.number}号问题",
            responsible=_assignee(world, assigned.get(str(problem.id)), problem.region)
            or tuple(rectifiers(world, problem)),
            region=problem.region,
        )
    return found


async def _measures(store: Store, world: World, ids: Sequence[str]) -> dict[str, Matter]:
    found = {}
    for measure in await store.supports.several_measures(_rows(ids)):
        if measure.done:
            continue
        household = world.roster.by_id[measure.household_id]
        where = f"{world.plan.village(household.village).name}{household.head}家"
        found[str(measure.id)] = Matter(
            titles=((f"帮扶措施 {where} {brief(measure.text)}", ()),),
            deadline=measure.deadline,
            does=f"/measure {to_base36(measure.id)}",
            label=f"报进展 {where}",
            responsible=tuple(doers(world, measure)),
            region=household.village,
        )
    return found


def _assignee(world: World, person_id: int | None, region: str) -> tuple[int, ...]:
    """The one person whose it is, while they are in office there."""
    official = world.directory.person(person_id or 0)
    return (official.person.id,) if official and official.person.covers(region, Role.VILLAGE) else ()


async def _phases(store: Store, world: World, ids: Sequence[str]) -> dict[str, Matter]:
    """Days of the campaign; each person hears of what the plan names them as the audience of."""
    found = {}
    for day, events in campaign_days(world.plan).items():
        key = day_key(day)
        if key in ids:
            titles = tuple((event.title, _audience(world, event)) for event in events)
            found[key] = Matter(
                titles=titles,
                deadline=day,
                does=f"/done phase {key} {key}",
                label="知道了",
                responsible=tuple(dict.fromkeys(person_id for _, people in titles for person_id in people)),
                region=world.plan.town.code,
                can_be_late=False,
            )
    return found


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    """Something the plan has set a day for: the end of a phase, or a milestone."""

    title: str
    audience: tuple[Role, ...]


def campaign_days(plan: Plan) -> dict[date, list[CampaignEvent]]:
    """What happens on which day. One day is one matter, so that three phases ending together are one line."""
    days: dict[date, list[CampaignEvent]] = defaultdict(list)
    for phase in plan.phases:
        days[phase.last].append(CampaignEvent(f"「{phase.name}」阶段结束", phase.audience))
        for stone in phase.milestones:
            days[stone.on].append(CampaignEvent(stone.name, stone.audience))
    return days


def day_key(day: date) -> str:
    """How a day of the campaign is named in reminder rows and buttons."""
    return f"{day:%Y%m%d}"


def _audience(world: World, event: CampaignEvent) -> tuple[int, ...]:
    meant = _ids(one for one in world.directory.officials if one.person.has(*event.audience))
    return meant or _ids(world.directory.holding(Role.TOWN, world.plan.town.code))


async def _fanouts(store: Store, world: World, ids: Sequence[str]) -> dict[str, Matter]:
    """Villages that have not answered yet whether they have a problem that was found elsewhere."""
    found = {}
    for task in await store.fanouts.several(_rows(ids)):
        if task.state == OPEN:
            found[str(task.id)] = Matter(
                titles=((f"举一反三 {world.plan.village(task.village).name} 待答复", ()),),
                deadline=task.due_on,
                does=f"/checked {to_base36(task.id)}",
                label="现在答复",
                responsible=_ids(world.directory.holding(Role.VILLAGE, task.village)),
                region=task.village,
            )
    return found


async def _self_checks(store: Store, world: World, ids: Sequence[str]) -> dict[str, Matter]:
    """One line for a village or unit that has not gone through all of its tasks."""
    plan, found = world.plan, {}
    for key in ids:
        scope = scope_of(key, plan)
        if scope is None:
            continue
        count, total = done(await store.selfchecks.of(plan.id, scope)), len(plan.items_for(scope.unit))
        if count < total:
            found[key] = Matter(
                titles=((f"{name_of(scope, plan)}自查 {count}/{total} 项", ()),),
                deadline=plan.phase(plan.selfcheck.phase).last,
                does=f"/selfcheck {key}",
                label="去自查",
                responsible=_ids(holders(world.directory, scope, plan)),
                region=scope.region,
            )
    return found


async def _watched(store: Store, world: World, ids: Sequence[str]) -> dict[str, Matter]:
    """One line for each village with checks due today, however many people they are about."""
    today = store.session.now.date()
    counts = await store.watchlists.due_by_village(world.plan.id, today, ids)
    return {
        village: Matter(
            titles=((f"{world.plan.village(village).name}清单核查 {count} 人", ()),),
            deadline=today,
            does=f"/watch {village}",
            label="去核查",
            responsible=_ids(world.directory.holding(Role.VILLAGE, village)),
            region=village,
        )
        for village, count in counts.items()
        if village in ids
    }


FINDERS: dict[str, Find] = {
    "clue": _clues,
    "problem": _problems,
    "phase": _phases,
    "fanout": _fanouts,
    "measure": _measures,
    "selfcheck": _self_checks,
    "watch": _watched,
}
"""By the `subject` of a reminder row."""


def _rows(ids: Sequence[str]) -> list[int]:
    return [from_decimal(key) for key in ids if key.isdecimal()]


def _ids(officials: Iterable[Official]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(official.person.id for official in officials))


def concerned(world: World, matter: Matter, level: int) -> tuple[int, ...]:
    """Those responsible; from level 1 the town too, at level 2 the county. An unattended matter is the town's at once."""
    people = list(matter.responsible)
    if level >= 1 or unattended(world, matter):
        people += _ids(world.directory.holding(Role.TOWN, matter.region))
    if level >= 2:
        people += _ids(world.directory.holding(Role.COUNTY, matter.region))
    return tuple(dict.fromkeys(people))


def concerned_on(world: World, matter: Matter, level: int, day: date) -> tuple[int, ...]:
    """Those concerned on a day on which some may be on leave. What is news for everybody waits for them."""
    people = concerned(world, matter, level)
    return tuple(on_duty(world, people, day)) if matter.can_be_late else people


def may_put_off(world: World, matter: Matter, person_id: int, day: date) -> bool:
    """Whether the person has to do with the matter: as one of those concerned, or in their place."""
    return person_id in (*concerned(world, matter, TOP_LEVEL), *concerned_on(world, matter, TOP_LEVEL, day))


def unattended(world: World, matter: Matter) -> bool:
    """Whether nobody responsible is in post and can be written to."""
    responsible = (world.directory.person(person_id) for person_id in matter.responsible)
    return not any(official and official.address for official in responsible)
