"""Signals that a rectification may be faked, as questions and never verdicts. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import median

from storage.mail.messages import Place
from storage.problems.deeds import Deed
from storage.problems.states import Action

BURST = 5
"""So many submissions or acceptances by one person within BURST_WITHIN are asked about."""
BURST_WITHIN = timedelta(seconds=60)

FAR_KM = 10.0
"""A village with its fields and hamlets is smaller than this; the next town is further away."""
FEWEST_PLACES = 5
"""A median of fewer positions says nothing about where a village lies."""

LEAST_WORDS = 10
"""Characters; a shorter text tells of no visit."""

_EARTH_KM = 6371.0
_WORKING = (Action.CLAIM, Action.PROGRESS, Action.SUBMIT)


def bursts(deeds: Iterable[Deed]) -> list[list[Deed]]:
    """Runs of at least BURST submissions, or acceptances, by one person in which any BURST lie within BURST_WITHIN."""
    by_person: dict[tuple[int, Action], list[Deed]] = defaultdict(list)
    for deed in sorted(deeds, key=lambda deed: deed.at):
        if deed.action in (Action.SUBMIT, Action.ACCEPT):
            by_person[deed.person_id, deed.action].append(deed)
    return [run for done in by_person.values() for run in _runs(done)]


def _runs(done: Sequence[Deed]) -> list[list[Deed]]:
    """Overlapping windows make one run."""
    runs: list[list[Deed]] = []
    end = 0
    for last in range(BURST - 1, len(done)):
        first = last - BURST + 1
        if done[last].at - done[first].at > BURST_WITHIN:
            continue
        if runs and first < end:
            runs[-1].append(done[last])
        else:
            runs.append(list(done[first : last + 1]))
        end = last + 1
    return runs


def no_visit(history: Sequence[Deed]) -> bool:
    """Whether a problem was submitted as finished without a trace of a visit."""
    finished = any(deed.action is Action.SUBMIT and deed.percent == 100 for deed in history)
    return finished and not any(_shows_visit(deed) for deed in history if deed.action in _WORKING)


def _shows_visit(deed: Deed) -> bool:
    return deed.photos > 0 or deed.place is not None or deed.letters > LEAST_WORDS


def far_away(place: Place, earlier: Sequence[Place]) -> float | None:
    """How many km a position lies from the median of the village's earlier ones; None when that is near or unknown."""
    if len(earlier) < FEWEST_PLACES:
        return None
    centre = Place(latitude=median(one.latitude for one in earlier), longitude=median(one.longitude for one in earlier))
    away = distance_km(place, centre)
    return away if away > FAR_KM else None


def distance_km(one: Place, other: Place) -> float:
    """Along the earth's surface (haversine)."""
    north, other_north = math.radians(one.latitude), math.radians(other.latitude)
    east = math.radians(other.longitude - one.longitude)
    chord = math.sin((other_north - north) / 2) ** 2 + math.cos(north) * math.cos(other_north) * math.sin(east / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, chord)))
