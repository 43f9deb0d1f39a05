"""What a ledger is: its columns, who gets it, and where its rows come from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from handlers.engine.world import World
from handlers.files.columns import LedgerColumn, Value
from handlers.rights.reach import OFFICES
from storage.people.persons import Role
from storage.people.reach import Reach
from storage.store import Store


class LedgerRow(NamedTuple):
    """A value for each column, and the households that the row tells of."""

    values: tuple[Value, ...]
    household_ids: tuple[int | None, ...] = ()


Rows = Callable[[Store, World, Sequence[Reach], date], AsyncIterator[LedgerRow]]
"""The rows within reach as of a day. Nothing is masked yet."""

YES, NO = "是", "否"


@dataclass(frozen=True, slots=True)
class Ledger:
    """`roles` get it, each within its posts; `whole_for` may also see whole numbers, with a reason."""

    code: str
    title: str
    columns: tuple[LedgerColumn, ...]
    rows: Rows
    roles: frozenset[Role]
    whole_for: frozenset[Role] = OFFICES


def village_name(world: World, region: str) -> str:
    """A village's name; for what concerns the whole town, the town's."""
    plan = world.plan
    return plan.town.name if region == plan.town.code else plan.village(region).name


def head_of(world: World, household_id: int | None) -> str:
    household = world.roster.by_id.get(household_id or 0)
    return household.head if household else ""
