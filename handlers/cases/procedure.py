"""The rules of the procedure, read from its tables: who may take which step, where it leads, and by when. Pure.

A step cannot be taken before the ones in front of it ("体外循环"), and nothing leads out of the procedure but an outcome
that the household is told and can object to.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from handlers.calendar.deadlines import last_day
from handlers.cases.table import ACTS, STEPS, Act, Party, rules_at
from handlers.rights.errors import NotAllowed
from handlers.wording.days import day_in_words
from storage.cases.records import Clue, Standing
from storage.cases.steps import Step
from storage.people.persons import Person, Role
from storage.plan import Clocks

NOT_NOMINATED = (Step.AUTHORIZE, Step.DELIBERATE, Step.PUBLICIZE, Step.NOMINATE)
"""Steps of a case that was found true and has not been put forward."""

_SOON = timedelta(days=3)
_NEAREST_FIRST = (Party.VILLAGE, Party.TOWN, Party.COUNTY)


_CLEARING = frozenset({Step.CLEAR, Step.DELIBERATE, Step.PUBLICIZE, Step.TOWN_REVIEW, Step.COUNTY_DECIDE, Step.CLOSED})


def apply(clue: Clue, act: Act, *, parties: Iterable[Party], today: date, clocks: Clocks, reason: str = "") -> Standing:
    """The standing of the case after `act` by somebody who is `parties` to it. Raises NotAllowed."""
    parties = frozenset(parties)
    facts = ACTS[act]
    rules = [rule for rule in facts.rules if rule.clearing in (None, clue.clearing)] or facts.rules
    rule = next((rule for rule in rules if rule.before is clue.step), None)
    if not parties & (rule.by if rule else frozenset().union(*(rule.by for rule in rules))):
        raise NotAllowed("这一步不由您办理。")
    if rule is None:
        raise NotAllowed(out_of_order(clue, act))
    if rule.needs_reason and not reason.strip():
        raise NotAllowed(f"{act.label}要写明原因。")
    _check_days(clue, act, today, clocks)
    begun_on = today if facts.begins else clue.begun_on
    posted = act is Act.POST
    return Standing(
        step=rule.after,
        clearing=rule.after is Step.CLEAR or (clue.clearing and rule.after in _CLEARING),
        begun_on=begun_on,
        posted=posted,
        closed_as=act.value if rule.after is Step.CLOSED else None,
        due_on=_due(rule.after, posted=posted, begun_on=begun_on, today=today, clocks=clocks),
    )


def possible_acts(clue: Clue, parties: Iterable[Party], today: date, clocks: Clocks) -> list[Act]:
    """The acts that somebody may do now, in the order of the procedure; a reason is taken as given."""
    found = []
    for act in Act:
        try:
            apply(clue, act, parties=parties, today=today, clocks=clocks, reason=act.label)
        except NotAllowed:
            continue
        found.append(act)
    return found


def parties_of(person: Person, clue: Clue) -> frozenset[Party]:
    """The parties that `person` is to the case; empty if it does not concern them.

    Who is in office over the case speaks for no family, not even their own: what they agreed to would be the office's word.
    """
    by_role = {Role.VILLAGE: Party.VILLAGE, Role.TOWN: Party.TOWN, Role.COUNTY: Party.COUNTY}
    parties = {party for role, party in by_role.items() if person.covers(clue.village, role)}
    if not parties and person.speaks_for(clue.household_id):
        parties.add(Party.HOUSEHOLD)
    return frozenset(parties)


def publicity_ends(posted_on: date, clocks: Clocks) -> date:
    """The last day that a publicity lasts; the day it is put up does not count."""
    return last_day(posted_on, clocks.publicize)


def out_of_order(clue: Clue, act: Act) -> str:
    """The refusal of an act out of order: it names the step that comes first."""
    if clue.step is Step.CLOSED:
        return f"{clue.number}号已办结，不能{act.label}。有新情况请另报一条。"
    return f"现在是「{clue.step.label}」，还不能{act.label}。按程序一步一步来，不能体外循环。"


def _check_days(clue: Clue, act: Act, today: date, clocks: Clocks) -> None:
    if act is Act.OBJECT:
        if clue.closed_as is None or not ACTS[Act(clue.closed_as)].may_object:
            raise NotAllowed("这件事镇里已经回过话了。有新情况，再申报就行。")
        if today > last_day(clue.since, clocks.objection):
            raise NotAllowed("说不同意的日子过了。有新情况，再申报就行。")
    if act is Act.POST and clue.posted:
        raise NotAllowed(f"公示已在 {day_in_words(clue.since)}张贴，公示只贴一次。")
    if act in (Act.UNOPPOSED, Act.OPPOSE) and not clue.posted:
        raise NotAllowed("公示还没有张贴。请先张贴，再等公示期满。")
    if act is Act.UNOPPOSED and today <= (end := publicity_ends(clue.since, clocks)):
        raise NotAllowed(f"公示要满 {clocks.publicize.days} 天，到 {day_in_words(end)}为止，第二天再来。")


def _due(step: Step, *, posted: bool, begun_on: date, today: date, clocks: Clocks) -> date | None:
    """The last day of the step's clock. A step without a clock has the time from beginning to decision."""
    facts = STEPS[step]
    if facts.endless:
        return None
    if step is Step.PUBLICIZE and posted:
        return publicity_ends(today, clocks) + timedelta(days=1)
    return last_day(today, facts.clock(clocks)) if facts.clock else decision_due(begun_on, clocks)


def decision_due(begun_on: date, clocks: Clocks) -> date:
    """The last day on which the county may decide about a case that began on `begun_on`."""
    return last_day(begun_on, clocks.decide)


def whose_turn(step: Step) -> Party | None:
    """The party that has to act at a step: of several, the nearest to the household. None if nobody has to."""
    able = {party for rule in rules_at(step) for party in rule.by}
    return next((party for party in _NEAREST_FIRST if party in able), None)


def steps_of(party: Party) -> list[Step]:
    """The steps that are this party's turn, in the order of the procedure."""
    return [step for step in Step if whose_turn(step) is party]


def is_left_out(clue: Clue, today: date, clocks: Clocks) -> bool:
    """应纳未纳: found true, never put forward, and the time for a decision is over or nearly so."""
    soon = today + _SOON
    return clue.step in NOT_NOMINATED and not clue.clearing and decision_due(clue.begun_on, clocks) <= soon


class Message(NamedTuple):
    """What a household is told; `may_object`: it can object from its phone."""

    text: str
    may_object: bool = False


def message_to_household(act: Act, clue: Clue, note: str) -> Message | None:
    """The message to the household about `act`, which led to the standing of `clue`; None if nothing changes for it."""
    facts = ACTS[act]
    own = next((rule.household for rule in facts.rules if rule.after is clue.step and rule.household), "")
    if own:
        return Message(own)
    return Message(facts.household.format(note=note), facts.may_object) if facts.household else None
