"""How a question of the quiz is asked, how its answer is read, and the comment on it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fsrs import Rating

from handlers.engine.chat import Chat
from handlers.engine.questions import Choice, Number, Several, Text
from handlers.engine.questions.base import Answer, More, Option, Question, needs_text
from handlers.engine.said import LATER, Said
from handlers.quiz.grading import Given, Grading
from handlers.quiz.repetition import shuffled
from handlers.quiz.village_questions import is_of_village
from handlers.reading import Unreadable, read_number, read_yes_no
from storage.mail.messages import Button
from storage.plan import NumberQuestion, Plan, Point, RecitalQuestion, SeveralQuestion, SingleQuestion, TrueFalseQuestion
from storage.plan import Question as Written

_TRUE, _FALSE = "t", "f"
_KEPT = (LATER,)
"""Below a question; there is nothing to cancel, since what was answered is kept."""


class SingleChoice(Choice):
    """One option is right."""

    controls = _KEPT

    def in_words(self, raw: Any) -> str:
        return f"您选了：{super().in_words(raw)}"


class MultipleChoice(Several):
    """Two or more options are right."""

    controls = _KEPT

    def in_words(self, raw: Any) -> str:
        return f"您选了：{super().in_words(raw)}"


class TrueFalse(SingleChoice):
    """True or not, as people say it: 对， 不对， 错， 没错."""

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if said.pick in (_TRUE, _FALSE):
            return Answer(said.pick)
        try:
            return Answer(_TRUE if read_yes_no(needs_text(said, "对")) else _FALSE)
        except Unreadable:
            raise Unreadable("请回复「对」或「错」。") from None


@dataclass(frozen=True)
class QuizFigure(Number):
    """A figure; the sample of a good answer gives nothing away."""

    sample: str = ""

    controls = _KEPT

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        try:
            return Answer(str(read_number(needs_text(said, self.sample), unit=self.unit)))
        except Unreadable:
            raise Unreadable(f"请只发一个数，例如：{self.sample}。想不起来就回复：跳过") from None


class Recital(Text):
    """What somebody says in one breath."""

    controls = _KEPT


def as_question(question: Written, heading: str, seed: str) -> Question[Any]:
    """The question to ask, `heading` before it. `seed` decides the order of the options."""
    prompt = f"{heading} {question.text}".strip()
    match question:
        case SingleQuestion():
            return SingleChoice(prompt, _options(question.options, seed), optional=True)
        case SeveralQuestion():
            return MultipleChoice(f"{prompt}（不止一项，如：1 3）", _options(question.options, seed), optional=True)
        case TrueFalseQuestion():
            return TrueFalse(f"{prompt}\n对还是错？", [(_TRUE, "对"), (_FALSE, "错")], optional=True)
        case NumberQuestion():
            sample = next(number for number in (6, 8) if number != question.answer)
            return QuizFigure(f"{prompt}（回复数字）", unit=question.unit, sample=f"{sample}{question.unit}", optional=True)
        case RecitalQuestion():
            return Recital(f"{prompt}\n一口气说出来，打字或语音输入都行。", example="第一是……第二是……", optional=True)


def given_answer(question: Written, answer: Any) -> Given:
    """The answer in the form that is graded."""
    match question:
        case SingleQuestion() if answer is not None:
            return question.options[int(answer)]
        case SeveralQuestion() if answer is not None:
            return [question.options[int(place)] for place in answer]
        case TrueFalseQuestion() if answer is not None:
            return bool(answer == _TRUE)
    return answer  # type: ignore[no-any-return]  # words, a figure, or None where it was skipped


def comment(plan: Plan, question: Written, verdict: Grading, *, skipped: bool) -> str:
    """The comment on an answer: if it was wrong, the right one and its clause."""
    if isinstance(question, RecitalQuestion):
        return _about_points(plan, question, verdict, skipped=skipped)
    if verdict.right:
        return "答对了。"
    where = "" if is_of_village(question) else f"见{plan.clause_label(question.clause)}。"
    return f"{'跳过了。' if skipped else '不对，'}{right_answer(question)}。\n{question.explanation}{where}"


def retry_button(question: Written, verdict: Grading, label: str = "再说一遍") -> list[list[Button]]:
    """A button to recite again what was not complete; nothing for other questions."""
    if verdict.right or not isinstance(question, RecitalQuestion):
        return []
    return [[Button(label=label, says=f"/recite {question.id}")]]


def missed_points(plan: Plan, question: RecitalQuestion, verdict: Grading) -> str:
    """The points that were not said, each with the number of its clause where that is not the question's."""
    return "、".join(_with_number(plan, question.points[place], question.clause) for place in verdict.missed)


def _about_points(plan: Plan, question: RecitalQuestion, verdict: Grading, *, skipped: bool) -> str:
    total, clause = len(question.points), plan.clause_label(question.clause)
    if not verdict.missed:
        return f"{total} 点都说全了，很好。"
    if len(verdict.missed) == total:
        opening = "跳过了。" if skipped else "还没说到要点。"
        return f"{opening}答案是：{'、'.join(point.text for point in question.points)}。\n见{clause}。"
    opening = "就差一点" if verdict.rating is Rating.Hard else "还不全"
    said = total - len(verdict.missed)
    return f"{opening}，{total} 点说到 {said} 点。还缺：{missed_points(plan, question, verdict)}。\n见{clause}。"


def _with_number(plan: Plan, point: Point, clause: str) -> str:
    """A point, with the number of its clause where that is another than the question's."""
    if point.clause in ("", clause):
        return point.text
    number, _, _ = plan.clause_label(point.clause).partition(" ")
    return f"{point.text}〔{number}〕"


def right_answer(question: SingleQuestion | SeveralQuestion | TrueFalseQuestion | NumberQuestion) -> str:
    """The right answer in words, without a full stop."""
    match question:
        case SingleQuestion():
            return f"答案是：{question.answer}"
        case SeveralQuestion():
            return f"答案是：{'、'.join(option for option in question.options if option in question.answers)}"
        case TrueFalseQuestion():
            return f"这句话是{'对' if question.answer else '错'}的"
        case NumberQuestion():
            gap = "" if question.unit == "%" else " "
            return f"答案是：{Decimal(str(question.answer)).normalize():f}{gap}{question.unit}"


def _options(options: tuple[str, ...], seed: str) -> list[Option]:
    """Options by their place in the plan, so that an answer means the same in whatever order they are shown."""
    return [(str(place), options[place]) for place in shuffled(range(len(options)), seed)]
