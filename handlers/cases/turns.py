"""Whose turn it is at each step, read from the procedure, and which true cases are about to be forgotten. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from handlers.calendar.deadlines import last_day
from handlers.cases.procedure import RULES, Party
from storage.cases.clues import Clue, Step
from storage.plan import Clocks

_SOON = timedelta(days=3)
_NEAREST_FIRST = (Party.VILLAGE, Party.TOWN, Party.COUNTY)

NOT_NOMINATED = (Step.AUTHORIZE, Step.DELIBERATE, Step.PUBLICIZE, Step.NOMINATE)
"""Steps of a case that was found true and has not been put forward."""


def whose_turn(step: Step) -> Party | None:
    """Of those who can do something at a step, the nearest to the household; None where nobody has to."""
    able = {party for rules in RULES.values() for rule in rules if rule.before is step for party in rule.by}
    return next((party for party in _NEAREST_FIRST if party in able), None)


def steps_of(party: Party) -> list[Step]:
    """The steps that are this party's turn, in the order of the procedure."""
    return [step for step in Step if whose_turn(step) is party]


def decide_by(clue: Clue, clocks: Clocks) -> date:
    return last_day(clue.begun_on, clocks.decide)


def is_left_out(clue: Clue, today: date, clocks: Clocks) -> bool:
    """应纳未纳: found true, never put forward, and the time for a decision is over or nearly so."""
    return clue.step in NOT_NOMINATED and not clue.clearing and decide_by(clue, clocks) <= today + _SOON
