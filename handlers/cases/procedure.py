"""The procedure from a clue to a cleared household: who takes which step, what it needs, where it leads. One table.

verify -> authorize -> deliberate -> publicize -> nominate -> town_review -> county_decide -> register -> support, then for
clearing the risk clear -> deliberate -> publicize -> town_review -> county_decide -> closed (domain: from a clue to a closed
case). A step cannot be taken before the ones in front of it ("体外循环"), and nothing leads out of the procedure but an
outcome that the household is told and can object to. No input or output.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from handlers.calendar.deadlines import last_day
from storage.cases.clues import Clue, Standing, Step
from storage.people.persons import Person, Role
from storage.plan import Clocks


class Act(StrEnum):
    """What somebody does about a case; kept as the outcome of the step."""

    FOUND = "found"
    NOT_FOUND = "none"
    OBJECT = "object"
    UPHOLD = "uphold"
    OVERTURN = "overturn"
    AUTHORIZE = "authorize"
    DECLINE = "decline"
    APPROVE = "approve"
    FAIL = "fail"
    POST = "post"
    OPPOSE = "oppose"
    UNOPPOSED = "unopposed"
    NOMINATE = "nominate"
    RECHECK = "recheck"
    ACCEPT = "accept"
    RETURN = "return"
    DECIDE = "decide"
    REJECT = "reject"
    REGISTER = "register"
    PROPOSE = "propose"
    SECURE = "secure"
    AT_RISK = "at_risk"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Act.FOUND: "核查属实",
    Act.NOT_FOUND: "核查不属实",
    Act.OBJECT: "提出异议",
    Act.UPHOLD: "维持原结论",
    Act.OVERTURN: "重新核查",
    Act.AUTHORIZE: "签授权书",
    Act.DECLINE: "不授权",
    Act.APPROVE: "评议通过",
    Act.FAIL: "评议不通过",
    Act.POST: "张贴公示",
    Act.OPPOSE: "公示有异议",
    Act.UNOPPOSED: "公示无异议",
    Act.NOMINATE: "提名",
    Act.RECHECK: "退回核查",
    Act.ACCEPT: "复核通过",
    Act.RETURN: "退回",
    Act.DECIDE: "确定",
    Act.REJECT: "没有通过",
    Act.REGISTER: "录入系统",
    Act.PROPOSE: "提请消除",
    Act.SECURE: "核查可消除",
    Act.AT_RISK: "风险还在",
}


class Party(StrEnum):
    """What somebody is to one case."""

    HOUSEHOLD = "household"
    VILLAGE = "village"
    TOWN = "town"
    COUNTY = "county"


class Refused(Exception):
    """An act that is not allowed; the message tells the person why, and what comes first."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An act leads from one step to another, for some.

    `clearing` is what the case must be about: identifying a risk (False), clearing it (True), or either (None).
    """

    before: Step
    after: Step
    by: frozenset[Party]
    needs_reason: bool = False
    clearing: bool | None = None


_HOUSEHOLD, _VILLAGE = frozenset({Party.HOUSEHOLD}), frozenset({Party.VILLAGE})
_TOWN, _COUNTY = frozenset({Party.TOWN}), frozenset({Party.COUNTY})
_FAMILY_OR_VILLAGE = _HOUSEHOLD | _VILLAGE

RULES: dict[Act, tuple[Rule, ...]] = {
    Act.FOUND: (Rule(Step.VERIFY, Step.AUTHORIZE, _VILLAGE),),
    Act.NOT_FOUND: (Rule(Step.VERIFY, Step.CLOSED, _VILLAGE, needs_reason=True),),
    Act.OBJECT: (Rule(Step.CLOSED, Step.OBJECTION, _HOUSEHOLD, needs_reason=True, clearing=False),),
    Act.UPHOLD: (Rule(Step.OBJECTION, Step.CLOSED, _TOWN, needs_reason=True),),
    Act.OVERTURN: (Rule(Step.OBJECTION, Step.VERIFY, _TOWN, needs_reason=True),),
    Act.AUTHORIZE: (Rule(Step.AUTHORIZE, Step.DELIBERATE, _FAMILY_OR_VILLAGE),),
    Act.DECLINE: (Rule(Step.AUTHORIZE, Step.CLOSED, _FAMILY_OR_VILLAGE, needs_reason=True),),
    Act.APPROVE: (Rule(Step.DELIBERATE, Step.PUBLICIZE, _VILLAGE),),
    Act.FAIL: (
        Rule(Step.DELIBERATE, Step.CLOSED, _VILLAGE, needs_reason=True, clearing=False),
        Rule(Step.DELIBERATE, Step.SUPPORT, _VILLAGE, needs_reason=True, clearing=True),
    ),
    Act.POST: (Rule(Step.PUBLICIZE, Step.PUBLICIZE, _VILLAGE),),
    Act.OPPOSE: (Rule(Step.PUBLICIZE, Step.DELIBERATE, _FAMILY_OR_VILLAGE | _TOWN, needs_reason=True),),
    Act.UNOPPOSED: (
        Rule(Step.PUBLICIZE, Step.NOMINATE, _VILLAGE, clearing=False),
        Rule(Step.PUBLICIZE, Step.TOWN_REVIEW, _VILLAGE, clearing=True),
    ),
    Act.NOMINATE: (Rule(Step.NOMINATE, Step.TOWN_REVIEW, _VILLAGE),),
    Act.RECHECK: tuple(
        Rule(step, Step.VERIFY, _VILLAGE, needs_reason=True, clearing=False)
        for step in (Step.AUTHORIZE, Step.DELIBERATE, Step.NOMINATE)
    ),
    Act.ACCEPT: (Rule(Step.TOWN_REVIEW, Step.COUNTY_DECIDE, _TOWN),),
    Act.RETURN: (
        Rule(Step.TOWN_REVIEW, Step.NOMINATE, _TOWN, needs_reason=True, clearing=False),
        Rule(Step.TOWN_REVIEW, Step.CLEAR, _TOWN, needs_reason=True, clearing=True),
        Rule(Step.COUNTY_DECIDE, Step.TOWN_REVIEW, _COUNTY, needs_reason=True),
    ),
    Act.DECIDE: (
        Rule(Step.COUNTY_DECIDE, Step.REGISTER, _COUNTY, clearing=False),
        Rule(Step.COUNTY_DECIDE, Step.CLOSED, _COUNTY, clearing=True),
    ),
    Act.REJECT: (
        Rule(Step.COUNTY_DECIDE, Step.CLOSED, _COUNTY, needs_reason=True, clearing=False),
        Rule(Step.COUNTY_DECIDE, Step.SUPPORT, _COUNTY, needs_reason=True, clearing=True),
    ),
    Act.REGISTER: (Rule(Step.REGISTER, Step.SUPPORT, _TOWN),),
    Act.PROPOSE: (Rule(Step.SUPPORT, Step.CLEAR, _VILLAGE),),
    Act.SECURE: (Rule(Step.CLEAR, Step.DELIBERATE, _VILLAGE),),
    Act.AT_RISK: (Rule(Step.CLEAR, Step.SUPPORT, _VILLAGE, needs_reason=True),),
}

_CLEARING = frozenset({Step.CLEAR, Step.DELIBERATE, Step.PUBLICIZE, Step.TOWN_REVIEW, Step.COUNTY_DECIDE, Step.CLOSED})
_BEGINNINGS = frozenset({Act.OVERTURN, Act.PROPOSE})
"""Acts from which the time to a decision counts anew."""
MAY_OBJECT = frozenset({Act.NOT_FOUND, Act.DECLINE, Act.FAIL, Act.REJECT})
"""Ends that the household may object to; an answer of the town is the last word."""


def take(clue: Clue, act: Act, parties: Iterable[Party], today: date, clocks: Clocks, reason: str = "") -> Standing:
    """Where the case stands once somebody who is `parties` to it has done `act`. Raises Refused."""
    parties = frozenset(parties)
    rules = [rule for rule in RULES[act] if rule.clearing in (None, clue.clearing)] or RULES[act]
    rule = next((rule for rule in rules if rule.before is clue.step), None)
    if not parties & (rule.by if rule else frozenset().union(*(rule.by for rule in rules))):
        raise Refused("这一步不由您办理。")
    if rule is None:
        raise Refused(out_of_order(clue, act))
    if rule.needs_reason and not reason.strip():
        raise Refused(f"{act.label}要写明原因。")
    _check_days(clue, act, today, clocks)
    begun_on = today if act in _BEGINNINGS else clue.begun_on
    posted = act is Act.POST
    return Standing(
        step=rule.after,
        clearing=rule.after is Step.CLEAR or (clue.clearing and rule.after in _CLEARING),
        begun_on=begun_on,
        posted=posted,
        closed_as=act.value if rule.after is Step.CLOSED else None,
        due_on=_due(rule.after, posted, begun_on, today, clocks),
    )


def possible(clue: Clue, parties: Iterable[Party], today: date, clocks: Clocks) -> list[Act]:
    """What somebody may do now, given a reason where one is needed; in the order of the procedure."""
    found = []
    for act in Act:
        try:
            take(clue, act, parties, today, clocks, reason=act.label)
        except Refused:
            continue
        found.append(act)
    return found


def parties_of(person: Person, clue: Clue) -> frozenset[Party]:
    """What `person` is to the case; empty for whom it does not concern."""
    by_role = {Role.VILLAGE: Party.VILLAGE, Role.TOWN: Party.TOWN, Role.COUNTY: Party.COUNTY}
    parties = {party for role, party in by_role.items() if person.covers(clue.village, role)}
    if any(post.household_id == clue.household_id for post in person.posts_as(Role.HOUSEHOLD)):
        parties.add(Party.HOUSEHOLD)
    return frozenset(parties)


def publicity_ends(posted_on: date, clocks: Clocks) -> date:
    """The last day that a publicity lasts; the day it is put up does not count."""
    return last_day(posted_on, clocks.publicize)


def out_of_order(clue: Clue, act: Act) -> str:
    """Why `act` has to wait, and what comes first."""
    if clue.step is Step.CLOSED:
        return f"{clue.number}号已办结，不能{act.label}。有新情况请另报一条。"
    return f"现在是「{clue.step.label}」，还不能{act.label}。按程序一步一步来，不能体外循环。"


def _check_days(clue: Clue, act: Act, today: date, clocks: Clocks) -> None:
    if act is Act.OBJECT:
        if clue.closed_as not in MAY_OBJECT:
            raise Refused("这件事镇里已经回过话了。有新情况，再申报就行。")
        if today > last_day(clue.since, clocks.objection):
            raise Refused("说不同意的日子过了。有新情况，再申报就行。")
    if act is Act.POST and clue.posted:
        raise Refused(f"公示已在 {clue.since:%m月%d日} 张贴，公示只贴一次。")
    if act in (Act.UNOPPOSED, Act.OPPOSE) and not clue.posted:
        raise Refused("公示还没有张贴。请先张贴，再等公示期满。")
    if act is Act.UNOPPOSED and today <= (end := publicity_ends(clue.since, clocks)):
        raise Refused(f"公示要满 {clocks.publicize.days} 天，到 {end:%m月%d日} 为止，第二天再来。")


def _due(step: Step, posted: bool, begun_on: date, today: date, clocks: Clocks) -> date | None:
    """The last day of the step's clock; what has none of its own keeps the one from beginning to decision."""
    if step in (Step.VERIFY, Step.CLEAR):
        return last_day(today, clocks.verify)
    if step is Step.OBJECTION:
        return last_day(today, clocks.answer)
    if step is Step.PUBLICIZE and posted:
        return publicity_ends(today, clocks) + timedelta(days=1)
    if step in (Step.REGISTER, Step.SUPPORT, Step.CLOSED):
        return None
    return last_day(begun_on, clocks.decide)
