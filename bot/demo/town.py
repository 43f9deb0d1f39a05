"""The invented town: ninety people in office, and a roster of households in the plan's villages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, cycle, islice
from random import Random

from bot.demo.families import Families, Member
from bot.demo.names import MARK, Inventor, Sex
from storage.database.base import new_id
from storage.database.transaction import Transaction
from storage.people.persons import Directory, Official, Role, officials
from storage.plan import Plan, Region
from storage.roster import KINDS, MONITORED, Household, household_row, households, member_row, members
from storage.store import Store

IN_VILLAGE, IN_UNIT, IN_TOWN, IN_COUNTY = 4, 2, 4, 2
"""People in each village, unit and office: with 17 villages and 8 units, 90."""

STORY_VILLAGE = "白塔村"
STORY_CADRE, STORY_OFFICER, STORY_HEAD = "李文海", "赵晓敏", "王桂兰"
"""The three of the demo's phones; they have the same names whatever the seed."""

NEIGHBOUR = "张三"
"""The head of another household of the story's village: whom the README's example is about."""

_FIRST_NUMBER = 1001
_LIFTED_SHARE, _MONITORED_SHARE, _FEWEST_MONITORED = 0.14, 0.04, 12
_UNABLE = {KINDS[0]: 0.03, KINDS[1]: 0.12}
_UNABLE_MONITORED = 0.25
"""Shares of households in which nobody is able to work."""
_NUMERALS = "一二三四五六七八"


@dataclass(frozen=True, slots=True)
class Town:
    """What the history is played on. `story` is the household of the demo's first phone; of `neighbour` nothing is reported."""

    directory: Directory
    roster: Sequence[Household]
    story: Household
    neighbour: Household
    members: int

    def of(self, role: Role, region: str, unit: str | None = None) -> list[Official]:
        return self.directory.holding(role, region, unit=unit)

    def named(self, name: str) -> Official:
        return next(one for one in self.directory.officials if one.person.name == marked(name))


@dataclass
class History:
    """What a part of the invented past is made with; `today` is where it ends."""

    store: Store
    plan: Plan
    town: Town
    rng: Random
    today: date


def marked(name: str) -> str:
    """A name of somebody invented. The mark stands behind, so that searching by the beginning still finds them."""
    return f"{name}·{MARK}"


async def found_town(tx: Transaction, store: Store, plan: Plan, rng: Random, count: int) -> Town:
    """Put everybody in office and `count` households on the roster."""
    invent = Inventor(rng)
    _appoint_all(store, plan, invent, rng)
    await store.people.named("")  # brings what was added to the database, so that it can be read back
    listed = sorted(await officials(tx.conn, tx.damage), key=lambda official: official.person.id)
    directory = Directory(listed)
    roster, enrolled = _enrol(store, plan, directory, Families(invent, rng, tx.now.date()), rng, count)
    home = _story_village(plan)
    story, neighbour = [household for household in roster if household.village == home.code][:2]
    return Town(directory, roster, story, neighbour, enrolled)


def _story_village(plan: Plan) -> Region:
    """白塔村; in the plan of another town its first village."""
    return next((village for village in plan.villages if village.name == STORY_VILLAGE), plan.villages[0])


def _appoint_all(store: Store, plan: Plan, invent: Inventor, rng: Random) -> None:
    taken = {STORY_CADRE, STORY_OFFICER, STORY_HEAD}

    def appoint(role: Role, region: str, unit: str | None, many: int, first: str | None = None) -> None:
        for place in range(many):
            name = first if first and place == 0 else _new_name(invent, rng, taken)
            person = store.people.add(marked(name), invent.phone())
            store.people.appoint(person, role, region=region, unit=unit)

    home = _story_village(plan)
    for village in plan.villages:
        appoint(Role.VILLAGE, village.code, None, IN_VILLAGE, STORY_CADRE if village is home else None)
    for unit in plan.units:
        if unit.role is Role.UNIT and not unit.members:
            appoint(Role.UNIT, plan.town.code, unit.code, IN_UNIT)
    appoint(Role.TOWN, plan.town.code, None, IN_TOWN, STORY_OFFICER)
    appoint(Role.COUNTY, plan.county.code, None, IN_COUNTY)


