"""How a household is said. Pure."""

from __future__ import annotations

from storage.plan import Plan
from storage.roster import Household


def household_in_words(plan: Plan, household: Household, *, with_number: bool = False) -> str:
    """ "白塔村一屯张三家", or "白塔村一屯张三家（户号 1001）" where namesakes have to be told apart."""
    return plan.village(household.village).name + household_in_village(household, with_number=with_number)


def household_in_village(household: Household, *, with_number: bool = False) -> str:
    """The same without its village: "一屯张三家"."""
    number = f"（户号 {household.number}）" if with_number else ""
    return f"{household.group_name}{household.head}家{number}"
