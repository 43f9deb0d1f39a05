"""The labelled sets are whole, fairly mixed, and their halves share nothing. What they are scored by is the bench's."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest

from storage.people.persons import Role
from storage.plan import RecitalQuestion
from storage.roster import KINDS
from tests.labelled import Half, answers, plan, roster_rows, sentences

SHARES = {"report": 0.5, "progress": 0.13, "visit": 0.11, "leave": 0.07, "policy": 0.11, "other": 0.07}
"""About how many of a hundred sentences say what."""

_MARKS = re.compile(r"\W+")


def test_the_roster_is_of_known_villages_and_kinds() -> None:
    rows = roster_rows()
    villages = {village.code for village in plan().villages}
    assert len(rows) >= 400
    assert len({row["number"] for row in rows}) == len(rows)
    assert {row["village"] for row in rows} < villages
    assert {row["kind"] for row in rows} == set(KINDS)


def test_the_roster_has_namesakes_in_two_villages_and_within_one() -> None:
    homes = {row["number"]: (row["head"], row["village"]) for row in roster_rows()}
    heads = Counter(head for head, _ in set(homes.values()))
    assert heads["张三"] == 2
    assert Counter(homes.values()).most_common(1)[0][1] == 2


@pytest.mark.parametrize("half", Half)
def test_each_half_has_enough_sentences_of_every_intent(half: Half) -> None:
    listed = sentences(half)
    assert len(listed) >= 160
    told = Counter[str](sentence.intent for sentence in listed)
    for intent, share in SHARES.items():
        assert told[intent] / len(listed) == pytest.approx(share, abs=0.05), intent


@pytest.mark.parametrize("half", Half)
def test_each_half_has_every_speaker_risk_and_hard_case(half: Half) -> None:
    listed = sentences(half)
    assert {sentence.role for sentence in listed} == set(Role)
    assert {kind for sentence in listed for kind in sentence.kinds} == {k.code for k in plan().risk_kinds} - {"other"}
    assert sum(bool(sentence.households) for sentence in listed) >= 5
    assert sum(sentence.named_missing for sentence in listed) >= 3
    assert sum(sentence.number is not None for sentence in listed) >= 10
    assert sum(sentence.percent is not None for sentence in listed) >= 3


@pytest.mark.parametrize("half", Half)
def test_each_half_has_answers_to_every_recital(half: Half) -> None:
    listed = answers(half)
    recitals = {question.id for question in plan().questions if isinstance(question, RecitalQuestion)}
    assert len(listed) >= 80
    assert {answer.question for answer in listed} == recitals
    assert any(not answer.hit for answer in listed)


def test_nothing_is_in_both_halves_nor_twice_in_one() -> None:
    for said in (
        [_MARKS.sub("", sentence.text) for half in Half for sentence in sentences(half)],
        [answer.question + _MARKS.sub("", answer.text) for half in Half for answer in answers(half)],
    ):
        assert all(one != other for one, other in pairwise(sorted(said)))


def test_the_halves_speak_of_different_households() -> None:
    tuning, unseen = ({number for sentence in sentences(half) for number in sentence.meant} for half in Half)
    assert tuning.isdisjoint(unseen)
