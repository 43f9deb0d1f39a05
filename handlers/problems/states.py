"""The states of a problem and the actions between them, in one table: who may do what, and what follows.

待认领 -> 整改中 -> 待验收 -> 已销号. The villages and units rectify; the town accepts or returns, and nobody accepts what they
submitted themselves; a spot check of the town or the county confirms what was closed, or reopens it. Moving the deadline
changes no state, so it is no line of the table: `may_redate` decides about it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from handlers.rights.errors import NotAllowed
from storage.people.persons import Person, Role
from storage.people.reach import Reach
from storage.plan import Plan
from storage.problems.records import Problem
from storage.problems.states import Action, ProblemState

MOST_PERCENT = 100


class ProblemParty(StrEnum):
    """What somebody is to one problem. A person can be several things at once."""

    VILLAGE = "village"
    UNIT = "unit"
    TOWN = "town"
    COUNTY = "county"
    SUBMITTER = "submitter"


@dataclass(frozen=True, slots=True)
class ActionRule:
    """An action leads from one state to another, for some; `needs_reason` where somebody's work is undone by it."""

    before: ProblemState
    after: ProblemState
    by: frozenset[ProblemParty]
    needs_reason: bool = False
    own_ok: bool = True


_RECTIFIERS = frozenset({ProblemParty.VILLAGE, ProblemParty.UNIT})
_TOWN = frozenset({ProblemParty.TOWN})
_SPOT_CHECKERS = frozenset({ProblemParty.TOWN, ProblemParty.COUNTY})

RULES = {
    Action.CLAIM: ActionRule(ProblemState.UNCLAIMED, ProblemState.WORKING, _RECTIFIERS),
    Action.PROGRESS: ActionRule(ProblemState.WORKING, ProblemState.WORKING, _RECTIFIERS),
    Action.SUBMIT: ActionRule(ProblemState.WORKING, ProblemState.REVIEW, _RECTIFIERS),
    Action.ACCEPT: ActionRule(ProblemState.REVIEW, ProblemState.CLOSED, _TOWN, own_ok=False),
    Action.RETURN: ActionRule(ProblemState.REVIEW, ProblemState.WORKING, _TOWN, needs_reason=True, own_ok=False),
    Action.CHECK: ActionRule(ProblemState.CLOSED, ProblemState.CLOSED, _SPOT_CHECKERS, needs_reason=True),
    Action.REOPEN: ActionRule(ProblemState.CLOSED, ProblemState.WORKING, _SPOT_CHECKERS, needs_reason=True),
}


def next_state(state: ProblemState, action: Action, *, parts: Iterable[ProblemParty], reason: str = "") -> ProblemState:
    """The state that `action` leads to when somebody who is `parts` does it. Raises NotAllowed."""
    rule, parts = RULES.get(action), frozenset(parts)
    if rule is None or not parts & rule.by:
        raise NotAllowed("这件事不由您办理。")
    if state is not rule.before:
        raise NotAllowed(f"现在是「{state.label}」，不能{action.label}。")
    if ProblemParty.SUBMITTER in parts and not rule.own_ok:
        raise NotAllowed("这是您自己提交的，请镇里另一位同志验收。")
    if rule.needs_reason and not reason.strip():
        raise NotAllowed(f"{action.label}要写明原因。")
    return rule.after


def possible_actions(state: ProblemState, parts: Iterable[ProblemParty]) -> list[Action]:
    """The actions that somebody may do now, in the order of the procedure; a reason is taken as given."""
    parts = frozenset(parts)
    return [
        action
        for action, rule in RULES.items()
        if rule.before is state and parts & rule.by and (rule.own_ok or ProblemParty.SUBMITTER not in parts)
    ]


def may_redate(state: ProblemState, parts: Iterable[ProblemParty]) -> bool:
    """Whether somebody may move the deadline: the town, until the problem is closed."""
    return state is not ProblemState.CLOSED and ProblemParty.TOWN in parts


def checked_percent(percent: int) -> int:
    """`percent` if it is one. Raises NotAllowed."""
    if not 0 <= percent <= MOST_PERCENT:
        raise NotAllowed("进度请填 0 到 100。")
    return percent


def parties_of(person: Person, problem: Problem, *, plan: Plan) -> frozenset[ProblemParty]:
    """The parties that `person` is to `problem`; empty if it does not concern them."""
    parts = {
        part
        for role, part in (
            (Role.VILLAGE, ProblemParty.VILLAGE),
            (Role.TOWN, ProblemParty.TOWN),
            (Role.COUNTY, ProblemParty.COUNTY),
        )
        if person.covers(problem.region, role)
    }
    if any(acts_for(person, unit, problem.region, plan) for unit in problem.units):
        parts.add(ProblemParty.UNIT)
    if parts and problem.submitted_by == person.id:
        parts.add(ProblemParty.SUBMITTER)
    return frozenset(parts)


def acts_for(person: Person, unit: str, region: str, plan: Plan) -> bool:
    """Whether one of the person's posts acts for a unit there. The offices of town and county have no post of their own."""
    role = plan.unit(unit).role
    if role is Role.UNIT:
        return any(post.unit == unit and post.covers(region) for post in person.posts_as(Role.UNIT))
    return person.covers(region, role)


def rectifies(person: Person, plan: Plan) -> list[Reach]:
    """The problems that are this person's to rectify."""
    reach = [Reach(region=post.region) for post in person.posts_as(Role.VILLAGE)]
    reach += [Reach(region=post.region, unit=post.unit) for post in person.posts_as(Role.UNIT)]
    for unit in plan.units:
        if unit.role in (Role.TOWN, Role.COUNTY):
            reach += [Reach(region=post.region, unit=unit.code) for post in person.posts_as(unit.role)]
    return reach


def judges(person: Person) -> list[Reach]:
    """The problems that are this person's to accept or return."""
    return [Reach(region=post.region) for post in person.posts_as(Role.TOWN)]


def oversees(person: Person) -> list[Reach]:
    """The problems that this person oversees: all of the town or county."""
    return [Reach(region=post.region) for post in person.posts_as(Role.TOWN, Role.COUNTY)]
