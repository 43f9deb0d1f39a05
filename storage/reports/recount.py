"""Recounting all totals from the rows they count, after a migration or to check them."""

from __future__ import annotations

import logging
from collections import Counter

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.cases.records import clues
from storage.counting import tallies
from storage.counting.overview import clue_keys, problem_keys, visit_keys
from storage.counting.tallies import Counted
from storage.problems.records import problems
from storage.visits import visits

log = logging.getLogger(__name__)

_SOURCES = (
    (sa.select(clues.c.step, clues.c.village, clues.c.source, clues.c.reported_at), clue_keys),
    (sa.select(problems.c.state, problems.c.region, problems.c.deadline), problem_keys),
    (sa.select(visits.c.met, visits.c.round, visits.c.village), visit_keys),
)


async def recount(conn: AsyncConnection) -> Counter[Counted]:
    """The totals counted from the rows. One of which can't be read for what it counts is logged and counts for nothing."""
    found: Counter[Counted] = Counter()
    for query, keys in _SOURCES:
        for row in await conn.execute(query):
            try:
                found.update(list(keys(row._mapping)))
            except (AttributeError, TypeError, ValueError):
                log.exception("a row that can't be read counts for nothing")
    return found


async def rebuild(conn: AsyncConnection) -> dict[Counted, int]:
    """Put the recount in the place of the totals; returns by how much each that was wrong was off."""
    before = await tallies.totals(conn)
    await tallies.replace(conn, recount)
    after = await tallies.totals(conn)
    return {key: after.get(key, 0) - before.get(key, 0) for key in before.keys() | after if before.get(key) != after.get(key)}
