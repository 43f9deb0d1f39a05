"""What somebody remembers of the quiz 一口清， and what was answered.

Neither table is audited: the results are the person's own, and nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.database.base import ONCE, Moment, Record, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session
from storage.people.persons import Role, posts

quiz_cards = sa.Table(
    "quiz_cards",
    metadata,
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), primary_key=True),
    sa.Column("question", sa.String(60), primary_key=True),
    sa.Column("digest", sa.String(16), nullable=False),
    sa.Column("stability", sa.Float, nullable=False),
    sa.Column("difficulty", sa.Float, nullable=False),
    sa.Column("reviewed_at", Moment, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    # The same new question, answered in two chats of one person at once, makes one card.
    info=ONCE,
)

quiz_reviews = sa.Table(
    "quiz_reviews",
    metadata,
    id_column(),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("question", sa.String(60), nullable=False),
    sa.Column("clause", sa.String(60), nullable=False),
    sa.Column("rating", sa.SmallInteger, nullable=False),
    sa.Column("daily", sa.Boolean, nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
)
sa.Index("ix_quiz_reviews_person", quiz_reviews.c.person_id, quiz_reviews.c.at)

AGAIN = 1
"""The rating of a wrong answer, as FSRS counts."""


class Memory(Record):
    """The state of FSRS for one question: `stability` in days, `difficulty` from 1 to 10, and when it was last asked."""

    stability: float
    difficulty: float
    reviewed_at: datetime
    due_on: date


class Card(Record):
    """What one person remembers of one question, as it was worded when `digest` was made of it."""

    question: str
    digest: str
    memory: Memory


class WeakClause(Record):
    """How often a clause was answered, and how often wrongly."""

    clause: str
    answers: int
    wrong: int


class Quiz:
    """Cards and answers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def cards(self, person_id: int) -> dict[str, Card]:
        """Everything the person has been asked, by question; a card that can't be read is as if there were none."""
        rows = await self._session.read(sa.select(quiz_cards).where(quiz_cards.c.person_id == person_id))
        return {one.question: one for one in self._session.records(quiz_cards, rows, _card)}

    async def card(self, person_id: int, question: str) -> Card | None:
        rows = await self._session.read(_one_card(person_id, question))
        return next(iter(self._session.records(quiz_cards, rows, _card)), None)

    async def learn(self, person_id: int, card: Card, *, clause: str, rating: int, daily: bool) -> None:
        """Keep an answer and what is remembered after it. Raises Conflict when the card changed meanwhile."""
        session = self._session
        values = {"digest": card.digest, **card.memory.model_dump()}
        rows = await session.read(_one_card(person_id, card.question))
        if rows:
            await session.amend(quiz_cards, rows[0]._mapping, **values)
        else:
            session.add(quiz_cards, {"person_id": person_id, "question": card.question, **values, "version": 0})
        session.add(
            quiz_reviews,
            {
                "id": new_id(),
                "person_id": person_id,
                "question": card.question,
                "clause": clause,
                "rating": rating,
                "daily": daily,
                "at": session.now,
            },
        )

    async def answered_since(self, person_id: int, since: datetime) -> int:
        """How many of the daily questions the person has answered; extra practice does not count."""
        query = sa.select(sa.func.count().label("answers")).where(
            quiz_reviews.c.person_id == person_id, quiz_reviews.c.at >= since, quiz_reviews.c.daily
        )
        return int((await self._session.read(query))[0].answers)

    async def weak_clauses(
        self, region: str, since: datetime, *, most: int, least_answers: int = 5, least_persons: int = 3
    ) -> list[WeakClause]:
        """The clauses answered wrongly most often by those who hold a post in `region` (code prefix).

        Fewer answers or persons than named say too little, and would point at somebody.
        """
        here = sa.select(posts.c.person_id).where(
            inside(posts.c.region, region), posts.c.until.is_(None), posts.c.role != Role.HOUSEHOLD.value
        )
        answers = sa.func.count()
        wrong = sa.func.sum(sa.case((quiz_reviews.c.rating == AGAIN, 1), else_=0))
        query = (
            sa.select(quiz_reviews.c.clause, answers.label("answers"), wrong.label("wrong"))
            .where(quiz_reviews.c.at >= since, quiz_reviews.c.person_id.in_(here))
            .group_by(quiz_reviews.c.clause)
            .having(answers >= least_answers, sa.func.count(quiz_reviews.c.person_id.distinct()) >= least_persons, wrong > 0)
            .order_by((wrong * 1.0 / answers).desc(), quiz_reviews.c.clause)
            .limit(most)
        )
        rows: Sequence[sa.Row[Any]] = await self._session.read(query)
        return [WeakClause(clause=row.clause, answers=row.answers, wrong=int(row.wrong)) for row in rows]


def _one_card(person_id: int, question: str) -> sa.Select[Any]:
    return sa.select(quiz_cards).where(quiz_cards.c.person_id == person_id, quiz_cards.c.question == question)


def _card(row: sa.Row[Any]) -> Card:
    memory = Memory(
        stability=row.stability, difficulty=row.difficulty, reviewed_at=row.reviewed_at, due_on=row.due_on
    )  # fmt: skip
    return Card(question=row.question, digest=row.digest, memory=memory)
