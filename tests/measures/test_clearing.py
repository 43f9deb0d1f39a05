"""A risk is cleared only when nothing is left of it; every refusal says why and what to do instead."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from handlers.cases.table import Act
from handlers.engine.words import NOT_YOURS
from handlers.measures.conditions import CONDITIONS, UNABLE_TO_WORK, Condition, obstacles, unmet
from storage.cases.records import Clue, ClueSource
from storage.cases.steps import Step
from storage.database.base import SHANGHAI, to_base36
from storage.measures import Measure
from storage.roster import households
from tests.support.cases import case_after, go_on, helped, read
from tests.support.plan import PLAN
from tests.support.town import Town

KINDS = [kind.code for kind in PLAN.risk_kinds]
DAY = date(2022, 10, 12)

KIND_LISTS = st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique=True)
MET = st.sets(st.sampled_from(CONDITIONS))


def clue(kinds: list[str]) -> Clue:
    return Clue(
        id=1, number=1, household_id=1, village="220881100203", source=ClueSource.CADRE, kinds=tuple(kinds),
        detail="", place=None, reporter_id=1, step=Step.SUPPORT, since=DAY, begun_on=DAY, clearing=False,
        posted=False, closed_as=None, reported_at=datetime(2022, 10, 12, tzinfo=UTC), due_on=None, version=0,
    )  # fmt: skip


def measure(kind: str, percent: int) -> Measure:
    done_at = datetime(2022, 11, 1, tzinfo=SHANGHAI) if percent == 100 else None
    return Measure(
        id=1, support_id=1, clue_id=1, household_id=1, responsible_id=None, kind=kind, text=f"办好{kind}", unit="housing",
        deadline=DAY, percent=percent, done_at=done_at, version=0,
    )  # fmt: skip


def may_clear(kinds: list[str], able: bool, measures: list[Measure], met: set[Condition]) -> bool:
    """Whether nothing stands against clearing, neither before the visit nor at it."""
    return not obstacles(PLAN, clue(kinds), able_to_work=able, measures=measures) and not unmet(met)


MEASURES = st.lists(st.builds(measure, st.sampled_from(KINDS), st.sampled_from([0, 50, 100])), max_size=5)


@given(KIND_LISTS, st.booleans(), MEASURES, MET)
def test_clearing_needs_everything_at_once(kinds: list[str], able: bool, measures: list[Measure], met: set[Condition]) -> None:
    allowed = may_clear(kinds, able, measures, met)
    answered = {one.kind for one in measures}
    assert allowed is (able and all(one.done for one in measures) and set(kinds) <= answered and met == set(CONDITIONS))


@given(KIND_LISTS, MEASURES, MET)
def test_a_household_with_nobody_able_to_work_is_never_cleared(
    kinds: list[str], measures: list[Measure], met: set[Condition]
) -> None:
    assert not may_clear(kinds, False, measures, met)
    assert obstacles(PLAN, clue(kinds), able_to_work=False, measures=measures) == [UNABLE_TO_WORK]


@given(KIND_LISTS, MEASURES)
def test_every_open_measure_and_every_risk_without_one_is_named(kinds: list[str], measures: list[Measure]) -> None:
    reasons = " ".join(obstacles(PLAN, clue(kinds), able_to_work=True, measures=measures))
    assert all(f"「{one.text}」还没做完" in reasons for one in measures if not one.done)
    missing = set(kinds) - {one.kind for one in measures}
    assert all(f"「{PLAN.risk(kind).label}」" in reasons for kind in missing)


@given(MET)
def test_every_unmet_condition_gives_its_own_reason_and_what_to_do(met: set[Condition]) -> None:
    reasons = unmet(met)
    assert len(set(reasons)) == len(CONDITIONS) - len(met)
    assert all("先" in reason for reason in reasons)


@pytest.mark.sqlite_only
async def test_from_asking_over_the_visit_back_into_the_chain(town: Town) -> None:
    await town.join_household("张三", 1001)
    case = await case_after(town)
    await helped(town, case)
    key = to_base36(case.id)
    await town.say("李村", f"/support {key}")
    asked = (await town.press("李村", "提请消除"))[-1]
    assert "收入稳定高于监测线" in asked
    assert "没有新的风险" in asked
    await town.press("李村", "都做到了")
    assert "已提请。请在" in (await town.say("李村", "1"))[-1]
    assert (await read(town, case.number)).step is Step.CLEAR

    await town.press("李村", "风险消除")
    await town.press("李村", "都做到了")
    await town.say("李村", "房子修好了，工资稳定")
    assert "评议" in (await town.say("李村", "1"))[-1]
    case = await read(town, case.number)
    assert (case.step, case.clearing) == (Step.DELIBERATE, True)
    assert "李村已在" in (await town.say("赵村", f"/clear {key}"))[-1]
    case = await go_on(town, case, [Act.APPROVE, Act.POST, Act.UNOPPOSED, Act.ACCEPT, Act.DECIDE])
    assert (case.step, case.closed_as) == (Step.CLOSED, Act.DECIDE)


@pytest.mark.sqlite_only
async def test_what_is_not_met_is_refused_with_the_reason_and_nothing_moves(town: Town) -> None:
    case = await case_after(town)
    await helped(town, case)
    await town.say("李村", f"/clear {to_base36(case.id)}")
    await town.press("李村", "有的没做到")
    refused = (await town.say("李村", "1 6"))[-1]
    assert "还不能提请消除" in refused
    assert "收入还没稳定" in refused
    assert "水管所" in refused
    assert "学校" not in refused
    assert (await read(town, case.number)).step is Step.SUPPORT


@pytest.mark.sqlite_only
async def test_an_open_measure_or_none_at_all_is_refused(town: Town) -> None:
    case = await case_after(town)
    key = to_base36(case.id)
    assert "还没有针对「住房安全」的措施" in (await town.say("李村", f"/clear {key}"))[-1]
    await helped(town, case, percent=80)
    assert "「办好housing」还没做完（80%）" in (await town.say("李村", f"/clear {key}"))[-1]


@pytest.mark.sqlite_only
async def test_a_household_with_nobody_able_to_work_goes_on_being_helped(town: Town) -> None:
    case = await case_after(town)
    await helped(town, case)
    async with town.database.write() as conn:
        await conn.execute(sa.update(households).where(households.c.number == 1001).values(able_to_work=False))
    refused = (await town.say("李村", f"/clear {to_base36(case.id)}"))[-1]
    assert "整户无劳动能力" in refused
    assert "继续跟踪帮扶" in refused
    assert (await read(town, case.number)).step is Step.SUPPORT


@pytest.mark.sqlite_only
async def test_the_visit_may_find_the_risk_still_there(town: Town) -> None:
    await town.join_household("张三", 1001)
    case = await case_after(town)
    await helped(town, case)
    case = await go_on(town, case, [Act.PROPOSE])
    await town.say("赵村", f"/clear {to_base36(case.id)}")
    await town.say("赵村", "有的没做到")
    assert "帮扶继续" in (await town.say("赵村", "2"))[-1]
    await town.say("赵村", "1")
    assert "困难还在" in town.unread("张三")[-1]
    case = await read(town, case.number)
    assert (case.step, case.clearing) == (Step.SUPPORT, False)


@pytest.mark.sqlite_only
async def test_only_the_village_asks(town: Town) -> None:
    case = await case_after(town)
    for name in ("孙村", "周镇", "王建"):
        assert await town.say(name, f"/clear {to_base36(case.id)}") == [NOT_YOURS]
    assert await town.say("李村", "/clear 999") == [NOT_YOURS]
