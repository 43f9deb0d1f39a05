"""The village's deliberation: attendance, votes, and a photo of the minutes."""

from __future__ import annotations

from typing import Any

from handlers.cases.common import clue_in_words, next_step_row, own_clue_at, take_step
from handlers.cases.table import Act, Party
from handlers.cases.votes import EXAMPLE, Votes, read_votes
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Photos, Question, Text
from handlers.engine.questions.base import Answer, More, Stale, needs_text
from handlers.engine.said import Said
from storage.cases.steps import Step
from storage.people.persons import Role


class _VoteCount(Question[Votes]):
    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        return Answer(list(read_votes(needs_text(said, EXAMPLE))))

    def restore(self, raw: Any) -> Votes:
        try:
            return Votes(*raw)
        except TypeError:
            raise Stale from None

    def in_words(self, raw: Any) -> str:
        return str(Votes(*raw))


@conversation("deliberate", "民主评议", for_roles={Role.VILLAGE})
async def deliberate(chat: Chat) -> None:
    """Args: the clue's id."""
    clue = await own_clue_at(chat, Step.DELIBERATE, Party.VILLAGE)
    if clue is None:
        return
    about = "消除风险" if clue.clearing else "纳入监测"
    votes = await chat.ask(
        "votes", _VoteCount(f"评议{about}：{clue_in_words(chat, clue)}\n到会、同意、反对各几人？例如：{EXAMPLE}")
    )
    reason = ""
    if not votes.passed:
        reason = await chat.ask(
            "reason", Text("同意的没有过半。为什么？这句话会发给农户。", min_length=2, example="家里有稳定收入")
        )
    minutes = await chat.ask("minutes", Photos("请拍下会议记录（签到和表决）。", with_place=False))
    verdict = f"评议通过：{about}" if votes.passed else f"评议不通过：{reason}"
    if not await chat.confirm(f"{clue.number}号 {verdict}\n{votes}，会议记录 {len(minutes.photos)} 张"):
        await chat.say("没有提交。")
        return
    what = Act.APPROVE if votes.passed else Act.FAIL
    clue = await take_step(chat, clue, what=what, note=reason or str(votes), facts=votes._asdict(), photos=minutes.photos)
    if votes.passed:
        await chat.say("记下了。接下来在村里公示，公示稿我来写。", next_step_row(clue))
    else:
        await chat.say("记下了，已告诉农户。")
