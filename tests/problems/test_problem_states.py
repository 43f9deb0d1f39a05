"""Nobody gets a problem closed by any way other than the procedure, whatever they try and in whatever order."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.problems.states import (
    RULES,
    ProblemParty,
    checked_percent,
    judges,
    may_redate,
    next_state,
    parties_of,
    possible_actions,
    rectifies,
)
from handlers.rights.errors import NotAllowed
from storage.database.base import SHANGHAI
from storage.people.persons import Person, Post, Role
from storage.people.reach import Reach
from storage.problems.records import Problem
from storage.problems.states import Action, ProblemState
from tests.support.plan import BAITA, COUNTY, PLAN, TOWN, WAFANG

ORDER = list(ProblemState)
PARTS = st.frozensets(st.sampled_from([part for part in ProblemParty if part is not ProblemParty.SUBMITTER]))


@given(st.lists(st.tuples(st.sampled_from(Action), st.integers(0, 3), st.sampled_from(["", "  ", "漏雨"]))), st.data())
def test_no_sequence_closes_a_problem_without_submission_and_acceptance_by_the_town(
    tries: list[tuple[Action, int, str]], data: st.DataObject
) -> None:
    people = [data.draw(PARTS, label=f"person {number}") for number in range(4)]
    state, submitter, done = ProblemState.UNCLAIMED, None, list[tuple[Action, int]]()
    for action, who, reason in tries:
        parts = people[who] | ({ProblemParty.SUBMITTER} if who == submitter else set())
        try:
            after = next_state(state, action, parts=parts, reason=reason)
        except NotAllowed:
            continue
        assert abs(ORDER.index(after) - ORDER.index(state)) <= 1 or action is Action.REOPEN, "a state was skipped"
        if action in (Action.RETURN, Action.REOPEN, Action.CHECK):
            assert reason.strip()
        if after is ProblemState.CLOSED and action is not Action.CHECK:
            assert action is Action.ACCEPT
            assert ProblemParty.TOWN in people[who]
            assert done[-1][0] is Action.SUBMIT
            assert done[-1][1] != who
            assert people[done[-1][1]] & {ProblemParty.VILLAGE, ProblemParty.UNIT}
        submitter = who if action is Action.SUBMIT else submitter
        state = after
        done.append((action, who))


@given(st.sampled_from(ProblemState), st.frozensets(st.sampled_from(ProblemParty)))
def test_what_is_offered_is_what_is_allowed(state: ProblemState, parts: frozenset[ProblemParty]) -> None:
    for action in Action:
        if action in possible_actions(state, parts):
            assert next_state(state, action, parts=parts, reason="原因") is RULES[action].after
        else:
            with pytest.raises(NotAllowed):
                next_state(state, action, parts=parts, reason="原因")


@given(st.sampled_from(ProblemState), st.frozensets(st.sampled_from(ProblemParty)))
def test_only_the_town_moves_a_deadline_and_only_of_what_is_open(state: ProblemState, parts: frozenset[ProblemParty]) -> None:
    assert may_redate(state, parts) == (ProblemParty.TOWN in parts and state is not ProblemState.CLOSED)
    assert Action.REDATE not in possible_actions(state, parts)


@given(st.integers())
def test_a_percentage_lies_between_nought_and_a_hundred(percent: int) -> None:
    if 0 <= percent <= 100:
        assert checked_percent(percent) == percent
    else:
        with pytest.raises(NotAllowed):
            checked_percent(percent)


def problem(region: str = BAITA, units: tuple[str, ...] = ("housing",), submitted_by: int | None = None) -> Problem:
    return Problem(
        id=1,
        number=1,
        source="ten_tasks",
        item="2.4",
        region=region,
        description="屋顶漏雨",
        units=units,
        deadline=date(2022, 10, 25),
        state=ProblemState.REVIEW,
        percent=100,
        submitted_by=submitted_by,
        opened_at=datetime(2022, 10, 12, 9, tzinfo=SHANGHAI),
        closed_at=None,
        version=3,
    )


def person(role: Role, region: str, unit: str | None = None) -> Person:
    return Person(id=7, name="某人", posts=(Post(id=1, person_id=7, role=role, region=region, unit=unit),))


@pytest.mark.parametrize(
    ("who", "parts"),
    [
        (person(Role.VILLAGE, BAITA), {ProblemParty.VILLAGE}),
        (person(Role.VILLAGE, WAFANG), set()),
        (person(Role.UNIT, TOWN, "housing"), {ProblemParty.UNIT}),
        (person(Role.UNIT, TOWN, "water"), set()),
        (person(Role.TOWN, TOWN), {ProblemParty.TOWN}),
        (person(Role.TOWN, "220881101"), set()),
        (person(Role.COUNTY, COUNTY), {ProblemParty.COUNTY}),
        (person(Role.HOUSEHOLD, BAITA), set()),
    ],
)
def test_what_somebody_is_to_a_problem_follows_from_their_posts(who: Person, parts: set[ProblemParty]) -> None:
    assert parties_of(who, problem(), plan=PLAN) == parts


def test_the_town_office_rectifies_what_names_it_and_cannot_accept_its_own() -> None:
    officer = person(Role.TOWN, TOWN)
    parts = parties_of(officer, problem(units=("revitalization",), submitted_by=officer.id), plan=PLAN)
    assert parts == {ProblemParty.TOWN, ProblemParty.UNIT, ProblemParty.SUBMITTER}
    with pytest.raises(NotAllowed, match="另一位"):
        next_state(ProblemState.REVIEW, Action.ACCEPT, parts=parts)


def test_whose_work_a_problem_is() -> None:
    assert rectifies(person(Role.VILLAGE, BAITA), PLAN) == [Reach(region=BAITA)]
    assert rectifies(person(Role.UNIT, TOWN, "water"), PLAN) == [Reach(region=TOWN, unit="water")]
    assert rectifies(person(Role.TOWN, TOWN), PLAN) == [Reach(region=TOWN, unit="revitalization")]
    assert judges(person(Role.TOWN, TOWN)) == [Reach(region=TOWN)]
    assert judges(person(Role.UNIT, TOWN, "water")) == []
