"""Answers to the questions of the quiz, as somebody gives them who knows plan and village."""

from __future__ import annotations

from storage.plan import NumberQuestion, Question, RecitalQuestion, SeveralQuestion, SingleQuestion, TrueFalseQuestion
from tests.support.plan import BAITA, PLAN
from tests.support.town import ROSTER, Town


def asked_in(message: str) -> Question | None:
    """The question of the plan that a message puts; None for one about the own village."""
    return next((question for question in PLAN.questions if question.text in message), None)


async def answer(town: Town, name: str, message: str) -> list[str]:
    """Answer the question of a message rightly."""
    question = asked_in(message)
    return await town.say(name, right(question) if question else known_of_baita(message))


def right(question: Question) -> str:
    """What somebody who knows it says."""
    match question:
        case SingleQuestion():
            return question.answer
        case SeveralQuestion():
            return "、".join(question.answers)
        case TrueFalseQuestion():
            return "对" if question.answer else "错"
        case NumberQuestion():
            return f"{question.answer:g}"
        case RecitalQuestion():
            return "、".join(point.text for point in question.points)


def known_of_baita(message: str) -> str:
    """What somebody who knows 白塔村 says."""
    homes = [home for home in ROSTER if home[1] == BAITA]
    if "是哪一类户" in message:
        return next(kind for number, _, _, _, kind in homes if f"（户号 {number}）" in message)
    counts = {"一共有多少户": len(homes), "多少户脱贫户": 2, "多少户监测户": 1, "问题没有销号": 0}
    return str(next(count for words, count in counts.items() if words in message))
