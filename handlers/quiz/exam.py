"""Oral exam 口头考核： a set of questions one after another as inspectors put them, and one result at the end, for oneself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Option
from handlers.quiz.exam_question import ExamEnded, ExamQuestion
from handlers.quiz.grading import Grading
from handlers.quiz.own_village import of_own_village
from handlers.quiz.questions import missed_points, retry_button, right_answer
from handlers.quiz.repetition import area_of, choose_extra
from handlers.quiz.sitting import Sitting, grade_and_keep, own_items, with_digests
from handlers.reading import shortened
from handlers.rights.sight import IN_OFFICE
from storage.mail.messages import Button
from storage.plan import Plan, Question, RecitalQuestion

_MINE, _ALL, _REST = "mine", "all", "rest"
_QUESTIONS, _RECITALS, _OF_VILLAGE = 10, 5, 2
"""Of a set: how many in all, how many at most are said in one breath, and how many are about the own village."""
_LABEL = 9
"""Characters of an area's title on its button, so that two fit beside each other."""
_SHOWN, _SAID_AGAIN = 5, 3


@conversation("exam", "口头考核", for_roles=IN_OFFICE, words=("口试", "考一考", "模拟考核"), personal=True)
async def exam(chat: Chat) -> None:
    """Args: "mine", "all", the code of an area, or "rest" for what belongs to none."""
    plan = chat.world.plan
    offered = _subject_options(plan, own_items(plan, chat.person))
    if chat.args and chat.args not in dict(offered):
        chat.refuse()
    of_what = chat.args or await chat.ask("area", Choice("考哪一块？", offered))
    sitting = Sitting.model_validate(await chat.recall("set", lambda: _draw(chat, of_what)))
    questions = sitting.put(chat)
    await chat.say(f"一共 {len(questions)} 题，连着答，最后一起看。想停就回复：结束")
    results: list[tuple[Question, Grading]] = []
    for question, asked in questions:
        answer = await chat.ask_optional(question.id, ExamQuestion(asked.prompt, asked))
        if isinstance(answer, ExamEnded):
            break
        results.append((question, await grade_and_keep(chat, question, answer, daily=False)))
    await _say_result(chat, results, len(questions), of_what)


async def _draw(chat: Chat, of_what: str) -> dict[str, Any]:
    """Draw recitals first, as inspectors ask; due or unknown questions before remembered ones."""
    plan, person, today = chat.world.plan, chat.person, chat.now.date()
    cards, seed = await chat.store.quiz.cards(person.id), f"{person.name}:{chat.now.isoformat()}"
    own = own_items(plan, person)
    of_village: list[Question] = []
    if of_what in (_MINE, _ALL):
        of_village = await of_own_village(chat, cards, _OF_VILLAGE, _OF_VILLAGE, seed)
    ranked = choose_extra(plan, cards, today=today, count=len(plan.questions), own=own, seed=seed)
    wanted = [question for question in ranked if _belongs(plan, question, of_what, own)]
    recitals = [question for question in wanted if isinstance(question, RecitalQuestion)][:_RECITALS]
    others = [question for question in wanted if not isinstance(question, RecitalQuestion)]
    chosen = [*recitals, *others][: _QUESTIONS - len(of_village)]
    sitting = Sitting(day=today, questions=with_digests(chosen), of_village=tuple(of_village))
    return sitting.model_dump(mode="json")


def _belongs(plan: Plan, question: Question, of_what: str, own: set[str]) -> bool:
    area = area_of(plan, question)
    if of_what == _MINE:
        return area in {plan.area(item).code for item in own}
    return of_what == _ALL or area == of_what or (of_what == _REST and not area.isdecimal())


def _subject_options(plan: Plan, own: set[str]) -> Sequence[Option]:
    """The subjects that have questions."""
    asked = {area_of(plan, question) for question in plan.questions}
    areas = [(area.code, shortened(area.title, _LABEL)) for area in plan.areas if area.code in asked]
    mine = [(_MINE, "我负责的")] if {plan.area(item).code for item in own} & asked else []
    rest = [(_REST, "时间安排和保障")] if any(not code.isdecimal() for code in asked) else []
    return [*mine, (_ALL, "全部"), *areas, *rest]


async def _say_result(chat: Chat, results: Sequence[tuple[Question, Grading]], asked: int, of_what: str) -> None:
    plan = chat.world.plan
    wrong = [(question, verdict) for question, verdict in results if not verdict.right]
    once_again = [[Button(label="再考一场", says=f"/exam {of_what}")]]
    if not results:
        await chat.say("一题也没答，就到这里。", once_again)
        return
    early = f"（共 {asked} 题）" if len(results) < asked else ""
    opening = f"答了 {len(results)} 题{early}，{'全对' if not wrong else f'全对的 {len(results) - len(wrong)} 题'}。"
    lines = [f"· {_clause_number(plan, question)}：{_mistake(plan, question, verdict)}" for question, verdict in wrong[:_SHOWN]]
    rest = dict.fromkeys(_clause_number(plan, question) for question, _ in wrong[_SHOWN:])
    more = [f"还要看看：{'、'.join(rest)}"] if rest else []
    again = [
        row
        for question, verdict in wrong
        for row in retry_button(question, verdict, f"再说一遍 {question.text}")
    ]  # fmt: skip
    own = "成绩只给您自己看。"
    await chat.say("\n".join([opening + own, *lines, *more]), [*again[:_SAID_AGAIN], *once_again])


def _clause_number(plan: Plan, question: Question) -> str:
    """The number of its clause alone: "(三)3"."""
    return plan.clause_label(question.clause).partition(" ")[0]


def _mistake(plan: Plan, question: Question, verdict: Grading) -> str:
    if isinstance(question, RecitalQuestion):
        return f"还缺 {missed_points(plan, question, verdict)}"
    return f"{question.text.rstrip('？')}——{right_answer(question)}"
