"""Working mornings of the quiz: who answered what, how well, and what is remembered of it today."""

from __future__ import annotations

from datetime import date, timedelta

from fsrs import Rating

from bot.demo.days import at_work, workdays_before
from bot.demo.town import History
from handlers.quiz.repetition import answered, choose
from storage.database.base import new_id
from storage.plan import Question, RecitalQuestion
from storage.quiz import Card, quiz_cards, quiz_reviews

MORNINGS = 10
_EASY, _HARD_SHARE = (0.7, 0.95), 0.15
"""How likely somebody knows an answer, from person to person; and how many questions most people find hard."""
_HARD_FOR_ALL = 0.5


class Recitals(History):
    """Kept in bulk: an answer at a time, as the conversation keeps them, would take most of the demo's start."""

    def keep(self, mornings: int) -> int:
        """Everybody in office on the last `mornings`, some more faithfully than others; returns how many answers."""
        hard = {question.id for question in self.plan.questions if self.rng.random() < _HARD_SHARE}
        days = workdays_before(self.today, mornings)
        return sum(self._learn(official.person.id, days, hard) for official in self.town.directory.officials)

    def _learn(self, person: int, days: list[date], hard: set[str]) -> int:
        rng, plan, session = self.rng, self.plan, self.store.session
        knows, comes = rng.uniform(*_EASY), rng.uniform(0.2, 0.9)
        cards: dict[str, Card] = {}
        versions: dict[str, int] = {}
        answers = 0
        for day in days:
            if rng.random() > comes:
                continue
            at = at_work(rng, day)
            for question in choose(plan, cards, today=day, count=plan.quiz_daily, own=(), seed=f"{day}:{rng.random()}"):
                at += timedelta(seconds=rng.randint(15, 60))
                rating = self._rating(question, knows * (_HARD_FOR_ALL if question.id in hard else 1))
                versions[question.id] = versions.get(question.id, -1) + 1
                cards[question.id] = answered(cards.get(question.id), question, rating=rating, now=at)
                review = {"id": new_id(), "person_id": person, "question": question.id, "clause": question.clause}
                session.add(quiz_reviews, {**review, "rating": rating, "daily": True, "at": at})
                answers += 1
        for key, card in cards.items():
            row = {"person_id": person, "question": key, "digest": card.digest, "version": versions[key]}
            session.add(quiz_cards, {**row, **card.memory.model_dump()})
        return answers

    def _rating(self, question: Question, likely: float) -> Rating:
        if self.rng.random() > likely:
            return Rating.Again
        close = isinstance(question, RecitalQuestion) and self.rng.random() < 0.3
        return Rating.Hard if close else Rating.Good
