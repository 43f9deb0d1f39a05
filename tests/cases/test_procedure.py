"""The procedure: no mix of people and acts gets round a step, nothing vanishes, and the clocks add up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.deadlines import last_day
from handlers.cases.procedure import apply, message_to_household, possible_acts, publicity_ends
from handlers.cases.table import ACTS, STEPS, Act, Party
from handlers.rights.errors import NotAllowed
from storage.cases.records import Clue, ClueSource
from storage.cases.steps import Step
from storage.plan import Clock, Clocks

DAY = date(2022, 10, 12)
CLOCKS = Clocks(
    verify=Clock(days=2, working=True),
    objection=Clock(days=5, working=True),
    answer=Clock(days=5, working=True),
    publicize=Clock(days=5, working=False),
    decide=Clock(days=15, working=False),
    ask_again=Clock(days=28, working=False),
)
TO_DECISION = (
    Act.FOUND, Act.AUTHORIZE, Act.APPROVE, Act.POST, Act.UNOPPOSED, Act.NOMINATE, Act.ACCEPT, Act.DECIDE,
)  # fmt: skip
BEFORE_DECISION = {
    Step.VERIFY, Step.AUTHORIZE, Step.DELIBERATE, Step.PUBLICIZE, Step.NOMINATE, Step.TOWN_REVIEW, Step.COUNTY_DECIDE,
}  # fmt: skip


def new_clue() -> Clue:
    return Clue(
        id=1, number=1, household_id=1, village="220881100200", source=ClueSource.CADRE, kinds=("housing",),
        detail="漏雨", place=None, reporter_id=1, step=Step.VERIFY, since=DAY, begun_on=DAY, clearing=False,
        posted=False, closed_as=None, reported_at=datetime(2022, 10, 12, tzinfo=UTC), due_on=None, version=0,
    )  # fmt: skip


def after(clue: Clue, act: Act, party: Party, today: date) -> Clue:
    to = apply(clue, act, parties={party}, today=today, clocks=CLOCKS, reason="原因")
    return clue.model_copy(update={**to._asdict(), "since": today, "version": clue.version + 1})


def taker(act: Act, clue: Clue) -> Party:
    rule = next(rule for rule in ACTS[act].rules if rule.before is clue.step and rule.clearing in (None, clue.clearing))
    return sorted(rule.by)[-1]


def straight(acts: tuple[Act, ...]) -> Clue:
    """The case after these acts, each taken by whose turn it is, a week apart."""
    clue, today = new_clue(), DAY
    for act in acts:
        today += timedelta(days=7)
        clue = after(clue, act, taker(act, clue), today)
    return clue


ATTEMPTS = st.lists(
    st.tuples(st.sampled_from(list(Act)), st.sampled_from(list(Party)), st.integers(0, 8)), min_size=1, max_size=60
)


@given(ATTEMPTS)
def test_no_mix_of_people_and_acts_reaches_a_decision_round_a_step(attempts: list[tuple[Act, Party, int]]) -> None:
    clue, today = new_clue(), DAY
    passed: set[Step] = set()
    for act, party, days in attempts:
        today += timedelta(days=days)
        before = clue
        try:
            clue = after(clue, act, party, today)
        except NotAllowed:
            continue
        passed.add(before.step)
        if act is Act.DECIDE and not before.clearing:
            assert passed >= BEFORE_DECISION
        if before.step is Step.PUBLICIZE and clue.step in (Step.NOMINATE, Step.TOWN_REVIEW):
            assert before.posted
            assert today > before.since + timedelta(days=CLOCKS.publicize.days)
        if clue.step is Step.CLOSED:
            assert clue.closed_as == act
        assert clue.clearing or clue.step is not Step.CLEAR


@given(ATTEMPTS)
def test_a_case_always_has_somebody_whose_turn_it_is_until_it_has_ended(attempts: list[tuple[Act, Party, int]]) -> None:
    clue, today = new_clue(), DAY
    for act, party, days in attempts:
        today += timedelta(days=days)
        try:
            clue = after(clue, act, party, today)
        except NotAllowed:
            continue
    if clue.step is not Step.CLOSED:
        later = today + timedelta(days=30)
        assert any(possible_acts(clue, {party}, later, CLOCKS) for party in Party)
        assert STEPS[clue.step].household


@given(ATTEMPTS)
def test_the_time_to_a_decision_counts_from_the_beginning_however_often_a_case_is_sent_back(
    attempts: list[tuple[Act, Party, int]],
) -> None:
    clue, today, begun = new_clue(), DAY, DAY
    for act, party, days in attempts:
        today += timedelta(days=days)
        try:
            clue = after(clue, act, party, today)
        except NotAllowed:
            continue
        begun = today if act in (Act.OVERTURN, Act.PROPOSE) else begun
        if clue.step in BEFORE_DECISION - {Step.VERIFY} and not clue.posted:
            assert clue.due_on == last_day(begun, CLOCKS.decide)


def test_the_straight_way_takes_every_step_once() -> None:
    assert straight(TO_DECISION).step is Step.ENROL
    cleared = (*TO_DECISION, Act.ENROL, Act.PROPOSE, Act.SECURE, Act.APPROVE, Act.POST, Act.UNOPPOSED)
    assert straight(cleared).step is Step.TOWN_REVIEW
    assert straight((*cleared, Act.ACCEPT, Act.DECIDE)).closed_as == Act.DECIDE


def test_a_step_out_of_order_is_refused_with_the_reason() -> None:
    with pytest.raises(NotAllowed, match="体外循环"):
        apply(straight((Act.FOUND,)), Act.NOMINATE, parties={Party.VILLAGE}, today=DAY, clocks=CLOCKS)


def test_the_town_cannot_take_the_villages_step_nor_the_village_the_towns() -> None:
    for act, party in ((Act.FOUND, Party.TOWN), (Act.ACCEPT, Party.VILLAGE), (Act.DECIDE, Party.TOWN)):
        with pytest.raises(NotAllowed, match="不由您办理"):
            apply(new_clue(), act, parties={party}, today=DAY, clocks=CLOCKS, reason="原因")


def test_a_publicity_hangs_its_days_and_is_put_up_once() -> None:
    hanging = after(straight((Act.FOUND, Act.AUTHORIZE, Act.APPROVE)), Act.POST, Party.VILLAGE, DAY)
    assert publicity_ends(DAY, CLOCKS) == date(2022, 10, 17)
    with pytest.raises(NotAllowed, match="10月17日"):
        apply(hanging, Act.UNOPPOSED, parties={Party.VILLAGE}, today=date(2022, 10, 17), clocks=CLOCKS)
    assert apply(hanging, Act.UNOPPOSED, parties={Party.VILLAGE}, today=date(2022, 10, 18), clocks=CLOCKS).step is Step.NOMINATE
    with pytest.raises(NotAllowed, match="只贴一次"):
        apply(hanging, Act.POST, parties={Party.VILLAGE}, today=DAY, clocks=CLOCKS)
    assert (
        apply(hanging, Act.OPPOSE, parties={Party.HOUSEHOLD}, today=DAY, clocks=CLOCKS, reason="有车").step is Step.DELIBERATE
    )


def test_a_household_objects_within_the_clock_and_the_towns_answer_is_the_last_word() -> None:
    refused = after(new_clue(), Act.NOT_FOUND, Party.VILLAGE, DAY)
    last = last_day(DAY, CLOCKS.objection)
    assert (
        apply(refused, Act.OBJECT, parties={Party.HOUSEHOLD}, today=last, clocks=CLOCKS, reason="还漏").step is Step.OBJECTION
    )
    with pytest.raises(NotAllowed, match="日子过了"):
        apply(refused, Act.OBJECT, parties={Party.HOUSEHOLD}, today=last + timedelta(days=1), clocks=CLOCKS, reason="还漏")
    objected = after(refused, Act.OBJECT, Party.HOUSEHOLD, DAY)
    upheld = after(objected, Act.UPHOLD, Party.TOWN, DAY)
    with pytest.raises(NotAllowed, match="回过话了"):
        apply(upheld, Act.OBJECT, parties={Party.HOUSEHOLD}, today=DAY, clocks=CLOCKS, reason="还漏")
    assert after(objected, Act.OVERTURN, Party.TOWN, DAY).step is Step.VERIFY


@pytest.mark.parametrize("act", [act for act in Act if ACTS[act].needs_reason])
def test_what_undoes_somebodys_work_or_hope_needs_a_reason(act: Act) -> None:
    rule = ACTS[act].rules[0]
    clue = new_clue().model_copy(
        update={
            "step": rule.before, "clearing": bool(rule.clearing), "posted": rule.before is Step.PUBLICIZE,
            "closed_as": Act.NOT_FOUND.value,
        }
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="原因"):
        apply(clue, act, parties=rule.by, today=DAY, clocks=CLOCKS, reason="  ")


def test_every_end_is_told_to_the_household_and_says_when_it_can_object() -> None:
    for act, facts in ACTS.items():
        for rule in facts.rules:
            if rule.after is Step.CLOSED:
                words = message_to_household(act, new_clue().model_copy(update={"step": Step.CLOSED}), "原因")
                assert words is not None
                assert words.may_object is facts.may_object