def _new_name(invent: Inventor, rng: Random, taken: set[str]) -> str:
    """Nobody in office shares a name, so that the ledger's names mean one person."""
    while (name := invent.surname() + invent.given_name(invent.sex(), rng.randint(1965, 1995))) in taken:
        pass
    taken.add(name)
    return name


def _enrol(
    store: Store, plan: Plan, directory: Directory, families: Families, rng: Random, count: int
) -> tuple[list[Household], int]:
    """The roster, and how many people are on it.

    The first household of the story's village is the story's, the second `NEIGHBOUR`'s.
    """
    kinds, numbers = iter(_kinds(rng, count)), iter(range(_FIRST_NUMBER, _FIRST_NUMBER + count))
    roster, enrolled, home = [], 0, _story_village(plan)
    for village, size in zip(plan.villages, _sizes(rng, len(plan.villages), count), strict=True):
        groups = rng.randint(3, len(_NUMERALS))
        cadres = directory.ids(Role.VILLAGE, village.code)
        for place in range(size):
            kind, able = next(kinds), True
            helper: int | None = cadres[0]
            if village is home and place == 0:
                kind, family = MONITORED[0], _story_family(families)
            elif village is home and place == 1:
                family = _neighbours(families)
            else:
                able = rng.random() >= _UNABLE.get(kind, _UNABLE_MONITORED)
                family = families.one(able_to_work=able)
                helper = None if kind == KINDS[0] else rng.choice(cadres)
            household = Household(
                id=new_id(),
                number=next(numbers),
                village=village.code,
                group_name=f"{MARK}{_NUMERALS[place * groups // size]}屯",
                head=family[0].name,
                kind=kind,
                helper_id=helper,
                able_to_work=able,
            )
            _add(store, household, family)
            roster.append(household)
            enrolled += len(family)
    store.session.touch("roster")
    return roster, enrolled


def _add(store: Store, household: Household, family: Sequence[Member]) -> None:
    session = store.session
    session.add(households, household_row(household.id, household.model_dump(exclude={"id"})))
    for one in family:
        row = member_row(
            session.vault,
            new_id(),
            household_id=household.id,
            name=one.name,
            relation=one.relation,
            id_number=one.id_number,
            phone=one.phone,
        )
        session.add(members, row)


def _story_family(families: Families) -> list[Member]:
    """An elderly woman with her son, who works away, and her granddaughter, who goes to school."""
    return [
        families.member("户主", STORY_HEAD[:1], Sex.FEMALE, 66, STORY_HEAD[1:]),
        families.member("儿子", "刘", Sex.MALE, 41, "建峰"),
        families.member("孙女", "刘", Sex.FEMALE, 11, "雨涵"),
    ]


def _neighbours(families: Families) -> list[Member]:
    """A couple, both able to work."""
    return [families.member("户主", NEIGHBOUR[:1], Sex.MALE, 52, NEIGHBOUR[1:]), families.member("配偶", "孙", Sex.FEMALE, 50)]


def _sizes(rng: Random, villages: int, count: int) -> list[int]:
    """`count` households shared out over villages of different size."""
    weights = [rng.uniform(0.7, 1.3) for _ in range(villages)]
    ends = [round(end / sum(weights) * count) for end in accumulate(weights)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _kinds(rng: Random, count: int) -> list[str]:
    """Household types in likely shares, and of each monitored one enough for a story."""
    monitored = max(_FEWEST_MONITORED, math.ceil(count * _MONITORED_SHARE))
    lifted = round(count * _LIFTED_SHARE)
    kinds = [*islice(cycle(MONITORED), monitored), *[KINDS[1]] * lifted]
    kinds += [KINDS[0]] * (count - len(kinds))
    rng.shuffle(kinds)
    return kinds
