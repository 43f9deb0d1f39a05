"""Problems on the ledger as a test wants them, and what has become of them."""

from __future__ import annotations

from datetime import date

from handlers.calendar.planning import plan_deadline
from storage.people.reach import Reach
from storage.problems.records import NewProblem, Problem, ProblemEntry
from storage.problems.states import OPEN, Action, ProblemState
from storage.store import Store
from tests.support.plan import BAITA, COUNTY
from tests.support.town import Town


async def add(
    town: Town,
    description: str = "屋顶漏雨",
    *,
    region: str = BAITA,
    units: tuple[str, ...] = ("housing",),
    deadline: date = date(2022, 10, 25),
    responsible: str = "",
    item: str = "2.4",
) -> Problem:
    """A problem as an import leaves it, with its reminders."""
    async with town.transaction() as tx, tx.session("test", "add") as session:
        store = Store(session)
        new = NewProblem(
            source="ten_tasks", item=item, region=region, description=description,
            units=units, deadline=deadline, responsible=responsible,
        )  # fmt: skip
        problem = await store.problems.add(new, store.problems.fingerprint(f"{region}{description}{deadline}"))
        plan_deadline(
            store.reminders, town.world.plan, subject="problem", subject_id=str(problem.id), deadline=deadline, now=town.now
        )
    return problem


async def read(town: Town, problem: Problem) -> Problem:
    """The problem as it is by now."""
    async with town.transaction() as tx, tx.session("test", "read") as session:
        found = await Store(session).problems.get(problem.id)
    assert found is not None
    return found


async def open_problems(town: Town) -> list[Problem]:
    """All that are not closed."""
    async with town.transaction() as tx, tx.session("test", "read") as session:
        found, total = await Store(session).problems.within([Reach(region=COUNTY)], OPEN, most=10_000)
    assert total == len(found)
    return found


async def history(town: Town, problem: Problem) -> list[ProblemEntry]:
    """What was done to a problem, the first first."""
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return (await Store(session).problems.entries(problem.id, 20))[::-1]


async def actions(town: Town, problem: Problem) -> list[Action]:
    return [entry.action for entry in await history(town, problem)]


async def submit(town: Town, problem: Problem, name: str = "李村") -> None:
    """Say that a problem is solved."""
    await town.say(name, f"/progress {problem.number} done")
    await town.say(name, "瓦已换好")
    await town.press(name, "提交")
    assert (await read(town, problem)).state is ProblemState.REVIEW
