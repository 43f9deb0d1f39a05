"""Cases that stand where a test wants them: taken there step by step, by those whose steps they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from handlers.calendar.planning import plan_clue
from handlers.cases.procedure import apply
from handlers.cases.table import ACTS, Act, Party
from storage.cases.records import Clue, ClueSource
from storage.measures import Measure
from storage.store import Store
from tests.support.plan import BAITA
from tests.support.town import Town

TO_NOMINATE = (Act.FOUND, Act.AUTHORIZE, Act.APPROVE, Act.POST, Act.UNOPPOSED)
TO_SUPPORT = (*TO_NOMINATE, Act.NOMINATE, Act.ACCEPT, Act.DECIDE, Act.ENROL)
TO_CLEARED = (
    Act.PROPOSE, Act.SECURE, Act.APPROVE, Act.POST, Act.UNOPPOSED, Act.ACCEPT, Act.DECIDE,
)  # fmt: skip
BY = {Party.HOUSEHOLD: "李村", Party.VILLAGE: "李村", Party.TOWN: "周镇", Party.COUNTY: "郑市"}


async def case_after(
    town: Town, acts: Sequence[Act] = TO_SUPPORT, kinds: Sequence[str] = ("housing",), number: int = 1001
) -> Clue:
    """A new case of a household after these acts, all of them today but for the days that a notice must hang."""
    household = await town.household(number)
    async with town.transaction() as tx, tx.session("test", "case") as session:
        clue = await Store(session).clues.add(
            household_id=household.id, village=household.village, source=ClueSource.CADRE, kinds=kinds,
            detail="屋顶漏雨", reporter_id=town.people["李村"], due_on=town.now.date() + timedelta(days=2),
        )  # fmt: skip
    return await go_on(town, clue, acts)


async def reported_by_unit(town: Town, number: int = 1001, due_on: date = date(2022, 10, 14)) -> Clue:
    """A clue about a household, reported by a unit, with its reminders."""
    household = await town.household(number)
    async with town.transaction() as tx, tx.session("test", "clue") as session:
        store = Store(session)
        filed = await store.clues.add(
            household_id=household.id, village=household.village, source=ClueSource.CADRE, kinds=["housing"],
            detail="墙裂了", reporter_id=town.people["王建"], due_on=due_on,
        )  # fmt: skip
        plan_clue(store.reminders, town.world.plan, clue=filed, now=town.now)
    return filed


async def go_on(town: Town, clue: Clue, acts: Sequence[Act]) -> Clue:
    """Take further steps; registering opens the help for the household, as the conversation does."""
    for act in acts:
        if act is Act.UNOPPOSED:
            town.now += timedelta(days=6)
        rule = next(rule for rule in ACTS[act].rules if rule.before is clue.step)
        party = sorted(rule.by)[-1]
        to = apply(clue, act, parties={party}, today=town.now.date(), clocks=town.world.plan.clocks, reason="原因")
        async with town.transaction() as tx, tx.session("test", "go on") as session:
            store = Store(session)
            clue = await store.clues.move(clue, to, by=town.people[BY[party]], outcome=act.value, note="原因")
            if act is Act.ENROL:
                store.measures.open(clue_id=clue.id, household_id=clue.household_id, national_number="JC1", kind="边缘易致贫户")
    return clue


async def helped(
    town: Town, clue: Clue, percent: int = 100, deadline: date = date(2022, 11, 10), unit: str = "housing"
) -> list[Measure]:
    """One measure against each risk of a case, so far along."""
    made = []
    async with town.transaction() as tx, tx.session("test", "help") as session:
        store = Store(session)
        support = await store.measures.support_of(clue.id)
        assert support is not None
        for kind in clue.kinds:
            measure = store.measures.add(support, kind=kind, text=f"办好{kind}", unit=unit, deadline=deadline)
            if percent:
                measure = await store.measures.progress(
                    measure, by=town.people["李村"], text="办了", percent=percent, photos=()
                )
            made.append(measure)
    return made


async def read(town: Town, number: int) -> Clue:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        clue = await Store(session).clues.numbered(number)
        assert clue is not None
        return clue


async def measures(town: Town, clue: Clue) -> list[Measure]:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return await Store(session).measures.of(clue.id)


async def earlier_case(town: Town) -> Clue:
    """What a cadre reported of household 1001 before anybody joined it, with a measure."""
    home = await town.household(1001)
    async with town.transaction() as tx, tx.session("test", "earlier") as session:
        store = Store(session)
        clue = await store.clues.add(
            household_id=home.id, village=BAITA, source=ClueSource.CADRE, kinds=["medical"], detail="胃癌不外传",
            reporter_id=town.people["李村"], due_on=town.now.date(),
        )  # fmt: skip
        support = store.measures.open(clue_id=clue.id, household_id=home.id, national_number="1", kind="脱贫不稳定户")
        store.measures.add(support, kind="medical", text="化疗报销", unit="health", deadline=town.now.date())
    return clue
