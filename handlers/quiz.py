"""One-breath quiz 一口清： a few questions on a working day, each graded and kept at once, and the clauses that are weak."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.quizzing import comment, given, put
from handlers.rules.grading import Verdict, grade
from handlers.rules.repetition import answered, choose, choose_extra, digest_of
from handlers.rules.workdays import is_workday
from storage.base import SHANGHAI, Record
from storage.messages import Button
from storage.people import Person, Role
from storage.plan import Plan, Question

_IN_OFFICE = {Role.VILLAGE, Role.UNIT, Role.TOWN, Role.COUNTY}
_EXTRA = "more"
_LOOK_BACK = timedelta(days=30)
_MOST_WEAK = 4
"""With a heading, a message of five lines."""


class Round(Record):
    """What is asked in one sitting: questions by id, each with the digest it had, or why there are none."""

    day: date
    daily: bool
    questions: tuple[tuple[str, str], ...] = ()
    instead: str = ""


@conversation("quiz", "一口清", for_roles=_IN_OFFICE, words=("做题", "每日五题"), menu=5)
async def quiz(chat: Chat) -> None:
    """Args: "more" for extra practice, which does not count as the day's questions."""
    sitting = Round.model_validate(await chat.recall("round", lambda: _draw(chat)))
    questions = _still_asked(chat.world.plan, sitting)
    again: list[str] = []
    for place, question in enumerate(questions, 1):
        seed = f"{chat.person.name}:{sitting.day}:{question.id}"
        answer = await chat.ask_optional(question.id, put(question, f"{place}/{len(questions)}", seed))
        grading = partial(_grade, chat, question, answer, sitting.daily)
        verdict = Verdict.model_validate(await chat.once(question.id, grading))
        await chat.say(comment(chat.world.plan, question, verdict, skipped=answer is None))
        if not verdict.right:
            again.append(chat.world.plan.clause_label(question.clause))
    more = Button(label=f"再练 {chat.world.plan.quiz_daily} 题", says=f"/quiz {_EXTRA}")
    await chat.say(_summary(sitting, len(questions), again), [[more]])


@conversation("weak", "薄弱条款", for_roles={Role.TOWN, Role.COUNTY})
async def weak_clauses(chat: Chat) -> None:
    """Which clauses are answered wrongly most often, over everybody; no names, no ranking of people."""
    region = chat.person.posts_as(Role.TOWN, Role.COUNTY)[0].region
    weak = await chat.store.quiz.weak_clauses(region, chat.now - _LOOK_BACK, most=_MOST_WEAK)
    if not weak:
        await chat.say(f"近 {_LOOK_BACK.days} 天没有看出薄弱条款。同一条有 3 人、5 次以上作答才统计。")
        return
    lines = [
        f"{chat.world.plan.clause_label(one.clause)}：{one.answers} 次里错 {one.wrong} 次({one.wrong / one.answers:.0%})"
        for one in weak
    ]
    await chat.say("\n".join([f"近 {_LOOK_BACK.days} 天大家容易答错的条款(不记名):", *lines]))


async def _draw(chat: Chat) -> dict[str, Any]:
    """Take what is due; on days off and after the day's questions only extra practice is offered."""
    plan, person, quiz, today = chat.world.plan, chat.person, chat.store.quiz, chat.now.date()
    sitting = Round(day=today, daily=chat.args != _EXTRA)
    count, pick = plan.quiz_daily, choose_extra
    if sitting.daily:
        midnight = datetime.combine(today, time(), SHANGHAI)
        count, pick = count - await quiz.answered_since(person.id, midnight), choose
        if not is_workday(today):
            return _instead(sitting, "今天休息，不用做题。")
        if count <= 0:
            return _instead(sitting, "今天的题已经做完了，歇一歇。")
    chosen = pick(plan, await quiz.cards(person.id), today, count, _own_items(plan, person), f"{person.name}:{today}")
    if not chosen:
        return _instead(sitting, "今天没有到期要复习的题。")
    asked = tuple((question.id, digest_of(question)) for question in chosen)
    return sitting.model_copy(update={"questions": asked}).model_dump(mode="json")


def _instead(sitting: Round, why: str) -> dict[str, Any]:
    return sitting.model_copy(update={"instead": why}).model_dump(mode="json")


async def _grade(chat: Chat, question: Question, answer: Any, daily: bool) -> dict[str, Any]:
    """Grade an answer and keep it, with what is remembered after it."""
    verdict = grade(question, given(question, answer))
    quiz, person = chat.store.quiz, chat.person.id
    card = answered(await quiz.card(person, question.id), question, verdict.rating, chat.now)
    await quiz.learn(person, card, question.clause, verdict.rating, daily=daily)
    return verdict.model_dump(mode="json")


def _still_asked(plan: Plan, sitting: Round) -> list[Question]:
    """The sitting's questions that stand in the plan as they did; one that has changed comes back another time."""
    now = {question.id: question for question in plan.questions}
    return [now[key] for key, digest in sitting.questions if key in now and digest_of(now[key]) == digest]


def _own_items(plan: Plan, person: Person) -> set[str]:
    """The tasks that name the person's unit, or the office or villages the person acts for."""
    units = {
        unit.code
        for post in person.posts
        for unit in plan.units
        if (unit.code == post.unit if post.unit else unit.role is post.role)
    }
    return {item.id for item in plan.items if units & set(item.units)}


def _summary(sitting: Round, total: int, again: list[str]) -> str:
    if not total:
        return sitting.instead or "题目刚更新过，请重新开始。"
    done = f"今天 {total} 题做完" if sitting.daily else f"又练了 {total} 题"
    if not again:
        return f"{done}，全对！"
    right = f"，对 {total - len(again)} 题" if len(again) < total else ""
    return f"{done}{right}。有空再看看：{'、'.join(dict.fromkeys(again))}。"
