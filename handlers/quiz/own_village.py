"""The questions about somebody's own village and households, from today's roster and ledgers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from handlers.engine.chat import Chat
from handlers.quiz.repetition import choose_of_village, shuffled
from handlers.quiz.village_questions import AskedHome, about_entrusted, about_home, about_village
from handlers.reading import shortened
from handlers.wording.people import official_name
from storage.people.persons import Role
from storage.people.reach import Reach
from storage.plan import Question
from storage.problems.states import OPEN
from storage.quiz import Card
from storage.roster import KINDS, Household, Roster

_NEW_HOMES = 3
"""Households nobody has asked the person about, of which a question may be made today."""
_LONGEST_MEASURE = 24


async def of_own_village(chat: Chat, cards: dict[str, Card], most: int, new: int, seed: str) -> list[Question]:
    """At most `most` questions for somebody with a village post or households to look after: those due, else `new` ones.

    Nobody is asked about a household that is neither of their own village nor entrusted to them.
    """
    if most <= 0:
        return []
    asked: list[Question] = []
    known = {int(last) for key in cards if (last := key.rpartition("-")[2]).isdecimal() and key.startswith("village-")}
    own = {post.region for post in chat.person.posts_as(Role.VILLAGE) if post.region in chat.world.roster.by_village}
    for village in sorted(own):
        asked += await _village_questions(chat, village, known, seed)
    entrusted = _by_helper(chat.world.roster).get(chat.person.id, [])
    elsewhere = [home for home in entrusted if home.village not in own]
    asked += about_entrusted(len(entrusted), _homes_to_ask(elsewhere, known, seed, all_kinds=True))
    return choose_of_village(asked, cards, chat.now.date(), most, new, seed)


async def _village_questions(chat: Chat, village: str, known: Collection[int], seed: str) -> list[Question]:
    homes = chat.world.roster.by_village[village]
    _, problems = await chat.store.problems.within([Reach(region=village)], OPEN, most=1)
    asked = about_village(village, chat.world.plan.village(village).name, homes, problems)
    chosen = _homes_to_ask(homes, known, seed)
    texts: dict[int, list[str]] = {}
    for measure in await chat.store.measures.of_households([home.id for home in chosen]):
        texts.setdefault(measure.household_id, []).append(shortened(measure.text, _LONGEST_MEASURE))
    colleagues, helps = (
        _colleagues(chat, village, homes),
        [shortened(text, _LONGEST_MEASURE) for text in _measure_texts(chat)],
    )
    for home in chosen:
        told = AskedHome(
            household=home, helper=official_name(chat.world.directory, home.helper_id), measures=tuple(texts.get(home.id, ()))
        )  # fmt: skip
        mixed = f"{seed}:{home.number}"
        asked += about_home(told, shuffled(colleagues, mixed), shuffled(helps, mixed))
    return asked


def _homes_to_ask(homes: Iterable[Household], known: Collection[int], seed: str, *, all_kinds: bool = False) -> list[Household]:
    """The households asked about before, and some more of those that have to do with the campaign."""
    homes = list(homes)
    fresh = [home for home in homes if home.number not in known and (all_kinds or home.kind != KINDS[0])]
    numbers = set(shuffled((home.number for home in fresh), seed)[:_NEW_HOMES])
    return [home for home in homes if home.number in known or home.number in numbers]


def _colleagues(chat: Chat, village: str, homes: Sequence[Household]) -> list[str]:
    """Who might be the helper of a household: those in office there, and those who help others in the village."""
    helpers = {home.helper_id for home in homes}
    return [
        official.person.name
        for official in chat.world.directory.officials
        if official.person.id in helpers or official.person.covers(village, Role.VILLAGE, Role.UNIT)
    ]


@lru_cache(maxsize=1)
def _by_helper(roster: Roster) -> Mapping[int, Sequence[Household]]:
    """Who looks after which households; read once for each roster, which is large."""
    found: dict[int, list[Household]] = {}
    for home in roster.by_id.values():
        if home.helper_id is not None:
            found.setdefault(home.helper_id, []).append(home)
    return found


def _measure_texts(chat: Chat) -> list[str]:
    return [text for kind in chat.world.plan.risk_kinds for text in kind.helps]
