"""Entering a figure that must not fall 填指标: one sentence, and a reason where it is less than last year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Question, Text
from handlers.engine.questions.base import Answer, More, Prompt, Stale, in_rows, needs_text
from handlers.engine.questions.options import numbered
from handlers.engine.said import Said
from handlers.indicators.trends import Trend, entered_by, mark, read_count, read_figure
from handlers.reading import Unreadable
from handlers.rights.reach import villages_of
from handlers.rights.sight import IN_OFFICE
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.plan import Indicator

_LONGEST_REASON = 100


@conversation("indicator", "填指标", for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN}, words=("指标", "填数"))
async def indicator(chat: Chat) -> None:
    plan, year = chat.world.plan, chat.now.year
    mine = entered_by(chat.person, plan)
    villages = villages_of(chat.person, plan, *IN_OFFICE)
    if not mine or not villages:
        await chat.say("没有由您填的指标。", [[Button(label="看指标", says="/indicators")]])
        return
    village = villages[0]
    if len(villages) > 1:
        names = [(code, plan.village(code).name) for code in villages]
        village = await chat.ask("village", Choice("填哪个村的？", names))
    where = plan.village(village).name
    prompt = f"{where}的哪个指标？一句话说，如：{mine[0].title} 12；去年的数前面加「去年」。"
    code, value, when = await chat.ask("figure", FigureQuestion(prompt, mine, year))
    wanted = plan.indicator(code)
    known = await chat.recall("known", partial(_known, chat, village, code))
    before, now = (known["before"], value) if when == year else (value, known["now"])
    trend = Trend(before, now)
    reason = ""
    if trend.falls and when == year:
        fell = f"比去年少 {-(trend.change or 0)}{wanted.unit}（去年 {before}，今年 {now}），确定吗？"
        asked = f"{fell}确定就写原因；写错了点「上一步」。"
        reason = await chat.ask("reason", Text(asked, _LONGEST_REASON, example="两人外出务工，岗位正在补"))
    await chat.store.indicators.enter(when, village, code=code, value=value, by=chat.person.id, reason=reason)
    if trend.falls:
        await warn(chat, where, wanted, trend, reason, f"{village}:{code}:{before}:{now}")
    which = "今年" if when == year else "去年"
    await chat.say(
        f"记下了：{where} {wanted.title} {which} {value}{wanted.unit}{mark(trend.change)}。",
        [[Button(label="再填一项", says="/indicator"), Button(label="看指标", says="/indicators")]],
    )


async def warn(chat: Chat, where: str, wanted: Indicator, trend: Trend, reason: str, key: str) -> None:
    """Tell the town of a figure that fell."""
    why = f"\n原因：{reason}" if reason else ""
    await chat.push(
        chat.world.directory.ids(Role.TOWN, chat.world.plan.town.code),
        f"【指标减少】{where} {wanted.title} {trend}{why}",
        intent=Intent(Cause.INDICATOR, f"{chat.now.year}:{key}"),
        buttons=[[Button(label="看各村", says=f"/indicators {wanted.code}")]],
    )


async def _known(chat: Chat, village: str, code: str) -> dict[str, int | None]:
    year = chat.now.year
    found = await chat.store.indicators.of([year - 1, year], village)
    values = {when: figure.value for (when, *_), figure in found.items() if figure.code == code}
    return {"before": values.get(year - 1), "now": values.get(year)}


@dataclass(frozen=True)
class FigureQuestion(Question[tuple[str, int, int]]):
    """An indicator with its figure in one sentence, or the indicator picked and then the figure."""

    indicators: Sequence[Indicator]
    year: int
    in_steps = True

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        if partial:
            one = self._of(partial)
            return Prompt(f"{one.title}今年是多少{one.unit}？去年的数前面加「去年」。")
        return Prompt(self.prompt, in_rows(numbered([(one.code, one.title) for one in self.indicators]), 1))

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if said.pick is not None and any(one.code == said.pick for one in self.indicators):
            return More(said.pick)
        text = needs_text(said, f"{self.indicators[0].title} 12")
        if not partial:
            if text.isdecimal() and 1 <= int(text[:3]) <= len(self.indicators):
                return More(self.indicators[int(text) - 1].code)
            one, value, when = read_figure(text, self.indicators, self.year)
            return Answer([one.code, value, when])
        last = text.startswith("去年")
        value = read_count(text.removeprefix("去年").removeprefix("今年").strip().removesuffix(self._of(partial).unit))
        return Answer([partial, value, self.year - last])

    def restore(self, raw: Any) -> tuple[str, int, int]:
        try:
            code, value, when = raw
            self._of(code)
        except (TypeError, ValueError, Unreadable):
            raise Stale from None
        return str(code), int(value), int(when)

    def in_words(self, raw: Any) -> str:
        return f"{self._of(raw[0]).title} {'' if raw[2] == self.year else '去年 '}{raw[1]}"

    def _of(self, code: str) -> Indicator:
        found = next((one for one in self.indicators if one.code == code), None)
        if found is None:
            raise Unreadable(f"没有这个指标。可以填：{'、'.join(one.title for one in self.indicators[:6])}")
        return found
