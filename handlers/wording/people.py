"""How a person, a post and a region are said. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from storage.people.persons import Directory, Role
from storage.people.reach import Reach
from storage.plan import Plan

_NAMED = 3
"""Regions in a title; further ones are counted."""


def region_in_words(plan: Plan, region: str) -> str:
    """The name of a village, town or county of the plan. Raises KeyError for another."""
    if region == plan.town.code:
        return plan.town.name
    return plan.county.name if region == plan.county.code else plan.village(region).name


class Held(Protocol):
    """Anything with a role somewhere: a post, an invitation, a request to join."""

    @property
    def role(self) -> Role: ...
    @property
    def region(self) -> str: ...
    @property
    def unit(self) -> str | None: ...


def post_in_words(plan: Plan, held: Held) -> str:
    """As `role_in_words`."""
    return role_in_words(plan, held.role, region=held.region, unit=held.unit)


def role_in_words(plan: Plan, role: Role, *, region: str, unit: str | None = None) -> str:
    """ "白塔村 村干部", "瓦房镇卫生院"; a character that both words share is written once in an office's name."""
    where, what = region_in_words(plan, region), plan.unit(unit).name if unit else role.label
    if role in (Role.HOUSEHOLD, Role.VILLAGE):
        return f"{where} {what}"
    return where + what.removeprefix(where[-1])


def with_relation(name: str, relation: str | None) -> str:
    """ "张三", or "李明（张三的外孙）" for a relative who acts for somebody."""
    return f"{name}（{relation}）" if relation else name


def official_name(directory: Directory, person_id: int | None) -> str:
    """The name of somebody in office; empty for nobody, or who is no longer."""
    official = directory.person(person_id or 0)
    return official.person.name if official else ""


def scope_in_words(plan: Plan, reach: Sequence[Reach]) -> str:
    """ "白塔村", "瓦房镇卫生院"."""
    names = [
        role_in_words(plan, Role.UNIT, region=one.region, unit=one.unit) if one.unit else region_in_words(plan, one.region)
        for one in reach
    ]
    return "、".join(names[:_NAMED]) + (f"等 {len(names)} 处" if len(names) > _NAMED else "")
