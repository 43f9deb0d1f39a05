"""Makes quiz questions about one's own village and its households.

They are made from the roster at the moment of asking, so that the answer is today's; their ids stay the same, so that
what somebody remembers of them is kept, and one whose answer has changed comes back. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from handlers.wording.households import household_in_village
from storage.database.base import Record
from storage.plan import NumberQuestion, Question, SeveralQuestion, SingleQuestion
from storage.roster import KINDS, MONITORED, Household

OWN_VILLAGE = "本村情况"
"""Stands where a question of the plan has its clause."""
ON_THE_ROSTER = "以名册为准。"

_OPTIONS, _FEWEST = 4, 3
_MOST_ANSWERS = 4
_OF_ALL = 50
"""Of so many households one may be forgotten where all are counted."""


class AskedHome(Record):
    """A household as it is asked about: the texts of its `measures`, and `helper`, who looks after it."""

    household: Household
    helper: str = ""
    measures: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        return household_in_village(self.household, with_number=True)


def is_of_village(question: Question) -> bool:
    return question.clause == OWN_VILLAGE


def about_village(code: str, name: str, homes: Sequence[Household], open_problems: int) -> list[Question]:
    """Questions about the village's numbers; none about what it has none of."""
    counts = (
        ("all", "名册上一共有多少户？", "户", len(homes), ON_THE_ROSTER),
        ("poor", "有多少户脱贫户？（监测户不算）", "户", _number(homes, KINDS[1:2]), ON_THE_ROSTER),
        ("watched", "有多少户监测户？（三类合计）", "户", _number(homes, MONITORED), ON_THE_ROSTER),
        ("unable", "整户没有劳动能力的有多少户？", "户", sum(not home.able_to_work for home in homes), ON_THE_ROSTER),
        ("problems", "还有多少个问题没有销号？", "个", open_problems, "以问题台账为准。"),
    )
    return [
        NumberQuestion(
            id=f"village-{key}-{code}", form="number", clause=OWN_VILLAGE, text=name + text, answer=count, unit=unit,
            tolerance=count // _OF_ALL if key == "all" else 0, explanation=explanation,
        )
        for key, text, unit, count, explanation in counts
        if count
    ]  # fmt: skip


def about_entrusted(number: int, homes: Sequence[Household]) -> list[Question]:
    """What a helper knows of the households entrusted to them: their `number`, and what `homes` among them count as."""
    if not number:
        return []
    count = NumberQuestion(
        id="village-mine", form="number", clause=OWN_VILLAGE, text="您是多少户的帮扶责任人？", answer=number, unit="户",
        explanation=ON_THE_ROSTER,
    )  # fmt: skip
    return [count, *(_type_question(AskedHome(household=home)) for home in homes)]


def about_home(home: AskedHome, colleagues: Iterable[str], helps: Iterable[str]) -> Iterator[Question]:
    """Who looks after a household, what it counts as, and what is done for it.

    `colleagues` and `helps` are real people and usual measures, among which the right ones are to be found.
    """
    number = home.household.number
    if home.helper and len(people := _options([home.helper], colleagues)) >= _FEWEST:
        yield SingleQuestion(
            id=f"village-helper-{number}", form="single", clause=OWN_VILLAGE, text=f"{home.named}的帮扶责任人是谁？",
            options=people, answer=home.helper, explanation=ON_THE_ROSTER,
        )  # fmt: skip
    yield _type_question(home)
    done = tuple(dict.fromkeys(home.measures))[:_MOST_ANSWERS]
    measures = _options(done, helps)
    if not done or len(measures) < max(_FEWEST, len(done) + 1):
        return
    id, explanation = f"village-measures-{number}", "以帮扶计划为准。"
    if len(done) == 1:
        yield SingleQuestion(
            id=id, form="single", clause=OWN_VILLAGE, text=f"{home.named}定了哪一项帮扶措施？", options=measures,
            answer=done[0], explanation=explanation,
        )  # fmt: skip
    else:
        yield SeveralQuestion(
            id=id, form="several", clause=OWN_VILLAGE, text=f"{home.named}定了哪几项帮扶措施？", options=measures,
            answers=done, explanation=explanation,
        )  # fmt: skip


def _type_question(home: AskedHome) -> SingleQuestion:
    kind = home.household.kind
    return SingleQuestion(
        id=f"village-kind-{home.household.number}", form="single", clause=OWN_VILLAGE,
        text=f"{home.named}在名册上是哪一类户？", options=tuple(dict.fromkeys([*KINDS, kind])), answer=kind,
        explanation=ON_THE_ROSTER,
    )  # fmt: skip


def _options(right: Sequence[str], others: Iterable[str]) -> tuple[str, ...]:
    """The right options with others: four in all, or two more than are right."""
    wrong = [other for other in dict.fromkeys(others) if other not in right]
    return (*right, *wrong[: max(_OPTIONS - len(right), 2)])


def _number(homes: Sequence[Household], kinds: Sequence[str]) -> int:
    return sum(home.kind in kinds for home in homes)
