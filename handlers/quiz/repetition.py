"""Spaced repetition of the quiz by FSRS, in whole days: which questions are due, and when one comes back. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from fsrs import Card as Schedule
from fsrs import Rating, Scheduler, State

from handlers.quiz.village_questions import is_of_village
from storage.database.base import SHANGHAI
from storage.plan import Plan, Question
from storage.quiz import Card, Memory

T = TypeVar("T")

# Nobody is asked the same question twice in a morning, so there are no steps of minutes; and what is due is no lottery.
_SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


def remember(before: Memory | None, rating: Rating, now: datetime) -> Memory:
    """The memory of a question after an answer. `now` must be aware; `before` is None for a question never asked before."""
    moment = now.astimezone(UTC)
    # The id plays no part; without one the package waits a millisecond for a unique one.
    schedule = Schedule(card_id=0, due=moment)
    if before is not None:
        schedule.state, schedule.step = State.Review, None
        schedule.stability, schedule.difficulty = before.stability, before.difficulty
        schedule.last_review = before.reviewed_at.astimezone(UTC)
    after, _ = _SCHEDULER.review_card(schedule, rating, moment)
    if after.stability is None or after.difficulty is None:
        raise ValueError("a reviewed card has a stability and a difficulty")
    return Memory(
        stability=after.stability, difficulty=after.difficulty, reviewed_at=now, due_on=after.due.astimezone(SHANGHAI).date()
    )


def answered(card: Card | None, question: Question, *, rating: Rating, now: datetime) -> Card:
    """The card after an answer. The memory of a question that has changed since is dropped."""
    digest = digest_of(question)
    before = card.memory if card is not None and card.digest == digest else None
    return Card(question=question.id, digest=digest, memory=remember(before, rating, now))


def digest_of(question: Question) -> str:
    """Changes when the question asks for something else; a better explanation or one wording more changes nothing.

    Nor does it when colleagues come and go among whom the helper of a household is to be found.
    """
    aside: dict[str, Any] = {"id": True, "explanation": True, "points": {"__all__": {"accept"}}}
    if is_of_village(question):
        aside["options"] = True
    content = question.model_dump_json(exclude=aside)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def choose(
    plan: Plan, cards: Mapping[str, Card], *, today: date, count: int, own: Collection[str], seed: str
) -> list[Question]:
    """At most `count` questions: those due, the longest overdue first, then new ones; a changed question is due today.

    New ones are spread over the areas and over the forms. The areas of `own`, the tasks the person answers for, go
    first, and in them those tasks. `seed` decides between equals.
    """
    due_on = {one.id: _due_on(cards[one.id], one, today) for one in plan.questions if one.id in cards}
    due = sorted(
        (question for question in plan.questions if due_on.get(question.id, date.max) <= today),
        key=lambda question: (due_on[question.id], _chance(seed, question.id)),
    )
    new = [question for question in plan.questions if question.id not in cards]
    met = Counter(area_of(plan, question) for question in plan.questions if question.id in cards)
    chosen = due[:count]
    own_areas = {plan.area(item).code for item in own}
    while new and len(chosen) < count:
        areas = Counter(area_of(plan, question) for question in chosen)
        forms = Counter(str(question.form) for question in chosen)
        turns = [
            (
                areas[area_of(plan, question)],
                area_of(plan, question) not in own_areas,
                question.clause not in own,
                forms[question.form],
                met[area_of(plan, question)],
                _chance(seed, question.id),
            )
            for question in new
        ]
        chosen.append(new.pop(turns.index(min(turns))))
    return chosen


def choose_of_village(
    asked: Sequence[Question], cards: Mapping[str, Card], today: date, most: int, new: int, seed: str
) -> list[Question]:
    """At most `most` of the questions about somebody's own village: those due, and where none is, `new` ones."""
    due = [one for one in asked if one.id in cards and _due_on(cards[one.id], one, today) <= today]
    if due:
        return sorted(due, key=lambda one: (_due_on(cards[one.id], one, today), _chance(seed, one.id)))[:most]
    fresh = shuffled((one.id for one in asked if one.id not in cards), seed)[: min(new, most)]
    return [one for one in asked if one.id in fresh]


def choose_extra(
    plan: Plan, cards: Mapping[str, Card], *, today: date, count: int, own: Collection[str], seed: str
) -> list[Question]:
    """As `choose`, and filled up with what is due soonest, so that there is always something to practise."""
    chosen = choose(plan, cards, today=today, count=count, own=own, seed=seed)
    if len(chosen) == count:
        return chosen
    later = sorted(
        (question for question in plan.questions if question not in chosen),
        key=lambda question: (cards[question.id].memory.due_on, _chance(seed, question.id)),
    )
    return [*chosen, *later[: count - len(chosen)]]


def area_of(plan: Plan, question: Question) -> str:
    """The area a question belongs to; what is asked of the rest of the document is an area of its own a clause."""
    return plan.area(question.clause).code if question.clause[0].isdigit() else question.clause


def shuffled(things: Iterable[T], seed: str) -> list[T]:
    """The things in an order that looks random and is the same at each call."""
    return sorted(things, key=lambda thing: _chance(seed, str(thing)))


def _due_on(card: Card, question: Question, today: date) -> date:
    changed = card.digest != digest_of(question)
    return min(card.memory.due_on, today) if changed else card.memory.due_on


def _chance(seed: str, thing: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\n{thing}".encode()).digest()[:8])
