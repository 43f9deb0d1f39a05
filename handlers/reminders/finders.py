"""Finds the open work that reminders are about, by subject."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from handlers.engine.jobs import JobName, each
from handlers.engine.world import World
from handlers.measures.common import carried_out_by
from handlers.problems.common import place_in_words, rectifiers
from handlers.reading import shortened
from handlers.reminders.campaign import phases
from handlers.reminders.work_item import WorkItem, ids_of
from handlers.selfchecks.rules import holders, name_of, scope_of, tasks_done
from handlers.wording.households import household_in_words
from handlers.wording.kinds import kinds_in_words
from handlers.wording.people import region_in_words
from storage.cases.steps import Step
from storage.database.base import from_decimal, to_base36
from storage.database.outages import is_away, is_refusal
from storage.database.reading import Damage, matter_key
from storage.database.session import Conflict
from storage.database.transaction import Transaction
from storage.people.persons import Role
from storage.problems.fanouts import OPEN
from storage.problems.states import ProblemState
from storage.store import Store

Find = Callable[[Store, World, Sequence[str]], Awaitable[dict[str, WorkItem]]]


async def _clues(store: Store, world: World, ids: Sequence[str]) -> dict[str, WorkItem]:
    found = {}
    assigned = await store.assignments.holders("clue", ids)
    for clue in await store.clues.several(_rows(ids)):
        if clue.step is Step.CLOSED or clue.due_on is None:
            continue
        household = world.roster.by_id.get(clue.household_id)  # None: its row can't be read
        where = household_in_words(world.plan, household) if household else region_in_words(world.plan, clue.village)
        what = f"{shortened(kinds_in_words(world.plan, clue.kinds))}，待{clue.step.label}"
        found[str(clue.id)] = WorkItem(
            titles=((f"{clue.number}号线索 {where} {what}", ()),),
            deadline=clue.due_on,
            command=f"/clue {to_base36(clue.id)}",
            label=f"查看 {clue.number}号线索",
            responsible=_assignee(world, assigned.get(str(clue.id)), clue.village)
            or world.directory.ids(Role.VILLAGE, clue.village),
            region=clue.village,
            household_id=clue.household_id,
        )
    return found


async def _problems(store: Store, world: World, ids: Sequence[str]) -> dict[str, WorkItem]:
    found = {}
    assigned = await store.assignments.holders("problem", ids)
    for problem in await store.problems.several(_rows(ids)):
        if problem.state is ProblemState.CLOSED:
            continue
        what = f"{place_in_words(world, problem)} {shortened(problem.description)}（{problem.state.label}）"
        found[str(problem.id)] = WorkItem(
            titles=((f"{problem.number}号问题 {what}", ()),),
            deadline=problem.deadline,
            command=f"/problem {to_base36(problem.id)}",
            label=f"查看 {problem.number}号问题",
            responsible=_assignee(world, assigned.get(str(problem.id)), problem.region) or tuple(rectifiers(world, problem)),
            region=problem.region,
            household_id=problem.household_id,
        )
    return found


async def _measures(store: Store, world: World, ids: Sequence[str]) -> dict[str, WorkItem]:
    found = {}
    for measure in await store.measures.several(_rows(ids)):
        if measure.done:
            continue
        household = world.roster.by_id[measure.household_id]
        where = household_in_words(world.plan, household)
        found[str(measure.id)] = WorkItem(
            titles=((f"帮扶措施 {where} {shortened(measure.text)}", ()),),
            deadline=measure.deadline,
            command=f"/measure {to_base36(measure.id)}",
            label=f"报进展 {where}",
            responsible=tuple(carried_out_by(world, measure)),
            region=household.village,
            household_id=household.id,
        )
    return found


def _assignee(world: World, person_id: int | None, region: str) -> tuple[int, ...]:
    """The assigned person, while they are in office there."""
    official = world.directory.person(person_id or 0)
    return (official.person.id,) if official and official.person.covers(region, Role.VILLAGE) else ()


async def _fanouts(store: Store, world: World, ids: Sequence[str]) -> dict[str, WorkItem]:
    """Villages that have not answered yet whether they have a problem that was found elsewhere."""
    found = {}
    for task in await store.fanouts.several(_rows(ids)):
        if task.state == OPEN:
            found[str(task.id)] = WorkItem(
                titles=((f"举一反三 {world.plan.village(task.village).name} 待答复", ()),),
                deadline=task.due_on,
                command=f"/checked {to_base36(task.id)}",
                label="现在答复",
                responsible=world.directory.ids(Role.VILLAGE, task.village),
                region=task.village,
            )
    return found


async def _self_checks(store: Store, world: World, ids: Sequence[str]) -> dict[str, WorkItem]:
    """One line for a village or unit that has not gone through all of its tasks."""
    plan, found = world.plan, {}
    for key in ids:
        scope = scope_of(key, plan)
        if scope is None:
            continue
        count, total = tasks_done(await store.selfchecks.of(plan.id, scope)), len(plan.items_for(scope.unit))
        if count < total:
            found[key] = WorkItem(
                titles=((f"{name_of(scope, plan)}自查 {count}/{total} 项", ()),),
                deadline=plan.phase(plan.selfcheck.phase).last,
                command=f"/selfcheck {key}",
                label="去自查",
                responsible=ids_of(holders(world.directory, scope, plan=plan)),
                region=scope.region,
            )
    return found


async def _watched(store: Store, world: World, ids: Sequence[str]) -> dict[str, WorkItem]:
    """One line for each village with checks due today, however many people they are about."""
    today = store.session.now.date()
    counts = await store.watchlists.due_by_village(world.plan.id, today, regions=ids)
    return {
        village: WorkItem(
            titles=((f"{world.plan.village(village).name}清单核查 {count} 人", ()),),
            deadline=today,
            command=f"/watch {village}",
            label="去核查",
            responsible=world.directory.ids(Role.VILLAGE, village),
            region=village,
        )
        for village, count in counts.items()
        if village in ids
    }


FINDERS: dict[str, Find] = {
    "clue": _clues,
    "problem": _problems,
    "phase": phases,
    "fanout": _fanouts,
    "measure": _measures,
    "selfcheck": _self_checks,
    "watch": _watched,
}
"""By the `subject` of a reminder row."""


_TABLES = {"clue": "clues", "problem": "problems", "measure": "measures", "fanout": "fanout_tasks"}
"""Whose rows the subjects of reminders are."""


async def find_items(
    tx: Transaction, world: World, job: JobName, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], WorkItem]:
    """The open work of these subjects and ids. Of a kind in which one fails, each is looked for by itself."""
    ids: dict[str, dict[str, None]] = {}
    for subject, key in wanted:
        ids.setdefault(subject, {})[key] = None
    found: dict[tuple[str, str], WorkItem] = {}

    async def find(store: Store, asked: tuple[str, Sequence[str]]) -> int:
        subject, keys = asked
        found.update(((subject, key), item) for key, item in (await FINDERS[subject](store, world, keys)).items())
        return 0

    for subject, keys in ids.items():
        try:
            async with tx.session(request=f"job:{job}") as session:
                await find(Store(session), (subject, list(keys)))
            for key in keys:
                tx.damage.succeeded(matter_key(job, f"{subject}:{key}"))
        except Exception as error:
            if isinstance(error, Conflict) or is_away(error) or is_refusal(error):
                raise
            await each(tx, job, {f"{subject}:{key}": (subject, [key]) for key in keys}, find)
    return found


def is_lost(damage: Damage, job: str, subject: str, subject_id: str) -> bool:
    """Whether something was not found because it can't be read, and not because it is done."""
    return bool({f"row:{_TABLES.get(subject)}:{subject_id}", matter_key(job, f"{subject}:{subject_id}")} & damage.keys)


def _rows(ids: Sequence[str]) -> list[int]:
    return [from_decimal(key) for key in ids if key.isdecimal()]
