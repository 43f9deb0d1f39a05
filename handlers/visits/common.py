"""Shared by the conversations about visits: who is left in a village, and buttons to visit them."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.engine.chat import Chat
from handlers.wording.days import day_in_words
from handlers.wording.households import household_in_village
from storage.mail.messages import Button
from storage.roster import Household
from storage.visits import Visit

_KEPT = 8
"""Households remembered for each 屯; who wants another one types its name."""


async def still_to_visit(chat: Chat, village: str) -> list[tuple[Household, Visit | None]]:
    """The village's households not yet visited, by 屯, with the last attempt."""
    households = chat.world.roster.by_village.get(village, [])
    visits = await chat.store.visits.in_village(village, chat.world.round)
    first: dict[str, int] = {}
    for one in sorted(households, key=lambda one: one.number):
        first.setdefault(one.group_name, one.number)
    left = [(one, visits.get(one.id)) for one in households if one.id not in visits or not visits[one.id].outcome.met]
    return sorted(left, key=lambda pair: (first[pair[0].group_name], pair[0].number))


def by_group(left: Sequence[tuple[Household, Visit | None]]) -> list[tuple[str, int, list[int]]]:
    """For NextHousehold: each 屯 with how many are left and the first of them, those not yet tried before the others."""
    groups: dict[str, list[Household]] = {}
    for household, _ in sorted(left, key=lambda pair: pair[1] is not None):
        groups.setdefault(household.group_name, []).append(household)
    return [(name, len(listed), [one.id for one in listed[:_KEPT]]) for name, listed in groups.items()]


def to_visit_in_words(household: Household, visit: Visit | None = None) -> str:
    """ "一屯张三家（户号 1001）", with what became of an attempt."""
    tried = f"，{day_in_words(visit.at)}去过，{visit.note or visit.outcome.label}" if visit else ""
    return household_in_village(household, with_number=True) + tried


def visit_buttons(command: str, households: Sequence[Household]) -> list[list[Button]]:
    return [[Button(label=to_visit_in_words(one), says=f"/{command} {one.number}")] for one in households]
