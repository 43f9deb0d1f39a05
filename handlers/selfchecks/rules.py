"""The rules of the self-check 自查: who checks which tasks, in which order. Pure.

A village and each unit of the plan have their tasks from the plan; whoever holds a post there may look at them. Each task
is looked at once: the next person goes on where the last one stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from storage.people.persons import Directory, Official, Person, Role
from storage.plan import Item, Plan
from storage.selfchecks import Looked, Scope, SelfCheckFinding


def scopes(plan: Plan) -> list[Scope]:
    """All scopes of the self-check: the villages, then the units of the town, in the plan's order."""
    named = [unit for unit in plan.units if not unit.members and plan.items_for(unit.code)]
    found = [Scope(village.code, unit.code) for unit in named if unit.role is Role.VILLAGE for village in plan.villages]
    return found + [Scope(plan.town.code, unit.code) for unit in named if unit.role in (Role.UNIT, Role.TOWN)]


def is_holder(person: Person, scope: Scope, plan: Plan) -> bool:
    """Whether one of the person's posts is to do this self-check."""
    role = plan.unit(scope.unit).role
    return any(
        post.covers(scope.region) and (role is not Role.UNIT or post.unit == scope.unit) for post in person.posts_as(role)
    )


def holders(directory: Directory, scope: Scope, *, plan: Plan) -> list[Official]:
    """Everybody in office who is to do this self-check."""
    role = plan.unit(scope.unit).role
    return directory.holding(role, scope.region, unit=scope.unit if role is Role.UNIT else None)


def scope_of(key: str, plan: Plan) -> Scope | None:
    """The scope that `key_of` gave this key; None for any other words."""
    region, _, unit = key.partition(".")
    return Scope(region, unit) if Scope(region, unit) in scopes(plan) else None


def key_of(scope: Scope) -> str:
    """A scope's name in buttons and reminders."""
    return f"{scope.region}.{scope.unit}"


def name_of(scope: Scope, plan: Plan) -> str:
    unit = plan.unit(scope.unit)
    return plan.village(scope.region).name if unit.role is Role.VILLAGE else unit.name


def tasks_done(looked: Mapping[str, Looked]) -> int:
    """How many tasks have been looked at."""
    return sum(one.finding is not SelfCheckFinding.LATER for one in looked.values())


def next_item(items: Sequence[Item], looked: Mapping[str, Looked], passed: Collection[str]) -> Item | None:
    """The next task: first those nobody has looked at, in the plan's order, then those put off, the longest ago first."""
    fresh = [item for item in items if item.id not in looked]
    order = list(looked)
    put_off = [item for item in items if item.id in looked and looked[item.id].finding is SelfCheckFinding.LATER]
    waiting = fresh + sorted(put_off, key=lambda item: order.index(item.id))
    return next((item for item in waiting if item.id not in passed), None)


def answering_units(scope: Scope, item: str, plan: Plan) -> tuple[str, ...]:
    """Who is to rectify what was found: the unit itself, then the offices the task names. A village needs no unit."""
    named = [plan.unit(code) for code in plan.item(item).units]
    offices = [unit.code for unit in named if not unit.members and unit.role is not Role.VILLAGE]
    own = [] if plan.unit(scope.unit).role is Role.VILLAGE else [scope.unit]
    return tuple(dict.fromkeys([*own, *offices]))
