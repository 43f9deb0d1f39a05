"""Drawing the county's sample so that anybody can draw it again (docs/sampling.md). Pure.

At least the plan's share of households in each village (plan: 时间安排(三), 30%), in the order of a hash of the published
seed and the household's number: no name, no order of a list and no machine has a part in it.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

from storage.roster import Household


def draw(seed: str, households: Iterable[Household], *, ratio: float) -> dict[str, list[Household]]:
    """The households to check, by village code, each village in the order of the draw."""
    by_village: dict[str, list[Household]] = defaultdict(list)
    for household in households:
        by_village[household.village].append(household)
    return {
        village: sorted(listed, key=lambda one: rank(seed, one.number))[: sample_size(len(listed), ratio)]
        for village, listed in sorted(by_village.items())
    }


def rank(seed: str, number: int) -> str:
    """The sort key of a household in its village; its number makes the key unique."""
    return hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()


def sample_size(households: int, ratio: float) -> int:
    """The least whole number that is at least `ratio` of `households`.

    By the decimal digits of the ratio: as a binary fraction 0.28 of 25 would come out a little more than 7.
    """
    return math.ceil(Fraction(str(ratio)) * households)


def additional(drawn: dict[str, list[Household]], closed: Sequence[Household]) -> list[Household]:
    """Households with something closed that were not drawn, by number."""
    taken = {household.id for listed in drawn.values() for household in listed}
    return sorted((one for one in closed if one.id not in taken), key=lambda one: one.number)
