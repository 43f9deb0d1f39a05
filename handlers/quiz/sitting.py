"""A sitting: quiz questions asked in a row, be it the morning's five or an oral exam."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.questions.base import Question as Put
from handlers.quiz.grading import Grading, grade
from handlers.quiz.questions import as_question, given_answer
from handlers.quiz.repetition import answered, digest_of
from storage.database.base import Record
from storage.people.persons import Person
from storage.plan import Plan, Question


class Sitting(Record):
    """The questions of a sitting: of the plan by id with their digests, then those about the own village."""

    day: date
    questions: tuple[tuple[str, str], ...] = ()
    of_village: tuple[Question, ...] = ()

    def put(self, chat: Chat) -> list[tuple[Question, Put[Any]]]:
        """Its questions in order, each with how it is put to the person.

        Those that stand in the plan as they did; what has changed comes back another time, as does yesterday's village.
        """
        now = {question.id: question for question in chat.world.plan.questions}
        asked = [now[key] for key, digest in self.questions if key in now and digest_of(now[key]) == digest]
        asked += self.of_village if chat.now.date() == self.day else ()
        return [
            (question, as_question(question, f"{place}/{len(asked)}", f"{chat.person.name}:{self.day}:{question.id}"))
            for place, question in enumerate(asked, 1)
        ]


def with_digests(questions: Iterable[Question]) -> tuple[tuple[str, str], ...]:
    return tuple((question.id, digest_of(question)) for question in questions)


async def grade_and_keep(chat: Chat, question: Question, answer: Any, *, daily: bool) -> Grading:
    """Grade an answer and keep it at once, with what is remembered after it; nobody can go back behind it."""
    return Grading.model_validate(await chat.once(question.id, partial(_keep, chat, question, answer, daily=daily)))


async def _keep(chat: Chat, question: Question, answer: Any, *, daily: bool) -> dict[str, Any]:
    verdict = grade(question, given_answer(question, answer))
    await keep_answer(chat, question, verdict, daily=daily)
    return verdict.model_dump(mode="json")


async def keep_answer(chat: Chat, question: Question, verdict: Grading, *, daily: bool = False) -> None:
    """Keep an answer, and what is remembered after it."""
    quiz, person = chat.store.quiz, chat.person.id
    card = answered(await quiz.card(person, question.id), question, rating=verdict.rating, now=chat.now)
    await quiz.learn(person, card, clause=question.clause, rating=verdict.rating, daily=daily)


def own_items(plan: Plan, person: Person) -> set[str]:
    """The tasks that name the person's unit, or the office or villages the person acts for."""
    units = {
        unit.code
        for post in person.posts
        for unit in plan.units
        if (unit.code == post.unit if post.unit else unit.role is post.role)
    }
    return {item.id for item in plan.items if units & set(item.units)}
