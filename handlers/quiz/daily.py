"""One-breath quiz 一口清： a few questions on a working day, each graded and kept at once, and the clauses that are weak."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from handlers.calendar.workdays import is_workday
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.quiz.own_village import of_own_village
from handlers.quiz.questions import comment, retry_button
from handlers.quiz.repetition import choose, choose_extra
from handlers.quiz.sitting import Sitting, grade_and_keep, own_items, with_digests
from handlers.rights.sight import IN_OFFICE
from storage.database.base import SHANGHAI
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.plan import Question, RecitalQuestion

_EXTRA = "more"
_OF_VILLAGE, _NEW_OF_VILLAGE = 2, 1
"""Of a morning's questions, how many may be about the own village, and how many of these may be new."""
_LOOK_BACK = timedelta(days=30)
_MOST_WEAK = 4
"""With a heading, a message of five lines."""


class Round(Sitting):
    """A sitting of the quiz, or the reason why there is none."""

    daily: bool
    instead: str = ""


@conversation("quiz", "一口清", for_roles=IN_OFFICE, words=("做题", "每日五题"), menu=5, personal=True)
async def quiz(chat: Chat) -> None:
    """Args: "more" for extra practice, which does not count as the day's questions."""
    plan = chat.world.plan
    sitting = Round.model_validate(await chat.recall("round", lambda: _draw(chat)))
    questions, again = sitting.put(chat), list[str]()
    for question, asked in questions:
        answer = await chat.ask_optional(question.id, asked)
        verdict = await grade_and_keep(chat, question, answer, daily=sitting.daily)
        await chat.say(comment(plan, question, verdict, skipped=answer is None), retry_button(question, verdict))
        if not verdict.right:
            again.append(plan.clause_label(question.clause))
    more = Button(label=f"再练 {plan.quiz_daily} 题", says=f"/quiz {_EXTRA}")
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
        f"{chat.world.plan.clause_label(one.clause)}：{one.answers} 次里错 {one.wrong} 次（{one.wrong / one.answers:.0%}）"
        for one in weak
    ]
    await chat.say("\n".join([f"近 {_LOOK_BACK.days} 天大家容易答错的条款（不记名）：", *lines]))


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
    cards, seed = await quiz.cards(person.id), f"{person.name}:{today}"
    most = min(_OF_VILLAGE, count // 2) if sitting.daily else 0
    of_village = await of_own_village(chat, cards, most, _NEW_OF_VILLAGE, seed)
    chosen = pick(plan, cards, today=today, count=count, own=own_items(plan, person), seed=seed)
    chosen = _prefer_recitals(chosen, count - len(of_village))
    if not chosen and not of_village:
        return _instead(sitting, "今天没有到期要复习的题。")
    asked = {"questions": with_digests(chosen), "of_village": tuple(of_village)}
    return sitting.model_copy(update=asked).model_dump(mode="json")


def _prefer_recitals(chosen: Sequence[Question], most: int) -> list[Question]:
    """The first questions, recitals before others, since inspectors ask for what is said in one breath."""
    kept = list(chosen)
    for question in reversed(chosen):
        if len(kept) > most and not isinstance(question, RecitalQuestion):
            kept.remove(question)
    return kept[:most]


def _instead(sitting: Round, why: str) -> dict[str, Any]:
    return sitting.model_copy(update={"instead": why}).model_dump(mode="json")


def _summary(sitting: Round, total: int, again: list[str]) -> str:
    if not total:
        return sitting.instead or "题目刚更新过，请重新开始。"
    done = f"今天 {total} 题做完" if sitting.daily else f"又练了 {total} 题"
    if not again:
        return f"{done}，全对！"
    right = f"，对 {total - len(again)} 题" if len(again) < total else ""
    return f"{done}{right}。有空再看看：{'、'.join(dict.fromkeys(again))}。"
