"""Whether an answer of the quiz is right. A recital is graded by its key points, as they are heard. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from fsrs import Rating

from handlers.quiz.recital import missed
from storage.database.base import Record
from storage.plan import NumberQuestion, Question, RecitalQuestion, SeveralQuestion, SingleQuestion, TrueFalseQuestion

Given = str | Sequence[str] | bool | Decimal | None
"""An option, several options, true or false, a figure, words; None where the question was skipped."""

_NEARLY = 0.7
"""The share of a recital's points from which it is only hesitant: 3 of 4, 4 of 5."""


class Grading(Record):
    """How well a question was answered. `missed` are the places of the points of a recital that were not heard."""

    rating: Rating
    missed: tuple[int, ...] = ()

    @property
    def right(self) -> bool:
        return self.rating is Rating.Good


def grade(question: Question, given: Given) -> Grading:
    """Raises TypeError for an answer that is not of the question's form."""
    match question, given:
        case RecitalQuestion(), None:
            return _by_points(question, "")
        case _, None:
            return _verdict(right=False)
        case SingleQuestion(), str():
            return _verdict(right=given == question.answer)
        case TrueFalseQuestion(), bool():
            return _verdict(right=given == question.answer)
        case NumberQuestion(), Decimal():
            return _verdict(right=abs(given - Decimal(str(question.answer))) <= Decimal(str(question.tolerance)))
        case RecitalQuestion(), str():
            return _by_points(question, given)
        case SeveralQuestion(), [*options]:
            return _verdict(right=set(options) == set(question.answers))
    raise TypeError(f"{question.id} is not answered by a {type(given).__name__}")


def _verdict(*, right: bool) -> Grading:
    return Grading(rating=Rating.Good if right else Rating.Again)


def _by_points(question: RecitalQuestion, words: str) -> Grading:
    places = missed(question, words)
    if not places:
        return Grading(rating=Rating.Good)
    share = 1 - len(places) / len(question.points)
    return Grading(rating=Rating.Hard if share >= _NEARLY else Rating.Again, missed=places)
