"""How well answers given in one breath are graded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from handlers.quiz.grading import grade
from tests.labelled import Answer, recital
from tests.labelled.counts import F1, Share


@dataclass
class AnswerScore:
    """Key points of recitals."""

    points: F1 = field(default_factory=F1)
    whole: Share = field(default_factory=Share)
    misses: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"points     {self.points}\nwhole      {self.whole}"


def score_answers(listed: Sequence[Answer]) -> AnswerScore:
    score = AnswerScore()
    for answer in listed:
        question = recital(answer.question)
        places = set(range(len(question.points)))
        wanted, got = set(answer.hit), places - set(grade(question, answer.text).missed)
        score.points.count(wanted, got)
        score.whole.count(got == wanted)
        if got != wanted:
            said = [f"heard: {question.points[place].text}" for place in sorted(got - wanted)]
            said += [f"not heard: {question.points[place].text}" for place in sorted(wanted - got)]
            score.misses.append(f"{answer.text}   [{answer.question}]\n    " + "; ".join(said))
    return score
