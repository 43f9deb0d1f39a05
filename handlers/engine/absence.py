"""Finds who receives messages for people on leave. Pure. Nothing needs to run for it to be over the day after.

A deputy stands in; a deputy who is on leave too passes it on to theirs. Where nobody is left, it is the town's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

Away = Mapping[int, int | None]
"""Who is on leave on the day, and their deputy if they named one."""


def stand_in(person: int, away: Away) -> int | None:
    """Who stands in for `person`, who is away; None when the chain of deputies ends, or turns in a circle, before
    anybody present."""
    seen = {person}
    deputy = away[person]
    while deputy is not None and deputy in away:
        if deputy in seen:
            return None
        seen.add(deputy)
        deputy = away[deputy]
    return deputy


def receivers(meant: Iterable[int], away: Away, town: Collection[int]) -> dict[int, tuple[int, ...]]:
    """The receivers of what is meant for `meant`, each with those they stand in for (none: they receive their own).

    Never empty unless `meant` is: when even the town is away or vacant, those who were meant get it after all.
    """
    everybody = list(dict.fromkeys(meant))
    missing = [one for one in everybody if one in away]
    got: dict[int, tuple[int, ...]] = {one: () for one in everybody if one not in away}
    own = set(got)
    for one in missing:
        deputy = stand_in(one, away)
        if deputy is not None and deputy not in own:
            got[deputy] = (*got.get(deputy, ()), one)
    if got or not missing:
        return got
    last = [one for one in town if one not in away]
    return dict.fromkeys(last, tuple(missing)) if last else dict.fromkeys(missing, ())
