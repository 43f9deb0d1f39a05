"""How much of what people say is understood, on sentences nobody tuned for, and how long one sentence takes in a county."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from itertools import product

from bot.demo.names import Inventor
from handlers.sentences.understanding import NameIndex, understand
from storage.plan import Region
from storage.roster import KINDS, Household, Roster
from tests.labelled import TODAY, Half, answers, plan, roster, sentences
from tests.labelled.answer_score import score_answers
from tests.labelled.sentence_score import score_sentences
from tests.support.figures import Figure, at_least, at_most

HOUSEHOLDS, VILLAGES, SAID = 100_000, 220, 1_000

_GROUPS = ("一屯", "二屯", "三屯", "前屯", "后屯", "东屯", "西屯")
_TROUBLES = ("房子漏雨", "老人住院了", "没水吃", "孩子不念书了", "去过了，没问题", "的牛死了三头", "医保没交", "他妈摔了")


async def figures() -> list[Figure]:
    return [*_understood(), *_graded(), _speed()]


def _understood() -> Iterator[Figure]:
    unseen, tuning = (score_sentences(sentences(half)) for half in (Half.UNSEEN, Half.TUNING))
    for name, bound in (("intent", 0.95), ("household", 0.95)):
        share, beside = getattr(unseen, name), getattr(tuning, name)
        yield at_least(f"sentence_{name}", share.value, "", bound, f"{share}; tuning half {beside}")
    yield at_least("sentence_kinds_f1", unseen.kinds.value, "", 0.90, f"{unseen.kinds}; tuning half {tuning.kinds}")
    yield Figure("sentence_details", unseen.details.value, detail=f"{unseen.details}; tuning half {tuning.details}")
    yield Figure("sentence_unasked", unseen.unasked.value, detail=f"{unseen.unasked}; tuning half {tuning.unasked}")


def _graded() -> Iterator[Figure]:
    unseen, tuning = (score_answers(answers(half)).points for half in (Half.UNSEEN, Half.TUNING))
    yield at_least("recital_f1", unseen.value, "", 0.95, f"{unseen}; tuning half {tuning}")


def _speed() -> Figure:
    """Every sentence is timed once, so that nothing kept from an earlier one helps."""
    rng = random.Random(20221018)
    villages = [*plan().villages, *_more_villages()]
    county = Roster([*roster().by_id.values(), *_households(rng, villages)])
    start = time.perf_counter()
    index = NameIndex(county)
    built = time.perf_counter() - start
    said = [sentence.text for half in Half for sentence in sentences(half)] + list(_said(rng, villages, county))
    took = [_seconds(text, index, villages) for text in said]
    detail = (
        f"p99 of {len(said):,} over {HOUSEHOLDS:,} households, middle {statistics.median(took) * 1000:.1f} ms, "
        f"longest {max(took) * 1000:.1f} ms; index built in {built:.1f} s"
    )
    return at_most("sentence_ms", statistics.quantiles(took, n=100)[98] * 1000, "ms", 50, detail)


def _seconds(text: str, index: NameIndex, villages: list[Region]) -> float:
    start = time.perf_counter()
    understand(text, index, villages, plan().lexicon, (plan().county.code,), TODAY)
    return time.perf_counter() - start


def _more_villages() -> Iterator[Region]:
    """The villages of the county's other towns."""
    names = [f"{first}{second}村" for first, second in product("东西南北前后大小新永", "兴安和平胜丰家泉岗泡甸窝林井沟梁庙营")]
    known = len(plan().villages)
    for place, name in enumerate(names[: VILLAGES - known]):
        yield Region(code=f"{220881200000 + place}", name=name)


def _households(rng: random.Random, villages: list[Region]) -> Iterator[Household]:
    invent = Inventor(rng)
    known = len(roster().by_id)
    for number in range(10_000, 10_000 + HOUSEHOLDS - known):
        head = invent.surname() + invent.given_name(invent.sex(), rng.randint(1945, 1995))
        yield Household(
            id=number,
            number=number,
            village=rng.choice(villages).code,
            group_name=rng.choice(_GROUPS),
            head=head,
            kind=rng.choice(KINDS),
            nickname=f"老{head[0]}头" if rng.random() < 0.02 else "",
        )


def _said(rng: random.Random, villages: list[Region], county: Roster) -> Iterator[str]:
    """With a village or a 屯 before the name, or neither, as people do."""
    names = {village.code: village.name for village in villages}
    for home in rng.sample(sorted(county.by_id.values(), key=lambda home: home.id), SAID):
        place = rng.choice((names[home.village], home.group_name, ""))
        yield f"{place}{home.head}家{rng.choice(_TROUBLES)}"
