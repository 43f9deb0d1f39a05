"""Finds the measures that a household lacks ("缺什么补什么", domain: step 9). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from storage.measures import Measure
from storage.plan import Plan

MOST_SUGGESTED = 5


class Suggestion(NamedTuple):
    """A measure that usually answers the risk `kind` (a code of the plan)."""

    kind: str
    text: str


def is_combined(plan: Plan, kinds: Sequence[str]) -> bool:
    """Whether the risks ask for a combined plan, one measure at least for each: one that is complex, or several."""
    return len(set(kinds)) != 1 or not plan.risk(kinds[0]).single


def lacking(kinds: Sequence[str], measures: Sequence[Measure]) -> list[str]:
    """The risks for which no measure has been chosen."""
    answered = {measure.kind for measure in measures}
    return [kind for kind in dict.fromkeys(kinds) if kind not in answered]


def why_no_more(plan: Plan, kinds: Sequence[str], measures: Sequence[Measure]) -> str | None:
    """Why no further measure may be added now: a single risk gets a single measure. None when one may."""
    going_on = next((measure for measure in measures if not measure.done), None)
    if going_on is None or is_combined(plan, kinds):
        return None
    return f"只有「{plan.risk(kinds[0]).label}」一项风险，已有措施「{going_on.text}」。先把它做完，还不行再加。"


def suggestions(plan: Plan, kinds: Sequence[str], measures: Sequence[Measure]) -> list[Suggestion]:
    """Measures to offer, those against risks without one first: exactly one for a single risk of its kind."""
    if why_no_more(plan, kinds, measures):
        return []
    chosen = {(measure.kind, measure.text) for measure in measures}
    without = lacking(kinds, measures)
    helps = [
        (place, Suggestion(kind, text))
        for kind in dict.fromkeys(kinds)
        for place, text in enumerate(plan.risk(kind).helps)
        if (kind, text) not in chosen
    ]
    # the likeliest for each risk that has none, then whatever else could help
    helps.sort(key=lambda one: (one[1].kind not in without or one[0] > 0, one[0]))
    return [one for _, one in helps][: MOST_SUGGESTED if is_combined(plan, kinds) else 1]
