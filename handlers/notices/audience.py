"""The audiences of a notice 通知, and their names. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from storage.database.labels import Labelled
from storage.notices.sent import Audience
from storage.people.persons import Person, Post, Role
from storage.plan import Plan

_OFFICES = (Role.COUNTY, Role.TOWN)
"""Those that send notices, the wider first."""

_OFFICIALS = (Role.VILLAGE, Role.UNIT, Role.TOWN, Role.COUNTY)
_NAMED = 3
"""Villages named; of more it is said how many."""


class Target(Labelled):
    """Whom a notice is for: everybody of a kind below the office, the people of some villages, or a list of names."""

    VILLAGE = "village", "全部村干部"
    UNIT = "unit", "全部站所"
    TOWN = "town", "镇干部"
    OFFICIALS = "officials", "全部干部"
    HOMES = "homes", "全部农户"
    VILLAGES = "villages", "选村"
    LISTED = "listed", "按名单"


_ROLES = {
    Target.VILLAGE: (Role.VILLAGE,),
    Target.UNIT: (Role.UNIT,),
    Target.TOWN: (Role.TOWN,),
    Target.OFFICIALS: _OFFICIALS,
    Target.HOMES: (Role.HOUSEHOLD,),
}


class VillagePeople(Labelled):
    """The people of some villages that a notice is for."""

    CADRES = "cadres", "村干部"
    HOMES = "homes", "农户"
    ALL = "all", "村干部和农户"

    @property
    def roles(self) -> tuple[Role, ...]:
        both = (Role.VILLAGE, Role.HOUSEHOLD)
        return {VillagePeople.CADRES: both[:1], VillagePeople.HOMES: both[1:], VillagePeople.ALL: both}[self]


def office_of(person: Person) -> Post:
    """The post in which a person sends notices. Raises ValueError for a person without one."""
    for role in _OFFICES:
        if held := person.posts_as(role):
            return held[0]
    raise ValueError("this person's posts send no notices")


def audience_of(whom: Target, office: Post) -> Audience:
    """Everybody of a kind at or below the office. Raises KeyError for VILLAGES and LISTED."""
    return Audience(roles=_ROLES[whom], regions=(office.region,))


def audience_in_words(audience: Audience, plan: Plan) -> str:
    """Such as "全部村干部", "白塔村、瓦房村的农户" or "名单上的人"."""
    if audience.people:
        return "名单上的人"
    whole = next((whom for whom, roles in _ROLES.items() if roles == audience.roles), None)
    villages = [village.name for village in plan.villages if village.code in audience.regions]
    if not villages and whole:
        return whole.label
    who = next(of.label for of in VillagePeople if of.roles == audience.roles)
    where = "、".join(villages) if len(villages) <= _NAMED else f"{villages[0]}等 {len(villages)} 个村"
    return f"{where}的{who}"


def households_in(audience: Audience, villages: Sequence[str]) -> list[str]:
    """The villages whose households are meant."""
    if Role.HOUSEHOLD not in audience.roles:
        return []
    return [code for code in villages if code.startswith(audience.regions)]
